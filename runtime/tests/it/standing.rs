//! Tests of the validation of operational transactions. Calls that cannot succeed are kept out of
//! blocks.

use codec::Encode;
use frame_support::{
	assert_ok,
	dispatch::{DispatchClass, GetDispatchInfo},
	pallet_prelude::{
		InvalidTransaction, TransactionSource, TransactionValidityError, ValidTransaction,
	},
};
use hcc_evidence::host::HostEvidence;
use hcc_primitives::units::ALPHA;
use hccs_runtime::{standing::CheckStanding, *};
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Dave, Eve, Ferdie};
use sp_runtime::traits::DispatchTransaction;

use super::{
	author::{begin_by, include, transaction},
	compute::{assign_vm, confirmation, evidence_of, ordered},
	filled::give_key_to_miner,
	network::*,
};

/// Returns the validity that the transaction pool determines for a call.
fn validity_of(
	who: &AccountId,
	call: impl Into<RuntimeCall>,
) -> Result<ValidTransaction, TransactionValidityError> {
	let call = call.into();
	let (info, len) = (call.get_dispatch_info(), call.encoded_size());
	let origin = RuntimeOrigin::signed(who.clone());
	let validity =
		CheckStanding.validate_only(origin, &call, &info, len, TransactionSource::External, 0);
	validity.map(|(valid, ..)| valid)
}

/// Returns the code with which a call is rejected, or `None` for a valid call.
fn rejection_code(who: &AccountId, call: impl Into<RuntimeCall>) -> Option<u8> {
	match validity_of(who, call) {
		Ok(_) => None,
		Err(TransactionValidityError::Invalid(InvalidTransaction::Custom(code))) => Some(code),
		Err(other) => panic!("{other:?}"),
	}
}

/// Returns the rejection code for a pallet's error.
fn code_of(pallet: u8, error: impl Into<sp_runtime::DispatchError>) -> Option<u8> {
	match error.into() {
		sp_runtime::DispatchError::Module(module) => Some(48 * pallet + module.error[0]),
		other => panic!("{other:?}"),
	}
}

fn submission(evidence: &HostEvidence) -> pallet_attestation::Call<Runtime> {
	pallet_attestation::Call::submit_evidence { evidence: Box::new(evidence.clone()) }
}

fn empty_vote() -> pallet_verdicts::Call<Runtime> {
	let validator = Alice.to_account_id();
	pallet_verdicts::Call::vote { validator, votes: Default::default(), finalised: 0 }
}

#[test]
fn evidence_is_valid_only_from_challenged_miner() {
	type Error = pallet_attestation::Error<Runtime>;
	run(|machine| {
		let evidence = machine.answer(&challenge(&machine));
		assert_eq!(rejection_code(&miner(), submission(&evidence)), None);
		let other = Eve.to_account_id();
		assert_eq!(rejection_code(&other, submission(&evidence)), code_of(0, Error::NotTheMiner));
		let mut late = evidence.clone();
		late.seq += 1;
		assert_eq!(rejection_code(&miner(), submission(&late)), code_of(0, Error::NoChallenge));
		let mut unbound = evidence.clone();
		unbound.guest_pk[0] ^= 1;
		assert_eq!(
			rejection_code(&miner(), submission(&unbound)),
			code_of(0, Error::QuoteNotBound)
		);
		assert_ok!(submit(&evidence));
		assert_eq!(
			rejection_code(&miner(), submission(&evidence)),
			code_of(0, Error::NoChallenge),
			"the challenge has an answer"
		);
	});
}

#[test]
fn votes_are_valid_only_from_active_workers() {
	run(|_| {
		assert_eq!(rejection_code(&Alice.to_account_id(), empty_vote()), None);
		let wanted = code_of(1, pallet_verdicts::Error::<Runtime>::NotAWorker);
		assert_eq!(rejection_code(&Eve.to_account_id(), empty_vote()), wanted);
	});
}

#[test]
fn proof_is_valid_once_with_matching_bytes_and_deposit() {
	type Error = pallet_verdicts::Error<Runtime>;
	run(|machine| {
		let (subject, evidence) = answer(&machine);
		let proof = |evidence: &HostEvidence| pallet_verdicts::Call::<Runtime>::prove {
			validator: Some(Alice.to_account_id()),
			subject,
			evidence: evidence.encode().try_into().expect("it fits"),
		};
		let (worker, outsider) = (Alice.to_account_id(), Eve.to_account_id());
		assert_eq!(rejection_code(&worker, proof(&evidence)), None);
		assert_eq!(rejection_code(&outsider, proof(&evidence)), None);
		let poor = AccountId::new([0x99; 32]);
		assert_eq!(
			rejection_code(&poor, proof(&evidence)),
			code_of(1, Error::DepositMissing),
			"naming a member does not make its worker"
		);
		let mut other = evidence.clone();
		other.seq += 1;
		assert_eq!(rejection_code(&worker, proof(&other)), code_of(1, Error::EvidenceMismatch));
		assert_ok!(vote(Dave, subject, &false_finding()));
		assert_ok!(prove(&worker, subject, &evidence));
		assert_eq!(rejection_code(&outsider, proof(&evidence)), code_of(1, Error::AlreadyProven));
		let unknown = pallet_verdicts::Call::<Runtime>::prove {
			validator: None,
			subject: Default::default(),
			evidence: Default::default(),
		};
		assert_eq!(rejection_code(&worker, unknown), code_of(1, Error::NotOpen));
	});
}

/// If the pool admitted only one proof per subject, a sender that cannot pay at inclusion would
/// keep out the proofs of honest senders.
#[test]
fn pool_holds_one_proof_per_sender_and_one_answer_per_chip() {
	run(|machine| {
		let evidence = machine.answer(&challenge(&machine));
		let tags = |who: &AccountId, call: RuntimeCall| {
			validity_of(who, call).expect("the transaction is valid").provides
		};
		let answer = tags(&miner(), submission(&evidence).into());
		assert_eq!(answer.len(), 1);
		assert_eq!(answer, tags(&miner(), submission(&evidence).into()));
		let (subject, evidence) = super::network::answer(&machine);
		let proof = || -> RuntimeCall {
			let evidence = evidence.encode().try_into().expect("it fits");
			pallet_verdicts::Call::<Runtime>::prove { validator: None, subject, evidence }.into()
		};
		let (worker, outsider) = (Alice.to_account_id(), Eve.to_account_id());
		assert_eq!(tags(&worker, proof()).len(), 1);
		assert_eq!(
			tags(&worker, proof()),
			tags(&worker, proof()),
			"each sender has one proof in the pool"
		);
		assert_ne!(tags(&worker, proof()), tags(&outsider, proof()));
	});
}

#[test]
fn credentials_need_an_open_enrolment() {
	run(|_| {
		let call = pallet_registry::Call::<Runtime>::reveal_seed {
			validator: Alice.to_account_id(),
			miner: miner(),
			seed: [0; 32],
		};
		let wanted = code_of(2, pallet_registry::Error::<Runtime>::NoEnrolment);
		assert_eq!(rejection_code(&Alice.to_account_id(), call), wanted);
	});
}

/// Operational batches, even empty ones, and operational calls that only governance may make are
/// rejected.
#[test]
fn other_operational_calls_are_rejected() {
	run(|_| {
		let worker = Alice.to_account_id();
		let empty = RuntimeCall::from(pallet_utility::Call::<Runtime>::batch { calls: vec![] });
		let batch = RuntimeCall::from(pallet_utility::Call::<Runtime>::batch {
			calls: vec![empty_vote().into()],
		});
		let code = RuntimeCall::from(frame_system::Call::<Runtime>::set_code { code: vec![] });
		for call in [empty, batch, code] {
			if call.get_dispatch_info().class == DispatchClass::Operational {
				assert_eq!(rejection_code(&worker, call), Some(u8::MAX));
			}
		}
		let ordinary = frame_system::Call::<Runtime>::remark { remark: vec![] };
		assert_eq!(rejection_code(&Bob.to_account_id(), ordinary), None);
	});
}

#[test]
fn filtered_call_is_invalid_in_safe_mode() {
	run(|machine| {
		let evidence = machine.answer(&challenge(&machine));
		assert_ok!(SafeMode::force_enter(hccs_runtime::governance::Origin::Emergency.into()));
		let validity = validity_of(&miner(), submission(&evidence));
		assert_eq!(validity.err(), Some(InvalidTransaction::Call.into()));
		assert_eq!(rejection_code(&Alice.to_account_id(), empty_vote()), None);
	});
}

/// Returns the priority of a transaction in the pool.
fn priority(key: Sr25519Keyring, call: impl Into<RuntimeCall>, tip: Balance) -> u64 {
	sp_io::storage::start_transaction();
	let transaction = transaction(&key.pair(), call, tip);
	let source = TransactionSource::External;
	let validity = Executive::validate_transaction(source, transaction, Default::default());
	sp_io::storage::rollback_transaction();
	validity.expect("the transaction is valid").priority
}

#[test]
fn priority_follows_kind_of_call_and_ignores_tips() {
	const TIP: Balance = 900_000 * ALPHA;
	run(|machine| {
		let evidence = machine.answer(&challenge(&machine));
		give_key_to_miner();
		let records = machine.log[0].clone().try_into().expect("it fits");
		let log = pallet_attestation::Call::<Runtime>::submit_log {
			miner: miner(),
			from: 0,
			records,
			due: true,
		};
		let report = pallet_oracle::Call::<Runtime>::report {
			validator: Alice.to_account_id(),
			price: 1_000_000_000,
			block: System::block_number() - 1,
		};
		let remark = || frame_system::Call::<Runtime>::remark { remark: vec![] };
		let mut priorities = vec![
			priority(Eve, remark(), 0),
			priority(Eve, remark(), 1),
			priority(Eve, remark(), TIP),
			priority(Ferdie, log.clone(), 0),
			priority(Alice, report, 0),
			priority(Ferdie, submission(&evidence), 0),
		];
		assert_eq!(priority(Ferdie, log, TIP), priorities[3]);
		assert_eq!(priority(Ferdie, submission(&evidence), TIP), priorities[5]);
		let ferdie = RuntimeOrigin::signed(Ferdie.to_account_id());
		assert_ok!(Attestation::submit_evidence(ferdie, Box::new(evidence.clone())));
		let subject = super::network::subject(&machine);
		let evidence = evidence.encode().try_into().expect("it fits");
		let proof = pallet_verdicts::Call::<Runtime>::prove { validator: None, subject, evidence };
		priorities.push(priority(Alice, proof, 0));
		priorities.push(priority(Alice, empty_vote(), 0));
		let rises = priorities.windows(2).all(|pair| pair[0] < pair[1]);
		assert!(rises, "{priorities:?}");
		assert_eq!(priority(Alice, empty_vote(), TIP), priorities[7]);
	});
}

#[test]
fn third_refused_evidence_ends_boot() {
	use pallet_compute::{Call, VmState};
	run(|machine| {
		assign_vm(&machine);
		give_key_to_miner();
		let boot = || Call::<Runtime>::boot { vm: 1 };
		let other = code_of(4, pallet_compute::Error::<Runtime>::NotTheMiner);
		assert_eq!(rejection_code(&Alice.to_account_id(), boot()), other);
		begin_by(Alice, 1);
		state_finality();
		assert_ok!(include(transaction(&Ferdie.pair(), boot(), 0)));
		let again = Executive::apply_extrinsic(transaction(&Ferdie.pair(), boot(), 0));
		assert!(again.is_err(), "one boot for each assignment");
		let mut evidence = evidence_of(1, &machine, &ordered()).expect("the VM is booting");
		evidence.guest_pk[0] ^= 1;
		let attest = || {
			let call = Call::<Runtime>::attest { evidence: Box::new(evidence.clone()) };
			Executive::apply_extrinsic(transaction(&Ferdie.pair(), call, 0))
		};
		for _ in 0..pallet_compute::MAX_REFUSALS {
			assert!(matches!(Compute::vm(1).map(|vm| vm.state), Some(VmState::Booting { .. })));
			assert!(matches!(attest(), Ok(Err(_))), "included, and refused");
		}
		assert!(matches!(Compute::vm(1).map(|vm| vm.state), Some(VmState::Pending { .. })));
		assert!(attest().is_err(), "the boot has ended");
		Executive::finalize_block();
	});
}

/// A confirmation is checked in full before it enters a block, so a false one costs no block space.
#[test]
fn only_valid_confirmations_are_admitted() {
	use pallet_compute::{Call, Error, VmState};
	run(|machine| {
		assign_vm(&machine);
		let confirm = |confirmed| Call::<Runtime>::confirm { confirmed: Box::new(confirmed) };
		let rejected = |confirmed| rejection_code(&miner(), confirm(confirmed));
		let early = code_of(4, Error::<Runtime>::WrongState);
		assert_eq!(rejected(confirmation(1)), early);
		assert_ok!(Compute::boot(RuntimeOrigin::signed(miner()), 1));
		assert_eq!(rejected(confirmation(1)), early);
		let evidence = evidence_of(1, &machine, &ordered()).expect("the VM is booting");
		assert_ok!(Compute::attest(RuntimeOrigin::signed(miner()), Box::new(evidence)));
		let mut forged = confirmation(1);
		forged.confirmation.stamp += 1;
		let refused = code_of(4, Error::<Runtime>::ConfirmationRefused);
		assert_eq!(rejected(forged), refused);
		let other = code_of(4, Error::<Runtime>::NotTheMiner);
		assert_eq!(rejection_code(&Eve.to_account_id(), confirm(confirmation(1))), other);
		assert_eq!(rejected(confirmation(1)), None);
		let tags = |confirmed| {
			validity_of(&miner(), confirm(confirmed)).expect("the call is valid").provides
		};
		assert_eq!(tags(confirmation(1)).len(), 1, "one confirmation of a boot in the pool");
		assert_ok!(Compute::confirm(RuntimeOrigin::signed(miner()), Box::new(confirmation(1))));
		assert_eq!(rejected(confirmation(1)), early, "a boot is confirmed once");
		assert!(matches!(Compute::vm(1).map(|vm| vm.state), Some(VmState::Running { .. })));
	});
}

/// A part of a log counts even if its call is refused, so that its sender cannot repeat it
/// indefinitely.
#[test]
fn log_parts_of_a_challenge_are_counted_even_if_refused() {
	use pallet_attestation::{Call, Error, LogParts, MAX_LOG_PARTS};
	run(|machine| {
		let nonce = challenge(&machine).challenge.nonce;
		give_key_to_miner();
		LogParts::<Runtime>::insert(miner(), (nonce, MAX_LOG_PARTS - 1));
		let part = |from: u32| {
			let records = vec![1; 60].try_into().expect("it fits");
			Call::<Runtime>::submit_log { miner: miner(), from, records, due: true }
		};
		let hot = Ferdie.to_account_id();
		assert_eq!(rejection_code(&hot, part(64)), None, "the parts before it may wait");
		begin_by(Alice, 1);
		state_finality();
		let apply = |from| Executive::apply_extrinsic(transaction(&Ferdie.pair(), part(from), 0));
		assert!(apply(64).is_err(), "the parts before it are missing");
		assert_eq!(apply(0), Ok(Err(Error::<Runtime>::LogMalformed.into())));
		assert_eq!(LogParts::<Runtime>::get(miner()), Some((nonce, MAX_LOG_PARTS)));
		assert_eq!(rejection_code(&hot, part(0)), code_of(0, Error::<Runtime>::LogPartsSpent));
		assert!(apply(0).is_err());
		Executive::finalize_block();
	});
}

/// Each pallet has 48 rejection codes, so it can have at most 48 errors.
#[test]
fn errors_of_operational_calls_have_codes() {
	let metadata = super::layout::metadata();
	for name in ["Attestation", "Verdicts", "Registry", "Oracle", "Compute"] {
		let pallet = metadata.pallets.iter().find(|pallet| pallet.name == name);
		let error = pallet.and_then(|pallet| pallet.error.as_ref()).expect("the pallet has errors");
		let error = metadata.types.resolve(error.ty.id).expect("the type is in the metadata");
		let scale_info::TypeDef::Variant(errors) = &error.type_def else {
			panic!("{name}: the errors are not an enum");
		};
		assert!(errors.variants.iter().all(|error| error.index < 48), "{name}");
	}
}
