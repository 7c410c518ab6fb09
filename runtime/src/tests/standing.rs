//! What is kept out of blocks: calls that come before all others, and cannot succeed.

use codec::Encode;
use frame_support::{
	assert_ok,
	dispatch::{DispatchClass, GetDispatchInfo},
	pallet_prelude::{
		InvalidTransaction, TransactionSource, TransactionValidityError, ValidTransaction,
	},
};
use hcc_evidence::host::HostEvidence;
use sp_keyring::Sr25519Keyring::{Alice, Bob, Dave, Eve};
use sp_runtime::traits::DispatchTransaction;

use super::network::*;
use crate::{standing::CheckStanding, *};

/// What the pool is told of a call.
fn checked(
	who: &AccountId,
	call: impl Into<RuntimeCall>,
) -> Result<ValidTransaction, TransactionValidityError> {
	let call = call.into();
	let (info, len) = (call.get_dispatch_info(), call.encoded_size());
	let origin = RuntimeOrigin::signed(who.clone());
	let taken =
		CheckStanding.validate_only(origin, &call, &info, len, TransactionSource::External, 0);
	taken.map(|(valid, ..)| valid)
}

/// Why a call is not taken; nothing where it is.
fn refused(who: &AccountId, call: impl Into<RuntimeCall>) -> Option<u8> {
	match checked(who, call) {
		Ok(_) => None,
		Err(TransactionValidityError::Invalid(InvalidTransaction::Custom(code))) => Some(code),
		Err(other) => panic!("{other:?}"),
	}
}

/// The number of a pallet's error.
fn number(pallet: u8, error: impl Into<sp_runtime::DispatchError>) -> Option<u8> {
	match error.into() {
		sp_runtime::DispatchError::Module(module) => Some(64 * pallet + module.error[0]),
		other => panic!("{other:?}"),
	}
}

fn submission(evidence: &HostEvidence) -> pallet_attestation::Call<Runtime> {
	pallet_attestation::Call::submit_evidence { evidence: Box::new(evidence.clone()) }
}

fn filing() -> pallet_verdicts::Call<Runtime> {
	pallet_verdicts::Call::file { votes: Default::default(), finalised: 0 }
}

#[test]
fn evidence_is_taken_from_a_miner_that_is_asked_for_it_and_from_nobody_else() {
	type Error = pallet_attestation::Error<Runtime>;
	run(|machine| {
		let evidence = machine.answer(&challenge(&machine));
		assert_eq!(refused(&miner(), submission(&evidence)), None);
		let other = Eve.to_account_id();
		assert_eq!(refused(&other, submission(&evidence)), number(0, Error::NotTheMiner));
		let mut late = evidence.clone();
		late.seq += 1;
		assert_eq!(refused(&miner(), submission(&late)), number(0, Error::NoChallenge));
		let mut unbound = evidence.clone();
		unbound.guest_pk[0] ^= 1;
		assert_eq!(refused(&miner(), submission(&unbound)), number(0, Error::QuoteNotBound));
		assert_ok!(submit(&evidence));
		assert_eq!(
			refused(&miner(), submission(&evidence)),
			number(0, Error::NoChallenge),
			"one answer is enough"
		);
	});
}

#[test]
fn votes_are_taken_from_workers_in_office_alone() {
	run(|_| {
		assert_eq!(refused(&Alice.to_account_id(), filing()), None);
		let wanted = number(1, pallet_verdicts::Error::<Runtime>::NotAWorker);
		assert_eq!(refused(&Eve.to_account_id(), filing()), wanted);
	});
}

#[test]
fn a_proof_is_taken_once_with_the_right_bytes_of_whoever_can_lose_something() {
	type Error = pallet_verdicts::Error<Runtime>;
	run(|machine| {
		let (subject, evidence) = answer(&machine);
		let proof = |evidence: &HostEvidence| pallet_verdicts::Call::<Runtime>::prove {
			subject,
			evidence: evidence.encode().try_into().expect("short"),
		};
		let (worker, outsider) = (Alice.to_account_id(), Eve.to_account_id());
		assert_eq!(refused(&worker, proof(&evidence)), None);
		assert_eq!(refused(&outsider, proof(&evidence)), None);
		let poor = AccountId::new([0x99; 32]);
		assert_eq!(refused(&poor, proof(&evidence)), number(1, Error::DepositMissing));
		let mut other = evidence.clone();
		other.seq += 1;
		assert_eq!(refused(&worker, proof(&other)), number(1, Error::EvidenceMismatch));
		assert_ok!(vote(Dave, subject, &lie()));
		assert_ok!(prove(&worker, subject, &evidence));
		assert_eq!(refused(&outsider, proof(&evidence)), number(1, Error::AlreadyProven));
		let unknown = pallet_verdicts::Call::<Runtime>::prove {
			subject: Default::default(),
			evidence: Default::default(),
		};
		assert_eq!(refused(&worker, unknown), number(1, Error::NotOpen));
	});
}

/// Else whoever cannot pay for his when it is to be included would keep out those of the honest with it.
#[test]
fn a_pool_has_a_proof_of_each_sender_and_one_answer_of_a_chip() {
	run(|machine| {
		let evidence = machine.answer(&challenge(&machine));
		let tags = |who: &AccountId, call: RuntimeCall| checked(who, call).expect("taken").provides;
		let answer = tags(&miner(), submission(&evidence).into());
		assert_eq!(answer.len(), 1);
		assert_eq!(answer, tags(&miner(), submission(&evidence).into()));
		let (subject, evidence) = super::network::answer(&machine);
		let proof = || -> RuntimeCall {
			let evidence = evidence.encode().try_into().expect("short");
			pallet_verdicts::Call::<Runtime>::prove { subject, evidence }.into()
		};
		let (worker, outsider) = (Alice.to_account_id(), Eve.to_account_id());
		assert_eq!(tags(&worker, proof()).len(), 1);
		assert_eq!(tags(&worker, proof()), tags(&worker, proof()), "of its own one is enough");
		assert_ne!(tags(&worker, proof()), tags(&outsider, proof()));
	});
}

#[test]
fn credentials_are_taken_where_somebody_enrols() {
	run(|_| {
		let call = pallet_registry::Call::<Runtime>::reveal_seed { miner: miner(), seed: [0; 32] };
		let wanted = number(2, pallet_registry::Error::<Runtime>::NoEnrolment);
		assert_eq!(refused(&Alice.to_account_id(), call), wanted);
	});
}

/// Whatever is before all others must be one of those calls by itself: batches of them, even of nothing, and governance's own calls are not.
#[test]
fn nothing_else_comes_before_all_others() {
	run(|_| {
		let worker = Alice.to_account_id();
		let empty = RuntimeCall::from(pallet_utility::Call::<Runtime>::batch { calls: vec![] });
		let batch = RuntimeCall::from(pallet_utility::Call::<Runtime>::batch {
			calls: vec![filing().into()],
		});
		let code = RuntimeCall::from(frame_system::Call::<Runtime>::set_code { code: vec![] });
		for call in [empty, batch, code] {
			if call.get_dispatch_info().class == DispatchClass::Operational {
				assert_eq!(refused(&worker, call), Some(u8::MAX));
			}
		}
		let ordinary = frame_system::Call::<Runtime>::remark { remark: vec![] };
		assert_eq!(refused(&Bob.to_account_id(), ordinary), None);
	});
}

#[test]
fn in_safe_mode_nobody_pays_for_what_is_refused() {
	run(|machine| {
		let evidence = machine.answer(&challenge(&machine));
		assert_ok!(SafeMode::force_enter(crate::governance::Origin::Tightening.into()));
		let taken = checked(&miner(), submission(&evidence));
		assert_eq!(taken.err(), Some(InvalidTransaction::Call.into()));
		assert_eq!(refused(&Alice.to_account_id(), filing()), None);
	});
}
