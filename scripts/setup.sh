#!/usr/bin/env bash
# Installs the missing requirements for building and testing hccs, and prints each step. The script
# can be run repeatedly.
#
#   scripts/setup.sh           installs missing requirements
#   scripts/setup.sh --check   installs nothing, and fails if a requirement is missing
set -euo pipefail

# The location of mke2fs on Debian, which the PATH of an ordinary user lacks.
export PATH="$PATH:/usr/sbin:/sbin"

# The oldest compiler that builds the workspace.
readonly MIN_RUST=1.95
readonly WASM_TARGET=wasm32v1-none
# The name of the toolchain under which rustup finds Debian's compiler.
readonly DEBIAN_TOOLCHAIN=debian-wasm
# Build tools, and the libraries that crates link to.
readonly PACKAGES=(binaryen build-essential clang libclang-dev protobuf-compiler cmake pkg-config libssl-dev libtss2-dev libvirt-dev libcap-ng-dev libseccomp-dev git ca-certificates)
# Programs that the tests and the demo run: a software TPM and its tools, a JSON processor, tools
# that make the machine's image, and SSH. With mmdebstrap, images/tool-root.sh makes a folder of
# more.
readonly TEST_PACKAGES=(swtpm swtpm-tools tpm2-tools jq python3 openssl e2fsprogs xz-utils procps util-linux openssh-client mmdebstrap debian-archive-keyring python3-venv)
# Debian's compiler, with the sources of the libraries for the wasm target.
readonly DEBIAN_RUST=(rustc-web cargo-web rust-web-src lld-22)
readonly DEBIAN_RUST_TOOLS=(rustfmt-web rust-web-clippy)

check_only=false
case "${1:-}" in
	--check) check_only=true ;;
	"") ;;
	*)
		echo "usage: scripts/setup.sh [--check]" >&2
		exit 1
		;;
esac

say() { echo "setup: $*"; }

fail() {
	echo "setup: $1" >&2
	echo "setup: $2" >&2
	exit 1
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		fail "installing packages needs root, and sudo is missing" "run as root: $*"
	fi
}

is_debian_12() { grep -qs '^VERSION_CODENAME=bookworm' /etc/os-release; }

is_installed() { dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep 'ok installed' >/dev/null; }

install_packages() {
	local missing=() package
	for package in "$@"; do
		is_installed "$package" || missing+=("$package")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	$check_only && fail "missing packages: ${missing[*]}" "run scripts/setup.sh"
	say "installing ${missing[*]}"
	as_root apt-get update -qq
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
		fail "apt-get could not install ${missing[*]}" "read its message above, then run scripts/setup.sh again"
}

# Returns true if the first version is at least the second.
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

rust_version() { rustc --version 2>/dev/null | awk '{print $2}'; }

setup_rust() {
	if command -v cargo >/dev/null && at_least "$(rust_version)" "$MIN_RUST"; then
		say "rust $(rust_version)"
		return
	fi
	if command -v rustup >/dev/null; then
		fail "rust $(rust_version) is older than $MIN_RUST" "run: rustup update stable"
	fi
	say "rust $MIN_RUST or later is missing: installing Debian's"
	install_packages "${DEBIAN_RUST[@]}"
	hash -r
	command -v cargo >/dev/null || fail "cargo is not on the PATH" "add /usr/bin to PATH"
}

# `make test` needs the formatter and the linter. Debian packages them separately, and rustup treats
# them as components.
setup_rust_tools() {
	if cargo fmt --version >/dev/null 2>&1 && cargo clippy --version >/dev/null 2>&1; then
		return
	fi
	if [ "$(rustc --print sysroot)" = /usr ]; then
		install_packages "${DEBIAN_RUST_TOOLS[@]}"
	else
		fail "cargo lacks fmt or clippy" "run: rustup component add rustfmt clippy"
	fi
}

# The tests start sshd themselves. Installing its package must not run a server on this machine.
setup_sshd() {
	is_installed openssh-server && return
	if [ -d /run/systemd/system ] && ! $check_only; then
		as_root systemctl mask --quiet --runtime ssh.service ssh.socket
		install_packages openssh-server
		as_root systemctl disable --quiet ssh.service
		as_root systemctl unmask --quiet --runtime ssh.service ssh.socket
	else
		install_packages openssh-server
	fi
}

# The client test runs a standard client from npm.
setup_node() {
	if command -v node >/dev/null && command -v npm >/dev/null; then
		return
	fi
	is_debian_12 || fail "node or npm is missing" "install Node.js 18 or later with npm"
	install_packages nodejs npm
}

# Returns true if cargo's compiler can build for the wasm target.
has_wasm_target() {
	[ -n "$(find "$(rustc --print sysroot)/lib/rustlib/$WASM_TARGET/lib" -name 'libcore-*.rlib' 2>/dev/null | head -n 1)" ]
}

debian_has_wasm_target() {
	[ -n "$(find "/usr/lib/rustlib/$WASM_TARGET/lib" -name 'libcore-*.rlib' 2>/dev/null | head -n 1)" ] &&
		[ -x /usr/lib/rustlib/x86_64-unknown-linux-gnu/bin/rust-lld ]
}

# Debian packages the sources of the libraries, but not their wasm build. This function builds the
# libraries core and alloc once. They need embedded bitcode for the runtime's link-time
# optimisation.
build_debian_wasm_target() {
	install_packages "${DEBIAN_RUST[@]}"
	$check_only && fail "Debian's compiler lacks the target $WASM_TARGET" "run scripts/setup.sh"
	say "building core and alloc for $WASM_TARGET with Debian's compiler"
	local work
	work=$(mktemp -d)
	mkdir "$work/src"
	printf '[package]\nname = "wasm-core"\nversion = "0.0.0"\nedition = "2021"\n' >"$work/Cargo.toml"
	printf '#![no_std]\nextern crate alloc;\n' >"$work/src/lib.rs"
	(
		cd "$work"
		env -u CARGO_TARGET_DIR RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 RUSTFLAGS="-C embed-bitcode=yes" \
			/usr/bin/cargo build --quiet --release --target "$WASM_TARGET" -Zbuild-std=core,alloc
	) || fail "could not build core for $WASM_TARGET" "check that /usr/lib/rustlib/src exists: the package rust-web-src installs it"
	local lib=/usr/lib/rustlib/$WASM_TARGET/lib crate
	as_root mkdir -p "$lib" /usr/lib/rustlib/x86_64-unknown-linux-gnu/bin
	for crate in core alloc compiler_builtins; do
		as_root rm -f "$lib/lib$crate-"*.rlib
		as_root cp "$work/target/$WASM_TARGET/release/deps/lib$crate-"*.rlib "$lib/"
	done
	as_root ln -sf /usr/bin/lld-22 /usr/lib/rustlib/x86_64-unknown-linux-gnu/bin/rust-lld
	rm -rf "$work"
}

setup_wasm_target() {
	if has_wasm_target; then
		say "wasm target: in $(rustc --print sysroot)"
		return
	fi
	if command -v rustup >/dev/null && ! debian_has_wasm_target && ! $check_only &&
		timeout 120 rustup target add "$WASM_TARGET" >/dev/null 2>&1; then
		say "wasm target: added by rustup"
		return
	fi
	is_debian_12 || fail "the target $WASM_TARGET is missing and rustup could not add it" "run: rustup target add $WASM_TARGET"
	debian_has_wasm_target || build_debian_wasm_target
	if command -v rustup >/dev/null && ! rustup toolchain list | grep "^$DEBIAN_TOOLCHAIN" >/dev/null; then
		rustup toolchain link "$DEBIAN_TOOLCHAIN" /usr
	fi
	say "wasm target: in Debian's compiler"
}

if is_debian_12; then
	install_packages "${PACKAGES[@]}" "${TEST_PACKAGES[@]}"
	setup_sshd
else
	for tool in wasm-opt clang cmake protoc pkg-config cc swtpm swtpm_localca tpm2_quote jq python3 openssl mke2fs pkill setpriv ssh sshd mmdebstrap unshare; do
		command -v "$tool" >/dev/null ||
			fail "$tool is missing, and this system is not Debian 12" "install the equivalents of: ${PACKAGES[*]} ${TEST_PACKAGES[*]}; and Rust $MIN_RUST or later"
	done
fi
setup_rust
setup_rust_tools
setup_wasm_target
setup_node
say "ready"
