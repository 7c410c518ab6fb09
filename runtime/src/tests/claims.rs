//! Chips that two miners say they have.

use codec::Encode;
use frame_support::{assert_noop, assert_ok, traits::ConstU32, BoundedVec};
use hcc_evidence::{
	host::{challenge_nonce, claim_seq, BootState, Context, HostEvidence},
	RejectCode,
};
use hcc_primitives::{units::HOURS, EnrolledTpm, Evaluates, Finding, SubjectId};
use pallet_attestation::Contest;
use sp_keyring::Sr25519Keyring::Eve;

use super::{
	machine::{Machine, GENESIS},
	network::*,
};
use crate::{evidence_api::HostEvaluation, *};

type Refused = pallet_attestation::Error<Runtime>;

pub(super) fn claimant() -> AccountId {
	Eve.to_account_id()
}

/// A machine with the same chip and another TPM, enrolled for another miner.
pub(super) fn other_owner() -> Machine {
	let mut machine = Machine::named("mallory");
	machine.ak = Machine::named("eve").ak;
	enrol(&claimant(), &machine, [0xed; 32]);
	machine
}

/// Registers a miner with the TPM of `machine`.
pub(super) fn enrol(who: &AccountId, machine: &Machine, ek: [u8; 32]) {
	endow(who);
	let bond = Registry::rules().min_bond;
	let origin = RuntimeOrigin::signed(who.clone());
	assert_ok!(Registry::register(origin, bond, who.clone(), Default::default()));
	let tpm = EnrolledTpm {
		ek,
		ak: machine.ak_public().try_into().expect("short"),
		qualified_name: machine.signer().try_into().expect("short"),
		root: [0; 32],
	};
	pallet_registry::MinerOfEk::<Runtime>::insert(tpm.ek, who.clone());
	pallet_registry::Tpms::<Runtime>::insert(who.clone(), tpm);
}

/// What a claim answers: the last block before this one.
fn claim_context(machine: &Machine) -> Context {
	let last = System::block_number() - 1;
	let hash = System::block_hash(last);
	let seq = claim_seq(last.into());
	let mut context = machine.challenge(seq);
	let miner: [u8; 32] = claimant().into();
	let chip = context.challenge.chip;
	context.challenge.miner = miner;
	context.challenge.nonce = challenge_nonce(&GENESIS, &miner, &chip, seq, &hash.0);
	context
}

/// A block whose hash is known.
fn known_block() {
	block();
	let number = System::block_number();
	frame_system::BlockHash::<Runtime>::insert(number - 1, Hash::repeat_byte(number as u8));
}

fn claim(
	machine: &Machine,
	evidence: &HostEvidence,
) -> frame_support::pallet_prelude::DispatchResult {
	let origin = RuntimeOrigin::signed(claimant());
	Attestation::claim(origin, chip(machine), Box::new(evidence.clone()), certificate(machine))
}

fn certificate(machine: &Machine) -> BoundedVec<u8, ConstU32<2048>> {
	let der = insecure_sim::issue_vcek(&machine.chip).expect("the hierarchy issues");
	der.try_into().expect("short")
}

/// A claim that was included, its subject and its evidence.
fn claimed(machine: &Machine) -> (SubjectId, HostEvidence) {
	known_block();
	let evidence = machine.answer(&claim_context(machine));
	assert_ok!(claim(machine, &evidence));
	let claim = Attestation::claim_to(chip(machine)).expect("claimed");
	(claim.subject, evidence)
}

/// A claim, if there can be one now.
pub(super) fn try_claim(machine: &Machine) -> Option<(SubjectId, HostEvidence)> {
	known_block();
	let evidence = machine.answer(&claim_context(machine));
	claim(machine, &evidence).ok()?;
	Some((Attestation::claim_to(chip(machine))?.subject, evidence))
}

fn finding(subject: SubjectId, evidence: &HostEvidence) -> Finding {
	let hash = Hash::from(hcc_evidence::host::evidence_hash(evidence));
	HostEvaluation::evaluate(subject, hash, &evidence.encode()).expect("it can be judged").finding
}

/// A claim that is accepted.
fn accepted(machine: &Machine) {
	let (subject, evidence) = claimed(machine);
	let finding = finding(subject, &evidence);
	assert!(finding.is_accepted());
	vote_all(&VALIDATORS, subject, &finding);
	blocks(2);
}

fn contest(machine: &Machine) -> Option<Contest> {
	Attestation::claim_to(chip(machine)).map(|claim| claim.contest)
}

/// Has the holder asked to show the chip: what was asked before is answered honestly.
fn asked(machine: &Machine) {
	while let Some(Contest::Answering { after }) = contest(machine) {
		let host = Attestation::host(chip(machine)).expect("a host");
		match host.challenge {
			Some(_) if host.seq > after => return,
			Some(open) if open.subject.is_none() => assert!(attest(machine).is_accepted()),
			_ => block(),
		}
	}
	panic!("there is no contest");
}

fn holder(machine: &Machine) -> Option<AccountId> {
	pallet_registry::MinerOfChip::<Runtime>::get(chip(machine))
}

#[test]
fn a_chip_goes_to_whoever_shows_it_where_its_holder_cannot() {
	run(|machine| {
		assert!(attest(&machine).is_accepted());
		let sold = other_owner();
		accepted(&sold);
		assert!(matches!(contest(&sold), Some(Contest::Answering { .. })));
		while contest(&sold) != Some(Contest::Absent { subject: None }) {
			block();
		}
		assert_eq!(holder(&sold), Some(miner()), "not before all can be proven");
		blocks(HOURS + 20);
		assert_eq!(holder(&sold), Some(claimant()));
		assert_eq!(contest(&sold), None);
		let known = Reputation::record(chip(&sold)).expect("what it did stays with it");
		assert_eq!(known.passed, 1);
		assert!(known.missed > 0);
		// From now on it is the new miner's to answer.
		let host = Attestation::host(chip(&sold)).expect("it must answer");
		assert_eq!(host.miner, claimant());
		assert!(Registry::miner(miner()).expect("still one").chips.is_empty());
	});
}

#[test]
fn a_holder_whose_tpm_is_trusted_no_more_shows_the_chip_beside_another_or_loses_it() {
	run(|machine| {
		assert!(attest(&machine).is_accepted());
		let sold = other_owner();
		accepted(&sold);
		let root = [0xdd; 32];
		pallet_registry::Tpms::<Runtime>::mutate(miner(), |tpm| {
			tpm.as_mut().expect("enrolled").root = root;
		});
		pallet_policy::DistrustedTpmRoots::<Runtime>::insert(root, ());
		while contest(&sold) != Some(Contest::Absent { subject: None }) {
			block();
		}
		let known = Reputation::record(chip(&sold)).expect("it has passed once");
		assert_eq!(known.missed, 0, "its silence says nothing of the chip");
		blocks(HOURS + 20);
		assert_eq!(holder(&sold), Some(claimant()));
	});
}

#[test]
fn whoever_claimed_a_chip_that_he_does_not_have_loses_it() {
	run(|machine| {
		// The squatter has no TPM, and never will.
		assert_ok!(Registry::remove_chip(RuntimeOrigin::signed(miner()), chip(&machine)));
		let squatter = AccountId::new([0x66; 32]);
		endow(&squatter);
		let bond = Registry::rules().min_bond;
		let origin = RuntimeOrigin::signed(squatter.clone());
		assert_ok!(Registry::register(origin.clone(), bond, squatter.clone(), Default::default()));
		assert_ok!(Registry::add_chip(origin, chip(&machine)));
		// Nor does he leave room for the key.
		assert!(Policy::veks(chip(&machine)).is_empty());
		let owner = other_owner();
		accepted(&owner);
		assert_eq!(contest(&owner), Some(Contest::Absent { subject: None }));
		blocks(HOURS + 20);
		assert_eq!(holder(&owner), Some(claimant()));
		assert!(Registry::miner(squatter).expect("still one").chips.is_empty());
	});
}

#[test]
fn a_chip_that_is_live_in_two_places_is_nobodys_for_good() {
	run(|machine| {
		let clone = other_owner();
		accepted(&clone);
		asked(&machine);
		assert!(attest(&machine).is_accepted());
		assert!(matches!(contest(&clone), Some(Contest::Both { .. })));
		blocks(HOURS + 60);
		assert_eq!((holder(&clone), contest(&clone)), (None, None));
		assert!(Attestation::host(chip(&clone)).is_none());
		for who in [miner(), claimant()] {
			assert_noop!(
				Registry::add_chip(RuntimeOrigin::signed(who), chip(&clone)),
				pallet_registry::Error::<Runtime>::ChipBanned
			);
		}
		// Governance can decide otherwise.
		let hash = chip(&clone);
		assert_noop!(
			Registry::lift_ban(RuntimeOrigin::signed(miner()), hash),
			sp_runtime::DispatchError::BadOrigin
		);
		assert_ok!(Registry::lift_ban(crate::governance::Origin::Loosening.into(), hash));
		assert_noop!(
			Registry::lift_ban(RuntimeOrigin::root(), hash),
			pallet_registry::Error::<Runtime>::NotBanned
		);
		assert_ok!(Registry::add_chip(RuntimeOrigin::signed(miner()), hash));
	});
}

#[test]
fn a_claim_without_the_chip_comes_to_nothing() {
	run(|machine| {
		let thief = other_owner();
		let (subject, _) = claimed(&thief);
		let context = claim_context(&thief);
		assert_noop!(claim(&thief, &thief.answer(&context)), Refused::Claimed);
		vote_all(&VALIDATORS, subject, &lie());
		blocks(2);
		assert_eq!(contest(&thief), None);
		assert_eq!(holder(&machine), Some(miner()));
		// Another's report, or one for another challenge, is not even judged.
		known_block();
		let other = Machine::named("other");
		let mut context = claim_context(&thief);
		context.challenge.nonce[0] ^= 1;
		assert_noop!(claim(&thief, &thief.answer(&context)), Refused::QuoteNotBound);
		let mut context = claim_context(&thief);
		context.challenge.seq = 0;
		assert_noop!(claim(&thief, &thief.answer(&context)), Refused::ClaimTooOld);
		assert_noop!(claim(&other, &other.answer(&claim_context(&other))), Refused::NobodysChip);
		let own = RuntimeOrigin::signed(miner());
		let mut context = claim_context(&thief);
		context.challenge.miner = super::machine::MINER;
		let evidence = Box::new(machine.answer(&context));
		let of = certificate(&machine);
		assert_noop!(Attestation::claim(own, chip(&machine), evidence, of), Refused::OwnChip);
		// The certificate must be that chip's.
		let evidence = Box::new(thief.answer(&claim_context(&thief)));
		let origin = RuntimeOrigin::signed(claimant());
		for of in [certificate(&other), Default::default()] {
			assert_noop!(
				Attestation::claim(origin.clone(), chip(&machine), evidence.clone(), of),
				Refused::CertificateRefused
			);
		}
	});
}

#[test]
fn a_chip_that_a_lying_majority_gave_away_stays_where_it_is() {
	run(|machine| {
		let mut thief = other_owner();
		// Quoted by another TPM than the one that is enrolled.
		thief.ak = Machine::named("bob").ak;
		known_block();
		let evidence = thief.answer(&claim_context(&thief));
		assert_ok!(claim(&machine, &evidence));
		let subject = Attestation::claim_to(chip(&machine)).expect("claimed").subject;
		let honest = finding(subject, &evidence);
		assert!(!honest.is_accepted());
		let accepted = Finding { code: Finding::ACCEPTED, claims: Default::default() };
		vote_all(&VALIDATORS[..3], subject, &accepted);
		blocks(2);
		assert!(contest(&machine).is_some());
		assert_ok!(prove(&VALIDATORS[3].to_account_id(), subject, &evidence));
		assert_eq!(contest(&machine), None);
		blocks(HOURS + 60);
		assert_eq!(holder(&machine), Some(miner()));
	});
}

#[test]
fn leaving_while_a_chip_is_claimed_gives_it_up() {
	run(|_| {
		let sold = other_owner();
		accepted(&sold);
		assert_ok!(Registry::exit(RuntimeOrigin::signed(miner())));
		assert_eq!(contest(&sold), Some(Contest::Absent { subject: None }));
		blocks(HOURS + 20);
		assert_eq!(holder(&sold), Some(claimant()));
	});
}

/// Otherwise somebody could have a chip banned that its only owner shows.
#[test]
fn who_claims_a_chip_and_then_registers_it_contests_with_nobody() {
	run(|machine| {
		let sold = other_owner();
		let (subject, evidence) = claimed(&sold);
		assert_ok!(Registry::remove_chip(RuntimeOrigin::signed(miner()), chip(&machine)));
		assert_ok!(Registry::add_chip(RuntimeOrigin::signed(claimant()), chip(&machine)));
		let finding = finding(subject, &evidence);
		vote_all(&VALIDATORS, subject, &finding);
		blocks(HOURS + 60);
		assert_eq!(contest(&sold), None);
		assert_eq!(holder(&sold), Some(claimant()));
	});
}

/// A report that no chip has signed is refused for what it says, before its signature is looked at.
#[test]
fn a_holder_without_the_chip_cannot_keep_it_by_evidence_that_is_refused_early() {
	run(|machine| {
		let sold = other_owner();
		accepted(&sold);
		asked(&machine);
		let mut forger = Machine::named("mallory");
		forger.ak = machine.ak.clone();
		forger.chip = Machine::named("eve").chip;
		forger.fields.measurement = [0; 48];
		let context = challenge(&machine);
		let evidence = forger.answer(&context);
		assert_ok!(submit(&evidence));
		let subject = subject(&machine);
		let finding = finding(subject, &evidence);
		assert!(!finding.is_accepted());
		vote_all(&VALIDATORS, subject, &finding);
		blocks(2);
		assert_eq!(contest(&sold), Some(Contest::Absent { subject: Some(subject) }));
		blocks(HOURS + 20);
		assert_eq!(holder(&sold), Some(claimant()));
	});
}

#[test]
fn a_holder_that_shows_the_chip_beside_anothers_quote_keeps_it() {
	run(|mut machine| {
		let other = other_owner();
		accepted(&other);
		asked(&machine);
		machine.ak = Machine::named("bob").ak;
		assert!(!attest(&machine).is_accepted());
		assert_eq!(contest(&other), None);
		blocks(HOURS + 60);
		assert_eq!(holder(&other), Some(miner()));
	});
}

/// Otherwise whoever has a copy of a chip's key keeps the chip by running something unknown whenever another shows it.
#[test]
fn a_copy_beside_an_unknown_file_is_a_copy() {
	run(|mut machine| {
		let clone = other_owner();
		accepted(&clone);
		asked(&machine);
		machine.run(b"unknown");
		assert!(!attest(&machine).is_accepted());
		assert!(matches!(contest(&clone), Some(Contest::Both { .. })));
		blocks(HOURS + 60);
		assert_eq!(holder(&clone), None);
	});
}

/// Otherwise a rule that became stricter in between would give the chip to whoever has copied its key.
#[test]
fn a_copy_beside_old_firmware_is_a_copy() {
	run(|machine| {
		let clone = other_owner();
		accepted(&clone);
		asked(&machine);
		let suspended = Some(hcc_evidence::host::GenerationTrust::Suspended);
		assert_ok!(Policy::set_generation(RuntimeOrigin::root(), machine.vek.product, suspended));
		assert_eq!(attest(&machine).code, RejectCode::GenerationSuspended.number());
		assert!(matches!(contest(&clone), Some(Contest::Both { .. })));
	});
}

/// Otherwise a chip's only place for a claim could be held by whoever knows its certificate.
#[test]
fn a_claim_with_a_report_that_the_chip_has_not_signed_is_refused_at_once() {
	run(|machine| {
		let mut thief = other_owner();
		thief.chip = Machine::named("eve").chip;
		known_block();
		let mut context = claim_context(&machine);
		context.challenge.chip = chip(&machine);
		let evidence = thief.answer(&context);
		assert_noop!(claim(&machine, &evidence), Refused::ReportRefused);
	});
}

/// Otherwise a lie about the holder, even one that was proven, would give its chip away.
#[test]
fn a_lie_about_the_holders_answer_asks_it_once_more() {
	run(|machine| {
		let sold = other_owner();
		accepted(&sold);
		asked(&machine);
		let evidence = machine.answer(&challenge(&machine));
		assert_ok!(submit(&evidence));
		let subject = subject(&machine);
		let forged = RejectCode::ReportSignature.number();
		let lie = Finding { code: forged, claims: Default::default() };
		vote_all(&VALIDATORS[..3], subject, &lie);
		blocks(2);
		assert_eq!(contest(&sold), Some(Contest::Absent { subject: Some(subject) }));
		assert_ok!(prove(&VALIDATORS[3].to_account_id(), subject, &evidence));
		asked(&machine);
		assert!(attest(&machine).is_accepted());
		assert!(matches!(contest(&sold), Some(Contest::Both { .. })));
	});
}

#[test]
fn what_was_asked_before_a_claim_was_judged_decides_nothing() {
	run(|machine| {
		let sold = other_owner();
		let (claim, evidence) = claimed(&sold);
		// The holder has an old challenge open, and lets it pass.
		let open = challenge(&machine).challenge.seq;
		let finding = finding(claim, &evidence);
		vote_all(&VALIDATORS, claim, &finding);
		blocks(2);
		let Some(Contest::Answering { after }) = contest(&sold) else { panic!("not asked") };
		assert!(after >= open);
		while Attestation::host(chip(&machine)).expect("a host").seq <= after {
			block();
		}
		assert!(matches!(contest(&sold), Some(Contest::Answering { .. })));
		assert!(attest(&machine).is_accepted());
		assert!(matches!(contest(&sold), Some(Contest::Both { .. })));
	});
}

#[test]
fn who_has_shown_a_chip_that_was_claimed_of_another_keeps_it() {
	run(|machine| {
		let former = other_owner();
		accepted(&former);
		assert_ok!(Registry::remove_chip(RuntimeOrigin::signed(miner()), chip(&machine)));
		assert_eq!(contest(&former), Some(Contest::Absent { subject: None }));
		// Bought meanwhile by somebody who knows of no claim, and shows it.
		let buyer = AccountId::new([0x66; 32]);
		enrol(&buyer, &Machine::named("bob"), [0xeb; 32]);
		let chip = chip(&machine);
		assert_ok!(Registry::add_chip(RuntimeOrigin::signed(buyer.clone()), chip));
		pallet_attestation::Hosts::<Runtime>::mutate(chip, |host| {
			host.as_mut().expect("enrolled").checkpoint = machine_state();
		});
		blocks(HOURS + 20);
		assert_eq!(holder(&former), Some(buyer));
	});
}

/// What is known of a machine whose evidence was accepted.
fn machine_state() -> Option<BootState> {
	let required_seen = vec![];
	Some(BootState { reset_count: 1, restart_count: 0, pcr10: [1; 32], entries: 2, required_seen })
}
