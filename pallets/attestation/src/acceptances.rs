//! Acceptances: the challenges on whose evidence a checkpoint depends.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use hcc_evidence::host::{Claims, PinnedContext};
use hcc_primitives::{push_evicting, Miners};
use scale_info::TypeInfo;
use sp_runtime::Debug;

use crate::*;

/// Maximum number of spans. If more verdicts of a chip are undone while they can be proven false,
/// the oldest span is lost.
const MAX_SPANS: u32 = 8;

/// A series of challenges up to the current checkpoint. The accepted evidence of each challenge
/// continues the accepted evidence of the challenge before it.
///
/// The challenges are stored as spans of numbers, because challenges that were undone leave gaps.
/// If evidence continues from the series, the finding on it depends on all challenges of the
/// series.
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
	/// First and last number of each span, in order.
	spans: BoundedVec<(u64, u64), ConstU32<MAX_SPANS>>,
	/// True if acceptances after the last span were undone, so that the next acceptance starts a
	/// span.
	cut: bool,
}

impl Accepted {
	/// Returns the number of the last acceptance.
	pub fn last(&self) -> Option<u64> {
		self.spans.last().map(|(_, last)| *last)
	}

	/// Adds an acceptance that continues the last one. If there is no room, the oldest span is
	/// lost.
	pub(crate) fn add(&mut self, seq: u64) {
		match self.spans.last_mut() {
			Some((_, last)) if !self.cut => *last = seq,
			_ => {
				push_evicting(&mut self.spans, (seq, seq));
			},
		}
		self.cut = false;
	}

	/// Returns `true` if challenge `seq` is in a span. A span includes challenges that were not
	/// accepted.
	pub(crate) fn holds(&self, seq: u64) -> bool {
		self.spans.iter().any(|(first, last)| (*first..=*last).contains(&seq))
	}

	/// Removes the acceptances after challenge `from`. Removes all of them if `from` is `None`.
	pub(crate) fn revert_to(&mut self, from: Option<u64>) {
		let from = from.unwrap_or_default();
		self.spans.retain(|(first, _)| *first <= from);
		if let Some((_, last)) = self.spans.last_mut() {
			*last = from.min(*last);
		}
		self.cut = true;
	}
}

impl<T: Config> Pallet<T> {
	/// Applies accepted evidence, so that the next evidence continues its log.
	///
	/// Has no effect if the miner has enrolled another TPM since the inclusion of the evidence,
	/// because the evidence says nothing about that TPM.
	pub(crate) fn accept(host: &mut HostOf<T>, pinned: &PinnedContext, claims: Claims) {
		let same_tpm = T::Miners::tpm(&host.miner).is_some_and(|tpm| tpm.ak == pinned.ak);
		if !same_tpm || host.checkpoint != pinned.boot {
			return;
		}
		let continued = pinned.boot.as_ref().is_some_and(|boot| {
			boot.reset_count == claims.boot.reset_count
				&& boot.restart_count == claims.boot.restart_count
		});
		// A log that was submitted in parts begins with the boot as well.
		if !continued || pinned.log.is_some() {
			host.judged = pinned.log.as_ref().map_or(pinned.revision, |log| log.revision);
			host.former = None;
		}
		host.attested = pinned.revision;
		host.checkpoint = Some(claims.boot);
		host.boot_profile = Some(claims.boot_profile);
		host.accepted.add(pinned.seq);
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
	fn undone_acceptances_are_not_held() {
		let mut accepted = of(&[1, 2, 3]);
		accepted.revert_to(Some(1));
		assert_eq!((held(&accepted), accepted.last()), (vec![1], Some(1)));
		accepted.add(4);
		accepted.add(5);
		assert_eq!((held(&accepted), accepted.last()), (vec![1, 4, 5], Some(5)));
		accepted.revert_to(Some(4));
		accepted.add(6);
		assert_eq!(held(&accepted), [1, 4, 6]);
		accepted.revert_to(Some(1));
		assert_eq!(held(&accepted), [1]);
		accepted.revert_to(None);
		assert_eq!((held(&accepted), accepted.last()), (vec![], None));
		accepted.add(7);
		assert_eq!(held(&accepted), [7]);
	}

	#[test]
	fn continuous_acceptances_are_all_held() {
		let all: Vec<u64> = (1..20).collect();
		assert_eq!(held(&of(&all)), all);
	}

	#[test]
	fn oldest_span_is_lost_without_room() {
		let mut accepted = of(&[1]);
		for seq in 1..=u64::from(MAX_SPANS) {
			accepted.revert_to(Some(2 * seq - 1));
			accepted.add(2 * seq + 1);
		}
		assert_eq!(held(&accepted), [3, 5, 7, 9, 11, 13, 15, 17]);
		accepted.revert_to(Some(1));
		assert_eq!(accepted.last(), None);
	}
}
