#!/usr/bin/env bash
# Runs the rig: one libvirt whose domains are the miner's host and the VMs that the miner launches.
#
#   scripts/rig/rig.sh tool-root
#   scripts/rig/rig.sh run DIR PACKAGES NODE_PORT RELAY_PORT
#   scripts/rig/rig.sh enter DIR PROGRAM [ARGUMENT]…
#
# `tool-root` makes the tool root if it is missing or outdated (images/tool-root.sh).
#
# `run` does not return until the rig ends. DIR is the folder of a network, with the image of the
# host (scripts/machine/image.sh). PACKAGES is the folder of scripts/machine/packages.sh. In DIR:
#
#   DIR/shared: /var/lib/hcc in the host and in the rig.
#   DIR/rig/node.sock: receives the host's connections to NODE_PORT of its gateway.
#   DIR/rig/relay.sock: leads to RELAY_PORT of the host.
#   DIR/rig/stages: has a line for each stage of the start. The last one is "ready".
#
# `enter` runs a program in the namespaces of a running rig, for example: virsh list --all.
#
# All processes are in a PID namespace that ends with `run`, even if that is killed. Mounts,
# networks and domains end with their processes.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
source "$here/../machine/qemu.sh"

readonly TOOL_ROOT=$here/../../images/tool-root.sh
# The vsock CID of the host, and those of its VMs. The guests of insecure images accept connections
# from the host's CID. The miner's configuration names the first CID of VMs, and their maximum
# number by the size of its network (offchain/cli/src/devnet/rig.rs).
readonly HOST_CID=3
readonly FIRST_CID=1000
readonly VMS=16
# The address space of the vsock device: siblings of one group reach each other.
readonly GROUP=hcc
# A UNIX socket's path has at most 107 characters, and the longest name is appended to DIR.
readonly MAX_DIR=80

fail() {
	echo "rig: $1" >&2
	echo "rig: $2" >&2
	exit 1
}

# stage NAME: records that a stage is reached.
stage() { echo "$1" >>"$dir/rig/stages"; }

# keep_running LOG PROGRAM [ARGUMENT]…: restarts a program when it exits. Runs in the background.
keep_running() {
	local log=$1
	shift
	while :; do
		"$@" </dev/null >>"$log" 2>&1 || true
		echo "rig: $1 has ended, and is started again" >>"$log"
		sleep 0.2
	done
}

# Waits in a way that a signal ends, until a command succeeds.
until_done() {
	local tries=0
	until "$@" >/dev/null 2>&1; do
		tries=$((tries + 1))
		[ $tries -lt 300 ] || fail "$* has not succeeded within a minute" "see the logs in $dir/logs"
		sleep 0.2 &
		wait $!
	done
}

check_root() { [ "$(id -u)" -eq 0 ] || fail "the rig needs root: it makes namespaces and mounts" "run it as root"; }

# In namespaces of its own: an interruption leaves no mounts.
tool_root() {
	check_root
	exec setpriv --pdeathsig KILL unshare --mount --pid --mount-proc --kill-child=KILL "$TOOL_ROOT" make
}

run() {
	check_root
	local packages
	packages=$(readlink -f "$1")
	shift
	[[ $dir =~ ^/[A-Za-z0-9/._-]+$ ]] && [ ${#dir} -le $MAX_DIR ] ||
		fail "the rig cannot use the folder $dir" "name an absolute path of at most $MAX_DIR letters, digits, slashes, dots, dashes"
	programs=$("$here/programs.sh" --check)
	rm -rf "$dir/rig/vsock" "$dir/rig/stages"
	mkdir -p "$dir/rig/vsock" "$dir/rig/etc" "$dir/rig/libvirt" "$dir/logs/libvirt" "$dir/shared"/{images,vms}
	rm -f "$dir/rig/"{relay,host-files}.sock
	echo $$ >"$dir/rig/pid"
	stage namespaces
	# The first process of the PID namespace is killed when `unshare` ends, and `unshare` is killed
	# when the process ends that started the rig.
	exec setpriv --pdeathsig KILL unshare --mount --net --pid --mount-proc --kill-child=KILL \
		"$here/rig.sh" inside "$dir" "$programs" "$packages" "$@"
}

# The first process, still in the machine's own root: devices that were built here.
inside() {
	local programs=$1 cid vms=()
	shift
	mount -t sysfs sysfs /sys
	for cid in $HOST_CID $(seq $FIRST_CID $((FIRST_CID + VMS - 1))); do
		vms+=(--vm "guest-cid=$cid,socket=$dir/rig/vsock/$cid.sock,uds-path=$dir/rig/vsock/$cid.uds,groups=$GROUP")
	done
	keep_running "$dir/logs/vsock.log" "$programs/bin/vhost-device-vsock" "${vms[@]}" &
	# Ends when the host powers off.
	keep_running "$dir/logs/virtiofsd.log" "$programs/bin/virtiofsd" --socket-path "$dir/rig/host-files.sock" \
		--shared-dir "$dir/shared" --sandbox none --seccomp none --cache auto &
	exec "$TOOL_ROOT" enter --bind "$dir" --bind "$here/.." --bind "$1" -- "$here/rig.sh" serve "$dir" "$@"
}

# Separate folders of libvirt for each rig, in the mount namespace of the tool root.
mount_state() {
	mount -t tmpfs tmpfs /run
	mount -t tmpfs tmpfs /tmp
	mkdir -p /run/hcc/vsock /var/lib/hcc /var/lib/libvirt /var/log/libvirt
	mount --bind "$dir/rig/vsock" /run/hcc/vsock
	mount --bind "$dir/shared" /var/lib/hcc
	cp -a /etc/libvirt/. "$dir/rig/etc/"
	mount --bind "$dir/rig/etc" /etc/libvirt
	mount --bind "$dir/rig/libvirt" /var/lib/libvirt
	mount --bind "$dir/logs/libvirt" /var/log/libvirt
}

configure_libvirt() {
	cat >/etc/libvirt/qemu.conf <<-END
		user = "root"
		group = "root"
		dynamic_ownership = 0
		remember_owner = 0
		security_driver = "none"
		namespaces = []
		cgroup_controllers = []
		swtpm_user = "root"
		swtpm_group = "root"
		stdio_handler = "file"
	END
	# The host has no other way to this address than QEMU's gateway.
	cat >"$dir/rig/etc/libvirtd.conf" <<-END
		auth_unix_rw = "none"
		listen_tls = 0
		listen_tcp = 1
		listen_addr = "127.0.0.1"
		auth_tcp = "none"
		log_outputs = "2:file:$dir/logs/libvirtd.log"
	END
}

# Prints the accelerator of domains: kvm if it runs a program within 10 s, or tcg.
accelerator() {
	local rom=/run/hcc/probe.rom probe
	# At the reset vector: mov al, 0x10; out 0xf4, al; hlt. QEMU then exits with 2 * 0x10 + 1.
	head -c 65520 /dev/zero >"$rom"
	printf '\xb0\x10\xe6\xf4\xf4' >>"$rom"
	truncate --size 65536 "$rom"
	[ -c /dev/kvm ] || { echo tcg; return; }
	qemu-system-x86_64 -accel kvm -cpu max -machine q35 -m 16 -nodefaults -display none -bios "$rom" \
		-device isa-debug-exit,iobase=0xf4,iosize=1 </dev/null >/dev/null 2>&1 &
	probe=$!
	# A process that hangs in the kernel cannot be waited for.
	for _ in $(seq 100); do
		kill -0 $probe 2>/dev/null || break
		sleep 0.1
	done
	kill -KILL $probe 2>/dev/null && { echo tcg; return; }
	if wait $probe; [ $? -eq 33 ]; then echo kvm; else echo tcg; fi
}

# Prints the domain of the host.
host_domain() {
	local type=qemu append="console=ttyS0 quiet panic=-1 random.trust_cpu=on ima_hash=sha256"
	[ "$accelerator" = tcg ] || type=kvm
	[ ! -e "$dir/append" ] || append+=" $(cat "$dir/append")"
	cat <<-END
		<domain type='$type' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
		  <name>hcc-host</name>
		  <memory unit='MiB'>$MEMORY</memory>
		  <memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>
		  <vcpu>1</vcpu>
		  <os>
		    <type arch='x86_64' machine='q35'>hvm</type>
		    <loader readonly='yes' type='pflash'>$firmware/OVMF_CODE_4M.fd</loader>
		    <nvram>$dir/vars.fd</nvram>
		    <kernel>$dir/vmlinuz</kernel>
		    <initrd>$dir/initrd.gz</initrd>
		    <cmdline>$append</cmdline>
		  </os>
		  <features><acpi/></features>
		  <cpu mode='maximum'/>
		  <on_poweroff>destroy</on_poweroff><on_reboot>destroy</on_reboot><on_crash>destroy</on_crash>
		  <devices>
		    <emulator>/usr/bin/qemu-system-x86_64</emulator>
		    <controller type='usb' model='none'/>
		    <disk type='file' device='disk'>
		      <driver name='qemu' type='raw'/><source file='$dir/root.img'/><target dev='vda' bus='virtio'/>
		    </disk>
		    <filesystem type='mount'>
		      <driver type='virtiofs'/><source socket='$dir/rig/host-files.sock'/><target dir='hcc'/>
		    </filesystem>
		    <channel type='unix'>
		      <source mode='bind' path='$dir/control.sock'/><target type='virtio' name='hcc.control'/>
		    </channel>
		    <serial type='file'><source path='$dir/logs/console.log' append='on'/><target type='isa-serial' port='0'/></serial>
		    <tpm model='tpm-crb'>
		      <backend type='external'><source type='unix' mode='connect' path='$dir/tpm.sock'/></backend>
		    </tpm>
		    <memballoon model='none'/>
		  </devices>
		  <qemu:commandline>
		    <qemu:arg value='-netdev'/><qemu:arg value='user,id=net,hostfwd=tcp:127.0.0.1:$relay_port-:$relay_port'/>
		    <qemu:arg value='-device'/><qemu:arg value='virtio-net-pci,netdev=net,romfile=,bus=pcie.0,addr=0x11'/>
		    <qemu:arg value='-chardev'/><qemu:arg value='socket,id=vsock,path=/run/hcc/vsock/$HOST_CID.sock'/>
		    <qemu:arg value='-device'/><qemu:arg value='vhost-user-vsock-pci,chardev=vsock,id=vsock0,bus=pcie.0,addr=0x10'/>
		  </qemu:commandline>
		</domain>
	END
}

# Boots the host, and again whenever it has powered off.
keep_host() {
	while :; do
		# A domain may remain for a moment after its process.
		virsh --quiet destroy hcc-host >/dev/null 2>&1 || true
		start_tpm "$dir"
		cp "$firmware/OVMF_VARS_4M.fd" "$dir/vars.fd"
		host_domain >"$dir/rig/host.xml"
		if virsh --quiet create "$dir/rig/host.xml"; then
			# The process is watched, not the domain: libvirtd may be restarted.
			tail --pid="$(cat /run/libvirt/qemu/hcc-host.pid)" --follow /dev/null || true
		fi
		sleep 0.5
	done
}

# The same process, in the tool root.
serve() {
	packages=$1 node_port=$2 relay_port=$3
	firmware=$packages/unpacked/usr/share/OVMF
	trap 'exit 0' TERM INT
	mount_state
	ip link set lo up
	stage tool_root
	configure_libvirt
	# By this path, so that the list of processes shows the network.
	keep_running "$dir/logs/libvirtd.out" libvirtd --listen --config "$dir/rig/etc/libvirtd.conf" &
	until_done virsh --quiet connect
	stage libvirtd
	accelerator=$(accelerator)
	echo "$accelerator" >"$dir/rig/accelerator"
	stage "accelerator_$accelerator"
	keep_running "$dir/logs/forward.log" socat "TCP-LISTEN:$node_port,bind=127.0.0.1,reuseaddr,fork" \
		"UNIX-CONNECT:$dir/rig/node.sock" &
	keep_running "$dir/logs/forward.log" socat "UNIX-LISTEN:$dir/rig/relay.sock,fork,unlink-early" \
		"TCP:127.0.0.1:$relay_port" &
	keep_host >>"$dir/logs/host.log" 2>&1 &
	until_done test -S "$dir/control.sock"
	stage ready
	# The processes that the kernel hands over to this one are waited for as well.
	while :; do wait || true; done
}

enter() {
	local first
	first=$(pgrep --parent "$(cat "$dir/rig/pid")") || fail "no rig runs in $dir" "start one: hcc devnet up"
	exec nsenter --target "$first" --mount --net --pid --root --wd=/ -- /usr/bin/env -i HOME=/root LC_ALL=C.UTF-8 \
		PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

usage() {
	echo "usage: scripts/rig/rig.sh tool-root | run DIR PACKAGES NODE_PORT RELAY_PORT | enter DIR PROGRAM [ARGUMENT]…" >&2
	exit 1
}

[ "$*" != tool-root ] || tool_root
[ $# -ge 3 ] || usage
command=$1 dir=$2
shift 2
case $command in
	run) [ $# -eq 3 ] && run "$@" || usage ;;
	enter) enter "$@" ;;
	inside) inside "$@" ;;
	serve) serve "$@" ;;
	*) usage ;;
esac
