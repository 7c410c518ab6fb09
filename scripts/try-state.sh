#!/usr/bin/env bash
# Runs the runtime's tests with the invariants of the SDK's own pallets held as well (try_state, which is in no program that ships): above all the walk of days of
# random calls. Builds the runtime with that feature, in a target directory of its own. Not part of CI, in which the invariants of our pallets are held.
#
#   scripts/try-state.sh [TEST…]   those tests alone
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/env.sh

export CARGO_TARGET_DIR="${CARGO_TARGET_DIR%/target}/weights/target"
cargo test --release -p hccs-runtime --features try-runtime --lib --locked -- "$@"
