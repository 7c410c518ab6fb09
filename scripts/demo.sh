#!/usr/bin/env bash
# Plays the short story of hccs with the built programs. A chain accepts the evidence of a host, and
# rejects evidence of the host after a program on it was altered. The script takes less than five
# minutes.
#
#   scripts/demo.sh [--keep] [--vms]
#
# --keep leaves the network running until Ctrl-C. With --vms, as root, the tenant logs into a VM;
# otherwise a program stands for the VM.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/env.sh

case " $* " in
	*" --vms "*) scripts/test-image.sh >/dev/null ;;
esac

exec "$CARGO_TARGET_DIR/release/hcc-e2e" demo --dir "$CARGO_TARGET_DIR/demo" \
	--packages "${CARGO_TARGET_DIR%/target}/machine" "$@"
