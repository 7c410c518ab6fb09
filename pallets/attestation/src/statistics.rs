//! How many challenges there were, and what came of them: for explorers.

use hcc_primitives::{Conduct, Tier};

use crate::*;

impl<T: Config> Pallet<T> {
	/// Counts something.
	pub(crate) fn count(change: impl FnOnce(&mut Counts) -> &mut u64) {
		Counted::<T>::mutate(|counts| {
			let count = change(counts);
			*count = count.saturating_add(1);
		});
	}

	pub(crate) fn count_conduct(conduct: Conduct) {
		Self::count(|counts| match conduct {
			Conduct::Passed => &mut counts.passed,
			Conduct::Failed(_) => &mut counts.failed,
			Conduct::Missed => &mut counts.missed,
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
			counts: Counted::<T>::get(),
		}
	}
}
