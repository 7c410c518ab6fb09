//! The values of a policy rule at each revision.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use scale_info::TypeInfo;
use sp_runtime::Debug;

/// The number of a policy revision. The genesis is revision 0.
pub type Revision = u32;

/// The maximum number of values that a rule's history can hold.
pub const MAX_SPANS: u32 = 8;

/// A value and the revisions in which it is in force: from `added` up to, but not including,
/// `removed`.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Span<V> {
	pub value: V,
	pub added: Revision,
	pub removed: Option<Revision>,
}

/// The values of a rule, oldest first.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct History<V>(BoundedVec<Span<V>, ConstU32<MAX_SPANS>>);

/// Reasons for which a history refuses a value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum HistoryError {
	/// The value is the current one, or there is no value to remove.
	Unchanged,
	/// The history is full, and all of its values are still needed.
	Full,
}

impl<V> Default for History<V> {
	fn default() -> Self {
		Self(BoundedVec::new())
	}
}

impl<V: Clone + PartialEq> History<V> {
	/// Returns the value that is in force at `revision`.
	pub fn at(&self, revision: Revision) -> Option<&V> {
		self.0
			.iter()
			.rev()
			.find(|span| span.added <= revision)
			.filter(|span| span.removed.is_none_or(|removed| revision < removed))
			.map(|span| &span.value)
	}

	/// Returns the value that is in force now.
	pub fn current(&self) -> Option<&V> {
		self.0.last().filter(|span| span.removed.is_none()).map(|span| &span.value)
	}

	/// Sets or removes the value from `revision` on. Values that ended at `needed` or before are
	/// pruned.
	pub fn set(
		&mut self,
		value: Option<V>,
		revision: Revision,
		needed: Revision,
	) -> Result<(), HistoryError> {
		if self.current() == value.as_ref() {
			return Err(HistoryError::Unchanged);
		}
		self.0.retain(|span| span.removed.is_none_or(|removed| removed > needed));
		if let Some(open) = self.0.last_mut().filter(|span| span.removed.is_none()) {
			open.removed = Some(revision);
		}
		match value {
			Some(value) => self
				.0
				.try_push(Span { value, added: revision, removed: None })
				.map_err(|_| HistoryError::Full),
			None => Ok(()),
		}
	}

	/// Returns `true` if the rule has a value now, or had a value in revision `oldest` or later.
	pub fn is_needed(&self, oldest: Revision) -> bool {
		self.0.last().is_some_and(|span| span.removed.is_none_or(|removed| removed > oldest))
	}

	/// Returns the spans, oldest first.
	pub fn spans(&self) -> &[Span<V>] {
		&self.0
	}

	/// Returns `true` if no value is left, so that the row can be removed.
	pub fn is_empty(&self) -> bool {
		self.0.is_empty()
	}
}
