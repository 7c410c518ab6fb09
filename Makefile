# The commands of the project. `make help` lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

RUN := source scripts/env.sh &&

.PHONY: help setup build demo test node fmt metadata weights mutants try-state

help: ## List the commands.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 24

setup: ## Install what is missing to build and test.
	@scripts/setup.sh

build: setup ## Build all programs.
	@$(RUN) cargo build --release --workspace --bins --example metadata --locked

demo: build ## See a host prove itself to a chain, and a tampered host get caught.
	@scripts/demo.sh

test: setup ## Check and test everything, as CI does.
	@scripts/test.sh

node: build ## Run a development chain with one validator, in the foreground.
	@$(RUN) exec "$$CARGO_TARGET_DIR/release/hccs-node" --dev

fmt: ## Format the code.
	@$(RUN) cargo fmt --all

metadata: setup ## Write the runtime's metadata for its clients, after a change of calls, storage or events.
	@$(RUN) env SKIP_WASM_BUILD=1 cargo build --release --workspace --example metadata
	@$(RUN) "$$CARGO_TARGET_DIR/release/examples/metadata" offchain/chain/hccs.scale

weights: setup ## Measure the weights of the pallets' calls: an hour and a half the first time, ten minutes then.
	@scripts/weights.sh

mutants: setup ## Change the arithmetic in small ways and list what no test notices: half an hour the first time.
	@scripts/mutants.sh

try-state: setup ## Run the runtime's tests with the invariants of the SDK's pallets held too: twenty minutes the first time.
	@scripts/try-state.sh
