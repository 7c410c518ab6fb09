#!/usr/bin/env bash
# Runs the machine. Its TPM runs in the background, and QEMU in the foreground. Appends the contents
# of OUT/append to the kernel's command line.
#
#   scripts/machine/start.sh PACKAGES OUT
set -euo pipefail
source "$(dirname "$0")/qemu.sh"

packages=$1 out=$2
rm -f "$out"/*.sock
start_tpm "$out"
cp "$packages/unpacked/usr/share/OVMF/OVMF_VARS_4M.fd" "$out/vars.fd"
append="console=ttyS0 quiet panic=-1 random.trust_cpu=on ima_hash=sha256"
[ ! -e "$out/append" ] || append+=" $(cat "$out/append")"
become_qemu "$packages" "$out" OVMF_CODE_4M.fd \
	-kernel "$out/vmlinuz" -initrd "$out/initrd.gz" \
	-append "$append" \
	-drive "if=none,id=root,format=raw,file=$out/root.img" -device virtio-blk-pci,drive=root \
	-netdev user,id=net -device virtio-net-pci,netdev=net,romfile= \
	-device virtio-serial-pci \
	-chardev "socket,id=control,path=$out/control.sock,server=on,wait=off" \
	-device virtserialport,chardev=control,name=hcc.control \
	-chardev "file,id=console,path=$out/logs/console.log,append=on" -serial chardev:console
