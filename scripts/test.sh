#!/usr/bin/env bash
# Checks and tests everything; says what each step took. `make test` and CI run this.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/env.sh

# A step's name and its command.
step() {
	local name=$1 start=$SECONDS
	shift
	echo "== $name"
	if ! "$@"; then
		echo "== $name FAILED after $((SECONDS - start)) s" >&2
		exit 1
	fi
	took+=("$(printf '%5d s  %s' $((SECONDS - start)) "$name")")
}
took=()

fmt() { cargo fmt --all --check; }

clippy() {
	SKIP_WASM_BUILD=1 cargo clippy --release --workspace --all-targets --locked \
		--features runtime-benchmarks,try-runtime -- -D warnings
}

# With all targets, as the tests need it: another selection would build half of the dependencies twice. The runtime's build also builds the evidence crate and the pallets without std, for wasm.
build() { cargo build --release --workspace --all-targets --locked; }

unit_tests() { cargo test --release --workspace --locked --no-fail-fast; }

docs() { RUSTDOCFLAGS="-D warnings" cargo doc --release --workspace --no-deps --locked; }

step "format" fmt
step "build" build
step "tests" unit_tests
step "demo" env DEMO_ONCE=1 DEMO_CLIENT=1 scripts/demo.sh
step "clippy" clippy
step "docs" docs

echo "== what took how long"
printf '%s\n' "${took[@]}"
