#!/usr/bin/env bash
# Builds the image that the demo and the end-to-end scenes launch, as root, and prints its folder.
# Does nothing if the image already contains the programs that were built last.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/env.sh

readonly RECIPE=insecure-minimal
readonly IMAGE=$CARGO_TARGET_DIR/images/$RECIPE
readonly PROGRAMS=$CARGO_TARGET_DIR/release

for program in hcc-guest insecure-sev-guest; do
	if ! [ "$IMAGE/image.json" -nt "$PROGRAMS/$program" ]; then
		"$PROGRAMS/hcc" image build "$RECIPE" --out "$IMAGE" >&2
		break
	fi
done
echo "$IMAGE"
