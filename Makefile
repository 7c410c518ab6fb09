# The commands of the project. `make help` lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

RUN := source scripts/env.sh &&

.PHONY: help setup build demo test node fmt weights

help: ## List the commands.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 24

setup: ## Install what is missing to build and test.
	@scripts/setup.sh

build: setup ## Build everything, for running and for testing alike.
	@$(RUN) cargo build --release --workspace --all-targets --locked

demo: build ## See what there is: a chain that finalises blocks, evidence that is judged.
	@scripts/demo.sh

test: setup ## Check and test everything, as CI does.
	@scripts/test.sh

node: build ## Run a development chain with one validator, in the foreground.
	@$(RUN) exec "$$CARGO_TARGET_DIR/release/hccs-node" --dev

fmt: ## Format the code.
	@$(RUN) cargo fmt --all

weights: setup ## Measure the weights of the pallets' calls (written, not tried yet).
	@scripts/weights.sh
