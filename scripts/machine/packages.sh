#!/usr/bin/env bash
# Downloads the packages for the demo's machine from Debian, and unpacks them into DIR. Does not
# install them, because QEMU of Debian 12 would replace tools of other versions.
#
#   scripts/machine/packages.sh DIR
set -euo pipefail
# The script parses the output of apt.
export LC_ALL=C

readonly PACKAGES=(qemu-system-x86 ovmf busybox-static cpio sbsigntool systemd-boot-efi)
readonly KERNEL=linux-image-cloud-amd64

dir=$1
mkdir -p "$(dirname "$dir")"
# The demo and a test may run this script at the same time, so it takes a lock.
exec 9>"$dir.lock"
flock 9
# The folder may already contain these packages, or the packages of an earlier version of this
# script.
readonly COMPLETE="${PACKAGES[*]} $KERNEL"
[ "$(cat "$dir/unpacked/complete" 2>/dev/null)" != "$COMPLETE" ] || exit 0
rm -rf "$dir"
mkdir -p "$dir/debs"
cd "$dir/debs"

as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi; }
lists() { apt-cache show qemu-system-x86 "$KERNEL" >/dev/null 2>&1; }

echo "machine: downloading QEMU, OVMF and a kernel from Debian (about 50 MB)"
lists || as_root apt-get update -qq
kernel=$(apt-cache depends "$KERNEL" | sed -n 's/.*Depends: //p' | head -n 1)
needed=$(apt-get install --simulate --no-install-recommends "${PACKAGES[@]}" | awk '/^Inst/ {print $2}')
# apt's list of needed packages omits installed packages. Those must also be downloaded.
download() {
	# shellcheck disable=SC2086 # a list of names
	apt-get download -qq $(printf '%s\n' $needed "${PACKAGES[@]}" | sort -u) "$kernel" 2>"$dir/download.log"
}
# If the download fails, the package lists may be outdated, and name versions that the archive no
# longer contains.
download || { as_root apt-get update -qq && rm -f -- *.deb && download; } || {
	cat "$dir/download.log" >&2
	echo "machine: the download failed; check that Debian's archive is reachable" >&2
	exit 1
}
for deb in *.deb; do
	case $deb in
		linux-image-*) dpkg -x "$deb" "$dir/kernel" ;;
		*) dpkg -x "$deb" "$dir/unpacked" ;;
	esac
done
rm -rf "$dir/debs"
echo "$COMPLETE" >"$dir/unpacked/complete"
