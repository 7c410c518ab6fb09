//! Inputs of the targets, made from valid inputs, because most random bytes fail at the first
//! field.

use std::time::Duration;

use bolero::{BorrowedInput, ByteSliceGenerator, DefaultEngine, TestTarget, TypeGenerator};
use hcc_evidence_testing::Edit;

/// Run time of each target in `cargo test`.
const TEST_TIME: Duration = Duration::from_secs(1);

/// An input: a seed with edits, or random bytes.
#[derive(Clone, Debug, TypeGenerator)]
enum Input {
	Edited { seed: u8, edits: Vec<Edit> },
	Raw(Vec<u8>),
}

/// Calls `target` with mutated seeds and with random bytes.
pub(super) fn feed(
	check: TestTarget<ByteSliceGenerator, DefaultEngine, BorrowedInput>,
	seeds: Vec<Vec<u8>>,
	target: impl Fn(&[u8]),
) {
	// The fuzzer requires a target that is safe to unwind. The targets have no state.
	let target = std::panic::AssertUnwindSafe(target);
	check.with_type::<Input>().with_test_time(TEST_TIME).for_each(|input| {
		let bytes = match input {
			Input::Raw(bytes) => bytes.clone(),
			Input::Edited { seed, edits } => {
				let mut bytes = seeds[usize::from(*seed) % seeds.len()].clone();
				edits.iter().for_each(|edit| edit.apply(&mut bytes));
				bytes
			},
		};
		target(&bytes);
	});
}
