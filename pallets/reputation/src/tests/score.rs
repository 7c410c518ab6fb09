use hcc_evidence::RejectCode;
use hcc_primitives::{units::DAYS, ChallengeOutcome, Tier};
use sp_runtime::Perbill;

use crate::{
	mock::RULES,
	score::{self, FULL},
	Rules, Score,
};

fn failed(code: RejectCode) -> ChallengeOutcome {
	ChallengeOutcome::Failed(code.number())
}

fn after(outcome: &[ChallengeOutcome]) -> Score {
	outcome.iter().fold(Score::first(&RULES, 0), |score, outcome| score.after(*outcome, 0, &RULES))
}

#[test]
fn acceptances_raise_score_to_maximum() {
	assert_eq!(after(&[ChallengeOutcome::Passed]).value, 510);
	assert_eq!(after(&[ChallengeOutcome::Passed; 4]).value, 545);
	assert_eq!(after(&[ChallengeOutcome::Passed; 200]).value, FULL);
}

#[test]
fn unknown_file_quarantines_without_strike() {
	let score = after(&[failed(RejectCode::ImaUnknownFile)]);
	assert_eq!((score.value, score.strikes), (250, 0));
	assert_eq!(score.tier(&RULES), Tier::Quarantine);
	assert_eq!(score.after(ChallengeOutcome::Passed, 0, &RULES).tier(&RULES), Tier::Probation);
}

/// AMD's bulletins require new firmware. An honest host can install it only once its vendor has it.
#[test]
fn old_firmware_costs_no_strike() {
	for code in [RejectCode::Mitigation, RejectCode::TcbFloor] {
		let score = after(&[failed(code)]);
		assert_eq!((score.value, score.strikes), (RULES.start - RULES.failed, 0), "{code:?}");
		assert_ne!(score.tier(&RULES), Tier::Quarantine);
	}
	let debugged = after(&[failed(RejectCode::GuestPolicy)]);
	assert_eq!((debugged.value, debugged.strikes), (100, 1), "age is not the cause");
}

#[test]
fn forbidden_file_has_maximum_loss_and_strike() {
	let score = after(&[failed(RejectCode::ImaForbiddenFile)]);
	assert_eq!((score.value, score.strikes), (100, 1));
}

#[test]
fn silence_is_never_cheaper_than_rejection() {
	let silent = after(&[ChallengeOutcome::Missed]);
	for &code in RejectCode::ALL {
		let caught = after(&[failed(code)]);
		assert!(silent.value <= caught.value && silent.strikes >= caught.strikes, "{code:?}");
	}
	let lenient = Rules { tampered: 0, ..RULES }.clamped();
	assert_eq!(lenient.tampered, RULES.tpm_failed);
}

#[test]
fn three_strikes_suspend_and_uptime_removes_one() {
	let suspended = after(&[failed(RejectCode::QuoteSignature); 3]);
	assert_eq!(suspended.tier(&RULES), Tier::Suspended);
	let recovered =
		(0..4).fold(suspended, |score, _| score.after(ChallengeOutcome::Passed, 0, &RULES));
	assert_eq!(recovered.strikes, 2);
	assert_eq!(recovered.tier(&RULES), Tier::Probation);
}

#[test]
fn trusted_tier_requires_high_score_without_strikes() {
	assert_eq!(after(&[ChallengeOutcome::Passed; 17]).tier(&RULES), Tier::Regular);
	assert_eq!(after(&[ChallengeOutcome::Passed; 18]).tier(&RULES), Tier::Trusted);
}

#[test]
fn clamped_rules_are_within_bounds() {
	let unclamped = Rules {
		start: u16::MAX,
		passed: 0,
		uptime: u16::MAX,
		streak: 0,
		failed: u16::MAX,
		tpm_failed: 0,
		ima_unknown: 0,
		tampered: 0,
		trusted: u16::MAX,
		probation: u16::MAX,
		max_strikes: 0,
		decay: u16::MAX,
		daily_loss: 0,
		usage: u16::MAX,
		slash: Perbill::one(),
	};
	let rules = unclamped.clamped();
	assert_eq!(rules.clamped(), rules);
	let score = Score::first(&rules, 0).after(ChallengeOutcome::Passed, 0, &rules).after(
		ChallengeOutcome::Missed,
		0,
		&rules,
	);
	assert!(score.value <= FULL);
}

#[test]
fn strikes_are_capped_in_long_outage() {
	let outage = after(&[ChallengeOutcome::Missed; 200]);
	assert_eq!(outage.strikes, RULES.max_strikes);
	assert_eq!(outage.tier(&RULES), Tier::Suspended);
}

#[test]
fn high_score_decays_to_start_and_low_score_stays() {
	let trusted = after(&[ChallengeOutcome::Passed; 20]);
	assert_eq!(trusted.value, 725);
	assert_eq!(trusted.at(DAYS - 1, &RULES).value, 725);
	assert_eq!(trusted.at(3 * DAYS, &RULES).value, 725 - 3 * RULES.decay);
	assert_eq!(trusted.at(1_000 * DAYS, &RULES).value, RULES.start);
	let distrusted = after(&[failed(RejectCode::QuoteSignature)]);
	assert_eq!(distrusted.at(1_000 * DAYS, &RULES).value, distrusted.value);
	assert_eq!(distrusted.at(1_000 * DAYS, &RULES).strikes, 1);
}

#[test]
fn hourly_acceptance_prevents_decay() {
	let score = (0..100u32).fold(after(&[ChallengeOutcome::Passed; 20]), |score, hour| {
		score.after(ChallengeOutcome::Passed, hour * DAYS / 24, &RULES)
	});
	assert_eq!(score.value, FULL);
}

#[test]
fn daily_loss_is_capped_and_strikes_count() {
	let rules = Rules { daily_loss: 500, ..RULES };
	let high = after(&[ChallengeOutcome::Passed; 200]);
	let lose = |score: Score, at| score.after(ChallengeOutcome::Missed, at, &rules);
	let first = lose(high, 1);
	let second = lose(first, 2);
	let third = lose(second, 3);
	assert_eq!([first.value, second.value, third.value], [600, 500, 500]);
	assert_eq!(third.strikes, 3);
	assert_eq!(lose(third, DAYS + 1).value, 100);
}

#[test]
fn usage_only_lowers_score() {
	let score = Score { value: 740, ..Score::first(&RULES, 0) };
	let with = |got| score.with_usage(got, &RULES);
	assert_eq!([1_000, 750, 0].map(|got| with(got).value), [740, 715, 640]);
	assert_eq!(with(u16::MAX), score);
	assert_eq!(with(1_000).tier(&RULES), Tier::Trusted);
	assert_eq!(with(500).tier(&RULES), Tier::Regular);
	let poor = Score { value: 30, ..score };
	assert_eq!(poor.with_usage(0, &RULES).value, 0);
	let greedy = Rules { usage: FULL, ..RULES }.clamped();
	assert_eq!(Score { value: FULL, ..score }.with_usage(0, &greedy).value, 750);
}

#[test]
fn usage_mean_reaches_repeated_value() {
	assert_eq!(score::usage_after(FULL, 0), 937);
	assert_eq!(score::usage_after(0, FULL), 63);
	assert_eq!(score::usage_after(FULL, u16::MAX), FULL);
	let mut used = FULL;
	for got in [300, FULL, 0] {
		for _ in 0..200 {
			let next = score::usage_after(used, got);
			assert!(next.abs_diff(got) <= used.abs_diff(got));
			used = next;
		}
		assert_eq!(used, got);
	}
}

#[test]
fn first_loss_of_day_is_never_capped() {
	let rules = Rules { daily_loss: 0, ..RULES }.clamped();
	assert_eq!(rules.daily_loss, RULES.tampered);
}

#[test]
fn formerly_allowed_software_only_quarantines() {
	for code in [RejectCode::ImaOutdatedFile, RejectCode::BootOutdated] {
		let score = after(&[failed(code)]);
		assert_eq!((score.value, score.strikes), (RULES.start, 0));
		assert_eq!(score.tier(&RULES), Tier::Quarantine);
	}
}

/// With a lower penalty, a host with a forbidden file would send a forged report instead.
#[test]
fn forged_evidence_costs_as_much_as_forbidden_file() {
	for code in [
		RejectCode::ReportSignature,
		RejectCode::ReportData,
		RejectCode::LaunchMeasurement,
		RejectCode::GuestPolicy,
	] {
		let score = after(&[failed(code)]);
		assert_eq!((score.value, score.strikes), (100, 1), "{code:?}");
	}
	for code in [RejectCode::TcbFloor, RejectCode::ImaLimit, RejectCode::BootLogLimit] {
		assert_eq!(after(&[failed(code)]).strikes, 0, "{code:?}");
	}
}

/// The verifier is at fault here, not the miner. A report that the chip did not sign still costs a
/// strike.
#[test]
fn unsupported_report_version_only_quarantines() {
	let score = after(&[failed(RejectCode::ReportVersionUnsupported)]);
	assert_eq!((score.value, score.strikes), (RULES.start, 0));
	assert_eq!(score.tier(&RULES), Tier::Quarantine);
	assert_eq!(after(&[failed(RejectCode::ReportVersion)]).strikes, 1);
}

#[test]
fn unknown_boot_and_malformed_report_cost_strike() {
	for (code, left) in [(RejectCode::BootUnknown, 200), (RejectCode::ReportLength, 100)] {
		let score = after(&[failed(code)]);
		assert_eq!((score.value, score.strikes, score.quarantined), (left, 1, false), "{code:?}");
	}
}

#[test]
fn failure_resets_streak() {
	let (passed, missed) = (ChallengeOutcome::Passed, ChallengeOutcome::Missed);
	let score = after(&[passed, passed, passed, missed, passed]);
	assert_eq!((score.value, score.strikes, score.streak), (140, 1, 1));
}

#[test]
fn tier_bounds_are_inclusive() {
	let tier = |value| Score { value, ..Score::first(&RULES, 0) }.tier(&RULES);
	assert_eq!([299, 300].map(tier), [Tier::Probation, Tier::Regular]);
	assert_eq!([699, 700].map(tier), [Tier::Regular, Tier::Trusted]);
}

#[test]
fn last_strike_is_first_that_suspends() {
	let with = |strikes| Score { strikes, ..Score::first(&RULES, 0) };
	let is_last = |before, after| with(after).is_last_strike(&with(before), &RULES);
	assert!(is_last(2, 3));
	assert!(!is_last(1, 2) && !is_last(3, 3));
}
