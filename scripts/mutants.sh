#!/usr/bin/env bash
# Changes the arithmetic of money and reputation in small ways, one at a time, and lists the changes that no test notices: .cargo/mutants.toml says which files. What it
# came to is in docs/numbers.md. Not part of CI.
#
#   scripts/mutants.sh [FILE…]   those files alone
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
# Files that are named take the place of those in the settings, which would be added to them.
which=()
if (($# > 0)); then
	which=(--no-config --profile mutants --minimum-test-timeout 60)
	for file in "$@"; do which+=(--file "$file"); done
fi

# First by the tests of arithmetic alone, which are quick; then what those have not noticed by all of the pallet's but the long ones.
mutants() { "$work/bin/cargo-mutants" mutants --output "$work" --no-shuffle --colors never "${which[@]}" "$@"; }
mutants -- --lib -- arithmetic score kept || true
code=0
mutants --iterate -- --lib -- --skip simulation --skip selfdealing --skip selfrenting || code=$?
echo "== no test noticed"
cat "$work/mutants.out/missed.txt"
exit $code
