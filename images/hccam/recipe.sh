# The recipe of the image in which hccam runs, to be sourced: busybox, a tiny init and hccam. A
# miner launches one VM of this image on each chip.

readonly MEMORY=256
readonly INIT=/sbin/init
readonly ARGUMENTS=
readonly PROGRAMS=(hccam)
readonly INSECURE_PROGRAMS=(insecure-sev-guest insecure-sim)
readonly ROOT_PACKAGES=(busybox-static libc6 libgcc-s1)

make_root() {
	local root=$1 tools=$work/root-packages applet
	fetch_packages "$work/root.list" "${ROOT_PACKAGES[@]}"
	unpack "$work/root.list" "$tools"
	mkdir -p "$root/"{bin,sbin,etc/acpi/PWRF,proc,sys,dev,run,tmp,root,usr/bin}
	chmod 1777 "$root/tmp"
	chmod 700 "$root/root"
	put "$tools" "$root" /bin/busybox
	for applet in $("$tools/bin/busybox" --list); do
		[ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
	done
	put_program "$tools" "$root" hccam
	cp "$here/minimal/root/etc/acpi/PWRF/00000080" "$root/etc/acpi/PWRF/"
	cp -r "$here/hccam/root/." "$root/"
	chmod 755 "$root/sbin/init" "$root/etc/acpi/PWRF/00000080"
}

# The initrd mounts the root file system by a script: hccam attests nothing before a challenge.
make_boot() {
	install -m 755 "$here/hccam/boot" "$1/etc/boot"
	[ "$2" = genuine ] || "$programs/insecure-sim" roots --out "$1/etc/roots"
}
