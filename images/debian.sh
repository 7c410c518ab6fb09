# Shared functions of the image scripts, to be sourced: messages, and the package sources of Debian.

readonly CODENAME=bookworm
# The Debian release whose firmware is used, because that of Debian 12 lacks the table of kernel
# hashes.
readonly FIRMWARE_CODENAME=sid
readonly KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

say() { echo "image: $*" >&2; }

fail() {
	echo "image: $1" >&2
	echo "image: $2" >&2
	exit 1
}

join() {
	local IFS=$1
	shift
	echo "$*"
}

# Prints the archive from which the machine itself takes a release.
mirror_of() {
	apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Identifier: Packages' 2>/dev/null |
		awk -v release="$1" '$1 == release { print $2; exit }'
}

# Sets the addresses of the archives and the settings of apt for them, unless they are set.
find_mirrors() {
	: "${HCC_DEBIAN_MIRROR:=$(mirror_of "$CODENAME")}"
	: "${HCC_SECURITY_MIRROR:=$(mirror_of "$CODENAME-security")}"
	[ -n "$HCC_DEBIAN_MIRROR" ] && [ -n "$HCC_SECURITY_MIRROR" ] ||
		fail "this machine's package sources name no archive of Debian 12 and of its security updates" \
			"set HCC_DEBIAN_MIRROR and HCC_SECURITY_MIRROR to their addresses"
	: "${HCC_CHECK_DATE:=$(apt_setting Acquire::Check-Date)}"
	: "${HCC_CHECK_VALID_UNTIL:=$(apt_setting Acquire::Check-Valid-Until)}"
	export HCC_DEBIAN_MIRROR HCC_SECURITY_MIRROR HCC_CHECK_DATE HCC_CHECK_VALID_UNTIL
}

# Prints a setting of the machine's apt, `true` if it is not set. A machine behind an outdated
# mirror accepts older lists. Their signatures are checked in any case.
apt_setting() {
	local setting=true
	eval "$(apt-config shell setting "$1/b")"
	echo "$setting"
}

sources() {
	echo "deb [signed-by=$KEYRING] $HCC_DEBIAN_MIRROR $1 main"
	echo "deb [signed-by=$KEYRING] $HCC_DEBIAN_MIRROR $1-updates main"
	echo "deb [signed-by=$KEYRING] $HCC_SECURITY_MIRROR $1-security main"
}

backports() { echo "deb [signed-by=$KEYRING] $HCC_DEBIAN_MIRROR $CODENAME-backports main"; }

firmware_source() { echo "deb [signed-by=$KEYRING] $HCC_DEBIAN_MIRROR $FIRMWARE_CODENAME main"; }
