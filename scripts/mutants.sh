#!/usr/bin/env bash
# Tests the tests of the arithmetic of money and reputation by mutation. Applies small changes to
# the code, one at a time, and lists the changes that no test detects. .cargo/mutants.toml lists the
# files, and docs/numbers.md contains results. CI does not run this script.
#
#   scripts/mutants.sh [FILE…] mutates only these files
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/env.sh

readonly VERSION=27.0.0

work="${CARGO_TARGET_DIR%/target}/mutants"
mkdir -p "$work"
if ! "$work/bin/cargo-mutants" mutants --version 2>/dev/null | grep "$VERSION" >/dev/null; then
	CARGO_TARGET_DIR="$work/tool" cargo install cargo-mutants --version "$VERSION" --locked --root "$work"
fi

export CARGO_TARGET_DIR="$work/target" SKIP_WASM_BUILD=1
# Named files must replace the files in the configuration. cargo-mutants itself would only add them.
which=()
if (($# > 0)); then
	which=(--no-config --profile mutants --minimum-test-timeout 60)
	for file in "$@"; do which+=(--file "$file"); done
fi

# The first pass runs only the fast tests of arithmetic. The second pass tests the remaining mutants
# with all tests of the pallet except the slow ones.
mutants() { "$work/bin/cargo-mutants" mutants --output "$work" --no-shuffle --colors never "${which[@]}" "$@"; }
mutants -- --lib -- arithmetic score disk_rent || true
code=0
mutants --iterate -- --lib -- --skip simulation --skip selfdealing --skip selfrenting || code=$?
echo "== mutants that no test detected"
cat "$work/mutants.out/missed.txt"
exit $code
