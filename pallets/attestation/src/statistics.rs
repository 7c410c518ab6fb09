//! Statistics of challenges and chips, for explorers.

use hcc_primitives::{ChallengeOutcome, Tier};

use crate::*;

impl<T: Config> Pallet<T> {
	/// Increments one of the counters.
	pub(crate) fn count(change: impl FnOnce(&mut Counters) -> &mut u64) {
		ChallengeCounts::<T>::mutate(|counts| {
			let count = change(counts);
			*count = count.saturating_add(1);
		});
	}

	pub(crate) fn count_outcome(outcome: ChallengeOutcome) {
		Self::count(|counts| match outcome {
			ChallengeOutcome::Passed => &mut counts.passed,
			ChallengeOutcome::Failed(_) => &mut counts.failed,
			ChallengeOutcome::Missed => &mut counts.missed,
		});
	}

	pub(crate) fn statistics_now() -> Statistics {
		let rules = Self::rules();
		let of = |tier| TierStatistics {
			tier,
			chips: Population::<T>::get(tier),
			interval: rules.interval(tier),
		};
		Statistics {
			tiers: Tier::ALL.map(of),
			waiting: Rechecks::<T>::decode_len().unwrap_or_default() as u32,
			counts: ChallengeCounts::<T>::get(),
		}
	}
}
