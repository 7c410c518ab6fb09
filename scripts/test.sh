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

# What the demo runs. The example makes cargo choose the same features as for tests: otherwise half of the dependencies would be built twice. The runtime's build
# also builds the evidence crate and the pallets without std, for wasm.
programs() { cargo build --release --workspace --bins --example metadata --locked; }

unit_tests() { cargo test --release --workspace --locked --no-fail-fast; }

docs() { RUSTDOCFLAGS="-D warnings" cargo doc --release --workspace --no-deps --locked; }

# The demo mostly waits for blocks, so that the rest is done beside it: by whoever yields the processor to it.
readonly DEMO_LOG="$CARGO_TARGET_DIR/demo.log"
demo=
start_demo() {
	DEMO_ONCE=1 DEMO_CLIENT=1 scripts/demo.sh >"$DEMO_LOG" 2>&1 &
	demo=$!
	trap 'kill $demo 2>/dev/null && wait $demo || true' EXIT
	renice -n 19 -p $BASHPID >/dev/null
}

end_demo() {
	echo "== demo"
	local code=0
	wait $demo || code=$?
	trap - EXIT
	cat "$DEMO_LOG"
	[ $code = 0 ] || { echo "== demo FAILED" >&2; exit 1; }
	took+=("$(printf '%5d s  %s' "$(jq .seconds "$CARGO_TARGET_DIR/demo.json")" "demo, beside the steps after the programs")")
}

step "format" fmt
step "programs" programs
start_demo
step "tests" unit_tests
step "clippy" clippy
step "docs" docs
end_demo

# Tests that judge evidence of real machines have none to judge where it is not there, and say so by name where nobody reads it.
vectors="${HCC_VECTORS:-../shared/vectors}"
[ -d "$vectors" ] || took+=("      -  WITHOUT the evidence of real machines: $vectors is not there (HCC_VECTORS)")

echo "== what took how long"
printf '%s\n' "${took[@]}"
printf '%5d s  all\n' $SECONDS
