#!/usr/bin/env bash
# Plays the short story of hccs with the built programs. A chain accepts the evidence of a host. A
# tenant logs in to a VM on this host. The chain rejects evidence of the host after a program on it
# was altered. The script takes four minutes.
#
#   scripts/demo.sh [--keep] [--no-vms]
#
# The times are in demo.json in cargo's target directory.
#
# --keep leaves the network running until Ctrl-C. Only root can start a VM. For other users and with
# --no-vms, a program takes the place of the VM.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/env.sh

vms=--vms options=()
for option; do
	case $option in
		--no-vms) vms= ;;
		*) options+=("$option") ;;
	esac
done
if [ "$(id -u)" != 0 ] && [ -n "$vms" ]; then
	echo "demo: only root can start VMs, so a program takes the place of the tenant's VM" >&2
	vms=
fi
if [ -n "$vms" ]; then
	echo "demo: building the VM's image, unless it is up to date (1 minute; the first time 5)" >&2
	scripts/test-image.sh >/dev/null
fi

exec "$CARGO_TARGET_DIR/release/hcc-e2e" demo $vms --dir "$CARGO_TARGET_DIR/demo" \
	--packages "${CARGO_TARGET_DIR%/target}/machine" --result "$CARGO_TARGET_DIR/demo.json" \
	"${options[@]}"
