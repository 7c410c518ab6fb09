//! Tests of contests. In a contest, a miner asserts that a chip of another miner is its own.

use codec::Encode;
use frame_support::{assert_noop, assert_ok, traits::ConstU32, BoundedVec};
use hcc_evidence::{
	host::{challenge_nonce, contest_seq, BootState, Context, HostEvidence},
	RejectCode,
};
use hcc_evidence_testing::{Machine, GENESIS};
use hcc_primitives::{units::HOURS, EnrolledTpm, Evaluator, Finding, SubjectId};
use hccs_runtime::{evidence_api::HostEvaluation, *};
use pallet_attestation::ContestStage;
use sp_keyring::Sr25519Keyring::Eve;

use super::{
	maintenance::{allow_long_pauses, pause},
	network::*,
};

type AttestationError = pallet_attestation::Error<Runtime>;

pub(super) fn contender() -> AccountId {
	Eve.to_account_id()
}

/// Returns a machine with the contested chip and another TPM. The TPM is enrolled for the
/// contender.
pub(super) fn contender_machine() -> Machine {
	let mut machine = Machine::named("mallory");
	machine.ak = Machine::named("eve").ak;
	enrol(&contender(), &machine, [0xed; 32]);
	machine
}

/// Registers a miner, and enrols the TPM of `machine` for it without credential activation.
pub(super) fn enrol(who: &AccountId, machine: &Machine, ek: [u8; 32]) {
	endow(who);
	let bond = Registry::rules().min_bond;
	let origin = RuntimeOrigin::signed(who.clone());
	assert_ok!(Registry::register(origin, bond, who.clone(), Default::default()));
	let tpm = EnrolledTpm {
		ek,
		ak: machine.ak_public().try_into().expect("it fits"),
		qualified_name: machine.signer().try_into().expect("it fits"),
		root: [0; 32],
	};
	pallet_registry::MinerOfEk::<Runtime>::insert(tpm.ek, who.clone());
	pallet_registry::Tpms::<Runtime>::insert(who.clone(), tpm);
}

/// Returns the context for the evidence of a contest. The nonce is derived from the hash of the
/// last block.
fn contest_context(machine: &Machine) -> Context {
	let last = System::block_number() - 1;
	let hash = System::block_hash(last);
	let seq = contest_seq(last.into());
	let mut context = machine.challenge(seq);
	let miner: [u8; 32] = contender().into();
	let chip = context.challenge.chip;
	context.challenge.miner = miner;
	context.challenge.nonce = challenge_nonce(&GENESIS, &miner, &chip, seq, &hash.0);
	context
}

/// Makes a block, and stores a hash of its parent that contests can use.
fn block_with_hash() {
	block();
	let number = System::block_number();
	frame_system::BlockHash::<Runtime>::insert(number - 1, Hash::repeat_byte(number as u8));
}

fn submit_contest(
	machine: &Machine,
	evidence: &HostEvidence,
) -> frame_support::pallet_prelude::DispatchResult {
	let origin = RuntimeOrigin::signed(contender());
	Attestation::contest(origin, chip(machine), Box::new(evidence.clone()), certificate(machine))
}

fn certificate(machine: &Machine) -> BoundedVec<u8, ConstU32<2048>> {
	let der = insecure_sim::issue_vcek(&machine.chip).expect("the hierarchy issues certificates");
	der.try_into().expect("it fits")
}

/// Opens a contest. Returns the subject and the evidence of the contest.
fn open_contest(machine: &Machine) -> (SubjectId, HostEvidence) {
	block_with_hash();
	let evidence = machine.answer(&contest_context(machine));
	assert_ok!(submit_contest(machine, &evidence));
	let contest = Attestation::contest_of(chip(machine)).expect("a contest is open");
	(contest.subject, evidence)
}

/// Opens a contest. Returns `None` if the chain refuses it.
pub(super) fn try_contest(machine: &Machine) -> Option<(SubjectId, HostEvidence)> {
	block_with_hash();
	let evidence = machine.answer(&contest_context(machine));
	submit_contest(machine, &evidence).ok()?;
	Some((Attestation::contest_of(chip(machine))?.subject, evidence))
}

fn finding(subject: SubjectId, evidence: &HostEvidence) -> Finding {
	let hash = Hash::from(hcc_evidence::host::evidence_hash(evidence));
	HostEvaluation::evaluate(subject, hash, &evidence.encode())
		.expect("the evidence can be evaluated")
		.finding
}

/// Opens a contest, and lets the validators accept its evidence.
fn open_accepted_contest(machine: &Machine) {
	let (subject, evidence) = open_contest(machine);
	let finding = finding(subject, &evidence);
	assert!(finding.is_accepted());
	vote_all(&VALIDATORS, subject, &finding);
	blocks(2);
}

fn contest_stage(machine: &Machine) -> Option<ContestStage> {
	Attestation::contest_of(chip(machine)).map(|contest| contest.stage)
}

/// Runs until the holder receives the challenge of the contest. The holder answers earlier
/// challenges honestly.
fn wait_for_holder_challenge(machine: &Machine) {
	while let Some(ContestStage::Answering { after }) = contest_stage(machine) {
		let host = Attestation::host(chip(machine)).expect("the chip has a host");
		match host.challenge {
			Some(_) if host.seq > after => return,
			Some(open) if open.subject.is_none() => assert!(attest(machine).is_accepted()),
			_ => block(),
		}
	}
	panic!("no contest is open");
}

fn holder(machine: &Machine) -> Option<AccountId> {
	pallet_registry::MinerOfChip::<Runtime>::get(chip(machine))
}

#[test]
fn contender_wins_chip_that_holder_cannot_attest() {
	run(|machine| {
		assert!(attest(&machine).is_accepted());
		let rival = contender_machine();
		open_accepted_contest(&rival);
		assert!(matches!(contest_stage(&rival), Some(ContestStage::Answering { .. })));
		while contest_stage(&rival) != Some(ContestStage::Absent { subject: None }) {
			block();
		}
		assert_eq!(holder(&rival), Some(miner()), "not before the proof window ends");
		blocks(HOURS + 20);
		assert_eq!(holder(&rival), Some(contender()));
		assert_eq!(contest_stage(&rival), None);
		let known = Reputation::record(chip(&rival)).expect("the chip keeps its record");
		assert_eq!(known.passed, 1);
		assert!(known.missed > 0);
		// From now on, the contender must answer the challenges of the chip.
		let host = Attestation::host(chip(&rival)).expect("the chip has a host");
		assert_eq!(host.miner, contender());
		assert!(Registry::miner(miner()).expect("the miner is registered").chips.is_empty());
	});
}

#[test]
fn contest_ends_pause_of_holder() {
	run(|machine| {
		assert!(attest(&machine).is_accepted());
		allow_long_pauses();
		let paused = pause(&machine);
		let rival = contender_machine();
		open_accepted_contest(&rival);
		assert_eq!(contest_stage(&rival), Some(ContestStage::Answering { after: paused }));
		blocks(2);
		let host = Attestation::host(chip(&machine)).expect("the chip has a host");
		let open = host.challenge.expect("an ordinary challenge follows");
		let longest = Attestation::rules().answer + hcc_primitives::tick_queue::SLACK;
		assert!(open.seq > paused && open.deadline - open.made <= longest);
		let record = Reputation::record(chip(&machine)).expect("the chip has a record");
		assert_eq!(record.missed, 0, "the pause itself has no outcome");
	});
}

#[test]
fn holder_with_distrusted_tpm_loses_chip() {
	run(|machine| {
		assert!(attest(&machine).is_accepted());
		let rival = contender_machine();
		open_accepted_contest(&rival);
		let root = [0xdd; 32];
		pallet_registry::Tpms::<Runtime>::mutate(miner(), |tpm| {
			tpm.as_mut().expect("the TPM is enrolled").root = root;
		});
		pallet_policy::DistrustedTpmRoots::<Runtime>::insert(root, ());
		while contest_stage(&rival) != Some(ContestStage::Absent { subject: None }) {
			block();
		}
		let known = Reputation::record(chip(&rival)).expect("the chip has a record");
		assert_eq!(known.missed, 0, "its silence is not a missed challenge");
		blocks(HOURS + 20);
		assert_eq!(holder(&rival), Some(contender()));
	});
}

#[test]
fn squatter_loses_chip() {
	run(|machine| {
		// The squatter registers the chip, but never enrols a TPM.
		assert_ok!(Registry::remove_chip(RuntimeOrigin::signed(miner()), chip(&machine)));
		let squatter = AccountId::new([0x66; 32]);
		endow(&squatter);
		let bond = Registry::rules().min_bond;
		let origin = RuntimeOrigin::signed(squatter.clone());
		assert_ok!(Registry::register(origin.clone(), bond, squatter.clone(), Default::default()));
		assert_ok!(Registry::add_chip(origin, chip(&machine)));
		// The squatter has registered no VEK either.
		assert!(Policy::veks(chip(&machine)).is_empty());
		let owner = contender_machine();
		open_accepted_contest(&owner);
		assert_eq!(contest_stage(&owner), Some(ContestStage::Absent { subject: None }));
		blocks(HOURS + 20);
		assert_eq!(holder(&owner), Some(contender()));
		assert!(Registry::miner(squatter).expect("the miner is registered").chips.is_empty());
	});
}

#[test]
fn chip_attested_by_both_is_banned() {
	run(|machine| {
		let clone = contender_machine();
		open_accepted_contest(&clone);
		wait_for_holder_challenge(&machine);
		assert!(attest(&machine).is_accepted());
		assert!(matches!(contest_stage(&clone), Some(ContestStage::Both { .. })));
		blocks(HOURS + 60);
		assert_eq!((holder(&clone), contest_stage(&clone)), (None, None));
		assert!(Attestation::host(chip(&clone)).is_none());
		for who in [miner(), contender()] {
			assert_noop!(
				Registry::add_chip(RuntimeOrigin::signed(who), chip(&clone)),
				pallet_registry::Error::<Runtime>::ChipBanned
			);
		}
		// Only governance can lift the ban.
		let hash = chip(&clone);
		assert_noop!(
			Registry::lift_ban(RuntimeOrigin::signed(miner()), hash),
			sp_runtime::DispatchError::BadOrigin
		);
		assert_ok!(Registry::lift_ban(hccs_runtime::governance::Origin::Loosening.into(), hash));
		assert_noop!(
			Registry::lift_ban(RuntimeOrigin::root(), hash),
			pallet_registry::Error::<Runtime>::NotBanned
		);
		assert_ok!(Registry::add_chip(RuntimeOrigin::signed(miner()), hash));
	});
}

#[test]
fn contest_without_the_chip_fails() {
	run(|machine| {
		let thief = contender_machine();
		let (subject, _) = open_contest(&thief);
		let context = contest_context(&thief);
		assert_noop!(
			submit_contest(&thief, &thief.answer(&context)),
			AttestationError::AlreadyContested
		);
		vote_all(&VALIDATORS, subject, &false_finding());
		blocks(2);
		assert_eq!(contest_stage(&thief), None);
		assert_eq!(holder(&machine), Some(miner()));
		// A report of another chip or for another challenge is rejected when the contest is
		// submitted, without a verdict.
		block_with_hash();
		let other = Machine::named("other");
		let mut context = contest_context(&thief);
		context.challenge.nonce[0] ^= 1;
		assert_noop!(
			submit_contest(&thief, &thief.answer(&context)),
			AttestationError::QuoteNotBound
		);
		let mut context = contest_context(&thief);
		context.challenge.seq = 0;
		assert_noop!(
			submit_contest(&thief, &thief.answer(&context)),
			AttestationError::ContestNonceTooOld
		);
		assert_noop!(
			submit_contest(&other, &other.answer(&contest_context(&other))),
			AttestationError::NobodysChip
		);
		let own = RuntimeOrigin::signed(miner());
		let mut context = contest_context(&thief);
		context.challenge.miner = hcc_evidence_testing::MINER;
		let evidence = Box::new(machine.answer(&context));
		let of = certificate(&machine);
		assert_noop!(
			Attestation::contest(own, chip(&machine), evidence, of),
			AttestationError::OwnChip
		);
		// The certificate must belong to the contested chip.
		let evidence = Box::new(thief.answer(&contest_context(&thief)));
		let origin = RuntimeOrigin::signed(contender());
		for of in [certificate(&other), Default::default()] {
			assert_noop!(
				Attestation::contest(origin.clone(), chip(&machine), evidence.clone(), of),
				AttestationError::CertificateRefused
			);
		}
	});
}

#[test]
fn false_acceptance_of_contest_is_undone() {
	run(|machine| {
		let mut thief = contender_machine();
		// The quote of a TPM that is not enrolled is rejected.
		thief.ak = Machine::named("bob").ak;
		block_with_hash();
		let evidence = thief.answer(&contest_context(&thief));
		assert_ok!(submit_contest(&machine, &evidence));
		let subject = Attestation::contest_of(chip(&machine)).expect("a contest is open").subject;
		let honest = finding(subject, &evidence);
		assert!(!honest.is_accepted());
		let accepted = Finding { code: Finding::ACCEPTED, claims: Default::default() };
		vote_all(&VALIDATORS[..3], subject, &accepted);
		blocks(2);
		assert!(contest_stage(&machine).is_some());
		assert_ok!(prove(&VALIDATORS[3].to_account_id(), subject, &evidence));
		assert_eq!(contest_stage(&machine), None);
		blocks(HOURS + 60);
		assert_eq!(holder(&machine), Some(miner()));
	});
}

#[test]
fn holder_that_leaves_loses_contested_chip() {
	run(|_| {
		let rival = contender_machine();
		open_accepted_contest(&rival);
		assert_ok!(Registry::exit(RuntimeOrigin::signed(miner())));
		assert_eq!(contest_stage(&rival), Some(ContestStage::Absent { subject: None }));
		blocks(HOURS + 20);
		assert_eq!(holder(&rival), Some(contender()));
	});
}

/// If the contest continued, its contender could get the chip banned, although only one miner has
/// the chip.
#[test]
fn contest_of_own_chip_ends_without_effect() {
	run(|machine| {
		let rival = contender_machine();
		let (subject, evidence) = open_contest(&rival);
		assert_ok!(Registry::remove_chip(RuntimeOrigin::signed(miner()), chip(&machine)));
		assert_ok!(Registry::add_chip(RuntimeOrigin::signed(contender()), chip(&machine)));
		let finding = finding(subject, &evidence);
		vote_all(&VALIDATORS, subject, &finding);
		blocks(HOURS + 60);
		assert_eq!(contest_stage(&rival), None);
		assert_eq!(holder(&rival), Some(contender()));
	});
}

/// Evidence may be rejected before the signature of its report is checked. Such evidence does not
/// prove that the holder has the chip.
#[test]
fn early_rejected_evidence_does_not_keep_the_chip() {
	run(|machine| {
		let rival = contender_machine();
		open_accepted_contest(&rival);
		wait_for_holder_challenge(&machine);
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
		assert_eq!(contest_stage(&rival), Some(ContestStage::Absent { subject: Some(subject) }));
		blocks(HOURS + 20);
		assert_eq!(holder(&rival), Some(contender()));
	});
}

#[test]
fn holder_with_chip_but_other_tpm_keeps_it() {
	run(|mut machine| {
		let other = contender_machine();
		open_accepted_contest(&other);
		wait_for_holder_challenge(&machine);
		machine.ak = Machine::named("bob").ak;
		assert!(!attest(&machine).is_accepted());
		assert_eq!(contest_stage(&other), None);
		blocks(HOURS + 60);
		assert_eq!(holder(&other), Some(miner()));
	});
}

/// If rejected evidence did not count as a copy, an attacker with a copy of the chip's key could
/// keep the chip. The attacker would run an unknown file during each contest.
#[test]
fn holder_with_unknown_file_counts_as_copy() {
	run(|mut machine| {
		let clone = contender_machine();
		open_accepted_contest(&clone);
		wait_for_holder_challenge(&machine);
		machine.run(b"unknown");
		assert!(!attest(&machine).is_accepted());
		assert!(matches!(contest_stage(&clone), Some(ContestStage::Both { .. })));
		blocks(HOURS + 60);
		assert_eq!(holder(&clone), None);
	});
}

/// If the holder did not count as a copy, a tightening during a contest would give the chip to an
/// attacker with a copy of the chip's key.
#[test]
fn holder_with_suspended_line_counts_as_copy() {
	run(|machine| {
		let clone = contender_machine();
		open_accepted_contest(&clone);
		wait_for_holder_challenge(&machine);
		let suspended = Some(hcc_evidence::host::GenerationTrust::Suspended);
		assert_ok!(Policy::set_generation(RuntimeOrigin::root(), machine.vek.product, suspended));
		assert_eq!(attest(&machine).code, RejectCode::GenerationSuspended.number());
		assert!(matches!(contest_stage(&clone), Some(ContestStage::Both { .. })));
	});
}

/// If such a contest were accepted, any account that knows a chip's certificate could occupy the
/// only contest that a chip may have.
#[test]
fn contest_with_foreign_report_is_rejected() {
	run(|machine| {
		let mut thief = contender_machine();
		thief.chip = Machine::named("eve").chip;
		block_with_hash();
		let mut context = contest_context(&machine);
		context.challenge.chip = chip(&machine);
		let evidence = thief.answer(&context);
		assert_noop!(submit_contest(&machine, &evidence), AttestationError::ReportRefused);
	});
}

/// If the challenge were not repeated, the holder would lose its chip because of a false verdict,
/// although a proof has undone the verdict.
#[test]
fn undone_verdict_on_holder_repeats_the_challenge() {
	run(|machine| {
		let rival = contender_machine();
		open_accepted_contest(&rival);
		wait_for_holder_challenge(&machine);
		let evidence = machine.answer(&challenge(&machine));
		assert_ok!(submit(&evidence));
		let subject = subject(&machine);
		let forged = RejectCode::ReportSignature.number();
		let lie = Finding { code: forged, claims: Default::default() };
		vote_all(&VALIDATORS[..3], subject, &lie);
		blocks(2);
		assert_eq!(contest_stage(&rival), Some(ContestStage::Absent { subject: Some(subject) }));
		assert_ok!(prove(&VALIDATORS[3].to_account_id(), subject, &evidence));
		wait_for_holder_challenge(&machine);
		assert!(attest(&machine).is_accepted());
		assert!(matches!(contest_stage(&rival), Some(ContestStage::Both { .. })));
	});
}

#[test]
fn challenge_before_contest_decides_nothing() {
	run(|machine| {
		let rival = contender_machine();
		let (contest, evidence) = open_contest(&rival);
		// The holder misses an older challenge.
		let open = challenge(&machine).challenge.seq;
		let finding = finding(contest, &evidence);
		vote_all(&VALIDATORS, contest, &finding);
		blocks(2);
		let Some(ContestStage::Answering { after }) = contest_stage(&rival) else {
			panic!("the holder has no deadline")
		};
		assert!(after >= open);
		while Attestation::host(chip(&machine)).expect("the chip has a host").seq <= after {
			block();
		}
		assert!(matches!(contest_stage(&rival), Some(ContestStage::Answering { .. })));
		assert!(attest(&machine).is_accepted());
		assert!(matches!(contest_stage(&rival), Some(ContestStage::Both { .. })));
	});
}

#[test]
fn attested_buyer_keeps_contested_chip() {
	run(|machine| {
		let former = contender_machine();
		open_accepted_contest(&former);
		assert_ok!(Registry::remove_chip(RuntimeOrigin::signed(miner()), chip(&machine)));
		assert_eq!(contest_stage(&former), Some(ContestStage::Absent { subject: None }));
		// During the contest, a buyer that does not know about the contest registers the chip and
		// attests.
		let buyer = AccountId::new([0x66; 32]);
		enrol(&buyer, &Machine::named("bob"), [0xeb; 32]);
		let chip = chip(&machine);
		assert_ok!(Registry::add_chip(RuntimeOrigin::signed(buyer.clone()), chip));
		pallet_attestation::Hosts::<Runtime>::mutate(chip, |host| {
			host.as_mut().expect("the TPM is enrolled").checkpoint = attested_checkpoint();
		});
		blocks(HOURS + 20);
		assert_eq!(holder(&former), Some(buyer));
	});
}

/// Returns the log checkpoint of a machine whose evidence was accepted.
fn attested_checkpoint() -> Option<BootState> {
	let required_seen = vec![];
	Some(BootState { reset_count: 1, restart_count: 0, pcr10: [1; 32], entries: 2, required_seen })
}
