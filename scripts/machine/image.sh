#!/usr/bin/env bash
# Makes the demo machine's kernel, initrd and root file system in OUT.
#
#   scripts/machine/image.sh PACKAGES OUT BIN CONFIG
#
# PACKAGES is the folder that packages.sh has filled, BIN is the folder of the built programs, and
# CONFIG is a folder that becomes /etc/hcc.
set -euo pipefail

packages=$1 out=$2 bin=$3 config=$4
here=$(dirname "$(readlink -f "$0")")
source "$here/qemu.sh"
tree=$out/tree
rm -rf "$tree" "$out/initrd.gz" "$out/root.img"
mkdir -p "$tree/initrd/"{bin,lib,etc,proc,sys,dev,newroot} "$tree/root"
busybox=$packages/unpacked/bin/busybox
version=$(ls "$packages/kernel/lib/modules")
modules=$packages/kernel/lib/modules/$version/kernel

# Adds a kernel module, after its dependencies. Does nothing if the module is built into the kernel.
add_module() {
	local name=${1//-/_} file needed
	[ ! -e "$tree/initrd/lib/$name.ko" ] || return 0
	file=$(find "$modules" -name "$name.ko*" -o -name "${name//_/-}.ko*" | head -n 1)
	[ -n "$file" ] || return 0
	case $file in
		*.xz) xz -dc "$file" >"$tree/initrd/lib/$name.ko" ;;
		*) cp "$file" "$tree/initrd/lib/$name.ko" ;;
	esac
	for needed in $(tr '\0' '\n' <"$tree/initrd/lib/$name.ko" | sed -n 's/^depends=//p' | tr , ' '); do
		add_module "$needed"
	done
	echo "$name.ko" >>"$tree/initrd/lib/modules.order"
}

initrd() {
	cp "$busybox" "$tree/initrd/bin/busybox"
	install -m 755 "$here/initrd-init" "$tree/initrd/init"
	cp "$here/ima-policy" "$tree/initrd/etc/ima-policy"
	local module
	# The last two serve the rig: connections to VMs, and the folder shared with libvirt.
	for module in virtio_pci virtio_blk virtio_console virtio_net vsock_loopback cuse \
		vmw_vsock_virtio_transport virtiofs; do
		add_module "$module"
	done
	pack_initrd "$packages" "$tree/initrd" >"$out/initrd.gz"
}

# Adds a program and its shared libraries to the root file system.
put() {
	local from=$1 to=$2 library
	install -D -m 755 "$from" "$tree/root$to"
	{ ldd "$from" 2>/dev/null || true; } | grep -oE '/[^ ]+\.so[^ ]*' | while read -r library; do
		[ -e "$tree/root$library" ] || install -D -m 755 "$(readlink -f "$library")" "$tree/root$library"
	done
}

root() {
	local root=$tree/root applet tcti
	mkdir -p "$root/"{bin,sbin,etc,proc,sys,dev,run,tmp,root,var/lib/hcc}
	cp "$busybox" "$root/bin/busybox"
	for applet in $("$busybox" --list); do
		[ "$applet" = busybox ] || ln -sf busybox "$root/bin/$applet"
	done
	install -m 755 "$here/root-init" "$root/sbin/init"
	install -m 755 "$here/root-control" "$root/sbin/control"
	local program
	for program in hcc-miner hccam insecure-sev-guest insecure-vm; do
		put "$bin/$program" "/usr/bin/$program"
	done
	# The TPM software stack loads this library by name.
	tcti=$(ldconfig -p | sed -n 's/.*libtss2-tcti-device\.so\.0.* => //p' | head -n 1)
	put "$(readlink -f "$tcti")" "$tcti"
	mkdir -p "$root/etc/hcc"
	cp -r "$config/." "$root/etc/hcc/"
	echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
	echo 'root:x:0:' >"$root/etc/group"
	mke2fs -q -F -t ext4 -d "$root" -m 0 -b 4096 -E root_owner=0:0 "$out/root.img" 192M >/dev/null
}

initrd
root
cp "$packages/kernel/boot/vmlinuz-$version" "$out/vmlinuz"
