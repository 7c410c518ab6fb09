# The steps of `make check` and `make test`, and their run times. Source this file after env.sh.

took=()

# Runs a step, given as a name and a command. Exits if the step fails.
step() {
	local name=$1 start=$SECONDS
	shift
	echo "== $name"
	if ! "$@"; then
		echo "== $name FAILED after $((SECONDS - start)) s" >&2
		exit 1
	fi
	took+=("$(printf '%5d s  %s' $((SECONDS - start)) "$name")")
}

# Prints the run time of each step.
summary() {
	echo "== time of each step"
	printf '%s\n' "${took[@]}"
	printf '%5d s  all\n' $SECONDS
}

fmt() { cargo fmt --all --check; }

prose() { scripts/check-prose --self-test && scripts/check-prose; }

# Clippy and rustdoc use the same features, which include benchmarks and try-runtime. So
# dependencies are checked only once.
readonly CHECKED_FEATURES=runtime-benchmarks,try-runtime

clippy() {
	SKIP_WASM_BUILD=1 cargo clippy --release --workspace --all-targets --locked \
		--features "$CHECKED_FEATURES" -- -D warnings
}

docs() {
	SKIP_WASM_BUILD=1 RUSTDOCFLAGS="-D warnings" cargo doc --release --workspace --no-deps --locked \
		--features "$CHECKED_FEATURES"
}

# With the example, cargo chooses the same features as for the tests. Without it, half of the
# dependencies would be built twice. The build of the runtime also checks that the evidence crate
# and the pallets build for wasm, without std.
programs() { cargo build --release --workspace --bins --example metadata --locked; }

unit_tests() { cargo test --release --workspace --locked --no-fail-fast; }

# Boots an image once for each attack of a host, and the image of hccam once for each reason for
# which hccam refuses to start. Two VMs boot at a time.
image_attacks() {
	local images=$CARGO_TARGET_DIR/images/attacked programs=$CARGO_TARGET_DIR/release recipe
	rm -rf "$images"
	scripts/image-attacks/image.sh "$images/minimal" || return
	for recipe in hccam insecure-hccam; do
		images/build.sh "$recipe" "$images/$recipe" --programs "$programs" || return
	done
	HCC_ATTACKED_IMAGE=$images/minimal HCC_AGENT_IMAGES=$images cargo test --release --workspace \
		--locked --test attacks -- --ignored --test-threads 2
}
