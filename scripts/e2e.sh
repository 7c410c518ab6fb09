#!/usr/bin/env bash
# Plays every end-to-end scene on the built programs. Ends with 0 only if all of them passed.
# The last line, and e2e.json in cargo's target directory, is one JSON object. The logs are in the
# folder e2e there. With E2E_CLIENT=1 a client from npm reads the score, too.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/env.sh

client=()
[ -z "${E2E_CLIENT:-}" ] || client=(--client runtime/tests/client/run.sh)
exec "$CARGO_TARGET_DIR/release/hcc-e2e" all --dir "$CARGO_TARGET_DIR/e2e" \
	--packages "${CARGO_TARGET_DIR%/target}/machine" \
	--result "$CARGO_TARGET_DIR/e2e.json" "${client[@]}" "$@"
