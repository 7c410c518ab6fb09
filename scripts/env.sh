# Sets the environment in which cargo builds hccs. Source this file. All builds use the same
# environment, so that they share artifacts.

# The target directory is outside the checkout, so that another checkout can reuse it. The last
# component of its path must be `target`.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$HOME/.cache/hccs/target}"

# If rustup's toolchain lacks the wasm target, scripts/setup.sh has linked Debian's compiler under
# this name.
if [ -z "${WASM_BUILD_TOOLCHAIN:-}" ] && command -v rustup >/dev/null &&
	! [ -d "$(rustc --print sysroot)/lib/rustlib/wasm32v1-none" ] &&
	rustup toolchain list | grep '^debian-wasm' >/dev/null; then
	export WASM_BUILD_TOOLCHAIN=debian-wasm
fi

# The location of mke2fs and ldconfig on Debian, which the PATH of an ordinary user lacks.
export PATH="$PATH:/usr/sbin:/sbin"

# Cargo detects changed files by their modification times. If another checkout used the target
# directory last, all files of this checkout must count as changed.
mark_changed_files() {
	local root stamp=$CARGO_TARGET_DIR/built-from
	root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
	[ "$(cat "$stamp" 2>/dev/null)" != "$root" ] || return 0
	mkdir -p "$CARGO_TARGET_DIR"
	(cd "$root" && git ls-files -z | xargs -0 touch -c)
	echo "$root" >"$stamp"
}
mark_changed_files
