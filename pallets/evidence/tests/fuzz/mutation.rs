//! Inputs made of sound ones: most random bytes are refused at the first field and reach nothing.

use std::time::Duration;

use bolero::{check, TypeGenerator};

/// How long each target runs in `cargo test`.
const TEST_TIME: Duration = Duration::from_secs(1);

/// A change to the input.
#[derive(Clone, Debug, TypeGenerator)]
pub(crate) enum Edit {
	/// Other bits in one byte.
	Flip { at: u16, bits: u8 },
	/// The end cut off.
	Cut { at: u16 },
	/// Bytes put in.
	Insert { at: u16, bytes: Vec<u8> },
	/// A length or a number made extreme.
	Extreme { at: u16, ones: bool },
}

/// An input: one of the seeds, changed; or whatever bytes.
#[derive(Clone, Debug, TypeGenerator)]
enum Input {
	Edited { seed: u8, edits: Vec<Edit> },
	Raw(Vec<u8>),
}

impl Edit {
	pub(crate) fn apply(&self, bytes: &mut Vec<u8>) {
		let len = bytes.len();
		let within = |at: u16| usize::from(at) % (len + 1);
		match self {
			Self::Flip { at, bits } => {
				if let Some(byte) = bytes.get_mut(within(*at)) {
					*byte ^= bits;
				}
			},
			Self::Cut { at } => bytes.truncate(within(*at)),
			Self::Insert { at, bytes: inserted } => {
				let at = within(*at);
				bytes.splice(at..at, inserted.iter().copied());
			},
			Self::Extreme { at, ones } => {
				let fill = if *ones { 0xff } else { 0 };
				bytes.iter_mut().skip(within(*at)).take(4).for_each(|byte| *byte = fill);
			},
		}
	}
}

/// Feeds `target` with changed seeds.
pub(crate) fn fuzz(seeds: Vec<Vec<u8>>, target: impl Fn(&[u8])) {
	// The fuzzer takes a target that unwinds; ours keep no state.
	let target = std::panic::AssertUnwindSafe(target);
	check!().with_type::<Input>().with_test_time(TEST_TIME).for_each(|input| {
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
