#!/usr/bin/env bash
# Checks and tests everything, and prints the run time of each step. `make test` and CI run this
# script.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/env.sh
source scripts/steps.sh

# Only root can start VMs.
is_root() { [ "$(id -u)" = 0 ]; }

# The end-to-end scenes mostly wait for blocks. So the other steps run at the same time, at a lower
# priority.
readonly E2E_LOG="$CARGO_TARGET_DIR/e2e.log"
e2e=

# Plays the scenes of a run of e2e.sh. A termination signal ends their network first.
play() {
	scripts/e2e.sh "$@" &
	trap "kill $! && wait $! || true; exit 1" TERM
	wait $!
}

scenes() {
	E2E_CLIENT=1 play
	if is_root; then play --vms; fi
}

start_e2e() {
	scenes >"$E2E_LOG" 2>&1 &
	e2e=$!
	trap 'kill $e2e 2>/dev/null && wait $e2e || true' EXIT
	renice -n 19 -p $BASHPID >/dev/null
}

end_e2e() {
	echo "== end-to-end scenario"
	local code=0
	wait $e2e || code=$?
	trap - EXIT
	cat "$E2E_LOG"
	[ $code = 0 ] || { echo "== end-to-end scenario FAILED" >&2; exit 1; }
	took+=("$(printf '%5d s  %s' "$(jq .seconds "$CARGO_TARGET_DIR/e2e.json")" "end-to-end scenario, beside the steps after the programs")")
	! is_root || took+=("$(printf '%5d s  %s' "$(jq .seconds "$CARGO_TARGET_DIR/e2e-vms.json")" "end-to-end scenario with VMs, after it")")
}

step "format" fmt
step "prose" prose
step "programs" programs
start_e2e
step "tests" unit_tests
step "clippy" clippy
step "docs" docs
end_e2e

# Without the evidence of real machines, some tests are skipped. The summary reports this.
vectors="${HCC_VECTORS:-../shared/vectors}"
[ -d "$vectors" ] || took+=("      -  WITHOUT the evidence of real machines: $vectors is missing (HCC_VECTORS)")
is_root || took+=("      -  WITHOUT the scenes with VMs: they need root")
summary
