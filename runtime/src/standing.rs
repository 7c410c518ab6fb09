//! Validation of operational transactions: evidence, votes, credentials, proofs, price reports.
//!
//! Blocks include operational transactions first, and their fees do not rise with block fullness. A
//! call that cannot succeed is therefore kept out of blocks. Otherwise it would take space from
//! others at a low price.

use alloc::vec;

use codec::{Decode, DecodeWithMemTracking, Encode};
use frame_support::{
	dispatch::DispatchClass,
	pallet_prelude::{
		InvalidTransaction, TransactionSource, TransactionValidityError, ValidTransaction,
	},
	traits::PalletInfoAccess,
	weights::Weight,
};
use frame_system::Config as System;
use scale_info::TypeInfo;
use sp_runtime::{
	impl_tx_ext_default,
	traits::{AsSystemOriginSigner, DispatchInfoOf, TransactionExtension, ValidateResult},
	DispatchError, ModuleError,
};

use crate::*;

/// Rejects operational calls that cannot succeed.
///
/// The error is [`InvalidTransaction::Custom`] with 64 × the pallet (0 attestation, 1 verdicts, 2
/// registry, 3 oracle) + the index of its error. The code is 255 for other operational calls.
#[derive(Clone, Eq, PartialEq, Debug, Default, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct CheckStanding;

/// Number of codes per pallet.
const CODES_PER_PALLET: u8 = 64;
/// Code for operational calls that no sender may make: calls that contain operational calls, and
/// calls for governance only.
const NOT_ALLOWED: u8 = u8::MAX;

/// Returns the rejection for a pallet's error. See [`CheckStanding`] for the codes.
fn refusal(error: impl Into<DispatchError>) -> InvalidTransaction {
	let pallets = [Attestation::index(), Verdicts::index(), Registry::index(), Oracle::index()];
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

impl CheckStanding {
	/// Checks that `call` can succeed. Returns the tags of the transaction, or the reason for its
	/// rejection.
	fn check(who: &AccountId, call: &RuntimeCall) -> Result<ValidTransaction, InvalidTransaction> {
		let mut valid = ValidTransaction::default();
		match call {
			RuntimeCall::Attestation(pallet_attestation::Call::submit_evidence { evidence }) => {
				let (_, chip, open) =
					Attestation::check_submission(who, evidence).map_err(refusal)?;
				// At most one piece of evidence per challenge in the pool.
				valid.provides = vec![(b"evidence", chip, open.seq).encode()];
			},
			RuntimeCall::Verdicts(pallet_verdicts::Call::vote { validator, .. }) => {
				Verdicts::check_worker(who, validator).map_err(refusal)?;
			},
			RuntimeCall::Verdicts(pallet_verdicts::Call::prove {
				validator,
				subject,
				evidence,
			}) => {
				Verdicts::check_proof(who, validator.as_ref(), *subject, evidence)
					.map_err(refusal)?;
				// One proof per sender and subject. With one per subject, a sender that cannot pay
				// at inclusion would keep out the proofs of others.
				valid.provides = vec![(b"proof", subject, who).encode()];
			},
			RuntimeCall::Registry(pallet_registry::Call::post_credential {
				validator,
				miner,
				..
			}) => Registry::check_poster(who, validator, miner).map_err(refusal)?,
			RuntimeCall::Registry(pallet_registry::Call::reveal_seed {
				validator, miner, ..
			}) => Registry::check_helper(who, validator, miner).map_err(refusal)?,
			RuntimeCall::Oracle(pallet_oracle::Call::report { validator, price, block }) => {
				Oracle::check_report(who, validator, *price, *block).map_err(refusal)?;
				// One report per feeder in the pool at a time.
				valid.provides = vec![(b"price", validator).encode()];
			},
			RuntimeCall::Sudo(_) if pallet_sudo::Key::<Runtime>::get().as_ref() == Some(who) => {},
			_ => return Err(InvalidTransaction::Custom(NOT_ALLOWED)),
		}
		Ok(valid)
	}
}

impl TransactionExtension<RuntimeCall> for CheckStanding {
	const IDENTIFIER: &'static str = "CheckStanding";
	type Implicit = ();
	type Val = ();
	type Pre = ();

	fn weight(&self, call: &RuntimeCall) -> Weight {
		// An estimate, because no benchmark covers an extension of the runtime. The check reads
		// some rows and hashes the bytes of a proof.
		let hashed = match call {
			RuntimeCall::Verdicts(pallet_verdicts::Call::prove { evidence, .. }) => evidence.len(),
			_ => 0,
		};
		Weight::from_parts(50_000_000, 0)
			.saturating_add(Weight::from_parts(4_000, 0).saturating_mul(hashed as u64))
			.saturating_add(<Runtime as System>::DbWeight::get().reads(8))
	}

	fn validate(
		&self,
		origin: RuntimeOrigin,
		call: &RuntimeCall,
		info: &DispatchInfoOf<RuntimeCall>,
		_len: usize,
		_self_implicit: (),
		_inherited_implication: &impl Encode,
		_source: TransactionSource,
	) -> ValidateResult<(), RuntimeCall> {
		// In safe mode the call would be included and paid for, and would then fail.
		if origin.as_system_origin_signer().is_some() && !SafeMode::is_allowed(call) {
			return Err(InvalidTransaction::Call.into());
		}
		let valid = match origin.as_system_origin_signer() {
			Some(who) if info.class == DispatchClass::Operational => {
				Self::check(who, call).map_err(TransactionValidityError::from)?
			},
			_ => ValidTransaction::default(),
		};
		Ok((valid, (), origin))
	}

	impl_tx_ext_default!(RuntimeCall; prepare);
}
