//! What conduct makes of a score. Pure: no storage, no chain.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use hcc_evidence::{RejectClass, RejectCode};
use hcc_primitives::{Conduct, Tier};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_runtime::Debug;

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
	/// What other rejected evidence loses.
	pub failed: PerMille,
	/// What a failure of the TPM loses: its quote, its key, its boot.
	pub tpm_failed: PerMille,
	/// What a measured file that nobody knows loses.
	pub ima_unknown: PerMille,
	/// What a forbidden file, or a log that does not hold, loses. Silence loses as much, so that it is never cheaper than being caught.
	pub tampered: PerMille,
	/// From which score on a chip is trusted.
	pub trusted: PerMille,
	/// Below which score it is on probation.
	pub probation: PerMille,
	/// With how many strikes it is suspended.
	pub max_strikes: u8,
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
}

/// What an incident takes, and whether it is a strike.
struct Penalty {
	loss: PerMille,
	strike: bool,
	quarantine: bool,
}

impl Score {
	/// A chip that nothing is known of.
	pub fn first(rules: &Rules) -> Self {
		Self { value: rules.start, strikes: 0, streak: 0, quarantined: false }
	}

	/// The score after `conduct`.
	#[must_use]
	pub fn after(self, conduct: Conduct, rules: &Rules) -> Self {
		match conduct {
			Conduct::Passed => self.gain(rules),
			Conduct::Failed(code) => self.lose(penalty(code, rules), rules),
			Conduct::Missed => {
				let silence = Penalty { loss: rules.tampered, strike: true, quarantine: false };
				self.lose(silence, rules)
			},
		}
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
		}
	}

	fn lose(self, penalty: Penalty, rules: &Rules) -> Self {
		Self {
			value: self.value.saturating_sub(penalty.loss),
			// No more than suspend: else a long outage would take months to be forgiven.
			strikes: self.strikes.saturating_add(u8::from(penalty.strike)).min(rules.max_strikes),
			streak: 0,
			quarantined: self.quarantined || penalty.quarantine,
		}
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

fn penalty(code: u16, rules: &Rules) -> Penalty {
	// A code that this runtime does not know is of a newer verifier's: it weighs as any failure.
	let class = RejectCode::from_number(code).map(RejectCode::class);
	let of = |loss, strike, quarantine| Penalty { loss, strike, quarantine };
	match class {
		Some(RejectClass::TpmSignature | RejectClass::TpmQuote | RejectClass::BootProfile) => {
			of(rules.tpm_failed, true, false)
		},
		Some(RejectClass::ImaUnknown) => of(rules.ima_unknown, false, true),
		Some(RejectClass::ImaForbidden | RejectClass::ImaReplay) => of(rules.tampered, true, true),
		Some(
			RejectClass::Malformed
			| RejectClass::Binding
			| RejectClass::SnpSignature
			| RejectClass::SnpChain
			| RejectClass::SnpPolicy
			| RejectClass::Tcb
			| RejectClass::Measurement
			| RejectClass::Revoked,
		)
		| None => of(rules.failed, false, false),
	}
}
