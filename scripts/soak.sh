#!/usr/bin/env bash
# Runs the long tests, for at most 100 minutes. They are the simulated year of a market, the search
# over many worlds, the capacity of a block, longer random walks, and more fuzzing. As root it then
# tests VMs, for at most four more hours: 200 kills, the Debian server, attacks on images.
#
#   scripts/soak.sh [SEED]   seed of the random walks and fuzz targets [default: today's date]
#   scripts/soak.sh --vms    the tests of VMs only, from the built programs
#
# Prints the seed first. A run with the same seed repeats the same walks and inputs.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/env.sh
source scripts/steps.sh

readonly KILLS=200
readonly IMAGES=$CARGO_TARGET_DIR/images

# limited MINUTES COMMAND…: runs a command with a time limit.
limited() {
	local minutes=$1
	shift
	timeout --kill-after=60 "$((minutes * 60))" "$@"
}

# Runs tests with a time limit in minutes. The limits of all steps add up to less than 100.
tests() {
	local minutes=$1
	shift
	limited "$minutes" cargo test --release --workspace --locked -- "$@"
}

walks() {
	local seed=${1:-$(date +%Y%m%d)}
	echo "soak: seed $seed"
	export BOLERO_RANDOM_SEED=$seed
	step "build" cargo test --release --workspace --locked --no-run
	step "ignored tests: a year of a market, many worlds, walks of days" tests 60 --ignored
	export BOLERO_RANDOM_ITERATIONS=2000
	step "random steps" tests 15 random_steps
	unset BOLERO_RANDOM_ITERATIONS
	export BOLERO_RANDOM_TEST_TIME_MS=20000
	step "fuzz targets" tests 20 fuzz
}

# Builds the images of the scenes from the programs that were built last.
images() {
	local recipe
	for recipe in insecure-minimal insecure-debian insecure-hccam; do
		limited 8 images/build.sh "$recipe" "$IMAGES/$recipe" --programs "$CARGO_TARGET_DIR/release" || return
	done
}

# scenes OPTION…: plays the scenes with VMs.
scenes() { scripts/e2e.sh --vms "$@"; }

# The limits of these steps add up to less than four hours.
vms() {
	step "the Debian server, built twice" limited 20 scripts/image-check.sh debian
	step "the image of hccam, built twice" limited 10 scripts/image-check.sh hccam
	step "images of the scenes" images
	step "attacks on images and refusals of hccam" image_attacks
	step "attacks on the Debian server" limited 25 scripts/image-attacks/run.sh debian
	step "scenes with the Debian server" limited 40 scripts/soak.sh --scenes --image insecure-debian
	step "$KILLS kills, with hccam in a VM" limited 110 scripts/soak.sh --scenes --agent-vm --kills "$KILLS"
}

case ${1:-} in
	# This script itself, so that `timeout` can run it.
	--scenes)
		shift
		scenes "$@"
		exit
		;;
	--vms) vms ;;
	*)
		walks "$@"
		if [ "$(id -u)" -eq 0 ]; then
			vms
		else
			echo "soak: SKIPPED the tests of VMs, which need root: sudo -E scripts/soak.sh --vms"
		fi
		;;
esac
summary
