//! Files that are allowed because a trusted signer has signed them. The chain verifies each
//! signature once and stores a voucher. Then evidence need not contain the signature, and
//! governance need not list the file.

extern crate alloc;
use alloc::vec::Vec;

use frame_support::{
	ensure,
	pallet_prelude::DispatchResult,
	traits::{fungible::MutateHold, tokens::Precision, Get},
	weights::WeightMeter,
};
use frame_system::pallet_prelude::{BlockNumberFor, OriginFor};
use hcc_evidence::{
	ima::FileSignature,
	tpm::{AttestationKey, PublicKey},
};
use sp_io::hashing::sha2_256;
use sp_runtime::traits::Saturating;

use crate::*;

impl<T: Config> Pallet<T> {
	pub(crate) fn change_file_signer(
		origin: OriginFor<T>,
		key: SignerKey,
		trusted: bool,
	) -> DispatchResult {
		Self::admit(origin, !trusted)?;
		parse_key(&key).ok_or(Error::<T>::SignerMalformed)?;
		let signer = sha2_256(&key);
		Self::do_set_file_signer(signer, trusted.then_some(key))?;
		Self::note_stricter(!trusted);
		Ok(())
	}

	pub(crate) fn do_vouch(
		who: AccountIdOf<T>,
		signer: SignerId,
		files: Vec<(FileHash, FileSignatureBytes)>,
	) -> DispatchResult {
		let row = FileSigners::<T>::get(signer);
		let key = row.current().and_then(|key| parse_key(key)).ok_or(Error::<T>::SignerUnknown)?;
		let revision =
			CurrentRevision::<T>::get().checked_add(1).ok_or(Error::<T>::TooManyRevisions)?;
		let count = files.len() as u32;
		ensure!(count > 0, Error::<T>::AlreadyVouched);
		for (digest, signature) in files {
			let signature =
				FileSignature::parse(&signature).map_err(|_| Error::<T>::FileSignatureRefused)?;
			signature.verify(&key, &digest).map_err(|_| Error::<T>::FileSignatureRefused)?;
			Self::store_voucher(&who, digest, signer, revision)?;
		}
		VouchersPending::<T>::put(true);
		Self::deposit_event(Event::FilesVouched { signer, files: count, revision, depositor: who });
		Ok(())
	}

	fn store_voucher(
		who: &AccountIdOf<T>,
		digest: FileHash,
		signer: SignerId,
		added: Revision,
	) -> DispatchResult {
		Vouched::<T>::try_mutate(digest, |vouchers| {
			let known = vouchers.iter().any(|voucher| voucher.signer == signer);
			ensure!(!known, Error::<T>::AlreadyVouched);
			let deposit = T::VoucherDeposit::get();
			T::NativeBalance::hold(&HoldReason::Voucher.into(), who, deposit)?;
			let depositor = who.clone();
			vouchers
				.try_push(Voucher { signer, added, depositor, deposit })
				.map_err(|_| Error::<T>::TooManyVouchers)?;
			Ok(())
		})
	}

	pub(crate) fn do_remove_voucher(
		who: AccountIdOf<T>,
		digest: FileHash,
		signer: SignerId,
	) -> DispatchResult {
		Vouched::<T>::try_mutate_exists(digest, |stored| {
			let vouchers = stored.as_mut().ok_or(Error::<T>::VoucherNotFound)?;
			let at = vouchers
				.iter()
				.position(|voucher| voucher.signer == signer && voucher.depositor == who)
				.ok_or(Error::<T>::VoucherNotFound)?;
			let needed = FileSigners::<T>::get(signer).is_needed(T::OldestNeeded::get());
			ensure!(!needed, Error::<T>::VoucherNeeded);
			let voucher = vouchers.remove(at);
			let reason = HoldReason::Voucher.into();
			T::NativeBalance::release(&reason, &who, voucher.deposit, Precision::BestEffort)?;
			if vouchers.is_empty() {
				*stored = None;
			}
			Self::deposit_event(Event::VoucherRemoved { digest, signer, depositor: who });
			Ok(())
		})
	}

	/// Makes the revision that brings pending vouchers into force. Makes at most one in
	/// [`Config::VouchInterval`] blocks, because open evidence can depend on only a few revisions
	/// at a time.
	pub(crate) fn enforce_vouchers(now: BlockNumberFor<T>, meter: &mut WeightMeter) {
		if meter.try_consume(T::DbWeight::get().reads_writes(3, 3)).is_err()
			|| !VouchersPending::<T>::get()
		{
			return;
		}
		let due = VouchedAt::<T>::get()
			.is_none_or(|last| now.saturating_sub(last) >= T::VouchInterval::get());
		if !due {
			return;
		}
		if Self::revise(PolicyItem::Vouched, |_| Ok(())).is_ok() {
			VouchersPending::<T>::kill();
			VouchedAt::<T>::put(now);
		}
	}

	/// Returns `true` if the file has a voucher that counts in `revision`, and the voucher's signer
	/// is trusted in that revision.
	pub(crate) fn is_vouched(digest: &FileHash, revision: Revision) -> bool {
		Vouched::<T>::get(digest).iter().any(|voucher| {
			voucher.added <= revision
				&& FileSigners::<T>::get(voucher.signer).at(revision).is_some()
		})
	}
}

/// Parses a signer's key. Returns `None` if it is malformed or of an unsupported kind.
fn parse_key(key: &[u8]) -> Option<PublicKey> {
	let key = AttestationKey::from_spki(key).ok()?.key;
	// Signatures on other curves cost more than a voucher's weight, which covers RSA-4096.
	matches!(key, PublicKey::Rsa(_) | PublicKey::P256(_)).then_some(key)
}

#[cfg(any(feature = "try-runtime", feature = "std"))]
impl<T: Config> Pallet<T> {
	/// Checks invariants 7 and 8 of the README.
	pub(crate) fn check_vouchers() -> Result<(), sp_runtime::TryRuntimeError> {
		use frame_support::traits::fungible::InspectHold;

		let mut held = alloc::collections::BTreeMap::<AccountIdOf<T>, BalanceOf<T>>::new();
		let next = CurrentRevision::<T>::get().saturating_add(1);
		for vouchers in Vouched::<T>::iter_values() {
			for (at, voucher) in vouchers.iter().enumerate() {
				let twice = vouchers.iter().take(at).any(|other| other.signer == voucher.signer);
				ensure!(!twice, "7: a signer has two vouchers for one file");
				ensure!(
					voucher.added <= next,
					"7: a voucher comes into force after the next revision"
				);
				ensure!(
					voucher.added < next || VouchersPending::<T>::get(),
					"7: no revision is pending for a voucher"
				);
				let sum = held.entry(voucher.depositor.clone()).or_default();
				*sum = sum.saturating_add(voucher.deposit);
			}
		}
		for (who, sum) in held {
			let on_hold = T::NativeBalance::balance_on_hold(&HoldReason::Voucher.into(), &who);
			ensure!(on_hold == sum, "8: the held amount is not the sum of the deposits");
		}
		Ok(())
	}
}
