use hcc_evidence::RejectCode;
use hcc_primitives::{Conduct, Tier};

use crate::{mock::RULES, score::FULL, Rules, Score};

fn failed(code: RejectCode) -> Conduct {
	Conduct::Failed(code.number())
}

fn after(conduct: &[Conduct]) -> Score {
	conduct.iter().fold(Score::first(&RULES), |score, conduct| score.after(*conduct, &RULES))
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
	assert_eq!(score.after(Conduct::Passed, &RULES).tier(&RULES), Tier::Probation);
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
	let forgiven = (0..4).fold(suspended, |score, _| score.after(Conduct::Passed, &RULES));
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
	};
	let rules = wild.clamped();
	assert_eq!(rules.clamped(), rules);
	let score = Score::first(&rules).after(Conduct::Passed, &rules).after(Conduct::Missed, &rules);
	assert!(score.value <= FULL);
}

#[test]
fn a_long_outage_is_forgiven_like_a_short_one() {
	let outage = after(&[Conduct::Missed; 200]);
	assert_eq!(outage.strikes, RULES.max_strikes);
	assert_eq!(outage.tier(&RULES), Tier::Suspended);
}
