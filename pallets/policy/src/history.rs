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

	/// The spans, oldest first.
	pub fn spans(&self) -> &[Span<V>] {
		&self.0
	}

	/// Whether nothing of the row is left to remember.
	pub fn is_empty(&self) -> bool {
		self.0.is_empty()
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_value_is_found_at_the_revisions_at_which_it_was_in_force() {
		let mut row = History::default();
		row.set(Some('a'), 2, 0).unwrap();
		row.set(Some('b'), 5, 0).unwrap();
		row.set(None, 7, 0).unwrap();
		row.set(Some('c'), 9, 0).unwrap();
		let seen: Vec<_> = (0..11).map(|revision| row.at(revision).copied()).collect();
		let (a, b, c) = (Some('a'), Some('b'), Some('c'));
		assert_eq!(seen, vec![None, None, a, a, a, b, b, None, None, c, c]);
		assert_eq!(row.current(), Some(&'c'));
	}

	#[test]
	fn what_changes_nothing_is_refused() {
		let mut row = History::default();
		assert_eq!(row.set(None, 1, 0), Err(Refused::Unchanged));
		row.set(Some('a'), 1, 0).unwrap();
		assert_eq!(row.set(Some('a'), 2, 0), Err(Refused::Unchanged));
		row.set(None, 2, 0).unwrap();
		assert_eq!(row.set(None, 3, 0), Err(Refused::Unchanged));
	}

	#[test]
	fn what_is_needed_is_kept_and_what_is_not_is_forgotten() {
		let mut row = History::default();
		for revision in 0..MAX_SPANS {
			row.set(Some(revision), revision, 0).unwrap();
		}
		assert_eq!(row.clone().set(Some(99), MAX_SPANS, 0), Err(Refused::Full));
		row.set(Some(99), MAX_SPANS, 3).unwrap();
		assert_eq!(row.at(2), None, "forgotten");
		assert_eq!(row.at(3), Some(&3));
		assert_eq!(row.current(), Some(&99));
	}
}
