//! Validates operational transactions: evidence, votes, credentials, proofs, price reports, and the
//! calls of a miner that have a deadline.
//!
//! Blocks include operational transactions first, and reserve room for them that normal
//! transactions cannot use. So an operational call that cannot succeed must be kept out of blocks.
//! Otherwise, it would take room from other operational calls at a low price.

use alloc::{vec, vec::Vec};

use codec::{Decode, DecodeWithMemTracking, Encode};
use frame_support::{
	dispatch::DispatchClass,
	pallet_prelude::{
		InvalidTransaction, TransactionPriority, TransactionSource, TransactionValidityError,
		ValidTransaction,
	},
	traits::PalletInfoAccess,
	weights::Weight,
};
use frame_system::Config as System;
use hcc_evidence::{host::Hash256, vm::VmId};
use scale_info::TypeInfo;
use sp_runtime::{
	traits::{
		AsSystemOriginSigner, DispatchInfoOf, PostDispatchInfoOf, TransactionExtension,
		ValidateResult,
	},
	DispatchError, DispatchResult, ModuleError,
};

use crate::*;

/// Rejects operational calls that cannot succeed, limits the number of attempts that can fail, and
/// assigns a priority to each kind of call.
///
/// The error is [`InvalidTransaction::Custom`] with the code 48 × (number of the pallet) + (index
/// of the pallet's error). The numbers are 0 for attestation, 1 for verdicts, 2 for the registry, 3
/// for the oracle and 4 for compute. The code is 255 for operational calls that no sender may make.
#[derive(Clone, Eq, PartialEq, Debug, Default, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct CheckStanding;

/// Number of codes that are reserved for each pallet.
const CODES_PER_PALLET: u8 = 48;
/// Code for operational calls that no sender may make: calls that contain operational calls, and
/// calls that only governance may make.
const NOT_ALLOWED: u8 = u8::MAX;

/// Lower limit of the priorities of operational transactions. It exceeds the priority of every
/// normal transaction, regardless of tips.
pub const OPERATIONAL: TransactionPriority = TransactionPriority::MAX / 2;

/// Kinds of operational transactions, in ascending order of priority. Tips have no effect on this
/// priority.
#[derive(Clone, Copy, Eq, PartialEq, Debug)]
pub enum Kind {
	/// A part of an IMA log.
	Log = 1,
	/// A boot, its evidence and its confirmation, a credential and its answer, a price.
	Other = 2,
	/// The evidence of a host.
	Evidence = 3,
	Proof = 4,
	/// Votes and statements of the last finalised block. Without statements, the clock stops.
	Vote = 5,
}

impl Kind {
	pub fn priority(self) -> TransactionPriority {
		OPERATIONAL.saturating_add(self as TransactionPriority)
	}
}

/// An attempt that is counted even if its call fails.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum Attempt {
	/// A part of an IMA log, for the miner's open challenge with this nonce.
	LogPart { miner: AccountId, nonce: Hash256 },
	/// The evidence of a VM's boot.
	Attest { vm: VmId },
}

/// Returns the rejection for a pallet's error. See [`CheckStanding`] for the codes.
fn refusal(error: impl Into<DispatchError>) -> InvalidTransaction {
	let pallets = [
		Attestation::index(),
		Verdicts::index(),
		Registry::index(),
		Oracle::index(),
		Compute::index(),
	];
	let number = match error.into() {
		DispatchError::Module(ModuleError { index, error: [error, ..], .. })
			if error < CODES_PER_PALLET =>
		{
			let pallet = pallets.iter().position(|pallet| *pallet == usize::from(index));
			pallet
				.map(|pallet| (pallet as u8).saturating_mul(CODES_PER_PALLET).saturating_add(error))
		},
		_ => None,
	};
	InvalidTransaction::Custom(number.unwrap_or(NOT_ALLOWED))
}

/// A call that may be included.
#[derive(Clone, Eq, PartialEq, Debug)]
struct Admitted {
	kind: Kind,
	/// Tag that only one transaction in the pool may have. With `None`, the pool may have several
	/// such transactions.
	tag: Option<Vec<u8>>,
	attempt: Option<Attempt>,
}

impl Admitted {
	fn new(kind: Kind) -> Self {
		Self { kind, tag: None, attempt: None }
	}

	/// Admits only one transaction with this tag to the pool at a time.
	fn once(self, tag: impl Encode) -> Self {
		Self { tag: Some(tag.encode()), ..self }
	}

	fn counted(self, attempt: Attempt) -> Self {
		Self { attempt: Some(attempt), ..self }
	}
}

impl CheckStanding {
	/// Checks that `call` can succeed. If it cannot, returns the reason for the rejection.
	fn check(
		who: &AccountId,
		call: &RuntimeCall,
		source: TransactionSource,
	) -> Result<Admitted, InvalidTransaction> {
		match call {
			RuntimeCall::Attestation(call) => Self::check_attestation(who, call, source),
			RuntimeCall::Compute(call) => Self::check_compute(who, call),
			RuntimeCall::Registry(call) => Self::check_registry(who, call),
			RuntimeCall::Verdicts(pallet_verdicts::Call::vote { validator, .. }) => {
				Verdicts::check_worker(who, validator).map_err(refusal)?;
				Ok(Admitted::new(Kind::Vote))
			},
			RuntimeCall::Verdicts(pallet_verdicts::Call::prove {
				validator,
				subject,
				evidence,
			}) => {
				Verdicts::check_proof(who, validator.as_ref(), *subject, evidence)
					.map_err(refusal)?;
				// The pool admits one proof per sender and subject. If it admitted one per subject,
				// a sender that cannot pay at inclusion would keep out the proofs of other senders.
				Ok(Admitted::new(Kind::Proof).once((b"proof", subject, who)))
			},
			RuntimeCall::Oracle(pallet_oracle::Call::report { validator, price, block }) => {
				Oracle::check_report(who, validator, *price, *block).map_err(refusal)?;
				// The pool admits one report per feeder at a time.
				Ok(Admitted::new(Kind::Other).once((b"price", validator)))
			},
			RuntimeCall::Sudo(_) if pallet_sudo::Key::<Runtime>::get().as_ref() == Some(who) => {
				Ok(Admitted::new(Kind::Other))
			},
			_ => Err(InvalidTransaction::Custom(NOT_ALLOWED)),
		}
	}

	fn check_attestation(
		who: &AccountId,
		call: &pallet_attestation::Call<Runtime>,
		source: TransactionSource,
	) -> Result<Admitted, InvalidTransaction> {
		match call {
			pallet_attestation::Call::submit_evidence { evidence } => {
				let (_, chip, open) =
					Attestation::check_submission(who, evidence).map_err(refusal)?;
				// The pool admits one piece of evidence per challenge.
				Ok(Admitted::new(Kind::Evidence).once((b"evidence", chip, open.seq)))
			},
			pallet_attestation::Call::submit_log { miner, from, .. } => {
				let nonce = Attestation::check_part(who, miner).map_err(refusal)?;
				// The position is checked only in a block. In the pool, earlier parts may still be
				// pending.
				if source == TransactionSource::InBlock {
					Attestation::check_position(miner, *from).map_err(refusal)?;
				}
				let admitted = Admitted::new(Kind::Log).once((b"log", miner, nonce, from));
				Ok(admitted.counted(Attempt::LogPart { miner: miner.clone(), nonce }))
			},
			_ => Err(InvalidTransaction::Custom(NOT_ALLOWED)),
		}
	}

	fn check_compute(
		who: &AccountId,
		call: &pallet_compute::Call<Runtime>,
	) -> Result<Admitted, InvalidTransaction> {
		match call {
			// The pool admits one call `boot` per assignment. The tag contains the boot counter,
			// which changes with each boot.
			pallet_compute::Call::boot { vm } => {
				let boot = Compute::check_boot(who, *vm).map_err(refusal)?;
				Ok(Admitted::new(Kind::Other).once((b"boot", vm, boot)))
			},
			pallet_compute::Call::attest { evidence } => {
				let boot = Compute::check_attest(who, evidence).map_err(refusal)?;
				let vm = evidence.vm;
				let admitted = Admitted::new(Kind::Other).once((b"attest", vm, boot));
				Ok(admitted.counted(Attempt::Attest { vm }))
			},
			// A confirmation is checked in full, so its attempts need not be counted.
			pallet_compute::Call::confirm { confirmed } => {
				let boot = Compute::check_confirm(who, confirmed).map_err(refusal)?;
				let vm = confirmed.confirmation.vm;
				Ok(Admitted::new(Kind::Other).once((b"confirm", vm, boot)))
			},
			_ => Err(InvalidTransaction::Custom(NOT_ALLOWED)),
		}
	}

	fn check_registry(
		who: &AccountId,
		call: &pallet_registry::Call<Runtime>,
	) -> Result<Admitted, InvalidTransaction> {
		match call {
			pallet_registry::Call::post_credential { validator, miner, .. } => {
				Registry::check_poster(who, validator, miner).map_err(refusal)?;
				Ok(Admitted::new(Kind::Other))
			},
			pallet_registry::Call::reveal_seed { validator, miner, .. } => {
				Registry::check_helper(who, validator, miner).map_err(refusal)?;
				Ok(Admitted::new(Kind::Other))
			},
			// The pool admits one answer per enrolment, because an enrolment can be answered only
			// once.
			pallet_registry::Call::answer_credentials { miner, answers } => {
				let deadline = Registry::check_answer(who, miner, answers).map_err(refusal)?;
				Ok(Admitted::new(Kind::Other).once((b"answer", miner, deadline)))
			},
			_ => Err(InvalidTransaction::Custom(NOT_ALLOWED)),
		}
	}
}

/// Verification of an ed25519 signature by the node, in picoseconds.
const SIGNATURE: u64 = 100_000_000;

/// Returns the weight of checking a call and of counting its attempt. The weight is an estimate,
/// because no benchmark covers extensions of the runtime. It covers the rows that are read, and the
/// hash of a proof's bytes.
fn weight_of(call: &RuntimeCall) -> Weight {
	let db = <Runtime as System>::DbWeight::get();
	let (hashed, more) = match call {
		RuntimeCall::Verdicts(pallet_verdicts::Call::prove { evidence, .. }) => {
			(evidence.len(), Weight::zero())
		},
		RuntimeCall::Compute(pallet_compute::Call::boot { .. }) => (0, db.reads(24)),
		RuntimeCall::Compute(pallet_compute::Call::attest { .. }) => {
			(0, db.reads(24).saturating_add(Compute::refusal_weight()))
		},
		RuntimeCall::Compute(pallet_compute::Call::confirm { .. }) => {
			(0, Weight::from_parts(SIGNATURE, 0))
		},
		RuntimeCall::Attestation(pallet_attestation::Call::submit_log { .. }) => {
			(0, db.reads_writes(2, 1))
		},
		_ => (0, Weight::zero()),
	};
	Weight::from_parts(50_000_000, 0)
		.saturating_add(Weight::from_parts(4_000, 0).saturating_mul(hashed as u64))
		.saturating_add(db.reads(8))
		.saturating_add(more)
}

impl TransactionExtension<RuntimeCall> for CheckStanding {
	const IDENTIFIER: &'static str = "CheckStanding";
	type Implicit = ();
	type Val = Option<Attempt>;
	type Pre = Option<Attempt>;

	fn weight(&self, call: &RuntimeCall) -> Weight {
		weight_of(call)
	}

	fn validate(
		&self,
		origin: RuntimeOrigin,
		call: &RuntimeCall,
		info: &DispatchInfoOf<RuntimeCall>,
		_len: usize,
		_self_implicit: (),
		_inherited_implication: &impl Encode,
		source: TransactionSource,
	) -> ValidateResult<Self::Val, RuntimeCall> {
		// Without this check, the call would be included in safe mode and fail, and its sender
		// would pay the fee.
		if origin.as_system_origin_signer().is_some() && !SafeMode::is_allowed(call) {
			return Err(InvalidTransaction::Call.into());
		}
		let admitted = match origin.as_system_origin_signer() {
			Some(who) if info.class == DispatchClass::Operational => {
				Self::check(who, call, source).map_err(TransactionValidityError::from)?
			},
			_ => return Ok((ValidTransaction::default(), None, origin)),
		};
		let valid = ValidTransaction {
			priority: admitted.kind.priority(),
			provides: admitted.tag.map_or_else(Vec::new, |tag| vec![tag]),
			..Default::default()
		};
		Ok((valid, admitted.attempt, origin))
	}

	fn prepare(
		self,
		attempt: Self::Val,
		_origin: &RuntimeOrigin,
		_call: &RuntimeCall,
		_info: &DispatchInfoOf<RuntimeCall>,
		_len: usize,
	) -> Result<Self::Pre, TransactionValidityError> {
		// The part is counted before the call is dispatched, because a failed call reverts its
		// changes.
		if let Some(Attempt::LogPart { miner, nonce }) = &attempt {
			Attestation::note_part(miner, *nonce);
		}
		Ok(attempt)
	}

	fn post_dispatch_details(
		attempt: Self::Pre,
		_info: &DispatchInfoOf<RuntimeCall>,
		_post_info: &PostDispatchInfoOf<RuntimeCall>,
		_len: usize,
		result: &DispatchResult,
	) -> Result<Weight, TransactionValidityError> {
		match (attempt, result) {
			(Some(Attempt::Attest { vm }), Err(_)) => Compute::note_refusal(vm),
			(Some(Attempt::Attest { .. }), Ok(())) => return Ok(Compute::refusal_weight()),
			(Some(Attempt::LogPart { .. }) | None, _) => {},
		}
		Ok(Weight::zero())
	}
}
