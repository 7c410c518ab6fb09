use hcc_evidence::RejectCode;
use hcc_primitives::{units::DAYS, Conduct, Tier};
use sp_runtime::Perbill;

use crate::{
	mock::RULES,
	score::{self, FULL},
	Rules, Score,
};

fn failed(code: RejectCode) -> Conduct {
	Conduct::Failed(code.number())
}

fn after(conduct: &[Conduct]) -> Score {
	conduct.iter().fold(Score::first(&RULES, 0), |score, conduct| score.after(*conduct, 0, &RULES))
}

#[test]
fn accepted_evidence_raises_the_score_up_to_the_full_one() {
	assert_eq!(after(&[Conduct::Passed]).value, 510);
	assert_eq!(after(&[Conduct::Passed; 4]).value, 545);
	assert_eq!(after(&[Conduct::Passed; 200]).value, FULL);
}

#[test]
fn an_unknown_file_costs_no_strike_but_quarantines_until_evidence_is_accepted() {
	let score = after(&[failed(RejectCode::ImaUnknownFile)]);
	assert_eq!((score.value, score.strikes), (250, 0));
	assert_eq!(score.tier(&RULES), Tier::Quarantine);
	assert_eq!(score.after(Conduct::Passed, 0, &RULES).tier(&RULES), Tier::Probation);
}

/// AMD's bulletins ask for new firmware, and an honest host cannot have it before its vendor does.
#[test]
fn old_firmware_costs_no_strike() {
	for code in [RejectCode::Mitigation, RejectCode::TcbFloor] {
		let score = after(&[failed(code)]);
		assert_eq!((score.value, score.strikes), (RULES.start - RULES.failed, 0), "{code:?}");
		assert_ne!(score.tier(&RULES), Tier::Quarantine);
	}
	let debugged = after(&[failed(RejectCode::GuestPolicy)]);
	assert_eq!((debugged.value, debugged.strikes), (100, 1), "that is no matter of age");
}

#[test]
fn a_forbidden_file_costs_the_most_and_a_strike() {
	let score = after(&[failed(RejectCode::ImaForbiddenFile)]);
	assert_eq!((score.value, score.strikes), (100, 1));
}

#[test]
fn silence_is_never_cheaper_than_being_caught() {
	let silent = after(&[Conduct::Missed]);
	for &code in RejectCode::ALL {
		let caught = after(&[failed(code)]);
		assert!(silent.value <= caught.value && silent.strikes >= caught.strikes, "{code:?}");
	}
	let lenient = Rules { tampered: 0, ..RULES }.clamped();
	assert_eq!(lenient.tampered, RULES.tpm_failed);
}

#[test]
fn three_strikes_suspend_and_uptime_forgives_them() {
	let suspended = after(&[failed(RejectCode::QuoteSignature); 3]);
	assert_eq!(suspended.tier(&RULES), Tier::Suspended);
	let forgiven = (0..4).fold(suspended, |score, _| score.after(Conduct::Passed, 0, &RULES));
	assert_eq!(forgiven.strikes, 2);
	assert_eq!(forgiven.tier(&RULES), Tier::Probation);
}

#[test]
fn only_a_high_score_without_strikes_is_trusted() {
	assert_eq!(after(&[Conduct::Passed; 17]).tier(&RULES), Tier::Regular);
	assert_eq!(after(&[Conduct::Passed; 18]).tier(&RULES), Tier::Trusted);
}

#[test]
fn rules_of_any_values_are_brought_within_bounds() {
	let wild = Rules {
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
	let rules = wild.clamped();
	assert_eq!(rules.clamped(), rules);
	let score =
		Score::first(&rules, 0).after(Conduct::Passed, 0, &rules).after(Conduct::Missed, 0, &rules);
	assert!(score.value <= FULL);
}

#[test]
fn a_long_outage_is_forgiven_like_a_short_one() {
	let outage = after(&[Conduct::Missed; 200]);
	assert_eq!(outage.strikes, RULES.max_strikes);
	assert_eq!(outage.tier(&RULES), Tier::Suspended);
}

#[test]
fn trust_that_is_not_renewed_fades_to_where_it_began_and_distrust_stays() {
	let trusted = after(&[Conduct::Passed; 20]);
	assert_eq!(trusted.value, 725);
	assert_eq!(trusted.at(DAYS - 1, &RULES).value, 725);
	assert_eq!(trusted.at(3 * DAYS, &RULES).value, 725 - 3 * RULES.decay);
	assert_eq!(trusted.at(1_000 * DAYS, &RULES).value, RULES.start);
	let distrusted = after(&[failed(RejectCode::QuoteSignature)]);
	assert_eq!(distrusted.at(1_000 * DAYS, &RULES).value, distrusted.value);
	assert_eq!(distrusted.at(1_000 * DAYS, &RULES).strikes, 1);
}

#[test]
fn whoever_proves_itself_every_hour_does_not_fade() {
	let score = (0..100u32).fold(after(&[Conduct::Passed; 20]), |score, hour| {
		score.after(Conduct::Passed, hour * DAYS / 24, &RULES)
	});
	assert_eq!(score.value, FULL);
}

#[test]
fn no_more_is_lost_in_a_day_than_the_rules_say_but_strikes_count() {
	let rules = Rules { daily_loss: 500, ..RULES };
	let high = after(&[Conduct::Passed; 200]);
	let lose = |score: Score, at| score.after(Conduct::Missed, at, &rules);
	let once = lose(high, 1);
	let twice = lose(once, 2);
	let thrice = lose(twice, 3);
	assert_eq!([once.value, twice.value, thrice.value], [600, 500, 500]);
	assert_eq!(thrice.strikes, 3);
	assert_eq!(lose(thrice, DAYS + 1).value, 100);
}

#[test]
fn a_chip_whose_vms_get_less_counts_as_lower_and_never_as_higher() {
	let score = Score { value: 740, ..Score::first(&RULES, 0) };
	let with = |got| score.with_use(got, &RULES);
	assert_eq!([1_000, 750, 0].map(|got| with(got).value), [740, 715, 640]);
	assert_eq!(with(u16::MAX), score);
	assert_eq!(with(1_000).tier(&RULES), Tier::Trusted);
	assert_eq!(with(500).tier(&RULES), Tier::Regular);
	let poor = Score { value: 30, ..score };
	assert_eq!(poor.with_use(0, &RULES).value, 0);
	let greedy = Rules { usage: FULL, ..RULES }.clamped();
	assert_eq!(Score { value: FULL, ..score }.with_use(0, &greedy).value, 750);
}

#[test]
fn what_vms_get_is_a_mean_that_reaches_what_is_told() {
	assert_eq!(score::use_after(FULL, 0), 937);
	assert_eq!(score::use_after(0, FULL), 63);
	assert_eq!(score::use_after(FULL, u16::MAX), FULL);
	let mut used = FULL;
	for got in [300, FULL, 0] {
		for _ in 0..200 {
			let next = score::use_after(used, got);
			assert!(next.abs_diff(got) <= used.abs_diff(got));
			used = next;
		}
		assert_eq!(used, got);
	}
}

#[test]
fn the_first_incident_of_a_day_always_counts_in_whole() {
	let rules = Rules { daily_loss: 0, ..RULES }.clamped();
	assert_eq!(rules.daily_loss, RULES.tampered);
}

#[test]
fn what_was_allowed_before_costs_the_work_and_nothing_else() {
	for code in [RejectCode::ImaOutdatedFile, RejectCode::BootOutdated] {
		let score = after(&[failed(code)]);
		assert_eq!((score.value, score.strikes), (RULES.start, 0));
		assert_eq!(score.tier(&RULES), Tier::Quarantine);
	}
}

/// Else whoever has a forbidden file to hide would send a forged report in its stead.
#[test]
fn what_no_honest_host_sends_costs_as_much_as_what_it_could_hide() {
	for code in [
		RejectCode::ReportSignature,
		RejectCode::ReportData,
		RejectCode::LaunchMeasurement,
		RejectCode::GuestPolicy,
	] {
		let score = after(&[failed(code)]);
		assert_eq!((score.value, score.strikes), (100, 1), "{code:?}");
	}
	for code in [RejectCode::TcbFloor, RejectCode::ImaLimit] {
		assert_eq!(after(&[failed(code)]).strikes, 0, "{code:?}");
	}
}

#[test]
fn what_was_never_allowed_to_boot_and_what_cannot_be_decoded_cost_a_strike() {
	for (code, left) in [(RejectCode::BootUnknown, 200), (RejectCode::ReportLength, 100)] {
		let score = after(&[failed(code)]);
		assert_eq!((score.value, score.strikes, score.quarantined), (left, 1, false), "{code:?}");
	}
}

#[test]
fn after_an_incident_accepted_evidence_is_counted_anew() {
	let (passed, missed) = (Conduct::Passed, Conduct::Missed);
	let score = after(&[passed, passed, passed, missed, passed]);
	assert_eq!((score.value, score.strikes, score.streak), (140, 1, 1));
}

#[test]
fn a_tier_begins_at_its_score() {
	let tier = |value| Score { value, ..Score::first(&RULES, 0) }.tier(&RULES);
	assert_eq!([299, 300].map(tier), [Tier::Probation, Tier::Regular]);
	assert_eq!([699, 700].map(tier), [Tier::Regular, Tier::Trusted]);
}

#[test]
fn the_last_strike_is_the_one_that_suspends_and_no_later_one() {
	let with = |strikes| Score { strikes, ..Score::first(&RULES, 0) };
	let is_last = |before, after| with(after).is_last_strike(&with(before), &RULES);
	assert!(is_last(2, 3));
	assert!(!is_last(1, 2) && !is_last(3, 3));
}
