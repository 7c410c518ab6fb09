#!/usr/bin/env bash
# Runs read-score.mjs with a node. The first run installs the packages outside the checkout, and
# later runs reuse them.
#
#   runtime/tests/client/run.sh URL
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
cache=${CARGO_TARGET_DIR:-$HOME/.cache/hccs/target}
cache=${cache%/target}/client
mkdir -p "$cache"
if ! cmp -s "$here/package-lock.json" "$cache/installed-lock.json"; then
	cp "$here/package.json" "$here/package-lock.json" "$cache/"
	(cd "$cache" && npm ci --silent --no-audit --no-fund --ignore-scripts)
	cp "$here/package-lock.json" "$cache/installed-lock.json"
fi
cp "$here/read-score.mjs" "$cache/"
exec node "$cache/read-score.mjs" "$1"
