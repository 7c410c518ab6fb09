//! What conduct makes of a score. Pure: no storage, no chain.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use hcc_evidence::{RejectClass, RejectCode};
use hcc_primitives::{units::DAYS, Conduct, Tick, Tier};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_runtime::{Debug, Perbill};

/// A part of a thousand.
pub type PerMille = u16;
/// The highest score.
pub const FULL: PerMille = 1_000;

/// What governance sets: gains and losses in thousandths of the full score.
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
	/// The score that a chip starts from.
	pub start: PerMille,
	/// What accepted evidence gains.
	pub passed: PerMille,
	/// What it gains on top with each [`Rules::streak`] in a row: uptime.
	pub uptime: PerMille,
	/// How many accepted evidences in a row count as uptime, and forgive a strike.
	pub streak: u16,
	/// What evidence loses for old firmware, a revoked key, a log that is too long.
	pub failed: PerMille,
	/// What a failure of the TPM loses: its quote, its key, its boot.
	pub tpm_failed: PerMille,
	/// What a measured file that nobody knows loses.
	pub ima_unknown: PerMille,
	/// What a forbidden file, a log that does not hold, and evidence that no honest host sends lose. Silence loses as much, so that it is never cheaper than being caught.
	pub tampered: PerMille,
	/// From which score on a chip is trusted.
	pub trusted: PerMille,
	/// Below which score it is on probation.
	pub probation: PerMille,
	/// With how many strikes it is suspended.
	pub max_strikes: u8,
	/// What a chip loses, above the score that it started from, for each day in which it has proven nothing.
	pub decay: PerMille,
	/// The most that a chip loses in one day.
	pub daily_loss: PerMille,
	/// The most that a chip's score is lowered by where its VMs get less than they pay for: by so much where they get nothing.
	pub usage: PerMille,
	/// The part of its bond that a miner loses for the strike with which its chip is suspended.
	pub slash: Perbill,
}

impl Rules {
	/// Every value within bounds; silence never cheaper than the other failures.
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
			// The first incident of a day always counts in whole.
			daily_loss: self.daily_loss.clamp(self.tampered.max(worst).min(FULL), FULL),
			// Tenants tell of it: they shall not ruin a chip.
			usage: self.usage.min(FULL / 4),
			slash: self.slash,
		}
	}
}

/// What a chip stands at.
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
	/// In thousandths.
	pub value: PerMille,
	/// Incidents that were more than carelessness.
	pub strikes: u8,
	/// Accepted evidences since the last incident.
	pub streak: u16,
	/// The last evidence showed a file that nobody knows.
	pub quarantined: bool,
	/// When it last changed.
	pub at: Tick,
	/// What it has lost on that day.
	pub lost: PerMille,
}

/// What an incident takes, and whether it is a strike.
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
	/// In thousandths.
	pub loss: PerMille,
	pub strike: bool,
	/// The chip gets no work until it has proven itself again.
	pub quarantine: bool,
}

impl Penalty {
	/// What that conduct costs.
	pub fn of(conduct: Conduct, rules: &Rules) -> Self {
		match conduct {
			Conduct::Passed => Self::default(),
			Conduct::Failed(code) => penalty(code, rules),
			Conduct::Missed => Self { loss: rules.tampered, strike: true, quarantine: false },
		}
	}
}

impl Score {
	/// A chip that nothing is known of.
	pub fn first(rules: &Rules, now: Tick) -> Self {
		Self { value: rules.start, strikes: 0, streak: 0, quarantined: false, at: now, lost: 0 }
	}

	/// The score at a later time at which nothing else has happened: trust that is not renewed fades, distrust does not.
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

	/// The score after `conduct`.
	#[must_use]
	pub fn after(self, conduct: Conduct, now: Tick, rules: &Rules) -> Self {
		self.then(conduct, Penalty::of(conduct, rules), now, rules)
	}

	/// The score after `conduct` that costs as much: what the rules made of it at its time.
	#[must_use]
	pub fn then(self, conduct: Conduct, penalty: Penalty, now: Tick, rules: &Rules) -> Self {
		let before = self.at(now, rules);
		match conduct {
			Conduct::Passed => before.gain(rules),
			Conduct::Failed(_) | Conduct::Missed => before.lose(penalty, rules),
		}
	}

	/// Whether that is the strike with which a chip is suspended.
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
			// No more than suspend: else a long outage would take months to be forgiven.
			strikes: self.strikes.saturating_add(u8::from(penalty.strike)).min(rules.max_strikes),
			streak: 0,
			quarantined: self.quarantined || penalty.quarantine,
			..self
		}
	}

	/// The score of a chip whose VMs get so many thousandths of what they pay for.
	#[must_use]
	pub fn with_use(self, got: PerMille, rules: &Rules) -> Self {
		let lack = FULL.saturating_sub(got);
		let product = u32::from(rules.usage).saturating_mul(lack.into());
		let lowered = product.checked_div(FULL.into()).unwrap_or_default() as PerMille;
		Self { value: self.value.saturating_sub(lowered), ..self }
	}

	/// The tier that such a chip belongs to.
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

/// How many times what was known before counts against what is told now.
const INERTIA: u32 = 15;

/// What a chip's VMs get, in thousandths, after another has got so much: a mean in which the past fades.
pub fn use_after(before: PerMille, got: PerMille) -> PerMille {
	let (old, new) = (u32::from(before.min(FULL)), u32::from(got.min(FULL)));
	let sum = old.saturating_mul(INERTIA).saturating_add(new);
	let parts = INERTIA.saturating_add(1);
	// Rounded towards what is told, so that it is reached.
	let mean = if new > old { sum.div_ceil(parts) } else { sum.checked_div(parts).unwrap_or(old) };
	mean as PerMille
}

fn penalty(code: u16, rules: &Rules) -> Penalty {
	// A code that this runtime does not know is of a newer verifier's: it weighs as any failure.
	let class = RejectCode::from_number(code).map(RejectCode::class);
	let of = |loss, strike, quarantine| Penalty { loss, strike, quarantine };
	match class {
		// What was allowed before costs only the work until it is gone.
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
		// Nor is firmware without what policy asks for by now: like a TCB, it is looked at last.
		Some(RejectClass::SnpPolicy) if code == RejectCode::Mitigation.number() => {
			of(rules.failed, false, false)
		},
		// A log that is longer than one evidence takes is nobody's malice.
		Some(RejectClass::Malformed) if code == RejectCode::ImaLimit.number() => {
			of(rules.failed, false, false)
		},
		// An honest host sends nothing of the kind; else whoever has something to hide would send this in its stead.
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
