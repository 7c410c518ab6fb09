//! When what failed with a VM is tried again.

use std::time::Duration;

use hcc_chain::ChainError;

/// How long to wait after a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(20);
/// How long at the most, where that grows with each.
const LONGEST: Duration = Duration::from_secs(5 * 60);
/// How often something is tried that hardly comes to be taken.
const TRIES: u32 = 3;
/// How long to wait where the chain takes no more on a day. Days are the chain's.
const WHILE_FULL: Duration = Duration::from_secs(3_600);

/// When what failed is tried again. Each refusal of the chain's costs a fee, and what runs is no reason to pay it over and over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Again {
	/// At once: it gave way to something urgent, for no fault of its own.
	AtOnce,
	/// After a while: it costs nothing.
	Soon,
	/// After a while, a longer one each time: what keeps it from being taken passes.
	Slower,
	/// So too, a few times at all: it may be that what is missing comes.
	AFewTimes,
	/// Not before that time.
	After(Duration),
	/// No more, until the chain wants something else.
	NoMore,
}

impl Again {
	/// By what failed.
	pub(crate) fn of(error: &anyhow::Error) -> Self {
		match error.downcast_ref::<ChainError>() {
			Some(error) if error.is_replaced() => Self::AtOnce,
			Some(ChainError::Refused { pallet, error, .. }) => Self::refused(pallet, error),
			Some(
				ChainError::NotTaken { .. } | ChainError::NotIncluded(_) | ChainError::TimedOut(_),
			) => Self::Slower,
			Some(
				ChainError::Unreachable { .. }
				| ChainError::Node(_)
				| ChainError::Incompatible(_)
				| ChainError::Key(_),
			)
			| None => Self::Soon,
		}
	}

	/// By the chain's reason.
	fn refused(pallet: &str, error: &str) -> Self {
		match (pallet, error) {
			// The chip's key may come to be known, the tenant may be content with less trust, and a best block may be replaced.
			(
				"Compute",
				"EvidenceRefused" | "TrustTooLow" | "WrongState" | "NotTheMiner" | "NoVm",
			) => Self::AFewTimes,
			("Compute", "TierTooLow") => Self::NoMore,
			("Compute", "TooManyCrashes") => Self::After(WHILE_FULL),
			// No price, no live chip, too much unsettled: it passes.
			_ => Self::Slower,
		}
	}

	/// How long it rests that has failed so for that many times; none where it is not tried any more.
	pub(crate) fn rest(self, times: u32) -> Option<Duration> {
		match self {
			Self::AtOnce => Some(Duration::ZERO),
			Self::Soon => Some(AFTER_FAILURE),
			Self::Slower => Some(growing(times)),
			Self::AFewTimes => (times < TRIES).then(|| growing(times)),
			Self::After(rest) => Some(rest),
			Self::NoMore => None,
		}
	}
}

/// Thrice as long each time.
fn growing(times: u32) -> Duration {
	let factor = 3u32.saturating_pow(times.saturating_sub(1));
	AFTER_FAILURE.saturating_mul(factor).min(LONGEST)
}

#[cfg(test)]
mod tests {
	use anyhow::{anyhow, Context};

	use super::*;

	fn refused(error: &str) -> Again {
		let (pallet, meaning) = ("Compute".into(), String::new());
		let refusal = ChainError::Refused { pallet, error: error.into(), meaning };
		// As it comes: with what was tried.
		let failed = Err::<(), _>(refusal).context("showing the boot").context("tending");
		Again::of(&failed.expect_err("it was refused"))
	}

	fn rests(again: Again) -> Vec<Option<u64>> {
		(1..=6).map(|times| again.rest(times).map(|rest| rest.as_secs())).collect()
	}

	#[test]
	fn evidence_that_is_refused_is_shown_a_few_times_and_no_more() {
		for error in ["EvidenceRefused", "TrustTooLow", "WrongState"] {
			let rests = rests(refused(error));
			assert_eq!(rests, [Some(20), Some(60), None, None, None, None], "{error}");
		}
		assert_eq!(refused("TierTooLow").rest(1), None);
	}

	#[test]
	fn what_passes_is_tried_again_ever_more_slowly() {
		for error in ["HostNotLive", "Unsettled", "NoPrice", "SomethingNew"] {
			let rests = rests(refused(error));
			assert_eq!(rests, [20, 60, 180, 300, 300, 300].map(Some), "{error}");
		}
		assert_eq!(Again::Slower.rest(u32::MAX), Some(LONGEST));
	}

	#[test]
	fn a_crash_too_many_is_not_told_of_for_an_hour() {
		assert_eq!(refused("TooManyCrashes").rest(1), Some(Duration::from_secs(3_600)));
	}

	#[test]
	fn what_costs_nothing_is_tried_again_soon() {
		let failed = anyhow!("the VM's agent does not answer");
		assert_eq!(Again::of(&failed), Again::Soon);
		assert_eq!(rests(Again::Soon), [Some(20); 6]);
	}

	#[test]
	fn what_the_pool_does_not_take_is_tried_ever_more_slowly_too() {
		let (code, reason) = (1010, "the account cannot pay the fee".into());
		let poor = anyhow::Error::new(ChainError::NotTaken { code, reason });
		assert_eq!(Again::of(&poor), Again::Slower);
		assert_eq!(Again::of(&anyhow::Error::new(ChainError::TimedOut(120))), Again::Slower);
	}

	#[test]
	fn what_gave_way_to_something_urgent_is_tried_at_once() {
		let replaced = anyhow::Error::new(ChainError::replaced()).context("beginning the boot");
		assert_eq!(Again::of(&replaced), Again::AtOnce);
	}
}
