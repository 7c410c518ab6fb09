# Shared functions of make-image.sh, to be sourced: they fill the trees of initrd and root.

# put FROM TO PATH: copies a program or library, with the libraries that it loads, from one tree to
# another.
put() {
	local from=$1 to=$2 path=$3 library libraries
	[ -f "$from$path" ] || fail "the packages contain no $path" "a package may have moved it: see images/make-image.sh"
	install -D -m 755 "$from$path" "$to$path"
	# Static programs and scripts load nothing.
	readelf --dynamic "$from$path" 2>/dev/null | grep NEEDED >/dev/null || return 0
	libraries=$(chroot "$from" /lib64/ld-linux-x86-64.so.2 --list "$path" 2>&1) ||
		fail "$path does not load: $libraries" "build it on Debian 12, or with no newer C library"
	case $libraries in
		*"not found"*) fail "$path needs a library that no package of the image has: $libraries" "add its package to images/make-image.sh" ;;
	esac
	for library in $(grep -oE '/[^ ]+\.so[^ ]*' <<<"$libraries"); do
		[ -e "$to$library" ] || install -D -m 755 "$from$library" "$to$library"
	done
}

# put_program FROM TO NAME: copies one of our own programs to /usr/bin, with the libraries that it
# loads.
put_program() {
	local from=$1 to=$2 name=$3
	install -D -m 755 "$programs/$name" "$from/usr/bin/$name"
	if [ "$(head -c 4 "$programs/$name" | tail -c 3)" = ELF ]; then
		strip --strip-all "$from/usr/bin/$name"
	fi
	put "$from" "$to" "/usr/bin/$name"
}

# add_module KERNEL VERSION TREE NAME: adds a kernel module after its dependencies. Does nothing if
# the module is built into the kernel.
add_module() {
	local kernel=$1 version=$2 tree=$3 name=${4//-/_} file needed
	[ ! -e "$tree/lib/modules/$name.ko" ] || return 0
	file=$(find "$kernel/lib/modules/$version/kernel" -name "$name.ko*" -o -name "${name//_/-}.ko*" | head -n 1)
	if [ -z "$file" ]; then
		grep -qE "/${name//_/[-_]}\.ko" "$kernel/lib/modules/$version/modules.builtin" ||
			fail "the kernel $version has no module $name" "see images/initrd/modules"
		return 0
	fi
	case $file in
		*.xz) xz -dc "$file" >"$tree/lib/modules/$name.ko" ;;
		*) cp "$file" "$tree/lib/modules/$name.ko" ;;
	esac
	for needed in $(modinfo -F depends "$tree/lib/modules/$name.ko" | tr , ' '); do
		add_module "$kernel" "$version" "$tree" "$needed"
	done
	echo "$name" >>"$tree/lib/modules.order"
}

# Prints a reproducible initrd of a tree.
pack_initrd() {
	find "$1" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
	(cd "$1" && find . -mindepth 1 | LC_ALL=C sort | cpio -o -H newc --reproducible -R 0:0 --quiet) |
		zstd -19 -q -c --single-thread
}
