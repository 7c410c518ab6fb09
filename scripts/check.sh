#!/usr/bin/env bash
# Checks format, prose and lints, and runs the tests of the crates that changed since a commit.
#
#   scripts/check.sh           compares with the upstream branch, or with HEAD if there is none
#   scripts/check.sh COMMIT    compares with COMMIT
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/env.sh
source scripts/steps.sh

base=${1:-$(git rev-parse --verify --quiet '@{upstream}' || git rev-parse HEAD)}

# Prints the names of the crates with files that differ from the base commit.
changed_crates() {
	local file directory
	{ git diff --name-only "$base"; git ls-files --others --exclude-standard; } | while read -r file; do
		directory=$(dirname "$file")
		while [ "$directory" != . ] && ! grep -qs '^\[package\]' "$directory/Cargo.toml"; do
			directory=$(dirname "$directory")
		done
		[ "$directory" = . ] || sed -n 's/^name = "\(.*\)"/\1/p' "$directory/Cargo.toml" | head -n 1
	done | sort -u
}

# Builds the test programs of the whole workspace, with the same features as `make test`. Runs the
# test programs of the changed crates.
tests_of() {
	local programs
	programs=$(cargo test --release --workspace --locked --no-run --message-format=json |
		python3 scripts/test-programs.py "$@")
	local manifest program
	while IFS=$'\t' read -r manifest program; do
		[ -n "$program" ] || continue
		echo "-- $(basename "$program")"
		(cd "$manifest" && CARGO_MANIFEST_DIR="$manifest" "$program" --quiet)
	done <<<"$programs"
}

mapfile -t crates < <(changed_crates)
step "format" fmt
step "prose" prose
step "clippy" clippy
if [ ${#crates[@]} -gt 0 ]; then
	step "tests of ${crates[*]}" tests_of "${crates[@]}"
else
	echo "== no crate has changed since $(git rev-parse --short "$base"): no tests to run"
fi
summary
