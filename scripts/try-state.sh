#!/usr/bin/env bash
# Runs the runtime's tests with the feature try-runtime, which also checks the invariants of the
# SDK's own pallets. No released program has this feature. The most important test is the random
# walk of days. Builds the runtime in a separate target directory. CI does not run this script, but
# checks the invariants of our own pallets.
#
#   scripts/try-state.sh [TEST…] runs only these tests
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/env.sh

export CARGO_TARGET_DIR="${CARGO_TARGET_DIR%/target}/weights/target"
cargo test --release -p hccs-runtime --features try-runtime --test it --locked -- "$@"
