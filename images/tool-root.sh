#!/usr/bin/env bash
# Makes the tool root, a Debian 12 in a folder of its own, and runs programs in it. It holds the
# tools that make images and run VMs, in versions that the machine's own Debian may lack. Installing
# these on the machine itself would replace systemd and udev.
#
#   images/tool-root.sh make
#   images/tool-root.sh enter [--bind PATH]… [--] PROGRAM [ARGUMENT]…
#
# `make` prints the folder of the tool root, and makes it only if it is missing or outdated. `enter`
# does the same, and then runs a program as root in a mount namespace of its own. The program sees
# /dev, /sys, /proc and each bound path under the same name as outside.
#
# HCC_TOOL_ROOT names another folder. HCC_DEBIAN_MIRROR and HCC_SECURITY_MIRROR name other archives;
# by default they are those of the machine's own package sources.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
source "$here/debian.sh"

readonly ROOT=${HCC_TOOL_ROOT:-${XDG_CACHE_HOME:-$HOME/.cache}/hccs/tool-root}
# From Debian 12 itself: tools that make images, and tools of the machines that run them.
readonly PACKAGES=(apt bash binutils busybox-static ca-certificates coreutils cpio cryptsetup-bin
	debian-archive-keyring dmsetup dnsmasq-base e2fsprogs ethtool fdisk iproute2 jq kmod libxml2-utils mmdebstrap nftables
	openssh-client openssl ovmf python3 socat squashfs-tools swtpm swtpm-tools util-linux xz-utils zstd)
# From its backports: QEMU 10 and libvirt 11.3.
readonly BACKPORTS=(qemu-system-x86 qemu-utils libvirt-daemon libvirt-daemon-driver-network libvirt-daemon-driver-qemu
	libvirt-daemon-driver-storage libvirt-daemon-config-nwfilter libvirt-clients)
# After a change of this text the tool root is made again.
readonly COMPLETE="1 $CODENAME ${PACKAGES[*]} ${BACKPORTS[*]}"

make_root() {
	command -v mmdebstrap >/dev/null || fail "mmdebstrap is missing" "run scripts/setup.sh"
	find_mirrors
	say "making the tool root in $ROOT (once, about two minutes)"
	local new=$ROOT.new log=$ROOT.log
	rm -rf --one-file-system "$new"
	mmdebstrap --mode=root --variant=minbase --quiet --include="$(join , "${PACKAGES[@]}")" \
		--aptopt='APT::Install-Recommends "false"' \
		--customize-hook='chroot "$1" apt-get install -y -qq --no-install-recommends -t '"$CODENAME-backports ${BACKPORTS[*]}"' >/dev/null' \
		"$CODENAME" "$new" - <<<"$(sources "$CODENAME"; backports)" >"$log" 2>&1 9>&- ||
		fail "mmdebstrap could not make the tool root; its output is in $log" \
			"check that Debian's archive is reachable: apt-get update"
	echo "$COMPLETE" >"$new/complete"
	rm -rf --one-file-system "$ROOT"
	mv "$new" "$ROOT"
}

is_complete() { [ "$(cat "$ROOT/complete" 2>/dev/null)" = "$COMPLETE" ]; }

# Makes the tool root if needed. Afterwards this process, and the program that replaces it, share a
# lock: another checkout with another list of packages waits before it replaces the folder.
ensure_root() {
	mkdir -p "$(dirname "$ROOT")"
	exec 9>"$ROOT.lock"
	flock --shared 9
	is_complete && return 0
	flock --exclusive --nonblock 9 || {
		say "waiting for programs in the tool root to end, because it is outdated"
		flock --exclusive 9
	}
	# Another process may have made it since.
	is_complete || make_root
	flock --shared 9
}

# Runs in the mount namespace: binds what the program needs, and replaces the shell with it.
inside() {
	local path
	mount --make-rprivate /
	# `ip netns exec` fails in a root that is not a mount point.
	mount --bind "$ROOT" "$ROOT"
	for path in /dev /sys /proc; do
		mount --rbind "$path" "$ROOT$path"
	done
	while [ "${1:-}" = --bind ]; do
		path=$(readlink -f "$2")
		[ -e "$path" ] || fail "$2 does not exist" "name an existing file or folder"
		if [ -d "$path" ]; then mkdir -p "$ROOT$path"; else mkdir -p "$(dirname "$ROOT$path")" && touch "$ROOT$path"; fi
		mount --rbind "$path" "$ROOT$path"
		shift 2
	done
	[ "${1:-}" != -- ] || shift
	cp --dereference /etc/resolv.conf /etc/hosts "$ROOT/etc/" 2>/dev/null || true
	exec chroot "$ROOT" /usr/bin/env -i HOME=/root LC_ALL=C.UTF-8 TERM="${TERM:-dumb}" \
		PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

usage() {
	echo "usage: images/tool-root.sh make | enter [--bind PATH]… [--] PROGRAM [ARGUMENT]…" >&2
	exit 1
}

[ $# -gt 0 ] || usage
[ "$(id -u)" -eq 0 ] || fail "the tool root needs root: it mounts and changes its root folder" "run it with sudo -E"
command=$1
shift
case $command in
	make)
		[ $# -eq 0 ] || usage
		ensure_root
		echo "$ROOT"
		;;
	enter)
		[ $# -gt 0 ] || usage
		ensure_root
		exec unshare --mount "$0" inside "$@"
		;;
	inside) inside "$@" ;;
	*) usage ;;
esac
