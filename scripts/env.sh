# The environment in which cargo builds hccs: to be sourced. Everything that builds uses the same one, so that nothing is built twice.

# Outside the checkout, so that the next one finds it warm. Its last component must be `target`.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$HOME/.cache/hccs/target}"

# Where rustup's toolchain lacks the wasm target, scripts/setup.sh has linked Debian's compiler under this name.
if [ -z "${WASM_BUILD_TOOLCHAIN:-}" ] && command -v rustup >/dev/null &&
	! [ -d "$(rustc --print sysroot)/lib/rustlib/wasm32v1-none" ] &&
	rustup toolchain list | grep '^debian-wasm' >/dev/null; then
	export WASM_BUILD_TOOLCHAIN=debian-wasm
fi

# Where Debian keeps mke2fs and ldconfig: an ordinary user's PATH lacks it.
export PATH="$PATH:/usr/sbin:/sbin"
