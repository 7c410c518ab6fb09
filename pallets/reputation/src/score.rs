//! The formula of scores: pure functions, without access to storage or the chain.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use hcc_evidence::{RejectClass, RejectCode};
use hcc_primitives::{units::DAYS, ChallengeOutcome, Tick, Tier};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_runtime::{Debug, Perbill};

/// A number of thousandths.
pub type PerMille = u16;
/// The highest score.
pub const FULL: PerMille = 1_000;

/// Rules that governance sets: gains and losses in thousandths of the full score.
#[derive(
	Clone,
	Copy,
	Eq,
	PartialEq,
	Debug,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
	Serialize,
	Deserialize,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rules {
	/// The score of a new chip.
	pub start: PerMille,
	/// Gain for accepted evidence.
	pub passed: PerMille,
	/// Additional gain after each [`Rules::streak`] acceptances in a row, as a reward for uptime.
	pub uptime: PerMille,
	/// Number of acceptances in a row that count as uptime and remove a strike.
	pub streak: u16,
	/// Loss for old firmware, a revoked key, or a measurement log or event log that is too long.
	pub failed: PerMille,
	/// Loss for a failure of the TPM: of its quote, its key or its boot.
	pub tpm_failed: PerMille,
	/// Loss for a measured file that policy does not know.
	pub ima_unknown: PerMille,
	/// Loss for a forbidden file, a log that does not lead to the quoted PCR, and evidence that an
	/// honest host never sends. A missed challenge costs as much, so that silence is never cheaper
	/// than a rejection.
	pub tampered: PerMille,
	/// Minimum score of a trusted chip.
	pub trusted: PerMille,
	/// A chip with a score below this is on probation.
	pub probation: PerMille,
	/// Number of strikes that suspends a chip.
	pub max_strikes: u8,
	/// Loss for each day without an outcome, while the score is above [`Rules::start`].
	pub decay: PerMille,
	/// Maximum loss of a chip in one day.
	pub daily_loss: PerMille,
	/// Amount by which the score is lowered if the VMs of a chip receive nothing. A partial
	/// shortfall lowers it in proportion.
	pub usage: PerMille,
	/// Part of the bond that a miner loses for the strike that suspends its chip.
	pub slash: Perbill,
}

impl Rules {
	/// Clamps each value to its bounds, so that a missed challenge never costs less than another
	/// failure.
	pub fn clamped(self) -> Self {
		let worst = self.failed.max(self.tpm_failed).max(self.ima_unknown);
		let trusted = self.trusted.min(FULL);
		Self {
			start: self.start.min(FULL),
			passed: self.passed.clamp(1, FULL),
			uptime: self.uptime.min(FULL),
			streak: self.streak.max(1),
			failed: self.failed.min(FULL),
			tpm_failed: self.tpm_failed.min(FULL),
			ima_unknown: self.ima_unknown.min(FULL),
			tampered: self.tampered.max(worst).min(FULL),
			trusted,
			probation: self.probation.min(trusted),
			max_strikes: self.max_strikes.max(1),
			decay: self.decay.min(FULL),
			// The first incident of a day always counts in full.
			daily_loss: self.daily_loss.clamp(self.tampered.max(worst).min(FULL), FULL),
			// Tenants report the shortfall, so a reported shortfall must not be able to ruin a
			// chip.
			usage: self.usage.min(FULL / 4),
			slash: self.slash,
		}
	}
}

/// Score, strikes and streak of a chip.
#[derive(
	Clone,
	Copy,
	Eq,
	PartialEq,
	Debug,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct Score {
	/// Score in thousandths.
	pub value: PerMille,
	/// Number of serious failures.
	pub strikes: u8,
	/// Number of acceptances since the last failure.
	pub streak: u16,
	/// True after a failure that quarantines the chip, until the next acceptance.
	pub quarantined: bool,
	/// The tick of the last change.
	pub at: Tick,
	/// Thousandths that the chip lost on the day of the last change.
	pub lost: PerMille,
}

/// Penalty for an incident.
#[derive(
	Clone,
	Copy,
	Default,
	Eq,
	PartialEq,
	Debug,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct Penalty {
	/// Loss in thousandths.
	pub loss: PerMille,
	pub strike: bool,
	/// True if the chip receives no work until its next acceptance.
	pub quarantine: bool,
}

impl Penalty {
	/// Returns the penalty for an outcome.
	pub fn of(outcome: ChallengeOutcome, rules: &Rules) -> Self {
		match outcome {
			ChallengeOutcome::Passed => Self::default(),
			ChallengeOutcome::Failed(code) => penalty(code, rules),
			ChallengeOutcome::Missed => {
				Self { loss: rules.tampered, strike: true, quarantine: false }
			},
		}
	}
}

impl Score {
	/// Returns the score of a new chip.
	pub fn first(rules: &Rules, now: Tick) -> Self {
		Self { value: rules.start, strikes: 0, streak: 0, quarantined: false, at: now, lost: 0 }
	}

	/// Returns the score at tick `now`, if there was no outcome since the last change.
	///
	/// A score above [`Rules::start`] falls with time. A lower score does not rise.
	#[must_use]
	pub fn at(self, now: Tick, rules: &Rules) -> Self {
		let days = now.saturating_sub(self.at).checked_div(DAYS).unwrap_or(0);
		let faded = u32::from(rules.decay).saturating_mul(days).min(FULL.into()) as PerMille;
		let least = rules.start.min(self.value);
		let same_day = now.checked_div(DAYS) == self.at.checked_div(DAYS);
		Self {
			value: self.value.saturating_sub(faded).max(least),
			at: now,
			lost: if same_day { self.lost } else { 0 },
			..self
		}
	}

	/// Returns the score after `outcome`, with its penalty under `rules`.
	#[must_use]
	pub fn after(self, outcome: ChallengeOutcome, now: Tick, rules: &Rules) -> Self {
		self.then(outcome, Penalty::of(outcome, rules), now, rules)
	}

	/// Returns the score after `outcome` with the given penalty. The penalty may follow from
	/// earlier rules.
	#[must_use]
	pub fn then(
		self,
		outcome: ChallengeOutcome,
		penalty: Penalty,
		now: Tick,
		rules: &Rules,
	) -> Self {
		let before = self.at(now, rules);
		match outcome {
			ChallengeOutcome::Passed => before.gain(rules),
			ChallengeOutcome::Failed(_) | ChallengeOutcome::Missed => before.lose(penalty, rules),
		}
	}

	/// Returns `true` if the strikes suspend the chip now, and did not suspend it at `before`.
	pub fn is_last_strike(&self, before: &Self, rules: &Rules) -> bool {
		before.strikes < rules.max_strikes && self.strikes >= rules.max_strikes
	}

	fn gain(self, rules: &Rules) -> Self {
		let streak = self.streak.saturating_add(1);
		let complete = streak.checked_rem(rules.streak) == Some(0);
		let bonus = if complete { rules.uptime } else { 0 };
		Self {
			value: self.value.saturating_add(rules.passed).saturating_add(bonus).min(FULL),
			strikes: self.strikes.saturating_sub(u8::from(complete)),
			streak,
			quarantined: false,
			..self
		}
	}

	fn lose(self, penalty: Penalty, rules: &Rules) -> Self {
		let loss = penalty.loss.min(rules.daily_loss.saturating_sub(self.lost));
		Self {
			value: self.value.saturating_sub(loss),
			lost: self.lost.saturating_add(loss),
			// Strikes are capped, because a chip would need months to recover from a long outage
			// otherwise.
			strikes: self.strikes.saturating_add(u8::from(penalty.strike)).min(rules.max_strikes),
			streak: 0,
			quarantined: self.quarantined || penalty.quarantine,
			..self
		}
	}

	/// Lowers the score according to a usage score of `got` thousandths. The reduction is rounded
	/// down.
	#[must_use]
	pub fn with_usage(self, got: PerMille, rules: &Rules) -> Self {
		let shortfall = FULL.saturating_sub(got);
		let product = u32::from(rules.usage).saturating_mul(shortfall.into());
		let lowered = product.checked_div(FULL.into()).unwrap_or_default() as PerMille;
		Self { value: self.value.saturating_sub(lowered), ..self }
	}

	/// Returns the tier that follows from the score and the strikes.
	pub fn tier(&self, rules: &Rules) -> Tier {
		if self.strikes >= rules.max_strikes {
			Tier::Suspended
		} else if self.quarantined {
			Tier::Quarantine
		} else if self.value < rules.probation {
			Tier::Probation
		} else if self.value >= rules.trusted && self.strikes == 0 {
			Tier::Trusted
		} else {
			Tier::Regular
		}
	}
}

/// Weight of the previous mean, if one new value has the weight 1.
const INERTIA: u32 = 15;

/// Returns the usage score after a VM received `got` thousandths: a running mean of the values.
pub fn usage_after(before: PerMille, got: PerMille) -> PerMille {
	let (old, new) = (u32::from(before.min(FULL)), u32::from(got.min(FULL)));
	let sum = old.saturating_mul(INERTIA).saturating_add(new);
	let parts = INERTIA.saturating_add(1);
	// Rounded towards the new value, so that the mean can reach it.
	let mean = if new > old { sum.div_ceil(parts) } else { sum.checked_div(parts).unwrap_or(old) };
	mean as PerMille
}

fn penalty(code: u16, rules: &Rules) -> Penalty {
	// An unknown code comes from a newer verifier, and counts as an ordinary failure.
	let class = RejectCode::from_number(code).map(RejectCode::class);
	let of = |loss, strike, quarantine| Penalty { loss, strike, quarantine };
	match class {
		// A boot that was allowed before costs no score. The chip receives no work until it is
		// replaced.
		Some(RejectClass::BootProfile) if code == RejectCode::BootOutdated.number() => {
			of(0, false, true)
		},
		Some(RejectClass::TpmSignature | RejectClass::TpmQuote | RejectClass::BootProfile) => {
			of(rules.tpm_failed, true, false)
		},
		Some(RejectClass::ImaUnknown) if code == RejectCode::ImaOutdatedFile.number() => {
			of(0, false, true)
		},
		Some(RejectClass::ImaUnknown) => of(rules.ima_unknown, false, true),
		Some(RejectClass::ImaForbidden | RejectClass::ImaReplay) => of(rules.tampered, true, true),
		// The chip signed the report for this challenge. Only the verifier is too old for the
		// report.
		Some(RejectClass::Tcb) if code == RejectCode::ReportVersionUnsupported.number() => {
			of(0, false, true)
		},
		// A missing mitigation counts like an old TCB: it is checked last, and does not indicate
		// malice.
		Some(RejectClass::SnpPolicy) if code == RejectCode::Mitigation.number() => {
			of(rules.failed, false, false)
		},
		// A log that is too long for one piece of evidence does not indicate malice. Neither does
		// an event log of the firmware with too many events, because it matched the quote before
		// its events were counted.
		Some(RejectClass::Malformed)
			if [RejectCode::ImaLimit, RejectCode::BootLogLimit]
				.map(RejectCode::number)
				.contains(&code) =>
		{
			of(rules.failed, false, false)
		},
		// An honest host never sends such evidence. With a lower penalty, a host with a forbidden
		// file would send it instead of its true evidence.
		Some(
			RejectClass::Malformed
			| RejectClass::Binding
			| RejectClass::SnpSignature
			| RejectClass::SnpChain
			| RejectClass::SnpPolicy
			| RejectClass::Measurement,
		) => of(rules.tampered, true, false),
		Some(RejectClass::Tcb | RejectClass::Revoked) | None => of(rules.failed, false, false),
	}
}
