#!/usr/bin/env bash
# Plays the short story of hccs with the built programs. A chain accepts the evidence of a host, and
# rejects evidence of the host after a program on it was altered. The script takes less than five
# minutes.
#
#   scripts/demo.sh [--keep] [--vms]
#
# Writes the times to demo.json in cargo's target directory.
#
# --keep leaves the network running until Ctrl-C. With --vms, as root, the tenant logs into a VM;
# otherwise a program stands for the VM.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/env.sh

# The VM boots the programs that were built last.
readonly IMAGE=$CARGO_TARGET_DIR/images/insecure-minimal
case " $* " in
	*" --vms "*)
		[ "$IMAGE/image.json" -nt "$CARGO_TARGET_DIR/release/hcc-guest" ] &&
			[ "$IMAGE/image.json" -nt "$CARGO_TARGET_DIR/release/insecure-sev-guest" ] ||
			"$CARGO_TARGET_DIR/release/hcc" image build insecure-minimal --out "$IMAGE"
		;;
esac

exec "$CARGO_TARGET_DIR/release/hcc-e2e" demo --dir "$CARGO_TARGET_DIR/demo" \
	--packages "${CARGO_TARGET_DIR%/target}/machine" --result "$CARGO_TARGET_DIR/demo.json" "$@"
