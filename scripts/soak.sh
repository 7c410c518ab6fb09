#!/usr/bin/env bash
# Runs the long tests, for at most 100 minutes. They are the simulated year of a market, the search
# over many worlds, the capacity of a block, longer random walks, and more fuzzing.
#
#   scripts/soak.sh [SEED]   seed of the random walks and fuzz targets [default: today's date]
#
# Prints the seed first. A run with the same seed repeats the same walks and inputs.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/env.sh
source scripts/steps.sh

seed=${1:-$(date +%Y%m%d)}
echo "soak: seed $seed"
export BOLERO_RANDOM_SEED=$seed

# Runs tests with a time limit in minutes. The limits of all steps add up to less than 100.
tests() {
	local minutes=$1
	shift
	timeout --kill-after=60 "$((minutes * 60))" cargo test --release --workspace --locked -- "$@"
}

step "build" cargo test --release --workspace --locked --no-run
step "ignored tests: a year of a market, many worlds, walks of days" tests 60 --ignored
export BOLERO_RANDOM_ITERATIONS=2000
step "random steps" tests 15 random_steps
unset BOLERO_RANDOM_ITERATIONS
export BOLERO_RANDOM_TEST_TIME_MS=20000
step "fuzz targets" tests 20 fuzz
summary
