# Functions that start a TPM, and QEMU with this TPM. start.sh and boots.sh source this file.

# OVMF needs more than 128 MiB.
readonly MEMORY=384

# Starts the TPM in the background, with its state in OUT/tpm. The TPM exits when QEMU exits.
start_tpm() {
	local out=$1
	rm -f "$out/tpm.sock"
	swtpm socket --tpm2 --tpmstate "dir=$out/tpm" --ctrl "type=unixio,path=$out/tpm.sock" \
		--log "file=$out/logs/swtpm.log" --terminate --daemon
}

# become_qemu PACKAGES OUT FIRMWARE [ARGUMENTS…]: replaces the shell with QEMU. QEMU uses the TPM in
# OUT, the named OVMF firmware, and the firmware's variables in OUT/vars.fd.
become_qemu() {
	local packages=$1 out=$2 firmware=$3
	shift 3
	local prefix=$packages/unpacked
	export LD_LIBRARY_PATH=$prefix/usr/lib/x86_64-linux-gnu:$prefix/lib/x86_64-linux-gnu
	# QEMU does not use KVM, because KVM hangs on some computers, and the machine boots within
	# seconds without it.
	exec "$prefix/usr/bin/qemu-system-x86_64" -name hcc-host -nodefaults -no-user-config -no-reboot -display none \
		-L "$prefix/usr/share/seabios" -L "$prefix/usr/share/qemu" -L "$prefix/usr/lib/ipxe/qemu" \
		-machine q35 -accel tcg,thread=single -cpu max -smp 1 -m "$MEMORY" \
		-drive "if=pflash,format=raw,unit=0,readonly=on,file=$prefix/usr/share/OVMF/$firmware" \
		-drive "if=pflash,format=raw,unit=1,file=$out/vars.fd" \
		-chardev "socket,id=tpm,path=$out/tpm.sock" -tpmdev emulator,id=tpm0,chardev=tpm -device tpm-crb,tpmdev=tpm0 \
		"$@"
}

# Prints a reproducible initrd of the files in a folder.
pack_initrd() {
	local packages=$1 folder=$2 cpio
	cpio=$packages/unpacked/bin/cpio
	[ -x "$cpio" ] || cpio=$packages/unpacked/usr/bin/cpio
	(cd "$folder" && find . -mindepth 1 | LC_ALL=C sort | "$cpio" -o -H newc --reproducible -R 0:0 --quiet) | gzip -n
}
