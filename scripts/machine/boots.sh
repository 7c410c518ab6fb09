#!/usr/bin/env bash
# Boots a machine once after the other, each time with another thing changed, and lets it tell what its firmware has measured.
#
#   scripts/machine/boots.sh PACKAGES OUT
#
# OUT/told/NAME is, of each boot, what boots-init wrote. The machine is the demo's, but for its disk: OVMF measures into a TPM (swtpm) and starts a Debian kernel.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
source "$here/qemu.sh"

packages=$1 out=$2
# How long one boot may take, in seconds: where it does not end, the firmware has refused it.
readonly PATIENCE=300
readonly COMMAND_LINE="console=ttyS0 quiet panic=-1"
# The keys that come with OVMF's variables of that name; the private one is no secret.
readonly KEY=$packages/unpacked/usr/share/ovmf/PkKek-1-snakeoil
readonly PASSWORD=snakeoil
# Both initrds have one size: QEMU writes it into the kernel's header, which is measured.
readonly INITRD_SIZE=2M
# Secure Boot's variables are kept by system management mode, which that firmware needs.
readonly SECURE=(-machine q35,smm=on -global driver=cfi.pflash01,property=secure,value=on)

# NAME FIRMWARE VARIABLES, and more of QEMU's arguments.
boot() {
	local name=$1 firmware=$2 variables=$3
	shift 3
	echo "machine: boots for $name"
	cp "$packages/unpacked/usr/share/OVMF/$variables" "$out/vars.fd"
	start_tpm "$out"
	timeout "$PATIENCE" "$0" --qemu "$packages" "$out" "$firmware" "$@" \
		-chardev "file,id=console,path=$out/logs/$name.log" -serial chardev:console \
		-chardev "file,id=told,path=$out/told/$name" -serial chardev:told || {
		echo "machine: it fails, or does not end within $PATIENCE s; see $out/logs/$name.log" >&2
		exit 1
	}
}

# As above, but for what the firmware is handed: NAME KERNEL INITRD COMMAND_LINE FIRMWARE VARIABLES…
boot_handed() {
	local name=$1 kernel=$2 initrd=$3 line=$4
	shift 4
	boot "$name" "$@" -kernel "$out/$kernel" -initrd "$out/$initrd" -append "$line"
}

make_initrd() { pack_initrd "$packages" "$out/tree" >"$1" && truncate --size "$INITRD_SIZE" "$1"; }

# Signs a program for UEFI.
sign() { "$packages/unpacked/usr/bin/sbsign" --key "$out/key.pem" --cert "$KEY.pem" --output "$2" "$1" 2>>"$out/logs/sbsign.log"; }

# What is booted, and the same with something changed.
make_parts() {
	mkdir -p "$out/tpm" "$out/logs" "$out/told" "$out/esp/EFI/BOOT" "$out/tree/"{bin,proc,sys,dev}
	swtpm_setup --tpm2 --tpmstate "$out/tpm" --pcr-banks sha256 --logfile "$out/logs/swtpm_setup.log"
	cp "$packages/unpacked/bin/busybox" "$out/tree/bin/busybox"
	install -m 755 "$here/boots-init" "$out/tree/init"
	make_initrd "$out/initrd"
	echo "more" >"$out/tree/more"
	make_initrd "$out/initrd-changed"
	cp "$packages"/kernel/boot/vmlinuz-* "$out/vmlinuz"
	# In its text of who has built it: it runs as before.
	LC_ALL=C sed 's/debian-kernel@/DEBIAN-KERNEL@/' "$out/vmlinuz" >"$out/vmlinuz-changed"
	! cmp -s "$out/vmlinuz" "$out/vmlinuz-changed" || { echo "machine: this kernel has nothing to change" >&2; exit 1; }
	openssl rsa -in "$KEY.key" -passin "pass:$PASSWORD" -out "$out/key.pem" 2>"$out/logs/openssl.log"
	sign "$out/vmlinuz" "$out/vmlinuz-signed"
	make_image
}

# Kernel, initrd and command line in one signed program, on a disk from which the firmware starts it. Where the parts are to be in memory is up to us: apart.
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
# What it is handed passes by Secure Boot, and is not measured: QEMU writes into the kernel's header, so that its signature is void, and OVMF starts it another way.
boot_handed unmeasured vmlinuz-signed initrd "$COMMAND_LINE" "${ENFORCING[@]}"
