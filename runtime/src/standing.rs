//! Who may send what is included before all else: evidence, votes, credentials, proofs. Their fees do not rise with the fullness of blocks; so what cannot
//! succeed is kept out of blocks, where it would take their room.

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

/// Refuses operational calls that cannot succeed, by [`InvalidTransaction::Custom`]: 64 × the pallet (0 attestation, 1 verdicts, 2 registry, 3 oracle) + the number of its error.
#[derive(Clone, Eq, PartialEq, Debug, Default, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct CheckStanding;

/// How many errors of a pallet have a number.
const ERRORS: u8 = 64;
/// What is refused whoever sends it: calls made of operational calls, and those that nobody but governance may make.
const NOT_BY_ITSELF: u8 = u8::MAX;

/// The number of a pallet's error among the reasons for which a transaction is not taken: 64 × (0 attestation, 1 verdicts, 2 registry, 3 oracle) + the error's own.
fn refusal(error: impl Into<DispatchError>) -> InvalidTransaction {
	let pallets = [Attestation::index(), Verdicts::index(), Registry::index(), Oracle::index()];
	let number = match error.into() {
		DispatchError::Module(ModuleError { index, error: [error, ..], .. }) if error < ERRORS => {
			let pallet = pallets.iter().position(|pallet| *pallet == usize::from(index));
			pallet.map(|pallet| (pallet as u8).saturating_mul(ERRORS).saturating_add(error))
		},
		_ => None,
	};
	InvalidTransaction::Custom(number.unwrap_or(NOT_BY_ITSELF))
}

impl CheckStanding {
	/// What makes it worth to include the call.
	fn check(who: &AccountId, call: &RuntimeCall) -> Result<ValidTransaction, InvalidTransaction> {
		let mut valid = ValidTransaction::default();
		match call {
			RuntimeCall::Attestation(pallet_attestation::Call::submit_evidence { evidence }) => {
				let (_, chip, open) =
					Attestation::check_submission(who, evidence).map_err(refusal)?;
				// One at a time.
				valid.provides = vec![(b"evidence", chip, open.seq).encode()];
			},
			RuntimeCall::Verdicts(pallet_verdicts::Call::file { .. }) => {
				Verdicts::check_worker(who).map_err(refusal)?;
			},
			RuntimeCall::Verdicts(pallet_verdicts::Call::prove { subject, evidence }) => {
				Verdicts::check_proof(who, *subject, evidence).map_err(refusal)?;
				// One of each sender's. Not one of all: who cannot pay for his when it is to be included would keep out others' with it.
				valid.provides = vec![(b"proof", subject, who).encode()];
			},
			RuntimeCall::Registry(
				pallet_registry::Call::post_credential { miner, .. }
				| pallet_registry::Call::reveal_seed { miner, .. },
			) => Registry::check_helper(who, miner).map_err(refusal)?,
			RuntimeCall::Oracle(pallet_oracle::Call::report { price, block }) => {
				let feeder = Oracle::check_report(who, *price, *block).map_err(refusal)?;
				// One at a time.
				valid.provides = vec![(b"price", feeder).encode()];
			},
			RuntimeCall::Sudo(_) if pallet_sudo::Key::<Runtime>::get().as_ref() == Some(who) => {},
			_ => return Err(InvalidTransaction::Custom(NOT_BY_ITSELF)),
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
		// Reckoned, as no benchmark can be made of an extension of the runtime's own: some rows are read, and the bytes of a proof are hashed.
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
		// In safe mode it would be paid for, and refused.
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
