# The recipe of the minimal image, to be sourced: busybox, a tiny init and sshd. It is for tests and
# demonstrations.

readonly MEMORY=256
readonly INIT=/sbin/init
readonly ARGUMENTS=
readonly PROGRAMS=(hcc-guest)
readonly INSECURE_PROGRAMS=(insecure-sev-guest)
readonly ROOT_PACKAGES=(busybox-static openssh-server openssh-sftp-server libc6 libgcc-s1)

make_root() {
	local root=$1 tools=$work/root-packages applet
	fetch_packages "$work/root.list" "${ROOT_PACKAGES[@]}"
	unpack "$work/root.list" "$tools"
	mkdir -p "$root/"{bin,sbin,etc,proc,sys,dev,run,tmp,root,var/empty,usr/bin,usr/sbin}
	chmod 1777 "$root/tmp"
	chmod 700 "$root/root"
	put "$tools" "$root" /bin/busybox
	for applet in $("$tools/bin/busybox" --list); do
		[ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
	done
	put "$tools" "$root" /usr/sbin/sshd
	put "$tools" "$root" /usr/lib/openssh/sftp-server
	put_program "$tools" "$root" hcc-guest
	cp -r "$here/minimal/root/." "$root/"
	find "$root/etc" -type f -exec chmod 644 {} +
	chmod 755 "$root/sbin/init" "$root/sbin/dhcp" "$root/etc/acpi/PWRF/00000080"
	chmod 600 "$root/etc/shadow"
}

make_boot() { put_program "$tools" "$1" hcc-guest; }
