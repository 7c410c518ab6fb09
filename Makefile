# The commands of the project. `make help` lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

RUN := source scripts/env.sh &&

# The image that `make image` builds.
RECIPE ?= minimal

.PHONY: help setup build demo check test e2e soak node fmt prose metadata weights mutants try-state audit image image-check image-lock

help: ## List the commands.
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /  make \1\t/' | expand -t 24

setup: ## Install what is missing to build and test.
	@scripts/setup.sh

build: setup ## Build all programs.
	@$(RUN) cargo build --release --workspace --bins --example metadata --locked

demo: build ## Rent a VM on a host that the chain checks, and see tampering detected.
	@scripts/demo.sh

check: setup ## Check format, prose and lints, and run the tests of changed crates: a few minutes.
	@scripts/check.sh

test: setup ## Check and test everything, as CI does.
	@scripts/test.sh

e2e: build ## Run the long end-to-end scenario on a network of four validators.
	@scripts/e2e.sh

soak: build ## Run the long simulations, seeded: 100 minutes; as root also VMs: four hours.
	@scripts/soak.sh

node: build ## Run a development chain with one validator, in the foreground.
	@$(RUN) exec "$$CARGO_TARGET_DIR/release/hccs-node" --dev

fmt: ## Format the code.
	@$(RUN) cargo fmt --all

prose: ## Check the prose of comments and documents.
	@$(RUN) scripts/check-prose

metadata: setup ## Write the metadata for clients, after a change of calls, storage or events.
	@$(RUN) env SKIP_WASM_BUILD=1 cargo build --release --workspace --example metadata
	@$(RUN) "$$CARGO_TARGET_DIR/release/examples/metadata" offchain/chain/hccs.scale

weights: setup ## Measure the weights of the pallets' calls: 90 minutes, repeated runs 10.
	@scripts/weights.sh

mutants: setup ## Mutate the arithmetic, and list the changes that no test notices: half an hour.
	@scripts/mutants.sh

try-state: setup ## Test the runtime with the invariants of the SDK's pallets: 20 minutes.
	@scripts/try-state.sh

image: build ## Build an image of VMs, as root: RECIPE=minimal, debian, hccam or insecure-….
	@$(RUN) "$$CARGO_TARGET_DIR/release/hcc" image build "$(RECIPE)" --out "$$CARGO_TARGET_DIR/images/$(RECIPE)"

image-check: build ## Build an image twice and compare; check its rows by sev-snp-measure.
	@$(RUN) scripts/image-check.sh "$(RECIPE)"

image-lock: build ## Refresh the list of packages that release images must consist of.
	@$(RUN) scripts/image-lock.sh

audit: ## Check dependencies for licences, sources and advisories: needs cargo-deny, network.
	@scripts/audit.sh
