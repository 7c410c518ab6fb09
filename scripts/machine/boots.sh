#!/usr/bin/env bash
# Boots a machine several times. For each boot, another part is changed. Records the measurements
# that the firmware makes.
#
#   scripts/machine/boots.sh PACKAGES OUT
#
# Writes the output of boots-init to OUT/output/NAME for each boot. Except for its disk, the machine
# is the same as in the demo. OVMF measures into a TPM (swtpm) and starts a Debian kernel.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
source "$here/qemu.sh"

packages=$1 out=$2
# Time limit of one boot, in seconds. If a boot exceeds the limit, the firmware has refused it.
readonly TIMEOUT=300
readonly COMMAND_LINE="console=ttyS0 quiet panic=-1"
# The keys that are enrolled in OVMF's variables of the same name. The private key is public.
readonly KEY=$packages/unpacked/usr/share/ovmf/PkKek-1-snakeoil
readonly PASSWORD=snakeoil
# Both initrds have the same size, because QEMU writes the size into the kernel's header, and the
# firmware measures this header.
readonly INITRD_SIZE=2M
# System management mode protects Secure Boot's variables, and this firmware requires it.
readonly SECURE=(-machine q35,smm=on -global driver=cfi.pflash01,property=secure,value=on)

# boot NAME FIRMWARE VARIABLES [QEMU ARGUMENTS…]: boots the machine once.
boot() {
	local name=$1 firmware=$2 variables=$3
	shift 3
	echo "machine: boots for $name"
	cp "$packages/unpacked/usr/share/OVMF/$variables" "$out/vars.fd"
	start_tpm "$out"
	timeout "$TIMEOUT" "$0" --qemu "$packages" "$out" "$firmware" "$@" \
		-chardev "file,id=console,path=$out/logs/$name.log" -serial chardev:console \
		-chardev "file,id=output,path=$out/output/$name" -serial chardev:output || {
		echo "machine: the boot failed or did not end within $TIMEOUT s; see $out/logs/$name.log" >&2
		exit 1
	}
}

# boot_handed NAME KERNEL INITRD COMMAND_LINE FIRMWARE VARIABLES…: boots the machine once, with a
# kernel that QEMU passes to the firmware.
boot_handed() {
	local name=$1 kernel=$2 initrd=$3 line=$4
	shift 4
	boot "$name" "$@" -kernel "$out/$kernel" -initrd "$out/$initrd" -append "$line"
}

make_initrd() { pack_initrd "$packages" "$out/tree" >"$1" && truncate --size "$INITRD_SIZE" "$1"; }

# Signs a program for UEFI.
sign() { "$packages/unpacked/usr/bin/sbsign" --key "$out/key.pem" --cert "$KEY.pem" --output "$2" "$1" 2>>"$out/logs/sbsign.log"; }

# Makes the parts of the boots, and a changed variant of each part.
make_parts() {
	mkdir -p "$out/tpm" "$out/logs" "$out/output" "$out/esp/EFI/BOOT" "$out/tree/"{bin,proc,sys,dev}
	swtpm_setup --tpm2 --tpmstate "$out/tpm" --pcr-banks sha256 --logfile "$out/logs/swtpm_setup.log"
	cp "$packages/unpacked/bin/busybox" "$out/tree/bin/busybox"
	install -m 755 "$here/boots-init" "$out/tree/init"
	make_initrd "$out/initrd"
	echo "more" >"$out/tree/more"
	make_initrd "$out/initrd-changed"
	cp "$packages"/kernel/boot/vmlinuz-* "$out/vmlinuz"
	# The change is in the builder's name. It does not affect the kernel's behaviour.
	LC_ALL=C sed 's/debian-kernel@/DEBIAN-KERNEL@/' "$out/vmlinuz" >"$out/vmlinuz-changed"
	! cmp -s "$out/vmlinuz" "$out/vmlinuz-changed" || { echo "machine: cannot change this kernel" >&2; exit 1; }
	openssl rsa -in "$KEY.key" -passin "pass:$PASSWORD" -out "$out/key.pem" 2>"$out/logs/openssl.log"
	sign "$out/vmlinuz" "$out/vmlinuz-signed"
	make_image
}

# Makes a signed program that contains the kernel, the initrd and the command line, and a disk from
# which the firmware starts this program. The load addresses are arbitrary, but must not overlap.
make_image() {
	echo -n "$COMMAND_LINE" >"$out/cmdline"
	objcopy --add-section ".cmdline=$out/cmdline" --change-section-vma .cmdline=0x30000 \
		--add-section ".linux=$out/vmlinuz" --change-section-vma .linux=0x2000000 \
		--add-section ".initrd=$out/initrd" --change-section-vma .initrd=0x4000000 \
		"$packages/unpacked/usr/lib/systemd/boot/efi/linuxx64.efi.stub" "$out/image.efi"
	sign "$out/image.efi" "$out/esp/EFI/BOOT/BOOTX64.EFI"
}

if [ "$1" = --qemu ]; then
	shift
	become_qemu "$@"
fi
rm -rf "$out"
make_parts
readonly DISK=(-drive "if=none,id=esp,format=raw,readonly=on,file=fat:$out/esp" -device virtio-blk-pci,drive=esp)
readonly PLAIN=(OVMF_CODE_4M.fd OVMF_VARS_4M.fd)
readonly OTHER=(OVMF_CODE_4M.secboot.fd OVMF_VARS_4M.fd "${SECURE[@]}")
readonly ENFORCING=(OVMF_CODE_4M.secboot.fd OVMF_VARS_4M.snakeoil.fd "${SECURE[@]}")
boot_handed reference vmlinuz initrd "$COMMAND_LINE" "${PLAIN[@]}"
boot_handed command-line vmlinuz initrd "$COMMAND_LINE mitigations=off" "${PLAIN[@]}"
boot_handed initrd vmlinuz initrd-changed "$COMMAND_LINE" "${PLAIN[@]}"
boot_handed kernel vmlinuz-changed initrd "$COMMAND_LINE" "${PLAIN[@]}"
boot_handed firmware vmlinuz initrd "$COMMAND_LINE" "${OTHER[@]}"
boot secure-boot "${ENFORCING[@]}" "${DISK[@]}"
boot secure-boot-off "${OTHER[@]}" "${DISK[@]}"
# If QEMU passes a kernel to the firmware, the kernel bypasses Secure Boot and is not measured. QEMU
# writes into the kernel's header and so invalidates its signature. OVMF then starts the kernel in
# another way.
boot_handed unmeasured vmlinuz-signed initrd "$COMMAND_LINE" "${ENFORCING[@]}"
