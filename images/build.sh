#!/usr/bin/env bash
# Builds an image in a folder: firmware, kernel, initrd, root file system with its hash tree,
# image.json, and packages.lock with the name, version and digest of every package in it.
#
#   images/build.sh RECIPE OUT [--programs DIR] [--version TEXT] [--lock FILE]
#
# RECIPE is minimal, debian or hccam, or one of these after insecure-. An insecure image has the
# same root file system; its initrd also simulates the secure processor, for machines without
# SEV-SNP. DIR holds the built programs: hcc-guest or hccam, and the simulators for insecure images.
#
# The image contains what Debian's archive serves today. With --lock the build fails if that differs
# from the lock. Needs root. Two builds from the same packages and programs give equal bytes.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
source "$here/debian.sh"

readonly CACHE=${HCC_IMAGE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hccs/images}

usage() {
	echo "usage: images/build.sh RECIPE OUT [--programs DIR] [--version TEXT] [--lock FILE]" >&2
	exit 1
}

[ $# -ge 2 ] || usage
recipe=$1 out=$2
shift 2
programs='' version=0.1.0 lock=''
while [ $# -gt 0 ]; do
	[ $# -ge 2 ] || usage
	case $1 in
		--programs) programs=$2 ;;
		--version) version=$2 ;;
		--lock) lock=$2 ;;
		*) usage ;;
	esac
	shift 2
done

base=${recipe#insecure-}
[[ $base =~ ^[a-z]+$ ]] && [ -f "$here/$base/recipe.sh" ] ||
	fail "there is no recipe $recipe" "use minimal, debian or hccam, or one of these after insecure-"
[ -n "$programs" ] || fail "the folder of the built programs is missing" "pass --programs DIR, for example --programs target/release"
needed=$(source "$here/$base/recipe.sh" && echo "${PROGRAMS[@]}" && { [ "$base" = "$recipe" ] || echo "${INSECURE_PROGRAMS[@]}"; })
for program in $needed; do
	[ -f "$programs/$program" ] ||
		fail "$programs has no program $program, which the image $recipe contains" "build the programs first: make build"
done
[ -z "$lock" ] || [ -f "$lock" ] || fail "the lock $lock does not exist" "make it with: make image-lock"
[ ! -e "$out" ] || [ -f "$out/image.json" ] || [ -z "$(ls -A "$out")" ] ||
	fail "$out holds other files" "name a folder that is new, empty, or holds an image"

find_mirrors
"$here/tool-root.sh" make >/dev/null
mkdir -p "$CACHE" "$(dirname "$out")"
out=$(readlink -f "$out")
new=$out.new
# Two builds share the cache of packages.
exec 9>"$CACHE.lock"
flock 9
rm -rf "$new"
mkdir "$new"
trap 'rm -rf "$new"' EXIT
arguments=(--bind "$here" --bind "$new" --bind "$CACHE" --bind "$(readlink -f "$programs")")
[ -z "$lock" ] || { lock=$(readlink -f "$lock"); arguments+=(--bind "$lock"); }
"$here/tool-root.sh" enter "${arguments[@]}" -- \
	/usr/bin/env HCC_DEBIAN_MIRROR="$HCC_DEBIAN_MIRROR" HCC_SECURITY_MIRROR="$HCC_SECURITY_MIRROR" \
	HCC_CHECK_DATE="$HCC_CHECK_DATE" HCC_CHECK_VALID_UNTIL="$HCC_CHECK_VALID_UNTIL" \
	"$here/make-image.sh" "$recipe" "$new" "$(readlink -f "$programs")" "$CACHE" "$version" "$lock"
rm -rf "$out"
mv "$new" "$out"
trap - EXIT
say "$recipe $version is in $out"
