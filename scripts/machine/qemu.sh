# What start.sh and boots.sh have in common, to be sourced: a TPM, and QEMU with it.

# OVMF needs more than 128 MiB.
readonly MEMORY=384

# Starts the TPM whose state is in OUT/tpm, in the background. It ends when QEMU does.
start_tpm() {
	local out=$1
	rm -f "$out/tpm.sock"
	swtpm socket --tpm2 --tpmstate "dir=$out/tpm" --ctrl "type=unixio,path=$out/tpm.sock" \
		--log "file=$out/logs/swtpm.log" --terminate --daemon
}

# Becomes QEMU, with the TPM in OUT: OVMF of that name, variables in OUT/vars.fd, and whatever else is said.
become_qemu() {
	local packages=$1 out=$2 firmware=$3
	shift 3
	local prefix=$packages/unpacked
	export LD_LIBRARY_PATH=$prefix/usr/lib/x86_64-linux-gnu:$prefix/lib/x86_64-linux-gnu
	# Never KVM: where it is there it may hang, and the machine boots in seconds without.
	exec "$prefix/usr/bin/qemu-system-x86_64" -name hcc-host -nodefaults -no-user-config -no-reboot -display none \
		-L "$prefix/usr/share/seabios" -L "$prefix/usr/share/qemu" -L "$prefix/usr/lib/ipxe/qemu" \
		-machine q35 -accel tcg,thread=single -cpu max -smp 1 -m "$MEMORY" \
		-drive "if=pflash,format=raw,unit=0,readonly=on,file=$prefix/usr/share/OVMF/$firmware" \
		-drive "if=pflash,format=raw,unit=1,file=$out/vars.fd" \
		-chardev "socket,id=tpm,path=$out/tpm.sock" -tpmdev emulator,id=tpm0,chardev=tpm -device tpm-crb,tpmdev=tpm0 \
		"$@"
}

# An initrd of what is in a folder, the same each time.
pack_initrd() {
	local packages=$1 folder=$2 cpio
	cpio=$packages/unpacked/bin/cpio
	[ -x "$cpio" ] || cpio=$packages/unpacked/usr/bin/cpio
	(cd "$folder" && find . -mindepth 1 | LC_ALL=C sort | "$cpio" -o -H newc --reproducible -R 0:0 --quiet) | gzip -n
}
