#!/usr/bin/env bash
# Boots the image of hccam in a VM, once for each reason for which hccam refuses to start, and once
# with all that it needs. Each boot takes up to a minute.
#
#   scripts/image-attacks/refusals.sh [CASE]…
#
# IMAGES names a folder with the images hccam and insecure-hccam, to be used again. Needs root.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
cd "$here/../.."

programs=${PROGRAMS:-${CARGO_TARGET_DIR:-$HOME/.cache/hccs/target}/release}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
images=${IMAGES:-$work/images}
for recipe in hccam insecure-hccam; do
	[ -f "$images/$recipe/image.json" ] || images/build.sh "$recipe" "$images/$recipe" --programs "$programs"
done
mkdir "$work/veks"
for chip in alice bob; do
	"$programs/insecure-sim" vek --chip "$chip" --out "$work/veks/$chip.der"
done
images/tool-root.sh enter --bind "$here" --bind "$images" --bind "$work/veks" -- \
	python3 -B "$here/refusals.py" "$images" "$work/veks" "$@"
