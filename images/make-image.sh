#!/usr/bin/env bash
# Makes an image. build.sh runs this in the tool root.
#
#   images/make-image.sh RECIPE OUT PROGRAMS CACHE VERSION [LOCK]
#
# Prints each step as `image: [number/steps] text`, which `hcc image build` displays as progress.
set -euo pipefail
umask 022
export LC_ALL=C.UTF-8
here=$(dirname "$(readlink -f "$0")")
source "$here/debian.sh"
source "$here/packages.sh"
source "$here/tree.sh"

recipe=$1 out=$2 programs=$3 cache=$4 version=$5 lock=${6:-}
base=${recipe#insecure-}
# The time of all files. It is fixed, because packages change at other times on other mirrors.
export SOURCE_DATE_EPOCH=1735689600
readonly BLOCK=4096
# The newest package of this series.
readonly KERNEL='^linux-image-6\.12\.[0-9]+[+.a-z0-9]*-cloud-amd64$'
readonly FIRMWARE_PACKAGE="^ovmf-amdsev$"
# The programs of the initrd.
readonly INITRD_PACKAGES=(busybox-static cryptsetup-bin dmsetup e2fsprogs libc6 libgcc-s1)
# Arguments of all images. The host cannot add any, because the firmware checks the digest.
readonly COMMAND_LINE="console=ttyS0 quiet panic=-1 oops=panic sysctl.kernel.sysrq=0 random.trust_bootloader=off"

# Sets MEMORY, INIT, ARGUMENTS and the lists of programs. Defines make_root FOLDER, and make_boot
# TREE KIND, which adds to the initrd what mounts the root file system.
source "$here/$base/recipe.sh"

readonly STEPS=7
number=0
step() {
	number=$((number + 1))
	say "[$number/$STEPS] $*"
}

work=$(mktemp -d)
# The mounts of an interrupted mmdebstrap may still be below the folder.
trap 'rm -rf --one-file-system "$work"' EXIT

# Unpacks the kernel and its modules to $work/kernel, and copies kernel and firmware to the image.
# Both packages are unpacked alone: their dependencies are for machines that install them.
unpack_kernel_and_firmware() {
	fetch_alone debian "$work/kernel.list" "$KERNEL"
	unpack "$work/kernel.list" "$work/kernel"
	kernel_version=$(ls "$work/kernel/lib/modules")
	cp "$work/kernel/boot/vmlinuz-$kernel_version" "$out/vmlinuz"
	fetch_alone firmware "$work/firmware.list" "$FIRMWARE_PACKAGE"
	unpack "$work/firmware.list" "$work/firmware"
	cp "$work/firmware/usr/share/ovmf/OVMF.amdsev.fd" "$out/OVMF.fd"
}

# Writes the list of packages in the image, and compares it with the release lock.
write_lock() {
	cat "$work/kernel.list" "$work/firmware.list" "$work/root.list" "$work/initrd.list" | sort -u >"$out/packages.lock"
	[ -z "$lock" ] || cmp -s "$lock" "$out/packages.lock" || {
		diff "$lock" "$out/packages.lock" | sed 's/^/image:   /' >&2 || true
		fail "Debian's archive serves other packages than the lock (< locked, > served)" \
			"refresh the lock and review the difference: make image-lock"
	}
}

make_squashfs() {
	find "$work/root" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
	env -u SOURCE_DATE_EPOCH mksquashfs "$work/root" "$out/root.squashfs" -reproducible -noappend -no-progress -quiet \
		-comp zstd -Xcompression-level 15 -b 131072 -no-xattrs -all-time "$SOURCE_DATE_EPOCH" -mkfs-time "$SOURCE_DATE_EPOCH" \
		>"$work/mksquashfs.log"
	local size
	size=$(stat -c %s "$out/root.squashfs")
	truncate --size "$(((size + BLOCK - 1) / BLOCK * BLOCK))" "$out/root.squashfs"
}

# Makes the hash tree without a superblock: the guest takes all parameters from the command line and
# from constants, not from bytes that the host supplies.
make_verity() {
	root_hash=$(veritysetup format --no-superblock --format=1 --hash=sha256 --salt=- \
		--data-block-size="$BLOCK" --hash-block-size="$BLOCK" "$out/root.squashfs" "$out/root.verity" |
		sed -n 's/^Root hash:[[:space:]]*//p')
	[[ $root_hash =~ ^[0-9a-f]{64}$ ]] || fail "veritysetup printed no root hash" "run it by hand on $out/root.squashfs"
	blocks=$(($(stat -c %s "$out/root.squashfs") / BLOCK))
}

make_initrd() {
	local tree=$work/initrd tools=$work/tools module kind=genuine
	[ "$base" = "$recipe" ] || kind=insecure
	mkdir -p "$tree/"{bin,sbin,lib/modules,etc,proc,sys,dev,run,newroot}
	put "$tools" "$tree" /bin/busybox
	put "$tools" "$tree" /sbin/veritysetup
	put "$tools" "$tree" /sbin/cryptsetup
	put "$tools" "$tree" /sbin/dmsetup
	put "$tools" "$tree" /sbin/mke2fs
	put "$tools" "$tree" /sbin/resize2fs
	make_boot "$tree" $kind
	[ $kind = genuine ] || put_program "$tools" "$tree" insecure-sev-guest
	# Threads of Argon2 load this library at run time.
	put "$tools" "$tree" /lib/x86_64-linux-gnu/libgcc_s.so.1
	: >"$tree/lib/modules.order"
	for module in $(cat "$here/initrd/modules" "$here/initrd/modules.$kind"); do
		add_module "$work/kernel" "$kernel_version" "$tree" "$module"
	done
	install -m 755 "$here/initrd/init" "$tree/init"
	[ $kind = genuine ] || install -m 755 "$here/initrd/insecure" "$tree/etc/insecure"
	pack_initrd "$tree" >"$out/initrd"
}

write_manifest() {
	local file entries='{}' insecure=true
	[ "$base" != "$recipe" ] || insecure=false
	for file in OVMF.fd vmlinuz initrd root.squashfs root.verity; do
		entries=$(jq --arg name "$file" --arg digest "$(sha256sum <"$out/$file" | cut -d ' ' -f 1)" \
			--argjson size "$(stat -c %s "$out/$file")" '.[$name] = {sha256: $digest, size: $size}' <<<"$entries")
	done
	jq --null-input --arg name "$recipe" --arg version "$version" \
		--arg cmdline "$COMMAND_LINE${ARGUMENTS:+ $ARGUMENTS} hcc.root=$root_hash hcc.blocks=$blocks hcc.init=$INIT" \
		--argjson files "$entries" --argjson memory "$MEMORY" --argjson insecure "$insecure" \
		'{format: 1, name: $name, version: $version, cmdline: $cmdline, files: $files, memory_mib: $memory,
			cpu: "EPYC-v4", vcpus: [1, 2, 4, 8, 16], insecure: $insecure}' >"$out/image.json"
	chmod 644 "$out"/*
}

step "package lists"
update_lists
step "kernel and firmware"
unpack_kernel_and_firmware
step "programs of the initrd"
fetch_packages "$work/initrd.list" "${INITRD_PACKAGES[@]}"
unpack "$work/initrd.list" "$work/tools"
step "root file system of $base"
make_root "$work/root"
write_lock
step "compression and hash tree"
make_squashfs
make_verity
step "initrd"
make_initrd
step "image.json"
write_manifest
