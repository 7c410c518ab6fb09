//! What a row was at each revision.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use scale_info::TypeInfo;
use sp_runtime::Debug;

/// The number of a revision; the genesis is revision 0.
pub type Revision = u32;

/// How many values a row can have had that are still remembered.
pub const MAX_SPANS: u32 = 8;

/// A value and the revisions at which it was in force: from `added` on, until before `removed`.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Span<V> {
	pub value: V,
	pub added: Revision,
	pub removed: Option<Revision>,
}

/// The values of a row, oldest first.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct History<V>(BoundedVec<Span<V>, ConstU32<MAX_SPANS>>);

/// Why a row does not take a value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refused {
	/// It has that value already, or has none to remove.
	Unchanged,
	/// All the values that it remembers are still needed.
	Full,
}

impl<V> Default for History<V> {
	fn default() -> Self {
		Self(BoundedVec::new())
	}
}

impl<V: Clone + PartialEq> History<V> {
	/// The value in force at that revision.
	pub fn at(&self, revision: Revision) -> Option<&V> {
		self.0
			.iter()
			.rev()
			.find(|span| span.added <= revision)
			.filter(|span| span.removed.is_none_or(|removed| revision < removed))
			.map(|span| &span.value)
	}

	/// The value in force now.
	pub fn current(&self) -> Option<&V> {
		self.0.last().filter(|span| span.removed.is_none()).map(|span| &span.value)
	}

	/// Sets or removes the value from `revision` on. What ended before `needed` is forgotten.
	pub fn set(
		&mut self,
		value: Option<V>,
		revision: Revision,
		needed: Revision,
	) -> Result<(), Refused> {
		if self.current() == value.as_ref() {
			return Err(Refused::Unchanged);
		}
		self.0.retain(|span| span.removed.is_none_or(|removed| removed > needed));
		if let Some(open) = self.0.last_mut().filter(|span| span.removed.is_none()) {
			open.removed = Some(revision);
		}
		match value {
			Some(value) => self
				.0
				.try_push(Span { value, added: revision, removed: None })
				.map_err(|_| Refused::Full),
			None => Ok(()),
		}
	}

	/// Whether there is a value now, or was at `oldest` or later.
	pub fn is_needed(&self, oldest: Revision) -> bool {
		self.0.last().is_some_and(|span| span.removed.is_none_or(|removed| removed > oldest))
	}

	/// The spans, oldest first.
	pub fn spans(&self) -> &[Span<V>] {
		&self.0
	}

	/// Whether nothing of the row is left to remember.
	pub fn is_empty(&self) -> bool {
		self.0.is_empty()
	}
}
