//! Edits of byte strings.

use bolero::TypeGenerator;

/// A change to a byte string. Positions wrap at the end.
#[derive(Clone, Debug, TypeGenerator)]
pub enum Edit {
	/// Inverts bits of one byte.
	Flip { at: u16, bits: u8 },
	/// Cuts off the end.
	Cut { at: u16 },
	/// Inserts bytes.
	Insert { at: u16, bytes: Vec<u8> },
	/// Sets four bytes to zeroes or ones, the extreme values of a length or a number.
	Extreme { at: u16, ones: bool },
}

impl Edit {
	/// Applies the edit to `bytes`.
	pub fn apply(&self, bytes: &mut Vec<u8>) {
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
