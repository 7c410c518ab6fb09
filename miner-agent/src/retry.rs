//! Decides if and when a failed step of a VM is retried.

use std::time::Duration;

use hcc_chain::ChainError;

use crate::launcher::LauncherError;

/// Delay after a first failure.
const AFTER_FAILURE: Duration = Duration::from_secs(20);
/// Upper limit of growing delays.
const MAX_DELAY: Duration = Duration::from_secs(5 * 60);
/// Maximum number of attempts at a step that is unlikely to succeed.
const MAX_ATTEMPTS: u32 = 3;
/// Delay after the chain's daily limit of crash reports is reached. The delay is not a day, because
/// the chain counts days by its own clock.
const DAILY_LIMIT_DELAY: Duration = Duration::from_secs(3_600);

/// Policies for retries. Each refusal by the chain costs a fee, so the agent must not repeat a step
/// needlessly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RetryPolicy {
	/// Retries immediately, because a more urgent transaction replaced this one.
	Immediately,
	/// Retries after a fixed delay, because the attempt cost no fee.
	Soon,
	/// Retries with growing delay, because the obstacle is temporary.
	GrowingDelay,
	/// Retries a few times with growing delay, because the obstacle may be temporary.
	FewAttempts,
	/// Retries after the given delay.
	After(Duration),
	/// Does not retry the step. The VM waits until the chain requires another step.
	Never,
}

impl RetryPolicy {
	/// Returns the policy for an error.
	pub(crate) fn of(error: &anyhow::Error) -> Self {
		if let Some(error) = error.downcast_ref::<LauncherError>() {
			return Self::of_launch(error);
		}
		match error.downcast_ref::<ChainError>() {
			Some(error) if error.is_replaced() => Self::Immediately,
			Some(ChainError::Refused { pallet, error, .. }) => Self::refused(pallet, error),
			Some(
				ChainError::NotTaken { .. }
				| ChainError::NotIncluded(_)
				| ChainError::TimedOut(_)
				| ChainError::Unconfirmed(_),
			) => Self::GrowingDelay,
			Some(
				ChainError::Unreachable { .. }
				| ChainError::Node(_)
				| ChainError::Incompatible(_)
				| ChainError::Key(_),
			)
			| None => Self::Soon,
		}
	}

	/// Returns the policy for a failure on this host.
	fn of_launch(error: &LauncherError) -> Self {
		match error {
			// Each attempt takes as long as a boot.
			LauncherError::FirmwareHang { .. }
			| LauncherError::GuestSilent { .. }
			| LauncherError::GuestEnded => Self::FewAttempts,
			// The operator can remedy these.
			LauncherError::ImageMissing { .. }
			| LauncherError::ImageMismatch { .. }
			| LauncherError::NoRoom(_)
			| LauncherError::Refused { .. }
			| LauncherError::DiskFull(_)
			| LauncherError::Storage { .. } => Self::GrowingDelay,
			LauncherError::Gone(_) | LauncherError::Slow { .. } | LauncherError::Program(_) => {
				Self::Soon
			},
		}
	}

	/// Returns the policy for a dispatch error of the chain.
	fn refused(pallet: &str, error: &str) -> Self {
		match (pallet, error) {
			// The obstacle may disappear: the chip's key may be registered later, the tenant may
			// lower the required trust, or the best block may be replaced.
			(
				"Compute",
				"EvidenceRefused" | "TrustTooLow" | "WrongState" | "NotTheMiner" | "NoVm",
			) => Self::FewAttempts,
			("Compute", "TierTooLow") => Self::Never,
			("Compute", "TooManyCrashes") => Self::After(DAILY_LIMIT_DELAY),
			// The other obstacles are temporary, such as a missing price, a chip that is not live,
			// or too many unsettled charges.
			_ => Self::GrowingDelay,
		}
	}

	/// Returns the delay after the given number of failures, or `None` if the step is not retried.
	pub(crate) fn delay(self, times: u32) -> Option<Duration> {
		match self {
			Self::Immediately => Some(Duration::ZERO),
			Self::Soon => Some(AFTER_FAILURE),
			Self::GrowingDelay => Some(growing_delay(times)),
			Self::FewAttempts => (times < MAX_ATTEMPTS).then(|| growing_delay(times)),
			Self::After(delay) => Some(delay),
			Self::Never => None,
		}
	}
}

/// Returns a delay that triples with each failure, up to the limit.
fn growing_delay(times: u32) -> Duration {
	let factor = 3u32.saturating_pow(times.saturating_sub(1));
	AFTER_FAILURE.saturating_mul(factor).min(MAX_DELAY)
}

#[cfg(test)]
mod tests {
	use anyhow::{anyhow, Context};

	use super::*;

	fn refused(error: &str) -> RetryPolicy {
		let (pallet, meaning) = ("Compute".into(), String::new());
		let refusal = ChainError::Refused { pallet, error: error.into(), meaning };
		// The policy must not depend on the context that callers add to the error.
		let failed = Err::<(), _>(refusal)
			.context("submitting evidence of the boot")
			.context("maintaining the VM");
		RetryPolicy::of(&failed.expect_err("it was refused"))
	}

	fn delays(policy: RetryPolicy) -> Vec<Option<u64>> {
		(1..=6).map(|times| policy.delay(times).map(|delay| delay.as_secs())).collect()
	}

	#[test]
	fn refused_evidence_retried_a_few_times() {
		for error in ["EvidenceRefused", "TrustTooLow", "WrongState"] {
			let delays = delays(refused(error));
			assert_eq!(delays, [Some(20), Some(60), None, None, None, None], "{error}");
		}
		assert_eq!(refused("TierTooLow").delay(1), None);
	}

	#[test]
	fn temporary_refusal_retried_with_growing_delay() {
		for error in ["HostNotLive", "Unsettled", "NoPrice", "SomethingNew"] {
			let delays = delays(refused(error));
			assert_eq!(delays, [20, 60, 180, 300, 300, 300].map(Some), "{error}");
		}
		assert_eq!(RetryPolicy::GrowingDelay.delay(u32::MAX), Some(MAX_DELAY));
	}

	#[test]
	fn crash_report_over_limit_waits_an_hour() {
		assert_eq!(refused("TooManyCrashes").delay(1), Some(Duration::from_secs(3_600)));
	}

	#[test]
	fn failed_boots_retried_a_few_times() {
		let hang = anyhow::Error::new(LauncherError::FirmwareHang { seconds: 60 });
		assert_eq!(RetryPolicy::of(&hang.context("a boot")), RetryPolicy::FewAttempts);
		let full = anyhow::Error::new(LauncherError::DiskFull("/".into()));
		assert_eq!(RetryPolicy::of(&full), RetryPolicy::GrowingDelay);
		let gone = anyhow::Error::new(LauncherError::Gone("no socket".into()));
		assert_eq!(RetryPolicy::of(&gone), RetryPolicy::Soon);
	}

	#[test]
	fn free_attempt_retried_soon() {
		let failed = anyhow!("the VM's agent does not answer");
		assert_eq!(RetryPolicy::of(&failed), RetryPolicy::Soon);
		assert_eq!(delays(RetryPolicy::Soon), [Some(20); 6]);
	}

	#[test]
	fn pool_rejection_retried_with_growing_delay() {
		let (code, reason) = (1010, "the account cannot pay the fee".into());
		let poor = anyhow::Error::new(ChainError::NotTaken { code, reason });
		assert_eq!(RetryPolicy::of(&poor), RetryPolicy::GrowingDelay);
		assert_eq!(
			RetryPolicy::of(&anyhow::Error::new(ChainError::TimedOut(120))),
			RetryPolicy::GrowingDelay
		);
	}

	#[test]
	fn replaced_transaction_retried_immediately() {
		let replaced = anyhow::Error::new(ChainError::replaced()).context("calling boot");
		assert_eq!(RetryPolicy::of(&replaced), RetryPolicy::Immediately);
	}
}
