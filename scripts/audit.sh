#!/usr/bin/env bash
# Checks the licences and sources of all dependencies, and searches the RustSec advisory database
# for advisories about them.
#
# Needs cargo-deny (`cargo install --locked cargo-deny`), and a network connection to download the
# database. Without a connection, set ADVISORY_DB to a checkout of
# https://github.com/rustsec/advisory-db.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/env.sh

command -v cargo-deny >/dev/null || {
	echo "audit: cargo-deny is missing" >&2
	echo "audit: run: cargo install --locked cargo-deny" >&2
	exit 1
}
if [ -n "${ADVISORY_DB:-}" ]; then
	[ -d "$ADVISORY_DB" ] || { echo "audit: ADVISORY_DB: $ADVISORY_DB is not a directory" >&2; exit 1; }
	# cargo-deny searches for the database in a folder whose name derives from the database's URL.
	base=$(mktemp -d)
	trap 'rm -rf "$base"' EXIT
	sed "s|^\[advisories\]|&\ndb-path = \"$base\"\ndb-urls = [\"file://$(realpath "$ADVISORY_DB")\"]|" deny.toml >"$base/deny.toml"
	cargo deny --locked check --config "$base/deny.toml" advisories licenses bans sources
else
	cargo deny --locked check advisories licenses bans sources
fi
