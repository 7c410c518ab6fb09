#!/usr/bin/env bash
# Runs the machine: its TPM in the background, QEMU in the foreground. The TPM ends when QEMU does. What is in OUT/append stands at the end of the kernel's
# command line.
#
#   scripts/machine/start.sh PACKAGES OUT
set -euo pipefail

packages=$1 out=$2
# OVMF needs more than 128 MiB.
readonly MEMORY=384
prefix=$packages/unpacked
rm -f "$out"/*.sock

# QEMU tells the TPM when to start.
swtpm socket --tpm2 --tpmstate "dir=$out/tpm" --ctrl "type=unixio,path=$out/tpm.sock" \
	--log "file=$out/logs/swtpm.log" --terminate --daemon

cp "$prefix/usr/share/OVMF/OVMF_VARS_4M.fd" "$out/vars.fd"
append="console=ttyS0 quiet panic=-1 random.trust_cpu=on ima_hash=sha256"
[ ! -e "$out/append" ] || append+=" $(cat "$out/append")"
export LD_LIBRARY_PATH=$prefix/usr/lib/x86_64-linux-gnu:$prefix/lib/x86_64-linux-gnu
# Never KVM: where it is there it may hang, and the machine boots in seconds without.
exec "$prefix/usr/bin/qemu-system-x86_64" -name hcc-host -nodefaults -no-user-config -no-reboot -display none \
	-L "$prefix/usr/share/seabios" -L "$prefix/usr/share/qemu" -L "$prefix/usr/lib/ipxe/qemu" \
	-machine q35 -accel tcg,thread=single -cpu max -smp 1 -m "$MEMORY" \
	-drive "if=pflash,format=raw,unit=0,readonly=on,file=$prefix/usr/share/OVMF/OVMF_CODE_4M.fd" \
	-drive "if=pflash,format=raw,unit=1,file=$out/vars.fd" \
	-kernel "$out/vmlinuz" -initrd "$out/initrd.gz" \
	-append "$append" \
	-drive "if=none,id=root,format=raw,file=$out/root.img" -device virtio-blk-pci,drive=root \
	-netdev user,id=net -device virtio-net-pci,netdev=net,romfile= \
	-chardev "socket,id=tpm,path=$out/tpm.sock" -tpmdev emulator,id=tpm0,chardev=tpm -device tpm-crb,tpmdev=tpm0 \
	-device virtio-serial-pci \
	-chardev "socket,id=control,path=$out/control.sock,server=on,wait=off" \
	-device virtserialport,chardev=control,name=hcc.control \
	-chardev "file,id=console,path=$out/logs/console.log,append=on" -serial chardev:console
