#!/usr/bin/env bash
# Shows hccs at work, on the built programs: a host proves itself to a chain, and a host that was tampered with is caught.
#
# The miner's host is a real machine under QEMU: its kernel measures what runs, its TPM (swtpm) quotes it. Only the SEV-SNP reports are made
# up, by a hierarchy that this chain trusts as stored policy, since no such hardware is at hand (insecure-hccam).
#
# Goes on until it is interrupted; with DEMO_ONCE=1 it ends by itself. Ends with 0 only if all of it was seen; then the last line, and
# demo.json in cargo's target directory, is one JSON object. The logs are in the folder demo there.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/env.sh

readonly BIN="$CARGO_TARGET_DIR/release"
readonly OUT="$CARGO_TARGET_DIR/demo"
readonly PACKAGES="${CARGO_TARGET_DIR%/target}/machine"
readonly MACHINE=scripts/machine
# The miner's owner and its hot key: well-known accounts of the development chain.
readonly OWNER=//Bob HOT=//Charlie
# The launch measurement that the agent's guest would have.
MEASUREMENT=$(printf 'hccam of the demo' | sha384sum | cut -c1-96)
readonly MEASUREMENT

started=$SECONDS
pids=()
cleanup() {
	local file
	for file in "$OUT"/qemu.pid "$OUT"/swtpm.pid; do
		# The TPM goes with the machine, and takes its file along.
		kill "$(cat "$file" 2>/dev/null)" 2>/dev/null || true
	done
	[ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null || true
	wait 2>/dev/null || true
}
trap cleanup EXIT

say() { printf '\n== %s  (%d s)\n' "$*" $((SECONDS - started)); }

fail() {
	echo "demo: $*" >&2
	local log
	for log in node worker console watch; do
		echo "--- $OUT/$log.log, its end:" >&2
		tail -n 15 "$OUT/$log.log" 2>/dev/null | tr -d '\000' >&2 || true
	done
	exit 1
}

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

control() { python3 "$MACHINE/control.py" "$OUT" "$@" || fail "the machine does not do as it is told"; }

# What `hcc watch` has told so far that passes a jq filter.
told() { jq -c "select($1)" "$OUT/watch.jsonl"; }
count() { told "$1" | wc -l; }

# How long to wait for a challenge and what comes of it, in seconds. A chip is drawn in one block of five on average, by lot: with 180 s one run in
# a hundred would see none.
readonly CHALLENGE_PATIENCE=420

# Waits until so many events pass a filter.
wait_for() {
	local what=$1 wanted=$2 filter=$3 patience=$4
	local deadline=$((SECONDS + patience))
	while [ "$(count "$filter")" -lt "$wanted" ]; do
		[ $SECONDS -le $deadline ] || fail "not seen within $patience s: $what"
		local pid
		for pid in "${pids[@]}"; do
			kill -0 "$pid" 2>/dev/null || fail "a program has stopped by itself; see the logs"
		done
		sleep 1
	done
	echo "seen: $what"
}

last_score() { told '.event == "verdict"' | tail -n 1 | jq .after; }

make_tpm() {
	say "a TPM is made, with a certificate of its vendor's"
	mkdir -p "$OUT/ca" "$OUT/tpm"
	: >"$OUT/localca.options"
	printf '%s\n' "statedir = $OUT/ca" "signingkey = $OUT/ca/signkey.pem" "issuercert = $OUT/ca/issuercert.pem" \
		"certserial = $OUT/ca/certserial" >"$OUT/localca.conf"
	printf '%s\n' "create_certs_tool = $(command -v swtpm_localca)" "create_certs_tool_config = $OUT/localca.conf" \
		"create_certs_tool_options = $OUT/localca.options" "active_pcr_banks = sha256" >"$OUT/setup.conf"
	swtpm_setup --tpm2 --tpmstate "$OUT/tpm" --config "$OUT/setup.conf" --create-ek-cert --pcr-banks sha256 \
		--lock-nvram --not-overwrite --logfile "$OUT/swtpm_setup.log" >/dev/null || fail "swtpm_setup failed; see $OUT/swtpm_setup.log"
}

make_machine() {
	say "the miner's machine is made"
	"$MACHINE/packages.sh" "$PACKAGES"
	local config=$OUT/config
	mkdir -p "$config"
	echo $OWNER >"$config/owner.key"
	echo $HOT >"$config/hot.key"
	cp "$OUT/ca/issuercert.pem" "$config/issuer.pem"
	"$BIN/insecure-sim" vek --chip alice --out "$config/vcek.der"
	cat >"$config/miner.toml" <<-END
		node = "ws://10.0.2.2:$port"
		owner_key_file = "/etc/hcc/owner.key"
		hot_key_file = "/etc/hcc/hot.key"
		tcti = "device:/dev/tpmrm0"
		ek_chain = ["/etc/hcc/issuer.pem"]
		guest = "unix:/run/hccam.sock"
		vcek = "/etc/hcc/vcek.der"
	END
	cat >"$config/guest.toml" <<-END
		listen = "unix:/run/hccam.sock"
		miner_binary = ["$(sha256sum "$BIN/hcc-miner" | cut -c1-64)"]
	END
	echo "--measurement $MEASUREMENT" >"$config/agent-options"
	"$MACHINE/image.sh" "$PACKAGES" "$OUT" "$BIN" "$config"
}

# The chain's policy names every file of the image that may run in the machine, and the TPM's vendor.
make_chain_spec() {
	say "the chain's policy is made from the machine's image"
	local tree
	for tree in initrd root; do
		"$BIN/hcc" policy ima-digests "$OUT/tree/$tree"
	done | cut -d' ' -f1 | sort -u >"$OUT/digests"
	"$BIN/hccs-node" export-chain-spec --chain dev --output "$OUT/dev.json" >/dev/null
	local root
	root=0x$(openssl x509 -in "$OUT/ca/swtpm-localca-rootca-cert.pem" -outform DER | od -An -v -tx1 | tr -d ' \n')
	jq --rawfile digests "$OUT/digests" --arg root "$root" --arg measurement "0x$MEASUREMENT" \
		--arg miner "0x$(sha256sum "$BIN/hcc-miner" | cut -c1-64)" '
		.genesis.runtimeGenesis.patch.policy += {
			tpmRoots: [$root],
			measurements: [[$measurement, "hostAgent"]],
			files: ($digests | split("\n") | map(select(. != "") | {digest: ("0x" + .), rule: "allowed"})),
			required: [[$miner]]
		}' "$OUT/dev.json" >"$OUT/chain.json"
	echo "$(wc -l <"$OUT/digests") files are allowed, one is required: hcc-miner"
}

start_chain() {
	say "a chain with one validator starts, and the validator's worker"
	"$BIN/hccs-node" --chain "$OUT/chain.json" --base-path "$OUT/base" --alice --force-authoring \
		--rpc-port "$port" --rpc-cors all --port 0 --no-prometheus --no-telemetry --no-mdns \
		--unsafe-force-node-key-generation >"$OUT/node.log" 2>&1 &
	node=$!
	pids+=("$node")
	echo //Alice >"$OUT/worker.key"
	"$BIN/hcc-validator" --node "ws://127.0.0.1:$port" --key-file "$OUT/worker.key" --state "$OUT/worker" \
		--metrics "127.0.0.1:$metrics" >"$OUT/worker.log" 2>&1 &
	pids+=($!)
	local tries=0
	until grep -q 'finalized #[1-9]' "$OUT/node.log"; do
		tries=$((tries + 1))
		[ $tries -lt 90 ] && kill -0 "$node" 2>/dev/null || fail "the node finalises nothing"
		sleep 1
	done
	echo "it makes and finalises blocks"
	"$BIN/hcc" watch --node "ws://127.0.0.1:$port" --from 1 --json >"$OUT/watch.jsonl" 2>"$OUT/watch.log" &
	pids+=($!)
}

start_machine() {
	say "the miner's machine starts: a Debian kernel that measures what runs, under QEMU"
	"$MACHINE/start.sh" "$PACKAGES" "$OUT" >"$OUT/qemu.log" 2>&1 || fail "QEMU does not start; see $OUT/qemu.log"
	wait_for "the miner registers" 1 '.event == "registered"' 180
	wait_for "it shows its TPM; the validator makes a credential" 1 '.event == "enrolment_opened"' 90
	wait_for "the TPM has opened it: it is the miner's" 1 '.event == "tpm_enrolled"' 120
}

attest() {
	say "the machine proves itself, again and again"
	wait_for "evidence is accepted" 1 '.conduct == "passed"' $CHALLENGE_PATIENCE
	wait_for "evidence is accepted once more" 2 '.conduct == "passed"' $CHALLENGE_PATIENCE
	score_before=$(last_score)
	[ "$score_before" -gt 500 ] || fail "the score did not rise: $score_before"
	"$BIN/hcc" miner show --node "ws://127.0.0.1:$port" "$(owner)"
	[ -z "${DEMO_CLIENT:-}" ] || ask_as_an_explorer
}

# With an ordinary client from npm: what it reads must be what was seen.
ask_as_an_explorer() {
	say "a client from npm reads the score"
	local read
	read=$(runtime/tests/client/run.sh "ws://127.0.0.1:$port" 2>"$OUT/client.log") || fail "the client failed; see $OUT/client.log"
	echo "$read" | jq -c '{score, passed, last, pallets}'
	[ "$(echo "$read" | jq .score)" -ge "$score_before" ] || fail "the client reads another score"
}

# The account of the miner, from its registration.
owner() { told '.event == "registered"' | head -n 1 | jq -r .miner; }

stop_miner='touch /run/stop-miner; killall hcc-miner; while pidof hcc-miner >/dev/null; do usleep 100000; done'

tamper() {
	say "the miner's binary is altered, and runs again"
	control "$stop_miner; printf X >>/usr/bin/hcc-miner; rm /run/stop-miner; sha256sum /usr/bin/hcc-miner"
	wait_for "its evidence is rejected: a measured file is unknown" 1 '.code == 1201' $CHALLENGE_PATIENCE
	score_after_tamper=$(told '.code == 1201' | head -n 1 | jq .after)
	[ "$score_after_tamper" -lt "$score_before" ] || fail "the score did not fall"
	local block seq
	block=$(told '.code == 1201' | head -n 1 | jq .block)
	seq=$(told '.code == 1201' | head -n 1 | jq .seq)
	wait_for "it is checked again at once" 1 \
		".event == \"challenged\" and .seq == $seq + 1 and .block <= $block + 2" 60
	wait_for "and rejected again" 2 '.code == 1201' $CHALLENGE_PATIENCE
}

# Whoever doubts a verdict judges the same bytes by himself, without the chain.
judge_again() {
	say "the verdicts are checked by oneself"
	local seq wanted code
	for seq in 1 "$(told '.code == 1201' | head -n 1 | jq .seq)"; do
		wanted=$([ "$seq" = 1 ] && echo 0 || echo 2)
		"$BIN/hcc" evidence fetch --seq "$seq" --node "ws://127.0.0.1:$port" --out "$OUT/evidence-$seq" || fail "the evidence cannot be fetched"
		code=0
		"$BIN/hcc" verify evidence --bundle "$OUT/evidence-$seq" || code=$?
		[ "$code" = "$wanted" ] || fail "hcc verify exits with $code, where the chain found otherwise"
	done
}

declare -A refused=()
replay() {
	say "the miner sends evidence of before once more"
	control "$stop_miner; true"
	echo $HOT >"$OUT/hot.key"
	"$BIN/insecure-replay" --node "ws://127.0.0.1:$port" --hot-key-file "$OUT/hot.key" >"$OUT/replay" || fail "the replay was not refused"
	cat "$OUT/replay"
	local code
	for code in NoChallenge QuoteNotBound; do
		grep -q "Attestation.$code" "$OUT/replay" || fail "not refused with $code"
		refused[$code]=1
	done
}

wrong_chip() {
	say "reports are signed by another chip than they name"
	control "echo '--measurement $MEASUREMENT --signed-by mallory' >/run/agent-options; killall insecure-hccam; sleep 3; rm /run/stop-miner"
	wait_for "evidence is rejected: the report's signature does not verify" 1 '.code == 301' $CHALLENGE_PATIENCE
}

result() {
	say "all of it was seen"
	blocks=$(grep -oE 'finalized #[0-9]+' "$OUT/node.log" | tail -n 1 | grep -oE '[0-9]+')
	# How long the worker took to judge, natively and by the runtime: for docs/numbers.md.
	python3 -c 'import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).read().decode())' \
		"http://127.0.0.1:$metrics/metrics" >"$OUT/metrics"
	local own code
	own=$(for code in "${!refused[@]}"; do echo "{\"$code\": ${refused[$code]}}"; done | jq -sc add)
	jq -sc --argjson blocks "$blocks" --argjson before "$score_before" --argjson after "$score_after_tamper" \
		--argjson seconds $((SECONDS - started)) --argjson refused "$own" '{
			blocks: $blocks,
			accepted: (map(select(.conduct == "passed")) | length),
			rejected: ((map(select(.conduct == "failed")) | group_by(.code) | map({key: (.[0].code | tostring), value: length}) | from_entries) + $refused),
			score_before: $before,
			score_after_tamper: $after,
			seconds: $seconds
		}' "$OUT/watch.jsonl" | tee "$CARGO_TARGET_DIR/demo.json"
}

for program in hccs-node hcc hcc-validator hcc-miner insecure-hccam insecure-replay insecure-sim; do
	[ -x "$BIN/$program" ] || fail "$program is not built: run make demo"
done
rm -rf "$OUT"
mkdir -p "$OUT"
port=$(free_port)
metrics=$(free_port)
make_tpm
make_machine
make_chain_spec
start_chain
start_machine
attest
tamper
judge_again
replay
wrong_chip
if [ -z "${DEMO_ONCE:-}" ]; then
	result >/dev/null
	say "the chain goes on at ws://127.0.0.1:$port; interrupt to end. Try: hcc watch --node ws://127.0.0.1:$port"
	trap 'echo; trap - INT' INT
	wait "$node" || true
	cat "$CARGO_TARGET_DIR/demo.json"
	exit 0
fi
result
