#!/usr/bin/env bash
# Boots an image once for each attack of a host, and checks what the attack achieves. The image has
# a stand-in for hcc-guest, so that no chain is needed. Each boot takes up to a minute.
#
#   scripts/image-attacks/run.sh [RECIPE [ATTACK]…]
#
# IMAGE names a folder with such an image, to be used again. Needs root.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
cd "$here/../.."

recipe=${1:-minimal}
shift || true
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
image=${IMAGE:-$work/image}
[ -f "$image/image.json" ] || "$here/image.sh" "$image" "$recipe"
images/tool-root.sh enter --bind "$here" --bind "$image" -- python3 "$here/attacks.py" "$image" "$@"
