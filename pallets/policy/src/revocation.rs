//! What AMD has revoked: lists that anybody posts and the chain verifies.

use frame_support::{ensure, pallet_prelude::DispatchResult, traits::UnixTime};
use hcc_evidence::{
	crypto::RustCrypto,
	snp::{ark_id, verify_crl, ArkId, RevocationList, Vek},
	RejectCode, UnixSeconds,
};

use crate::*;

impl<T: Config> Pallet<T> {
	/// Takes a list over that is newer than the one that is known.
	pub(crate) fn do_post_crl(der: &[u8]) -> DispatchResult {
		let (ark, list) = Self::verify_list(der)?;
		let row = CrlRow {
			this_update: list.this_update,
			next_update: list.next_update,
			revoked: list.revoked.try_into().map_err(|_| Error::<T>::CrlTooLong)?,
		};
		let revoked = row.revoked.len() as u32;
		let next_update = row.next_update.0;
		Crls::<T>::try_mutate(ark, |known| {
			let newer = known.as_ref().is_none_or(|known| row.this_update > known.this_update);
			ensure!(newer, Error::<T>::CrlNotNewer);
			*known = Some(row);
			Ok::<_, Error<T>>(())
		})?;
		Self::deposit_event(Event::CrlPosted { ark, next_update, revoked });
		Ok(())
	}

	/// The root whose list it is. Several may have the same name.
	fn verify_list(der: &[u8]) -> Result<(ArkId, RevocationList), Error<T>> {
		let now = UnixSeconds(T::Time::now().as_secs());
		let roots = AmdRoots::<T>::get();
		for root in roots.current().into_iter().flatten() {
			match verify_crl::<RustCrypto>(der, &root.ark, now) {
				Ok(list) => return Ok((ark_id(&root.ark), list)),
				Err(other)
					if matches!(
						other.code,
						RejectCode::UnknownIssuer | RejectCode::CertificateSignature
					) => {},
				Err(_) => return Err(Error::<T>::CrlRefused),
			}
		}
		Err(Error::<T>::CrlRefused)
	}

	/// Whether AMD has revoked what a key's certificate was issued by.
	pub(crate) fn is_revoked(vek: &Vek) -> bool {
		Crls::<T>::get(vek.ark).is_some_and(|row| row.revoked.contains(&vek.issuer))
	}

	/// Until when the list that would tell is held to be current; none where none is asked for. Without any list that was never.
	pub(crate) fn revocation_current_until(vek: &Vek) -> Option<UnixSeconds> {
		let grace = RevocationGrace::<T>::get()?;
		let known = Crls::<T>::get(vek.ark);
		let until = known.map_or(0, |row| row.next_update.0.saturating_add(grace));
		Some(UnixSeconds(until))
	}
}
