#!/usr/bin/env bash
# Builds an image in two folders, compares all bytes, verifies them by hcc, and compares the launch
# measurements with those of sev-snp-measure, a program of others.
#
#   scripts/image-check.sh [RECIPE]
#
# PROGRAMS names the folder of the programs, by default that of cargo. Needs root.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/env.sh

recipe=${1:-minimal}
programs=${PROGRAMS:-$CARGO_TARGET_DIR/release}
hcc=${HCC:-$CARGO_TARGET_DIR/release/hcc}
readonly MEASURE=sev-snp-measure==0.0.13
# Outside the checkout, so that later runs need no network.
venv=${XDG_CACHE_HOME:-$HOME/.cache}/hccs/snp-measure
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
	echo "image-check: $1" >&2
	exit 1
}

build_twice() {
	images/build.sh "$recipe" "$work/one" --programs "$programs"
	# Another path, another umask, another order of the file system.
	(umask 077 && images/build.sh "$recipe" "$work/elsewhere/two" --programs "$programs")
	local file
	for file in OVMF.fd vmlinuz initrd root.squashfs root.verity image.json packages.lock; do
		cmp "$work/one/$file" "$work/elsewhere/two/$file" || fail "two builds of $recipe differ in $file"
	done
	echo "image-check: two builds of $recipe are equal"
}

install_measure() {
	[ ! -x "$venv/bin/sev-snp-measure" ] || return 0
	python3 -m venv "$venv" && "$venv/bin/pip" --quiet install "$MEASURE" && return 0
	rm -rf "$venv"
	return 1
}

# Compares each row with the same row of sev-snp-measure.
compare_rows() {
	local report=$1 image=$work/one vcpus ours theirs count=0
	while read -r vcpus ours; do
		theirs=$("$venv/bin/sev-snp-measure" --mode snp --output-format hex --vcpus "$vcpus" --vcpu-type EPYC-v4 \
			--guest-features 0x1 --ovmf "$image/OVMF.fd" --kernel "$image/vmlinuz" --initrd "$image/initrd" \
			--append "$(jq -r .cmdline "$image/image.json")")
		[ "$ours" = "$theirs" ] || fail "the row for $vcpus vCPUs is $ours, but sev-snp-measure has $theirs"
		count=$((count + 1))
	done < <(jq -r '.rows[] | "\(.vcpus) \(.measurement)"' <<<"$report")
	[ "$count" -gt 0 ] || fail "the image has no rows"
	echo "image-check: $count rows are those of sev-snp-measure"
}

build_twice
report=$("$hcc" image measure "$work/one" --json)
"$hcc" image verify "$work/elsewhere/two" --image-id "$(jq -r .id <<<"$report")" >/dev/null ||
	fail "hcc refuses the image"
if install_measure; then
	compare_rows "$report"
else
	echo "image-check: SKIPPED the comparison with sev-snp-measure: pip cannot install $MEASURE"
fi
