//! The result of a check, and the reason for a rejection.

use alloc::{borrow::Cow, vec::Vec};
use core::fmt;

use crate::{RejectClass, RejectCode};

/// A human-readable value that a check saw or wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
	/// No value.
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

/// A rejection of evidence with its witness: the failing field, the value seen there and the value
/// wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
	/// The stable code. Only the code has an effect; the other fields are for readers.
	pub code: RejectCode,
	/// The name of the field in its specification.
	pub field: &'static str,
	/// The number of the log entry that has the field, from 0; `None` outside a log.
	pub entry: Option<u32>,
	pub seen: Value,
	pub wanted: Value,
}

impl Rejection {
	/// Creates a rejection because `field` has the value `seen` instead of `wanted`.
	pub fn new(
		code: RejectCode,
		field: &'static str,
		seen: impl Into<Value>,
		wanted: impl Into<Value>,
	) -> Self {
		Self { code, field, entry: None, seen: seen.into(), wanted: wanted.into() }
	}

	/// Adds the number of the log entry that failed.
	#[must_use]
	pub fn at(mut self, entry: u32) -> Self {
		self.entry = Some(entry);
		self
	}

	/// Returns the kind of cause.
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

/// The result of a check: success, or the reason to reject the evidence.
pub type Check<T = ()> = Result<T, Rejection>;

#[cfg(test)]
mod tests {
	use super::*;
	use alloc::string::ToString;

	#[test]
	fn rejection_displays_code_entry_field_and_values() {
		let rejection = Rejection::new(RejectCode::TcbFloor, "snp", 14u8, 24u8);
		assert_eq!(rejection.to_string(), "tcb is below the floor (602): snp is 14, wanted 24");
		let rejection = Rejection::new(RejectCode::ImaUnknownFile, "d-ng", &[0xab, 0xcd], ()).at(7);
		assert_eq!(rejection.to_string(), "measured file is unknown (1201), entry 7: d-ng is abcd");
	}
}
