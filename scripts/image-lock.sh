#!/usr/bin/env bash
# Refreshes the locks of the release images: packages.lock in images/minimal, images/debian and
# images/hccam. Review the difference, and commit it.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/env.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for recipe in minimal debian hccam; do
	images/build.sh "$recipe" "$work/$recipe" --programs "${PROGRAMS:-$CARGO_TARGET_DIR/release}"
	cp "$work/$recipe/packages.lock" "images/$recipe/packages.lock"
done
git --no-pager diff --stat -- images
