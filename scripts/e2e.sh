#!/usr/bin/env bash
# Plays every end-to-end scene with the built programs. Exits with 0 only if all scenes passed. The
# last line of the output is one JSON object, which is also written to e2e.json in cargo's target
# directory. The logs are in the folder e2e of the same directory. With E2E_CLIENT=1, a client from
# npm also reads the score.
#
#   scripts/e2e.sh [--vms]
#
# --vms plays the scenes with VMs under libvirt instead, as root. The names of its files start with
# e2e-vms.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/env.sh

name=e2e options=()
[ -z "${E2E_CLIENT:-}" ] || options=(--client runtime/tests/client/run.sh)
case " $* " in
	*" --vms "*)
		name=e2e-vms options=()
		scripts/test-image.sh >/dev/null
		;;
esac
exec "$CARGO_TARGET_DIR/release/hcc-e2e" all --dir "$CARGO_TARGET_DIR/$name" \
	--packages "${CARGO_TARGET_DIR%/target}/machine" \
	--result "$CARGO_TARGET_DIR/$name.json" "${options[@]}" "$@"
