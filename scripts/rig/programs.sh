#!/usr/bin/env bash
# Builds the programs of the rig that Debian 12 lacks, once, from the Rust registry.
# vhost-device-vsock is the vsock device of VMs. virtiofsd shares a folder with the miner's host.
#
#   scripts/rig/programs.sh           builds missing programs and prints their folder
#   scripts/rig/programs.sh --check   prints the folder, and fails if a program is missing
#
# HCC_RIG_PROGRAMS names another folder.
set -euo pipefail

readonly FOLDER=${HCC_RIG_PROGRAMS:-${XDG_CACHE_HOME:-$HOME/.cache}/hccs/rig}
readonly PROGRAMS=(vhost-device-vsock@0.3.0 virtiofsd@1.14.0)
# virtiofsd links to these.
readonly LIBRARIES=(libseccomp libcap-ng)

fail() {
	echo "rig: $1" >&2
	echo "rig: $2" >&2
	exit 1
}

# A stamp records the version, because the programs print it in different ways.
is_built() { [ -x "$FOLDER/bin/${1%@*}" ] && [ "$(cat "$FOLDER/${1%@*}.version" 2>/dev/null)" = "${1#*@}" ]; }

build() {
	local program=$1 name=${1%@*} library
	command -v cargo >/dev/null || fail "cargo is missing" "run scripts/setup.sh"
	for library in "${LIBRARIES[@]}"; do
		pkg-config --exists "$library" || fail "the library $library is missing" "run scripts/setup.sh"
	done
	echo "rig: building $name (once, about two minutes)" >&2
	# In a target directory of its own: the program shares no artifact with the workspace.
	env -u CARGO_TARGET_DIR cargo install "$name" --version "${program#*@}" --locked --quiet --force \
		--root "$FOLDER" --target-dir "$FOLDER/target" >"$FOLDER/$name.log" 2>&1 ||
		fail "cargo could not build $name; its output is in $FOLDER/$name.log" "check that the Rust registry is reachable"
	echo "${program#*@}" >"$FOLDER/$name.version"
	rm -rf "$FOLDER/target"
}

case ${1:-} in
	"")
		mkdir -p "$FOLDER"
		# Two networks may start at the same time.
		exec 9>"$FOLDER.lock"
		flock 9
		for program in "${PROGRAMS[@]}"; do
			is_built "$program" || build "$program"
		done
		;;
	--check)
		for program in "${PROGRAMS[@]}"; do
			is_built "$program" || fail "${program%@*} is not built" "run scripts/rig/programs.sh"
		done
		;;
	*) fail "unknown argument: $1" "usage: scripts/rig/programs.sh [--check]" ;;
esac
echo "$FOLDER"
