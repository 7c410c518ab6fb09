#!/usr/bin/env bash
# Downloads from Debian what the demo's machine is made of, and unpacks it into DIR. Installs nothing, removes nothing: QEMU in Debian 12
# would displace tools of other versions.
#
#   scripts/machine/packages.sh DIR
set -euo pipefail
# What apt prints is read below.
export LC_ALL=C

readonly PACKAGES=(qemu-system-x86 ovmf busybox-static cpio sbsigntool systemd-boot-efi)
readonly KERNEL=linux-image-cloud-amd64

dir=$1
mkdir -p "$(dirname "$dir")"
# The demo and a test may both want them first.
exec 9>"$dir.lock"
flock 9
# What is there is of these packages, or of others of before.
readonly COMPLETE="${PACKAGES[*]} $KERNEL"
[ "$(cat "$dir/unpacked/complete" 2>/dev/null)" != "$COMPLETE" ] || exit 0
rm -rf "$dir"
mkdir -p "$dir/debs"
cd "$dir/debs"

as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi; }
lists() { apt-cache show qemu-system-x86 "$KERNEL" >/dev/null 2>&1; }

echo "machine: downloading QEMU, OVMF and a kernel from Debian (some 50 MB)"
lists || as_root apt-get update -qq
kernel=$(apt-cache depends "$KERNEL" | sed -n 's/.*Depends: //p' | head -n 1)
needed=$(apt-get install --simulate --no-install-recommends "${PACKAGES[@]}" | awk '/^Inst/ {print $2}')
# What is installed already is not in that list, and is downloaded all the same.
download() {
	# shellcheck disable=SC2086 # a list of names
	apt-get download -qq $(printf '%s\n' $needed "${PACKAGES[@]}" | sort -u) "$kernel" 2>"$dir/download.log"
}
# Lists that are older than the archive name versions that are gone.
download || { as_root apt-get update -qq && rm -f -- *.deb && download; } || {
	cat "$dir/download.log" >&2
	echo "machine: could not download; is Debian's archive reachable?" >&2
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
