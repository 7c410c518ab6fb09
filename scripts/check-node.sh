#!/usr/bin/env bash
# Starts the built node on a fresh development chain and checks that it makes and finalises blocks, answers clients, and stops when told.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/env.sh

readonly WANTED_FINALISED=3
readonly PATIENCE=90 # seconds; a block comes every six, and finality follows two blocks behind

work=$(mktemp -d)
node=
cleanup() {
	[ -z "$node" ] || kill "$node" 2>/dev/null || true
	rm -rf "$work"
}
trap cleanup EXIT

"$CARGO_TARGET_DIR/release/hccs-node" --dev --base-path "$work/base" --rpc-port 0 --port 0 --no-prometheus \
	>"$work/log" 2>&1 &
node=$!

finalised() { grep -oE 'finalized #[0-9]+' "$work/log" | tail -n 1 | grep -oE '[0-9]+' || echo 0; }

deadline=$((SECONDS + PATIENCE))
until [ "$(finalised)" -ge "$WANTED_FINALISED" ]; do
	if ! kill -0 "$node" 2>/dev/null; then
		tail -n 20 "$work/log" >&2
		echo "the node stopped by itself" >&2
		exit 1
	fi
	if [ $SECONDS -gt $deadline ]; then
		tail -n 20 "$work/log" >&2
		echo "no $WANTED_FINALISED finalised blocks after $PATIENCE s" >&2
		exit 1
	fi
	sleep 1
done

kill -INT "$node"
wait "$node" || {
	tail -n 20 "$work/log" >&2
	echo "the node did not stop cleanly" >&2
	exit 1
}
node=
echo "the node finalised $WANTED_FINALISED blocks and stopped cleanly"
