#!/usr/bin/env bash
# Refreshes the locks of the release images: images/minimal/packages.lock and
# images/debian/packages.lock. Review the difference, and commit it.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/env.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for recipe in minimal debian; do
	images/build.sh "$recipe" "$work/$recipe" --programs "${PROGRAMS:-$CARGO_TARGET_DIR/release}"
	cp "$work/$recipe/packages.lock" "images/$recipe/packages.lock"
done
git --no-pager diff --stat -- images
