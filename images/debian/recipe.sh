# The recipe of the Debian server, to be sourced: Debian 12 with systemd and sshd.

readonly MEMORY=768
readonly INIT=/lib/systemd/systemd
# No credentials, no partitions and no login prompts by what the host presents to the VM.
readonly ARGUMENTS="systemd.import_credentials=no systemd.gpt_auto=no systemd.getty_auto=no systemd.firstboot=no"
readonly PROGRAMS=(hcc-guest)
readonly INSECURE_PROGRAMS=(insecure-sev-guest)
readonly ROOT_PACKAGES=('?essential' apt busybox-static systemd-sysv systemd-resolved dbus libpam-systemd udev openssh-server
	openssh-sftp-server ca-certificates iproute2 iputils-ping kmod less nano nftables procps sudo)

make_root() {
	local root=$1
	fetch_packages "$work/root.list" "${ROOT_PACKAGES[@]}"
	local name version architecture digest archives=$work/archives
	mkdir "$archives"
	while read -r name version architecture digest; do
		cp "$(archive_of "$name" "$version" "$architecture")" "$archives/"
	done <"$work/root.list"
	# The packages come from the cache; their digests have been checked.
	mmdebstrap --mode=root --variant=apt --quiet --include="$(join , "${ROOT_PACKAGES[@]:2}")" \
		--aptopt='APT::Install-Recommends "false"' \
		--aptopt="Acquire::Check-Date \"$HCC_CHECK_DATE\"" --aptopt="Acquire::Check-Valid-Until \"$HCC_CHECK_VALID_UNTIL\"" \
		--setup-hook='mkdir -p "$1/var/cache/apt/archives/partial"' \
		--setup-hook="cp $archives/*.deb \"\$1/var/cache/apt/archives/\"" \
		--customize-hook="chroot \"\$1\" dpkg-query -W -f '\${Package} \${Version} \${Architecture}\n' >$work/installed" \
		"$CODENAME" "$root" - <<<"$(sources "$CODENAME")" >"$work/mmdebstrap.log" 2>&1 || {
		tail -n 12 "$work/mmdebstrap.log" >&2
		fail "mmdebstrap could not make the root file system" "read its messages above"
	}
	cut -d ' ' -f 1-3 "$work/root.list" | diff - <(LC_ALL=C.UTF-8 sort "$work/installed") >&2 ||
		fail "other packages were installed than were listed (< listed, > installed)" "repeat the build: the archive may have changed meanwhile"
	put_kernel_modules "$root"
	clean "$root"
	close_to_the_host "$root"
	cp -r "$here/debian/root/." "$root/"
	chroot "$root" systemctl enable --quiet hcc-guest.service ssh.service systemd-networkd.service systemd-resolved.service
	install -m 755 "$programs/hcc-guest" "$root/usr/bin/hcc-guest"
	[ "$(head -c 4 "$programs/hcc-guest" | tail -c 3)" != ELF ] || strip --strip-all "$root/usr/bin/hcc-guest"
}

make_boot() { put_program "$tools" "$1" hcc-guest; }

# The kernel is not a package of the root file system, but its modules are part of it.
put_kernel_modules() {
	mkdir -p "$1/lib/modules"
	cp -r "$work/kernel/lib/modules/$kernel_version" "$1/lib/modules/"
	depmod --basedir "$1" "$kernel_version"
}

# Removes what differs between two builds, or must differ between two VMs.
clean() {
	local root=$1
	rm -f "$root"/etc/ssh/ssh_host_* "$root/var/cache/ldconfig/aux-cache" "$root/var/lib/systemd/random-seed" \
		"$root/var/lib/dbus/machine-id" "$root/etc/hostname" "$root"/var/cache/apt/*.bin
	: >"$root/etc/machine-id"
	rm -rf "$root"/var/log/* "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* "$root"/tmp/*
	# Name servers and settings of the machine that built the image.
	rm -f "$root/etc/resolv.conf" "$root/etc/apt/sources.list.d/0000sources.list" "$root/etc/apt/apt.conf.d/99mmdebstrap"
	ln -s /run/systemd/resolve/stub-resolv.conf "$root/etc/resolv.conf"
	sources "$CODENAME" >"$root/etc/apt/sources.list"
}

# Masks all units that would give the host a prompt or a shell, or react to its keyboard.
close_to_the_host() {
	local unit
	for unit in getty@.service serial-getty@.service console-getty.service container-getty@.service getty-static.service \
		getty.target debug-shell.service rescue.service rescue.target ctrl-alt-del.target systemd-firstboot.service \
		systemd-vconsole-setup.service; do
		ln -sf /dev/null "$1/etc/systemd/system/$unit"
	done
	# The root account has no password, so that nothing that asks for one can be answered.
	chroot "$1" passwd --quiet --lock root
}
