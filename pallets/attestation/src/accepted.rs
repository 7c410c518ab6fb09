//! What a checkpoint rests on.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use scale_info::TypeInfo;
use sp_runtime::Debug;

/// How often in the time of a window a chip's verdicts are undone, at the most, with all of it remembered.
const MAX_SPANS: u32 = 8;

/// The challenges at which evidence was accepted that goes on from one another, up to where the log is taken up now: in spans, since what was undone is none of
/// them any more. What is found of evidence that goes on from them is found because of them.
#[derive(
	Clone,
	Eq,
	PartialEq,
	Debug,
	Default,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct Accepted {
	/// The first and the last of each, in order.
	spans: BoundedVec<(u64, u64), ConstU32<MAX_SPANS>>,
	/// What was accepted after the last was undone.
	cut: bool,
}

impl Accepted {
	/// The last of them.
	pub fn last(&self) -> Option<u64> {
		self.spans.last().map(|(_, last)| *last)
	}

	/// Another is accepted, which goes on from the last.
	pub(crate) fn add(&mut self, seq: u64) {
		match self.spans.last_mut() {
			Some((_, last)) if !self.cut => *last = seq,
			_ => {
				if self.spans.is_full() {
					self.spans.remove(0);
				}
				// There is room.
				let _ = self.spans.try_push((seq, seq));
			},
		}
		self.cut = false;
	}

	/// Whether that is one of them, if evidence was accepted at it at all.
	pub(crate) fn holds(&self, seq: u64) -> bool {
		self.spans.iter().any(|(first, last)| (*first..=*last).contains(&seq))
	}

	/// Those after `from` are undone; all where it is none.
	pub(crate) fn go_back_to(&mut self, from: Option<u64>) {
		let from = from.unwrap_or_default();
		self.spans.retain(|(first, _)| *first <= from);
		if let Some((_, last)) = self.spans.last_mut() {
			*last = from.min(*last);
		}
		self.cut = true;
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn of(seqs: &[u64]) -> Accepted {
		let mut accepted = Accepted::default();
		seqs.iter().for_each(|seq| accepted.add(*seq));
		accepted
	}

	fn held(accepted: &Accepted) -> Vec<u64> {
		(0..20).filter(|seq| accepted.holds(*seq)).collect()
	}

	#[test]
	fn nothing_rests_on_what_was_undone_or_went_on_from_it() {
		let mut accepted = of(&[1, 2, 3]);
		accepted.go_back_to(Some(1));
		assert_eq!((held(&accepted), accepted.last()), (vec![1], Some(1)));
		accepted.add(4);
		accepted.add(5);
		assert_eq!((held(&accepted), accepted.last()), (vec![1, 4, 5], Some(5)));
		accepted.go_back_to(Some(4));
		accepted.add(6);
		assert_eq!(held(&accepted), [1, 4, 6]);
		accepted.go_back_to(Some(1));
		assert_eq!(held(&accepted), [1]);
		accepted.go_back_to(None);
		assert_eq!((held(&accepted), accepted.last()), (vec![], None));
		accepted.add(7);
		assert_eq!(held(&accepted), [7]);
	}

	#[test]
	fn however_many_go_on_from_one_another_all_are_remembered() {
		let all: Vec<u64> = (1..20).collect();
		assert_eq!(held(&of(&all)), all);
	}

	#[test]
	fn the_oldest_are_forgotten_where_there_are_too_many() {
		let mut accepted = of(&[1]);
		for seq in 1..=u64::from(MAX_SPANS) {
			accepted.go_back_to(Some(2 * seq - 1));
			accepted.add(2 * seq + 1);
		}
		assert_eq!(held(&accepted), [3, 5, 7, 9, 11, 13, 15, 17]);
		accepted.go_back_to(Some(1));
		assert_eq!(accepted.last(), None);
	}
}
