#!/usr/bin/env bash
# Shows what there is, on the built binaries: a chain that makes and finalises blocks, and evidence that is judged. The reports are those of
# a chip that does not exist (insecure-sim), under a root that nobody else trusts.
#
# Ends with 0 only if all of it was seen; the last line, and demo.json in cargo's target directory, is one JSON object.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/env.sh

readonly BIN="$CARGO_TARGET_DIR/release"
readonly WANTED_BLOCKS=3
readonly PATIENCE=90 # seconds; a block comes every six, and finality follows two blocks behind

started=$SECONDS
work=$(mktemp -d)
node=
cleanup() {
	[ -z "$node" ] || kill "$node" 2>/dev/null || true
	rm -rf "$work"
}
trap cleanup EXIT

fail() {
	echo "demo: $*" >&2
	[ ! -s "$work/log" ] || tail -n 20 "$work/log" >&2
	exit 1
}

say() { printf '\n== %s\n' "$*"; }

finalised() { grep -oE 'finalized #[0-9]+' "$work/log" | tail -n 1 | grep -oE '[0-9]+' || echo 0; }

start_node() {
	say "a development chain starts"
	"$BIN/hccs-node" --dev --base-path "$work/base" --rpc-port 0 --port 0 --no-prometheus >"$work/log" 2>&1 &
	node=$!
}

wait_for_blocks() {
	say "it makes and finalises blocks"
	local seen=0 deadline=$((SECONDS + PATIENCE))
	while [ "$seen" -lt "$WANTED_BLOCKS" ]; do
		kill -0 "$node" 2>/dev/null || fail "the node stopped by itself"
		[ $SECONDS -le $deadline ] || fail "no $WANTED_BLOCKS finalised blocks after $PATIENCE s"
		if [ "$(finalised)" -gt "$seen" ]; then
			seen=$(finalised)
			echo "finalised block $seen"
		fi
		sleep 1
	done
}

stop_node() {
	say "it stops when told to"
	blocks=$(finalised)
	kill -INT "$node"
	wait "$node" || fail "the node did not stop cleanly"
	node=
	echo "stopped after finalising $blocks blocks"
}

accepted=0
declare -A rejected=()

# What is verified, the exit code and the reject code that must come of it, and the arguments of `hcc verify snp`.
judge() {
	local what=$1 exit_wanted=$2 code_wanted=$3 status=0
	shift 3
	say "$what"
	"$BIN/hcc" verify snp "$@" --json >"$work/verdict.json" || status=$?
	jq -r '.verdict + if .message then ": " + .message else "" end' "$work/verdict.json"
	local code
	code=$(jq '.code // 0' "$work/verdict.json")
	[ "$status" = "$exit_wanted" ] || fail "exit code $status, wanted $exit_wanted"
	[ "$code" = "$code_wanted" ] || fail "reject code $code, wanted $code_wanted"
	if [ "$status" = 0 ]; then
		accepted=$((accepted + 1))
	else
		rejected[$code]=$((${rejected[$code]:-0} + 1))
	fi
}

judge_evidence() {
	local nonce other
	nonce=$(head -c 64 /dev/urandom | od -An -tx1 | tr -d ' \n')
	other=$(head -c 64 /dev/urandom | od -An -tx1 | tr -d ' \n')
	"$BIN/insecure-sim" roots --out "$work/roots"
	"$BIN/insecure-sim" vek --chip alice --out "$work/alice.vek"
	"$BIN/insecure-sim" vek --chip bob --out "$work/bob.vek"
	"$BIN/insecure-sim" report --chip alice --report-data "$nonce" --out "$work/report"
	local alice=(--report "$work/report" --vek "$work/alice.vek")
	judge "a report that answers its nonce" 0 0 "${alice[@]}" --roots "$work/roots" --report-data "$nonce"
	judge "the same report, replayed for another nonce" 2 201 "${alice[@]}" --roots "$work/roots" --report-data "$other"
	judge "the same report under another chip's certificate" 2 407 --report "$work/report" --vek "$work/bob.vek" --roots "$work/roots"
	judge "the same report for somebody who trusts AMD alone" 2 401 "${alice[@]}"
	printf '\1' | dd of="$work/report" bs=1 seek=$((0x90)) conv=notrunc status=none
	judge "the same report with its measurement altered" 2 301 "${alice[@]}" --roots "$work/roots"
}

[ -x "$BIN/hccs-node" ] || fail "nothing is built: run make demo"
start_node
judge_evidence
wait_for_blocks
stop_node

rows=()
for code in "${!rejected[@]}"; do
	rows+=("\"$code\":${rejected[$code]}")
done
result=$(printf '{"blocks":%d,"accepted":%d,"rejected":{%s},"seconds":%d}' \
	"$blocks" "$accepted" "$(IFS=,; echo "${rows[*]}")" $((SECONDS - started)))
echo "$result" >"$CARGO_TARGET_DIR/demo.json"
say "all of it was seen"
echo "$result"
