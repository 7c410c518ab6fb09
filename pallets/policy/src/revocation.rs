//! Revocation lists of AMD. Any account can post them, and the chain verifies them.

use frame_support::{ensure, pallet_prelude::DispatchResult, traits::UnixTime};
use hcc_evidence::{
	crypto::RustCrypto,
	snp::{ark_id, ArkId, RevocationList, UnverifiedCrl, Vek},
	UnixSeconds,
};

use crate::*;

impl<T: Config> Pallet<T> {
	/// Stores a list that is newer than the stored one. Several roots can have the same name and
	/// even the same key, so the list is stored for each root under which it verifies.
	pub(crate) fn do_post_crl(der: &[u8]) -> DispatchResult {
		let now = UnixSeconds(T::Time::now().as_secs());
		let list = UnverifiedCrl::parse(der).map_err(|_| Error::<T>::CrlRefused)?;
		let mut refused = Error::<T>::CrlRefused;
		let mut taken = false;
		for root in AmdRoots::<T>::get().current().into_iter().flatten() {
			let Ok(list) = list.verify::<RustCrypto>(&root.ark, now) else { continue };
			match Self::store_list(ark_id(&root.ark), list) {
				Ok(()) => taken = true,
				Err(other) => refused = other,
			}
		}
		ensure!(taken, refused);
		Ok(())
	}

	fn store_list(ark: ArkId, list: RevocationList) -> Result<(), Error<T>> {
		let row = CrlRow {
			this_update: list.this_update,
			next_update: list.next_update,
			revoked: list.revoked.try_into().map_err(|_| Error::<T>::CrlTooLong)?,
		};
		let newer = |known: &CrlRow| row.this_update > known.this_update;
		let known = Crls::<T>::get(ark);
		ensure!(known.as_ref().is_none_or(newer), Error::<T>::CrlNotNewer);
		let (next_update, revoked) = (row.next_update.0, row.revoked.len() as u32);
		let was_revoked = |serial| known.iter().any(|known| known.revoked.contains(serial));
		let revokes_more = !row.revoked.iter().all(was_revoked);
		Crls::<T>::insert(ark, row);
		Self::deposit_event(Event::CrlPosted { ark, next_update, revoked });
		if revokes_more {
			Self::note_revoked(ark);
		}
		Ok(())
	}

	/// Makes a revision, so that chips that were accepted before the revision are challenged again.
	fn note_revoked(ark: ArkId) {
		// This fails only if no revision number is left, and AMD cannot sign so many lists that
		// this happens.
		if Self::revise(PolicyItem::Revoked(ark), |_| Ok(())).is_ok() {
			LastTightening::<T>::put(CurrentRevision::<T>::get());
		}
	}

	/// Returns `true` if AMD has revoked the certificate of the key's issuer.
	pub(crate) fn is_revoked(vek: &Vek) -> bool {
		Crls::<T>::get(vek.ark).is_some_and(|row| row.revoked.contains(&vek.issuer))
	}

	/// Returns the time until which the list that covers a key is current. Returns `None` if policy
	/// requires no list. If the list is missing, the time is second 0, so that it has always
	/// passed.
	pub(crate) fn revocation_current_until(vek: &Vek) -> Option<UnixSeconds> {
		let grace = RevocationGrace::<T>::get()?;
		let known = Crls::<T>::get(vek.ark);
		let until = known.map_or(0, |row| row.next_update.0.saturating_add(grace));
		Some(UnixSeconds(until))
	}
}
