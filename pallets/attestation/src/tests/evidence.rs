//! Inclusion of evidence: bound evidence closes the challenge, other evidence is an error without
//! effect.

use frame_support::{assert_noop, assert_ok, dispatch::Pays};
use hcc_evidence::host::{HostEvidence, PinnedContext};
use hcc_evidence_testing::{Machine, GENESIS, MINER};
use hcc_primitives::Miners as _;
use hcc_testing::{MockMiners, Now, Opened, Refusal};
use sp_runtime::{AccountId32, DispatchError};

use crate::{mock::*, *};

/// The open challenge, as the machine receives it.
pub(super) fn context(machine: &Machine) -> hcc_evidence::host::Context {
	let host = Attestation::host(chip(machine)).expect("enlisted");
	let open = host.challenge.expect("challenged");
	let mut context = machine.challenge(open.seq);
	context.challenge.nonce = open.nonce;
	context.boot = host.checkpoint;
	context.former = host.former;
	context
}

pub(super) fn submit(
	evidence: HostEvidence,
) -> frame_support::dispatch::DispatchResultWithPostInfo {
	Attestation::submit_evidence(RuntimeOrigin::signed(miner()), Box::new(evidence))
}

/// The pinned context of the last subject.
pub(super) fn pinned() -> PinnedContext {
	let (subject, _) = *Opened::get().last().expect("opened");
	Attestation::context(subject).expect("pinned")
}

fn challenged(test: impl FnOnce(Machine)) {
	run(|| {
		let alice = Machine::named("alice");
		enlist(&alice);
		next_tick();
		test(alice);
	});
}

#[test]
fn bound_evidence_is_free_and_pins_context() {
	challenged(|alice| {
		let evidence = alice.answer(&context(&alice));
		let outcome = submit(evidence).expect("bound");
		assert_eq!(outcome.pays_fee, Pays::No);
		let pinned = pinned();
		assert_eq!((pinned.miner, pinned.seq, pinned.revision), (MINER, 1, 3));
		assert_eq!(pinned.now, hcc_evidence_testing::NOW);
		assert_eq!(pinned.vek, alice.vek);
		assert_eq!(Attestation::oldest_revision(), 3);
		Revision::set(9);
		assert_eq!(Attestation::oldest_revision(), 3, "a context has the revision");
	});
}

#[test]
fn evidence_is_included_once() {
	challenged(|alice| {
		let evidence = alice.answer(&context(&alice));
		assert_ok!(submit(evidence.clone()));
		assert_noop!(submit(evidence), Error::<Test>::NoChallenge);
	});
}

#[test]
fn evidence_of_another_account_is_refused() {
	challenged(|alice| {
		let evidence = alice.answer(&context(&alice));
		let stranger = RuntimeOrigin::signed(AccountId32::new([9; 32]));
		assert_noop!(
			Attestation::submit_evidence(stranger, Box::new(evidence.clone())),
			Error::<Test>::NotTheMiner
		);
		hcc_testing::register(AccountId32::new([9; 32]), vec![], None);
		let other = RuntimeOrigin::signed(AccountId32::new([9; 32]));
		assert_noop!(
			Attestation::submit_evidence(other, Box::new(evidence)),
			Error::<Test>::NotTheMiner
		);
	});
}

#[test]
fn evidence_for_other_challenge_is_rejected() {
	challenged(|alice| {
		let now = context(&alice);
		let mut earlier = now.clone();
		earlier.challenge.nonce = [7; 32];
		let replayed = alice.answer(&earlier);
		assert_noop!(submit(replayed), Error::<Test>::QuoteNotBound);
		let mut later = alice.answer(&now);
		later.seq = 2;
		assert_noop!(submit(later), Error::<Test>::NoChallenge);
	});
}

#[test]
fn evidence_for_another_chain_is_refused() {
	challenged(|alice| {
		let mut elsewhere = context(&alice);
		elsewhere.challenge.genesis[0] ^= 1;
		assert_noop!(submit(alice.answer(&elsewhere)), Error::<Test>::QuoteNotBound);
		assert_eq!(context(&alice).challenge.genesis, GENESIS);
	});
}

#[test]
fn each_binding_is_checked() {
	challenged(|alice| {
		let context = context(&alice);
		let good = alice.answer(&context);
		let mut other_guest = good.clone();
		other_guest.guest_pk[0] ^= 1;
		assert_noop!(submit(other_guest), Error::<Test>::QuoteNotBound);
		let mut other_log = good.clone();
		other_log.ima_delta.records.push(0);
		assert_noop!(submit(other_log), Error::<Test>::ReportNotBound);
		let mut other_report = good.clone();
		other_report.snp_report[0x50] ^= 1;
		assert_noop!(submit(other_report), Error::<Test>::ReportNotBound);
		assert_ok!(submit(good));
	});
}

#[test]
fn long_or_malformed_evidence_is_refused() {
	challenged(|alice| {
		let good = alice.answer(&context(&alice));
		let altered = |change: &dyn Fn(&mut HostEvidence)| {
			let mut evidence = good.clone();
			change(&mut evidence);
			submit(evidence).expect_err("refused").error
		};
		let length: DispatchError = Error::<Test>::EvidenceLength.into();
		assert_eq!(altered(&|e| e.snp_report.truncate(1183)), length);
		assert_eq!(altered(&|e| e.tpms_attest.resize(MAX_ATTEST + 1, 0)), length);
		assert_eq!(altered(&|e| e.tpm_signature.resize(MAX_SIGNATURE + 1, 0)), length);
		assert_eq!(altered(&|e| e.ima_delta.records.resize((64 << 10) + 1, 0)), length);
		assert_eq!(altered(&|e| e.boot = Some(vec![0; MAX_BOOT_LOG + 1])), length);
		let malformed: DispatchError = Error::<Test>::EvidenceMalformed.into();
		assert_eq!(altered(&|e| e.tpms_attest.truncate(10)), malformed);
		assert_eq!(altered(&|e| e.snp_report[0] = 99), malformed);
	});
}

#[test]
fn missing_key_or_tpm_is_refused() {
	challenged(|alice| {
		let mut context = context(&alice);
		let mut evidence = alice.answer(&context);
		// No key is registered for this REPORTED_TCB.
		evidence.snp_report[0x180] ^= 1;
		assert_noop!(submit(evidence), Error::<Test>::VekMissing);
		// The root of the TPM's vendor is no longer trusted.
		let root = MockMiners::tpm(&miner()).expect("it has one").root;
		hcc_testing::Distrusted::set(vec![root]);
		assert_noop!(submit(alice.answer(&context)), Error::<Test>::TpmMissing);
		hcc_testing::Distrusted::set(vec![]);
		hcc_testing::register(miner(), vec![chip(&alice)], None);
		context.boot = None;
		assert_noop!(submit(alice.answer(&context)), Error::<Test>::TpmMissing);
	});
}

#[test]
fn late_evidence_is_refused() {
	challenged(|alice| {
		let evidence = alice.answer(&context(&alice));
		Now::set(Now::get() + ANSWER);
		assert_ok!(frame_support::storage::with_transaction(|| {
			let outcome = submit(evidence.clone());
			sp_runtime::TransactionOutcome::Rollback(outcome)
		}));
		Now::set(Now::get() + 1);
		assert_noop!(submit(evidence), Error::<Test>::NoChallenge);
	});
}

#[test]
fn refused_subject_changes_nothing() {
	challenged(|alice| {
		let evidence = alice.answer(&context(&alice));
		Refusal::set(Some(DispatchError::Other("no room")));
		assert_noop!(submit(evidence.clone()), DispatchError::Other("no room"));
		Refusal::set(None);
		assert_ok!(submit(evidence));
	});
}

#[test]
fn quote_selects_one_of_two_chips() {
	run(|| {
		let alice = Machine::named("alice");
		let mut bob = Machine::named("bob");
		bob.ak = alice.ak.clone();
		enlist_all(&[&alice, &bob]);
		next_tick();
		assert_ok!(submit(bob.answer(&context(&bob))));
		assert_eq!(pinned().chip, chip(&bob));
		assert_ok!(submit(alice.answer(&context(&alice))));
		assert_eq!(pinned().chip, chip(&alice));
	});
}
