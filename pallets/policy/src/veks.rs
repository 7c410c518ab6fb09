//! VEKs of chips. The chain verifies the certificate of each VEK once, so that evidence need not
//! contain it.

extern crate alloc;
use alloc::vec::Vec;

use frame_support::{
	ensure,
	pallet_prelude::{DispatchResult, Weight},
	traits::{
		fungible::{InspectHold, MutateHold},
		tokens::Precision,
		Get, UnixTime,
	},
};
use hcc_evidence::{
	crypto::RustCrypto,
	host::{chip_hash, ChipHash},
	snp::{self, ark_id, AmdRoots as Hierarchy, ArkId, ProductLine, TcbVersion, Vek, VekKind},
	UnixSeconds,
};
use hcc_primitives::{ChipOwnership, OnChipChange};

use crate::*;

impl<T: Config> Pallet<T> {
	/// Verifies a VCEK certificate. Returns the chip and the key.
	pub(crate) fn verify_certificate(der: &[u8]) -> Result<(ChipHash, Vek), Error<T>> {
		let roots: Vec<Hierarchy> = AmdRoots::<T>::get()
			.current()
			.map(|roots| roots.iter().map(Into::into).collect())
			.unwrap_or_default();
		let now = UnixSeconds(T::Time::now().as_secs());
		let vek =
			snp::verify_vek::<RustCrypto>(der, &roots, now).map_err(|_| Error::<T>::VekRefused)?;
		ensure!(!Self::is_revoked(&vek), Error::<T>::VekRevoked);
		let VekKind::Vcek { hardware_id } = vek.kind else {
			return Err(Error::<T>::VekRefused);
		};
		Ok((chip_hash(vek.product, &hardware_id), vek))
	}

	/// Returns the roots that are trusted now. A key is valid only while its root is trusted.
	fn trusted_arks() -> Vec<ArkId> {
		let roots = AmdRoots::<T>::get();
		roots.current().into_iter().flatten().map(|root| ark_id(&root.ark)).collect()
	}

	/// Returns `true` if the key's root is in `trusted` and its issuer is not revoked.
	fn is_valid(vek: &Vek, trusted: &[ArkId]) -> bool {
		trusted.contains(&vek.ark) && !Self::is_revoked(vek)
	}

	pub(crate) fn do_register_vek(who: AccountIdOf<T>, der: &[u8]) -> DispatchResult {
		let (chip, vek) = Self::verify_certificate(der)?;
		ensure!(T::Chips::owner_of(&chip).is_some(), Error::<T>::ChipNotRegistered);
		Self::store_vek(chip, vek, who)
	}

	/// Stores a verified key. Benchmarks call it directly to fill the row.
	pub(crate) fn store_vek(chip: ChipHash, vek: Vek, who: AccountIdOf<T>) -> DispatchResult {
		let is_miners = |account: &AccountIdOf<T>| T::Chips::acts_for(account, &chip);
		Veks::<T>::try_mutate(chip, |rows| {
			let known = rows.iter().enumerate().find(|(_, row)| row.vek.tcb == vek.tcb);
			if let Some((at, row)) = known {
				// The miner takes over a key that another account registered, because that account
				// could remove it. A reissued certificate has the same key, and replaces a
				// certificate that expires earlier. Other accounts must not replace the miner's
				// row.
				let others = !is_miners(&row.depositor);
				let renews = vek.not_after > row.vek.not_after;
				let counts = if is_miners(&who) { others || renews } else { others && renews };
				ensure!(counts, Error::<T>::VekKnown);
				Self::release(chip, rows.remove(at))?;
			}
			let full = rows.len() >= MAX_VEKS as usize;
			if !is_miners(&who) {
				let foreign = rows.iter().filter(|row| !is_miners(&row.depositor)).count();
				ensure!(!full && foreign < MAX_FOREIGN_VEKS, Error::<T>::TooManyVeks);
			} else if full {
				Self::release(chip, rows.remove(0))?;
			}
			let deposit = T::VekDeposit::get();
			T::NativeBalance::hold(&HoldReason::Vek.into(), &who, deposit)?;
			let tcb = vek.tcb;
			rows.try_push(VekRow { vek, depositor: who.clone(), deposit })
				.map_err(|_| Error::<T>::TooManyVeks)?;
			Self::deposit_event(Event::VekRegistered { chip, tcb, depositor: who });
			Ok(())
		})
	}

	pub(crate) fn do_remove_vek(
		who: AccountIdOf<T>,
		chip: ChipHash,
		tcb: TcbVersion,
	) -> DispatchResult {
		Veks::<T>::try_mutate_exists(chip, |stored| {
			let rows = stored.as_mut().ok_or(Error::<T>::VekNotFound)?;
			let at = rows
				.iter()
				.position(|row| row.vek.tcb == tcb && row.depositor == who)
				.ok_or(Error::<T>::VekNotFound)?;
			let removed = rows.remove(at);
			// Without this check, a miner could keep only invalid keys and then miss challenges
			// without a loss, as if policy had withdrawn its trust.
			let trusted = Self::trusted_arks();
			let counts = |row: &VekRowOf<T>| Self::is_valid(&row.vek, &trusted);
			let needed = T::Chips::owner_of(&chip).is_some() && counts(&removed);
			ensure!(!needed || rows.iter().any(counts), Error::<T>::LastVek);
			Self::release(chip, removed)?;
			if rows.is_empty() {
				*stored = None;
			}
			Ok(())
		})
	}

	/// Releases a row's deposit. A part that is no longer held was slashed, so only the rest is
	/// released.
	fn release(chip: ChipHash, row: VekRowOf<T>) -> DispatchResult {
		let reason = HoldReason::Vek.into();
		T::NativeBalance::release(&reason, &row.depositor, row.deposit, Precision::BestEffort)?;
		Self::deposit_event(Event::VekRemoved { chip, tcb: row.vek.tcb, depositor: row.depositor });
		Ok(())
	}
}

impl<T: Config> hcc_primitives::ProductLines for Pallet<T> {
	fn product_line(chip: &ChipHash) -> Option<ProductLine> {
		// The hash of a chip contains its product line, so all its keys have the same product line.
		Veks::<T>::get(chip).first().map(|row| row.vek.product)
	}
}

impl<T: Config> hcc_primitives::Veks for Pallet<T> {
	fn vek(chip: &ChipHash, reported_tcb: [u8; 8]) -> Option<Vek> {
		let mut known = Veks::<T>::get(chip).into_iter().map(|row| row.vek);
		let vek = known.find(|vek| vek.is_for(reported_tcb))?;
		Self::is_valid(&vek, &Self::trusted_arks()).then_some(vek)
	}

	fn verify(certificate: &[u8]) -> Option<(ChipHash, Vek)> {
		Self::verify_certificate(certificate).ok()
	}

	fn revocation_current_until(vek: &Vek) -> Option<UnixSeconds> {
		Self::revocation_current_until(vek)
	}

	fn is_withdrawn(chip: &ChipHash) -> bool {
		let keys = Veks::<T>::get(chip);
		// The roots are hashed only once, because hashing them is expensive.
		let trusted = Self::trusted_arks();
		let now = UnixSeconds(T::Time::now().as_secs());
		let is_stale =
			|vek: &Vek| Self::revocation_current_until(vek).is_some_and(|until| until < now);
		let counts = |vek: &Vek| Self::is_valid(vek, &trusted) && !is_stale(vek);
		!keys.is_empty() && !keys.iter().any(|row| counts(&row.vek))
	}

	fn verify_weight() -> Weight {
		// The benchmark covers three RSA verifications. The P-384 verification of a report takes
		// about a third of this time. Half of the time is added as a margin.
		let chain = T::WeightInfo::register_vek();
		chain.saturating_add(chain.saturating_div(2))
	}
}

impl<T: Config> hcc_primitives::TpmRoots for Pallet<T> {
	fn is_distrusted(root: &[u8; 32]) -> bool {
		DistrustedTpmRoots::<T>::contains_key(root)
	}

	fn tpm_roots() -> Vec<Vec<u8>> {
		TpmRoots::<T>::get()
			.current()
			.map(|roots| roots.iter().map(|root| root.to_vec()).collect())
			.unwrap_or_default()
	}
}

/// Removes the VEKs of a chip that is no longer registered.
impl<T: Config> OnChipChange<AccountIdOf<T>> for Pallet<T> {
	fn on_ready(_: &ChipHash, _: &AccountIdOf<T>) {}

	fn on_taken(_: &ChipHash) {}

	fn on_exit(_: &AccountIdOf<T>) {}

	fn on_gone(chip: &ChipHash) {
		for row in Veks::<T>::take(chip) {
			// A release fails only if nothing is held, and then there is nothing to return.
			let _ = Self::release(*chip, row);
		}
	}
}

#[cfg(any(feature = "try-runtime", feature = "std"))]
impl<T: Config> Pallet<T> {
	/// Checks invariants 4 and 5 of the README.
	pub(crate) fn check_veks() -> Result<(), sp_runtime::TryRuntimeError> {
		use sp_runtime::traits::Saturating;

		let mut held = alloc::collections::BTreeMap::<AccountIdOf<T>, BalanceOf<T>>::new();
		for (chip, rows) in Veks::<T>::iter() {
			ensure!(T::Chips::owner_of(&chip).is_some(), "4: an unregistered chip has keys");
			for (at, row) in rows.iter().enumerate() {
				ensure!(
					!rows.iter().take(at).any(|earlier| earlier.vek.tcb == row.vek.tcb),
					"4: a chip has two keys for one tcb"
				);
				let sum = held.entry(row.depositor.clone()).or_default();
				*sum = sum.saturating_add(row.deposit);
			}
		}
		let reason = HoldReason::Vek.into();
		for (who, sum) in held {
			ensure!(
				T::NativeBalance::balance_on_hold(&reason, &who) == sum,
				"5: the held amount is not the sum of the deposits"
			);
		}
		Ok(())
	}
}
