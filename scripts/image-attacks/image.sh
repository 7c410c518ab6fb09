#!/usr/bin/env bash
# Makes an image for attacks. It contains a stand-in for hcc-guest, so that no chain is needed.
#
#   scripts/image-attacks/image.sh DIR [RECIPE]
#
# RECIPE is minimal (default) or debian. PROGRAMS names the folder of the built programs. The script
# needs root.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$here/hcc-guest" "$work/"
# A genuine image loads the module of the secure processor, which no machine without SEV-SNP has.
cp "${PROGRAMS:-${CARGO_TARGET_DIR:-$HOME/.cache/hccs/target}/release}/insecure-sev-guest" "$work/"
"$here/../../images/build.sh" "insecure-${2:-minimal}" "$1" --programs "$work"
