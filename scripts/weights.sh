#!/usr/bin/env bash
# Measures the weights of our pallets' calls, and writes each pallet's weights.rs. The script takes
# long, because it builds the runtime with benchmarks, and the bencher, in a separate target
# directory. CI does not run this script.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/env.sh

# The version of the bencher must match the version of polkadot-sdk.
readonly BENCHER_VERSION=0.28.0
readonly PALLETS=(attestation clock compensation compute emission oracle policy registry reputation usage validators verdicts)

# `scripts/weights.sh PALLET…` measures only these pallets.
pallets=("$@")
[ $# -gt 0 ] || pallets=("${PALLETS[@]}")

work="${CARGO_TARGET_DIR%/target}/weights"
mkdir -p "$work"
export CARGO_TARGET_DIR="$work/target"

bencher="$work/bin/frame-omni-bencher"
if ! "$bencher" --version 2>/dev/null | grep "$BENCHER_VERSION" >/dev/null; then
	cargo install frame-omni-bencher --version "$BENCHER_VERSION" --locked --root "$work"
fi
cargo build --release -p hccs-runtime --features runtime-benchmarks --locked
runtime=$CARGO_TARGET_DIR/release/wbuild/hccs-runtime/hccs_runtime.compact.compressed.wasm

for pallet in "${pallets[@]}"; do
	"$bencher" v1 benchmark pallet \
		--runtime "$runtime" \
		--genesis-builder runtime --genesis-builder-preset development \
		--pallet "pallet_$pallet" --extrinsic '*' \
		--steps 50 --repeat 20 \
		--template scripts/weights.hbs \
		--output "pallets/$pallet/src/weights.rs"
done
cargo fmt --all
