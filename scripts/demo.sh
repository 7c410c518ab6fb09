#!/usr/bin/env bash
# Plays the short story of hccs on the built programs: a chain accepts the evidence of a
# host, and rejects it after the host was altered. Takes less than five minutes and ends by itself.
#
#   scripts/demo.sh [--keep]    --keep leaves the network running until Ctrl-C
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/env.sh

exec "$CARGO_TARGET_DIR/release/hcc-e2e" demo --dir "$CARGO_TARGET_DIR/demo" \
	--packages "${CARGO_TARGET_DIR%/target}/machine" "$@"
