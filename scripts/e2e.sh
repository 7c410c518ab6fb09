#!/usr/bin/env bash
# Plays every end-to-end scene with the built programs. Exits with 0 only if all scenes passed. The
# last line of the output is one JSON object, which is also written to e2e.json in cargo's target
# directory. The logs are in the folder e2e of the same directory. With E2E_CLIENT=1, a client from
# npm also reads the score.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/env.sh

client=()
[ -z "${E2E_CLIENT:-}" ] || client=(--client runtime/tests/client/run.sh)
exec "$CARGO_TARGET_DIR/release/hcc-e2e" all --dir "$CARGO_TARGET_DIR/e2e" \
	--packages "${CARGO_TARGET_DIR%/target}/machine" \
	--result "$CARGO_TARGET_DIR/e2e.json" "${client[@]}" "$@"
