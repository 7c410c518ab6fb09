//! Mocks of the traits of verdicts, reputation, compensation and validators.

use frame_support::{pallet_prelude::DispatchResult, weights::Weight};
use hcc_primitives::{
	ActiveValidators, Adjudicator, ChallengeRecord, ChipHash, CompensationCases, Compensator,
	Evaluation, Evaluator, Finding, OnVerdict, PaidSlots, PaidTime, Reputation, ServiceRecorder,
	SubjectId, Tick, TickSource, Tier, ValidatorSlasher, VoteService,
};
use sp_core::H256;
use sp_runtime::{AccountId32, Perbill};

use crate::state::{
	Active, AllMet, CaseStep, CaseSteps, Closed, ExtraSlots, Fined, JudgedFor, LostFor, Lots,
	NextEvaluation, NextTier, Noted, Now, Opened, Overturned, Refusal, Served, Slashed, Told,
	Undone, WithSlash,
};

/// Returns the tick in [`Now`]. The number of paid slots is [`ExtraSlots`] higher.
pub struct MockTickSource;
impl TickSource for MockTickSource {
	fn now() -> Tick {
		Now::get()
	}
}

impl PaidTime for MockTickSource {
	fn paid_slots() -> PaidSlots {
		Now::get() + ExtraSlots::get()
	}
}

/// Returns the validators in [`Active`]. Each is its own worker.
pub struct MockValidators;
impl ActiveValidators<AccountId32> for MockValidators {
	fn active() -> Vec<AccountId32> {
		Active::get()
	}

	fn is_worker(who: &AccountId32, validator: &AccountId32) -> bool {
		who == validator && Active::get().contains(validator)
	}
}

/// Records subjects in [`Opened`] and [`Lots`], or fails with [`Refusal`].
pub struct MockAdjudicator;
impl Adjudicator for MockAdjudicator {
	fn open(subject: SubjectId, lot: H256, evidence: H256) -> DispatchResult {
		match Refusal::get() {
			Some(why) => Err(why),
			None => {
				Opened::mutate(|opened| opened.push((subject, evidence)));
				Lots::mutate(|lots| lots.push(lot));
				Ok(())
			},
		}
	}

	fn longest() -> Tick {
		JudgedFor::get()
	}
}

/// Records verdicts in [`Told`], [`Overturned`] and [`Closed`].
pub struct MockOnVerdict;
impl OnVerdict for MockOnVerdict {
	fn on_verdict(subject: SubjectId, finding: &Finding) {
		Told::mutate(|told| told.push((subject, Some(finding.clone()))));
	}

	fn on_void(subject: SubjectId) {
		Told::mutate(|told| told.push((subject, None)));
	}

	fn on_overturned(subject: SubjectId) {
		Overturned::mutate(|all| all.push(subject));
	}

	fn on_closed(subject: SubjectId) {
		Closed::mutate(|all| all.push(subject));
	}

	fn weight() -> Weight {
		Weight::from_parts(1_000, 0)
	}

	fn closing_weight() -> Weight {
		Weight::from_parts(1_000, 0)
	}
}

/// Records slashed and fined validators in [`Slashed`] and [`Fined`].
pub struct MockValidatorSlasher;
impl ValidatorSlasher<AccountId32> for MockValidatorSlasher {
	fn fine(validator: &AccountId32, _: Perbill) {
		Fined::mutate(|all| all.push(validator.clone()));
	}

	fn slash(validator: &AccountId32, _: Perbill, reporter: Option<(&AccountId32, Perbill)>) {
		let reporter = reporter.map(|(who, _)| who.clone());
		Slashed::mutate(|all| all.push((validator.clone(), reporter)));
	}
}

/// Records its calls in [`CaseSteps`].
pub struct MockCases;
impl CompensationCases for MockCases {
	fn open(chip: &ChipHash, since: Tick) -> bool {
		CaseSteps::mutate(|all| all.push((*chip, CaseStep::Opened(since))));
		true
	}

	fn settle(chip: &ChipHash) {
		CaseSteps::mutate(|all| all.push((*chip, CaseStep::Settled)));
	}

	fn dismiss(chip: &ChipHash) {
		CaseSteps::mutate(|all| all.push((*chip, CaseStep::Dismissed)));
	}
}

/// Records the chips in [`LostFor`]. Keeps nothing for tenants.
pub struct MockCompensator;
impl<Credit> Compensator<Credit> for MockCompensator {
	fn compensate(chip: &ChipHash, lost: Credit) -> Credit {
		LostFor::mutate(|all| all.push(*chip));
		lost
	}
}

/// Records its calls in [`Served`].
pub struct MockServiceRecorder;
impl ServiceRecorder<AccountId32> for MockServiceRecorder {
	fn served(members: &[(AccountId32, VoteService)]) {
		Served::mutate(|all| all.push(members.to_vec()));
	}
}

/// Returns [`NextEvaluation`] if the evidence has the expected hash.
pub struct MockEvaluator;
impl Evaluator for MockEvaluator {
	fn evaluate(_: SubjectId, hash: H256, _: &[u8]) -> Option<Evaluation> {
		NextEvaluation::get().filter(|(of, _)| *of == hash).map(|(_, found)| found)
	}

	fn weight(len: u32) -> Weight {
		Weight::from_parts(len.into(), 0)
	}
}

/// Records outcomes in [`Noted`], [`AllMet`] and [`Undone`]. Returns [`NextTier`] and
/// [`WithSlash`].
pub struct MockReputation;
impl Reputation<AccountId32> for MockReputation {
	fn note(chip: &ChipHash, _: &AccountId32, met: ChallengeRecord) -> Tier {
		AllMet::mutate(|all| all.push(met));
		Noted::mutate(|noted| noted.push((*chip, met.seq, met.outcome)));
		NextTier::get()
	}

	fn undo(chip: &ChipHash, seq: u64) -> Tier {
		Undone::mutate(|undone| undone.push((*chip, seq)));
		NextTier::get()
	}

	fn tier(_: &ChipHash) -> Tier {
		NextTier::get()
	}

	fn has_pending_slash(chip: &ChipHash) -> bool {
		WithSlash::get().contains(chip)
	}
}
