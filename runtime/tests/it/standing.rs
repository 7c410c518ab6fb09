//! Validation of operational transactions: calls that cannot succeed are kept out of blocks.

use codec::Encode;
use frame_support::{
	assert_ok,
	dispatch::{DispatchClass, GetDispatchInfo},
	pallet_prelude::{
		InvalidTransaction, TransactionSource, TransactionValidityError, ValidTransaction,
	},
};
use hcc_evidence::host::HostEvidence;
use hccs_runtime::{standing::CheckStanding, *};
use sp_keyring::Sr25519Keyring::{Alice, Bob, Dave, Eve};
use sp_runtime::traits::DispatchTransaction;

use super::network::*;

/// Returns the validity of a call as the pool sees it.
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

/// Returns the code of a rejected call, or `None` for a valid one.
fn rejection_code(who: &AccountId, call: impl Into<RuntimeCall>) -> Option<u8> {
	match validity_of(who, call) {
		Ok(_) => None,
		Err(TransactionValidityError::Invalid(InvalidTransaction::Custom(code))) => Some(code),
		Err(other) => panic!("{other:?}"),
	}
}

/// Returns the code of a pallet's error.
fn code_of(pallet: u8, error: impl Into<sp_runtime::DispatchError>) -> Option<u8> {
	match error.into() {
		sp_runtime::DispatchError::Module(module) => Some(64 * pallet + module.error[0]),
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

/// Otherwise a sender that cannot pay at inclusion would keep out the proofs of honest senders.
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

/// Only single calls of those kinds are operational. Batches of them, even empty ones, and calls of
/// governance are not.
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
		assert_ok!(SafeMode::force_enter(hccs_runtime::governance::Origin::Tightening.into()));
		let validity = validity_of(&miner(), submission(&evidence));
		assert_eq!(validity.err(), Some(InvalidTransaction::Call.into()));
		assert_eq!(rejection_code(&Alice.to_account_id(), empty_vote()), None);
	});
}
