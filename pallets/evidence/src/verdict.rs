//! What a verification comes to.

use alloc::{borrow::Cow, vec::Vec};
use core::fmt;

use crate::{RejectClass, RejectCode};

/// A value that was seen or wanted, for people to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
	/// There is nothing to show.
	Nothing,
	Number(u64),
	Bytes(Vec<u8>),
	Text(Cow<'static, str>),
}

impl fmt::Display for Value {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		match self {
			Self::Nothing => f.write_str("nothing"),
			Self::Number(number) => number.fmt(f),
			Self::Bytes(bytes) => bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}")),
			Self::Text(text) => f.write_str(text),
		}
	}
}

impl From<()> for Value {
	fn from((): ()) -> Self {
		Self::Nothing
	}
}

impl From<u64> for Value {
	fn from(number: u64) -> Self {
		Self::Number(number)
	}
}

impl From<u32> for Value {
	fn from(number: u32) -> Self {
		Self::Number(number.into())
	}
}

impl From<u8> for Value {
	fn from(number: u8) -> Self {
		Self::Number(number.into())
	}
}

impl From<usize> for Value {
	fn from(number: usize) -> Self {
		Self::Number(number as u64)
	}
}

impl From<&'static str> for Value {
	fn from(text: &'static str) -> Self {
		Self::Text(Cow::Borrowed(text))
	}
}

impl From<alloc::string::String> for Value {
	fn from(text: alloc::string::String) -> Self {
		Self::Text(Cow::Owned(text))
	}
}

impl From<&[u8]> for Value {
	fn from(bytes: &[u8]) -> Self {
		Self::Bytes(bytes.to_vec())
	}
}

impl<const N: usize> From<&[u8; N]> for Value {
	fn from(bytes: &[u8; N]) -> Self {
		Self::Bytes(bytes.to_vec())
	}
}

/// Evidence that does not hold, with the witness: where it fails, what was seen there and what was wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
	/// The stable code. Only it counts; the rest is for people.
	pub code: RejectCode,
	/// The field of the structure, by its name in the specification.
	pub field: &'static str,
	/// The entry of the log, where the field is one of an entry's, counted from 0.
	pub entry: Option<u32>,
	pub seen: Value,
	pub wanted: Value,
}

impl Rejection {
	/// A rejection for `field`, where `seen` stood in place of `wanted`.
	pub fn new(
		code: RejectCode,
		field: &'static str,
		seen: impl Into<Value>,
		wanted: impl Into<Value>,
	) -> Self {
		Self { code, field, entry: None, seen: seen.into(), wanted: wanted.into() }
	}

	/// The same, of the log's entry `entry`.
	#[must_use]
	pub fn at(mut self, entry: u32) -> Self {
		self.entry = Some(entry);
		self
	}

	/// The kind of cause.
	pub const fn class(&self) -> RejectClass {
		self.code.class()
	}
}

impl fmt::Display for Rejection {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(f, "{} ({})", self.code.text(), self.code.number())?;
		if let Some(entry) = self.entry {
			write!(f, ", entry {entry}")?;
		}
		write!(f, ": {} is {}", self.field, self.seen)?;
		match &self.wanted {
			Value::Nothing => Ok(()),
			wanted => write!(f, ", wanted {wanted}"),
		}
	}
}

impl core::error::Error for Rejection {}

/// The result of a check that either holds or is a reason to reject.
pub type Check<T = ()> = Result<T, Rejection>;

#[cfg(test)]
mod tests {
	use super::*;
	use alloc::string::ToString;

	#[test]
	fn a_rejection_says_where_what_and_why() {
		let rejection = Rejection::new(RejectCode::TcbFloor, "snp", 14u8, 24u8);
		assert_eq!(rejection.to_string(), "tcb is below the floor (602): snp is 14, wanted 24");
		let rejection = Rejection::new(RejectCode::ImaUnknownFile, "d-ng", &[0xab, 0xcd], ()).at(7);
		assert_eq!(rejection.to_string(), "measured file is unknown (1201), entry 7: d-ng is abcd");
	}
}
