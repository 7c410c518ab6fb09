# Shared functions of make-image.sh, to be sourced: packages of Debian, without installing them. A
# list has a line for each package: its name, version, architecture and SHA-256 digest.

# private_apt PART PROGRAM [ARGUMENT]…: runs a program of apt on lists of our own, as if no package
# were installed. PART is `debian` or `firmware`.
private_apt() {
	local folder=$cache/$1 program=$2
	shift 2
	"$program" -q -o APT::Architecture=amd64 -o APT::Install-Recommends=false -o APT::Sandbox::User=root \
		-o Acquire::Check-Date="$HCC_CHECK_DATE" -o Acquire::Check-Valid-Until="$HCC_CHECK_VALID_UNTIL" \
		-o Dir::Etc::SourceList="$folder/sources.list" -o Dir::Etc::SourceParts=/dev/null -o Dir::Etc::Preferences=/dev/null \
		-o Dir::Etc::PreferencesParts=/dev/null -o Acquire::ForceHash=sha256 -o Dir::State="$folder/state" -o Dir::State::status="$folder/status" \
		-o Dir::Cache="$folder/cache" "$@"
}

# Fetches the lists of what the archive serves now.
update_lists() {
	local part
	for part in debian firmware; do
		mkdir -p "$cache/$part/state/lists/partial" "$cache/$part/cache/archives/partial" "$cache/$part/none/partial"
		: >"$cache/$part/status"
	done
	sources "$CODENAME" >"$cache/debian/sources.list"
	firmware_source >"$cache/firmware/sources.list"
	for part in debian firmware; do
		private_apt "$part" apt-get update >"$cache/$part/log" 2>&1 || {
			tail -n 5 "$cache/$part/log" >&2
			fail "apt-get could not fetch the package lists" "check that $HCC_DEBIAN_MIRROR is reachable, then repeat the build"
		}
	done
}

# Turns the output of `apt-get --print-uris` into a list.
to_list() {
	python3 -c '
import sys, urllib.parse
for line in sys.stdin:
    if not line.startswith("\x27"):
        continue
    _, name, _, digest = line.split()
    package, version, architecture = name.removesuffix(".deb").split("_")
    assert digest.startswith("SHA256:"), digest
    print(package, urllib.parse.unquote(version), architecture, digest.removeprefix("SHA256:"))' | sort
}

# Downloads the packages of `apt-get --print-uris` and checks their digests.
download() {
	local part=$1 list=$2 name version architecture digest file
	shift 2
	# `apt-get download` writes to the current folder.
	(cd "$cache/$part/cache/archives" && private_apt "$part" "$@") >"$cache/$part/log" 2>&1 || {
		tail -n 5 "$cache/$part/log" >&2
		fail "apt-get could not download packages" "repeat the build: the archive may have changed meanwhile"
	}
	while read -r name version architecture digest; do
		file=$(archive_of "$name" "$version" "$architecture")
		echo "$digest  $file" | sha256sum --check --status ||
			fail "the package $file is damaged" "remove it and repeat the build"
	done <"$list"
}

# fetch_packages LIST PACKAGE…: downloads packages of Debian 12 with all that they depend on, and
# lists them.
fetch_packages() {
	local list=$1
	shift
	# An empty folder of archives: apt does not print what it has downloaded before.
	private_apt debian apt-get install --print-uris -y -o Dir::Cache::archives="$cache/debian/none" "$@" \
		2>"$cache/debian/log" | to_list >"$list" && [ -s "$list" ] || {
		cat "$cache/debian/log" >&2
		fail "the archive does not serve $*" "read the message above; a package may have a new name"
	}
	download debian "$list" apt-get install --download-only -y "$@"
}

# fetch_alone PART LIST PATTERN: downloads the newest package whose name matches, without what it
# depends on.
fetch_alone() {
	local part=$1 list=$2 name
	name=$(private_apt "$part" apt-cache pkgnames | grep -E "$3" | sort --version-sort | tail -n 1) ||
		fail "the archive serves no package $3" "see images/make-image.sh: the series may have ended"
	private_apt "$part" apt-get download --print-uris "$name" 2>"$cache/$part/log" | to_list >"$list"
	download "$part" "$list" apt-get download "$name"
}

# Prints the path of a downloaded package.
archive_of() {
	local file="$1_${2//:/%3a}_$3.deb" part
	for part in debian firmware; do
		[ ! -f "$cache/$part/cache/archives/$file" ] || { echo "$cache/$part/cache/archives/$file"; return; }
	done
	fail "the package $file is missing in $cache" "remove $cache and repeat the build"
}

# unpack LIST FOLDER: unpacks the packages of a list.
unpack() {
	local name version architecture digest
	mkdir -p "$2"
	while read -r name version architecture digest; do
		dpkg-deb --extract "$(archive_of "$name" "$version" "$architecture")" "$2"
	done <"$1"
}
