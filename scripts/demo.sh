#!/usr/bin/env bash
# Shows hccs at work, on the built programs: a host proves itself to a chain, and a host that was tampered with is caught.
#
# `hcc devnet up` runs it all: four validators with their workers, and a miner's host, which is a real machine under QEMU: its kernel measures what runs,
# its TPM (swtpm) quotes it. Only the SEV-SNP reports are made up, by a hierarchy that this chain trusts as stored policy, since no such hardware is
# at hand (insecure-sev-guest).
#
# Goes on until it is interrupted; with DEMO_ONCE=1 it ends by itself. Ends with 0 only if all of it was seen; then the last line, and
# demo.json in cargo's target directory, is one JSON object. The logs are in the folder demo there.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/env.sh

readonly BIN="$CARGO_TARGET_DIR/release"
readonly OUT="$CARGO_TARGET_DIR/demo"
readonly LOGS="$OUT/logs"
readonly PACKAGES="${CARGO_TARGET_DIR%/target}/machine"
readonly VALIDATORS=4
# //Dave: the validator of the last node.
readonly LIAR=5DAAnrj7VHTznn2AWBemMuyBwZWs6FNFjdyVXUeYum3PTXFy

started=$SECONDS
devnet=
watch=
cleanup() {
	local pid
	for pid in $watch $devnet; do
		kill "$pid" 2>/dev/null || true
	done
	wait 2>/dev/null || true
}
trap cleanup EXIT

say() { printf '\n== %s  (%d s)\n' "$*" $((SECONDS - started)); }

fail() {
	echo "demo: $*" >&2
	local log
	for log in "$LOGS"/*.log "$CARGO_TARGET_DIR/devnet.jsonl" "$OUT/watch.log"; do
		echo "--- $log, its end:" >&2
		tail -n 12 "$log" 2>/dev/null | tr -d '\000' >&2 || true
	done
	exit 1
}

control() { python3 scripts/machine/control.py "$OUT" "$@" || fail "the machine does not do as it is told"; }

# What `hcc watch` has told so far that passes a jq filter.
told() { jq -c "select($1)" "$OUT/watch.jsonl"; }
count() { told "$1" | wc -l; }

# How long to wait for a challenge and what comes of it, in seconds. A chip is drawn in one block of two on average, by lot, and a node or the machine may
# have to start again meanwhile.
readonly CHALLENGE_PATIENCE=300

# Waits until so many events pass a filter.
wait_for() {
	local what=$1 wanted=$2 filter=$3 patience=$4
	local deadline=$((SECONDS + patience))
	while [ "$(count "$filter")" -lt "$wanted" ]; do
		[ $SECONDS -le $deadline ] || fail "not seen within $patience s: $what"
		kill -0 "$devnet" 2>/dev/null || fail "the network has stopped; see $CARGO_TARGET_DIR/devnet.jsonl"
		kill -0 "$watch" 2>/dev/null || fail "hcc watch has stopped; see $OUT/watch.log"
		sleep 1
	done
	echo "seen: $what"
}

last_score() { told '.event == "verdict"' | tail -n 1 | jq .after; }

# Starts the network and follows its chain.
start() {
	say "a network is made: a machine with a TPM, a chain whose policy knows that machine's files"
	"$BIN/hcc" devnet up --dir "$OUT" --validators "$VALIDATORS" --packages "$PACKAGES" --json >"$CARGO_TARGET_DIR/devnet.jsonl" &
	devnet=$!
	local ready=
	while [ -z "$ready" ]; do
		kill -0 "$devnet" 2>/dev/null || fail "the network did not start: $(tail -n 1 "$CARGO_TARGET_DIR/devnet.jsonl")"
		ready=$(grep '"event":"ready"' "$CARGO_TARGET_DIR/devnet.jsonl" || true)
		sleep 1
	done
	node=$(echo "$ready" | jq -r '.nodes[0]')
	mapfile -t metrics < <(echo "$ready" | jq -r '.metrics[]')
	jq -r 'select(.event != "ready") | .text' "$CARGO_TARGET_DIR/devnet.jsonl"
	echo "four validators make and finalise blocks; the miner's machine boots"
	"$BIN/hcc" watch --node "$node" --from 1 --json >"$OUT/watch.jsonl" 2>"$OUT/watch.log" &
	watch=$!
	say "the machine joins: a Debian kernel that measures what runs, under QEMU"
	wait_for "the miner registers" 1 '.event == "registered"' 180
	wait_for "its measurement log is too long for one evidence as set here: it hands it in, in parts" 1 '.event == "log_followed"' 90
	wait_for "it shows its TPM; the validators make credentials" 1 '.event == "enrolment_opened"' 90
	wait_for "the TPM has opened them: it is the miner's" 1 '.event == "tpm_enrolled"' 120
}

# Four workers ask three made-up markets.
price() {
	say "the validators report what one α is worth in USD"
	wait_for "the chain has a price" 1 '.event == "price"' 120
	"$BIN/hcc" price --node "$node" --json >"$OUT/price.json" || fail "hcc price fails"
	jq -e '.for_orders and (.reports | length) > 2 and .usd == "0.432100000"' "$OUT/price.json" >/dev/null ||
		fail "another price than the markets': $(cat "$OUT/price.json")"
	jq -r '"1 α = \(.usd) USD, by \(.reports | length) reports"' "$OUT/price.json"
}

attest() {
	say "the machine proves itself, again and again"
	wait_for "evidence is accepted" 1 '.conduct == "passed"' $CHALLENGE_PATIENCE
	wait_for "evidence is accepted once more" 2 '.conduct == "passed"' $CHALLENGE_PATIENCE
	score_before=$(last_score)
	[ "$score_before" -gt 500 ] || fail "the score did not rise: $score_before"
	"$BIN/hcc" miner show --node "$node" "$(owner)"
	preflight
	[ -z "${DEMO_CLIENT:-}" ] || ask_as_an_explorer
}

# What an operator sees of his host: all is well but for the processor, which is QEMU's.
preflight() {
	say "the host is checked, as its operator would"
	python3 scripts/machine/control.py "$OUT" "hcc-miner check --config /etc/hcc/miner.toml --json 2>/dev/null" >"$OUT/check.json" || true
	jq -r '.[] | "\(.status)  \(.requirement): \(.seen)"' "$OUT/check.json"
	local lacking
	lacking=$(jq -c 'map(select(.status != "PASS") | .requirement)' "$OUT/check.json")
	[ "$lacking" = '["an EPYC 7003 or later with SEV-SNP","a kernel that runs SEV-SNP guests"]' ] || fail "hcc-miner check finds $lacking wanting"
}

# With an ordinary client from npm: what it reads must be what was seen.
ask_as_an_explorer() {
	say "a client from npm reads the score"
	local read
	read=$(runtime/tests/client/run.sh "$node" 2>"$OUT/client.log") || fail "the client failed; see $OUT/client.log"
	echo "$read" | jq -c '{score, passed, last, pallets}'
	[ "$(echo "$read" | jq .score)" -ge "$score_before" ] || fail "the client reads another score"
}

# A tenant orders a VM. The machine cannot run one (QEMU has no SEV-SNP): insecure-vm stands for its guest, and shows its boot as a real one would.
order() {
	say "a tenant orders a VM, and pays for it by the minute"
	"$BIN/hcc" vm flavours --node "$node"
	echo //One >"$OUT/tenant.key"
	echo "the configuration of a VM" >"$OUT/vm.config"
	vm=$("$BIN/hcc" vm order --node "$node" --flavour medium --image "$(printf '11%.0s' $(seq 48))" --config "$OUT/vm.config" \
		--config-key-file "$OUT/config.key" --max-price 0.1 --escrow 10 --tier probation --key-file "$OUT/tenant.key" --json | jq .vm) ||
		fail "hcc vm order fails"
	wait_for "a miner is drawn that can take it" 1 '.event == "assigned"' 120
	wait_for "its guest has shown the boot that the chain asked for: it runs" 1 '.event == "booted"' 120
	"$BIN/hcc" vm show "$vm" --node "$node"
}

# What `hcc vm show` tells of the VM, by a jq filter.
shown() { "$BIN/hcc" vm show "$vm" --node "$node" --json | jq -r "$1"; }

# Whatever else a tenant does with a VM: each by the CLI, and each seen on the chain.
tend() {
	say "the tenant sets more aside, stops the VM, takes the price of now, starts it again"
	local own=(--node "$node" --key-file "$OUT/tenant.key" --json)
	local tenant before
	tenant=$(told '.event == "ordered"' | jq -sr '.[0].tenant')
	"$BIN/hcc" vm list "$tenant" --node "$node" --json | jq -e "map(.vm) == [$vm]" >/dev/null || fail "hcc vm list shows other VMs"
	before=$(shown .escrow)
	"$BIN/hcc" vm top-up "$vm" 2.5 "${own[@]}" >/dev/null || fail "hcc vm top-up fails"
	jq -en "($(shown .escrow) - $before) | . > 2.4 and . <= 2.5" >/dev/null || fail "the escrow was $before α and is $(shown .escrow)"
	"$BIN/hcc" vm stop "$vm" "${own[@]}" >/dev/null || fail "hcc vm stop fails"
	[ "$(shown .state)" = stopped ] || fail "the VM is $(shown .state), and was stopped"
	"$BIN/hcc" vm resize "$vm" --flavour medium --max-price 0.1 "${own[@]}" >/dev/null || fail "hcc vm resize fails"
	"$BIN/hcc" vm start "$vm" "${own[@]}" >/dev/null || fail "hcc vm start fails"
	wait_for "its miner has booted it again" 2 '.event == "booted"' 180
	[ "$(shown '"\(.state) \(.boots)"')" = "running 2" ] || fail "the VM is $(shown '"\(.state), at boot \(.boots)"')"
	[ "$(count '.event == "disk_paid"')" -ge 1 ] || fail "its disk was not paid for while it was stopped"
	# What comes of it is seen later.
	"$BIN/hcc" vm reboot "$vm" "${own[@]}" >/dev/null || fail "hcc vm reboot fails"
}

# What `hcc vm reboot` has come to while a node was lost.
rebooted() {
	wait_for "the VM has booted anew meanwhile, as its tenant wished" 3 '.event == "booted"' 180
	[ "$(shown '"\(.state) \(.boots)"')" = "running 3" ] || fail "the VM is $(shown '"\(.state), at boot \(.boots)"')"
}

# What new α there is for a miner comes with what it is paid, if its chip is sound when that is settled: once no verdict on the interval can be proven false any
# more, five minutes later.
earn() {
	say "the VM's first intervals are paid"
	wait_for "its guest has told what it got, signed by the key of its boot" 1 '.event == "told"' 120
	wait_for "an interval is paid in which the host proved itself" 1 ".event == \"settled\" and .block > $mended" 600
	"$BIN/hcc" emission show --node "$node" --miner "$(owner)" --json >"$OUT/emission.json" || fail "hcc emission show fails"
	jq -e '[.miner_owed, .eras[].miner_owed] | any(. != "0.000000000")' "$OUT/emission.json" >/dev/null ||
		fail "the miner is owed no new α for it: $(cat "$OUT/emission.json")"
	"$BIN/hcc" vm terminate "$vm" --node "$node" --key-file "$OUT/tenant.key" || fail "hcc vm terminate fails"
}

# While the machine was sound its intervals were paid; while it was tampered with they were not.
pay() {
	say "what the VM has cost, and what its miner has of it"
	wait_for "the tenant gives it up, and has the rest of its escrow back" 1 '.event == "terminated"' 60
	wait_for "an interval is given back in which the host did not prove itself" 1 '.event == "refunded"' 600
	wait_for "an era is over: what nobody is owed of its budget is burned" 1 '.event == "era_closed" and (.miners | tonumber) > 0' 600
	# An era that closes meanwhile is claimed as well, or is not.
	local least
	least=$(told '.event == "era_closed"' | jq -s 'map(.miners | tonumber) | add')
	claimed=$("$BIN/hcc" emission claim --miner "$(owner)" --key-file "$OUT/tenant.key" --node "$node" --json) || fail "hcc emission claim fails"
	jq -e --argjson owed "$least" \
		'(map(.amount | tonumber) | add) as $had | $had > 0 and $had >= $owed' <<<"$claimed" >/dev/null ||
		fail "the miner has another part of the eras than it is owed: $claimed"
	echo "seen: the miner has its part: $(jq -r 'map("\(.amount) α of era \(.era)") | join(", ")' <<<"$claimed")"
	"$BIN/hcc" emission show --node "$node"
	# Each charge was made at a price that the validators had reported.
	local unknown
	unknown=$(jq -sc '(map(select(.event == "price") | .usd) | unique) as $prices | map(select(.event == "charged" and (.usd as $usd | $prices | index($usd) | not)))' "$OUT/watch.jsonl")
	[ "$unknown" = "[]" ] || fail "charged at prices that nobody reported: $unknown"
}

# The account of the miner, from its registration.
owner() { told '.event == "registered"' | jq -sr '.[0].miner'; }

# How many votes a validator's worker has filed.
votes() { page "${metrics[$(($1 - 1))]}" | sed -n 's/^hcc_validator_votes_total //p'; }
page() { python3 -c 'import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).read().decode())' "$1"; }

# A validator's node is killed: the others decide without it, and its worker goes on once it is back.
lose_a_node() {
	say "the node of a validator is killed"
	local before accepted
	before=$(votes $VALIDATORS)
	accepted=$(count '.conduct == "passed"')
	pkill -KILL -f -- "--base-path $OUT/node-$VALIDATORS " || fail "there is no such node"
	# What is accepted first may have been judged before.
	wait_for "evidence is accepted all the same" $((accepted + 2)) '.conduct == "passed"' $CHALLENGE_PATIENCE
	local deadline=$((SECONDS + 60))
	until grep -q '"event":"restarted"' "$CARGO_TARGET_DIR/devnet.jsonl"; do
		[ $SECONDS -le $deadline ] || fail "the node was not started again"
		sleep 1
	done
	deadline=$((SECONDS + 120))
	until [ "$(votes $VALIDATORS)" -gt "$before" ]; do
		[ $SECONDS -le $deadline ] || fail "the worker votes no more after its node was gone"
		sleep 2
	done
	echo "seen: its node runs again, and its worker votes"
}

stop_miner='touch /run/stop-miner; killall hcc-miner; while pidof hcc-miner >/dev/null; do usleep 100000; done'

tamper() {
	# An interval that is over with all its challenges answered is paid for.
	wait_for "two intervals of the VM are over" 2 '.event == "charged"' $CHALLENGE_PATIENCE
	say "the miner's binary is altered, and runs again"
	control "$stop_miner; printf X >>/usr/bin/hcc-miner; rm /run/stop-miner; sha256sum /usr/bin/hcc-miner"
	wait_for "its evidence is rejected: a measured file is unknown" 1 '.event == "verdict" and .code == 1201' $CHALLENGE_PATIENCE
	score_after_tamper=$(told '.event == "verdict" and .code == 1201' | jq -s '.[0].after')
	[ "$score_after_tamper" -lt "$score_before" ] || fail "the score did not fall"
	local block seq
	block=$(told '.event == "verdict" and .code == 1201' | jq -s '.[0].block')
	seq=$(told '.event == "verdict" and .code == 1201' | jq -s '.[0].seq')
	wait_for "it is checked again at once" 1 \
		".event == \"challenged\" and .seq == $seq + 1 and .block <= $block + 2" 60
}

# Judges the evidence of a challenge by oneself, without the chain: it must come to that exit code.
judge() {
	local seq=$1 wanted=$2 code=0
	"$BIN/hcc" evidence fetch --seq "$seq" --node "$node" --out "$OUT/evidence-$seq" || fail "the evidence cannot be fetched"
	"$BIN/hcc" verify evidence --bundle "$OUT/evidence-$seq" || code=$?
	[ "$code" = "$wanted" ] || fail "hcc verify exits with $code, where the chain found otherwise"
}

# The number of the first challenge at which evidence was rejected with that code.
rejected_at() { told ".event == \"verdict\" and .code == $1" | jq -s '.[0].seq'; }

# Whoever doubts a verdict judges the same bytes by himself.
judge_again() {
	say "the verdicts are checked by oneself"
	judge 1 0
	judge "$(rejected_at 1201)" 2
}

# What was measured stays in the log until the machine boots anew. Its VM is gone with it: that counts as a crash, and it boots again once the host has proven itself.
mend() {
	say "the miner's binary is as it was, and the machine boots anew"
	local accepted
	accepted=$(count '.conduct == "passed"')
	control "$stop_miner"'; truncate -s $(($(stat -c %s /usr/bin/hcc-miner) - 1)) /usr/bin/hcc-miner; sha256sum /usr/bin/hcc-miner'
	control poweroff
	wait_for "its evidence is accepted again" $((accepted + 1)) '.conduct == "passed"' $CHALLENGE_PATIENCE
	mended=$(told '.conduct == "passed"' | tail -n 1 | jq .block)
}

declare -A refused=()
replay() {
	say "the miner sends evidence of before once more"
	control "$stop_miner; true"
	"$BIN/insecure-replay" --node "$node" --hot-key-file "$OUT/config/hot.key" >"$OUT/replay" || fail "the replay was not refused"
	cat "$OUT/replay"
	local code
	for code in NoChallenge QuoteNotBound; do
		grep -q "Attestation.$code" "$OUT/replay" || fail "not refused with $code"
		refused[$code]=1
	done
	control "rm /run/stop-miner"
}

# All its files are as they should be: the kernel's log is spotless. But the firmware has measured what the kernel was started with.
change_boot() {
	say "the machine boots with another command line of its kernel: without its defences against the processor's flaws"
	echo "mitigations=off" >"$OUT/append"
	control poweroff
	local deadline=$((SECONDS + CHALLENGE_PATIENCE)) last=
	# By the best block: two blocks later, when it is final, the machine will have shown the same once more.
	until [ "$last" = BootUnknown ]; do
		[ $SECONDS -le $deadline ] || fail "not seen within $CHALLENGE_PATIENCE s: what it boots is refused"
		sleep 1
		last=$("$BIN/hcc" miner show --node "$node" --json "$(owner)" | jq -r '.chips[0].last[-1].name') || true
	done
	echo "seen: its evidence is rejected: it booted what is unknown"
}

# The last one: its validator may author no more, and every fourth slot stays empty.
wrong_chip_and_liar() {
	say "reports are signed by another chip than they name, and a validator lies about them"
	"$BIN/insecure-liar" --node "$node" --key-file "$OUT/worker-$VALIDATORS.key" >"$OUT/liar" 2>&1 &
	local liar=$!
	control "echo \"\$(cat /run/reports) --signed-by mallory\" >/run/reports.new; mv /run/reports.new /run/reports"
	wait_for "evidence is rejected: the report's signature does not verify" 1 '.code == 301 and .event == "verdict"' $CHALLENGE_PATIENCE
	wait "$liar" || fail "the liar did not lie: $(cat "$OUT/liar")"
	# It lies about whatever comes next: that may still be evidence of before.
	wait_for "the chain evaluates it itself: a vote is proven false, and slashed" 1 ".event == \"proven\" and .wrong == [\"$LIAR\"]" 180
	[ "$(told '.event == "slashed"' | jq -sc 'map(.who) | unique')" = "[\"$LIAR\"]" ] || fail "others were slashed than the liar"
	wait_for "the verdict on the changed boot is final" 1 '.event == "verdict" and .name == "BootUnknown"' 60
	judge "$(rejected_at 1004)" 2
}

result() {
	blocks=$(grep -ohE 'finalized #[0-9]+' "$LOGS/node-1.log" | tail -n 1 | grep -oE '[0-9]+')
	# How long a worker took to judge, natively and by the runtime: for docs/numbers.md.
	page "${metrics[0]}" >"$OUT/metrics"
	local number differences
	for number in $(seq $VALIDATORS); do
		differences=$(page "${metrics[$((number - 1))]}" | sed -n 's/^hcc_validator_differences_total //p')
		[ "$differences" = 0 ] || fail "worker $number judges otherwise than its node's runtime: $differences times"
	done
	local own code
	own=$(for code in "${!refused[@]}"; do echo "{\"$code\": ${refused[$code]}}"; done | jq -sc add)
	jq -sc --argjson blocks "$blocks" --argjson before "$score_before" --argjson after "$score_after_tamper" --argjson claimed "$claimed" \
		--argjson seconds $((SECONDS - started)) --argjson refused "$own" --arg liar "$LIAR" '
		# The sum of amounts of α, to the unit.
		def sum(amount): (map(amount | tonumber * 1e9 | round) | add // 0) / 1e9;
		{
			blocks: $blocks,
			accepted: (map(select(.conduct == "passed")) | length),
			rejected: ((map(select(.conduct == "failed")) | group_by(.code) | map({key: (.[0].code | tostring), value: length}) | from_entries) + $refused),
			score_before: $before,
			score_after_tamper: $after,
			changed_boot: (map(select(.event == "verdict" and .code == 1004) | .name) | first),
			audited: (map(select(.event == "audited")) | length),
			false_vote_proven: any(.event == "proven" and .wrong == [$liar]),
			receipts: (map(select(.event == "told")) | length),
			settled: (map(select(.event == "settled")) | sum(.amount)),
			refunded: (map(select(.event == "refunded")) | sum(.amount)),
			minted: (map(select(.event == "era_closed")) | sum(.minted)),
			burned: (map(select(.event == "era_closed")) | sum(.burned)),
			claimed: ($claimed | sum(.amount)),
			seconds: $seconds
		}' "$OUT/watch.jsonl" >"$CARGO_TARGET_DIR/demo.json"
}

# All of it ends with the network.
stop() {
	kill "$watch" "$devnet"
	wait "$devnet" || fail "hcc devnet up does not end well"
	devnet=
	! pgrep -f -- "$OUT/" >"$OUT/left" || fail "something runs on: $(tr '\n' ' ' <"$OUT/left")"
}

for program in hcc hccam insecure-liar insecure-replay; do
	[ -x "$BIN/$program" ] || fail "$program is not built: run make demo"
done
rm -rf "$OUT"
start
price
attest
order
tend
lose_a_node
rebooted
tamper
judge_again
mend
replay
earn
change_boot
wrong_chip_and_liar
pay
result
if [ -z "${DEMO_ONCE:-}" ]; then
	say "all of it was seen; the network goes on, with a node at $node; interrupt to end. Try: hcc watch --node $node"
	trap 'echo; trap - INT' INT
	wait "$devnet" || true
else
	stop
	say "all of it was seen"
fi
cat "$CARGO_TARGET_DIR/demo.json"
