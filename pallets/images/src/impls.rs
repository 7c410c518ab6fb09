//! The calls, and the directory as other pallets see it.

use frame_support::{
	ensure,
	pallet_prelude::DispatchResult,
	traits::{fungible::MutateHold, tokens::Precision, Get},
};
use hcc_evidence::vm::{
	image::{image_id, ImageDigests, ImageId},
	rebuild_statement,
};
use hcc_primitives::{genesis, units::Balance, DirectoryEntry, ImageDirectory};
use sp_core::ed25519;

use crate::{
	content::{are_rows, is_label, is_location},
	*,
};

impl<T: Config> Pallet<T> {
	/// Returns the id of an image.
	pub(crate) fn id_of(image: &ImageOf<T>) -> ImageId {
		image_id(&image.name, &image.version, &image.digests, &image.rows)
	}

	/// Checks everything in an image that can be malformed.
	pub(crate) fn check_content(image: &ImageOf<T>) -> Result<(), Error<T>> {
		let labels = is_label(&image.name) && is_label(&image.version);
		ensure!(labels, Error::<T>::LabelMalformed);
		ensure!(are_rows(&image.rows), Error::<T>::RowsMalformed);
		Self::check_locations(&image.locations)
	}

	fn check_locations(locations: &Locations) -> Result<(), Error<T>> {
		let sound = locations.iter().all(|location| is_location(location));
		ensure!(sound, Error::<T>::LocationMalformed);
		Ok(())
	}

	/// Stores an image of the chain spec.
	pub(crate) fn insert_initial(spec: &ImageSpec) -> Result<(), &'static str> {
		let image = spec.image()?;
		Self::check_content(&image).map_err(|_| "the content of an image is malformed")?;
		Images::<T>::insert(Self::id_of(&image), image);
		Ok(())
	}

	pub(crate) fn do_register(
		publisher: AccountIdOf<T>,
		name: Name,
		version: Version,
		digests: ImageDigests,
		rows: Rows,
		locations: Locations,
	) -> DispatchResult {
		let deposit = T::ImageDeposit::get();
		let (who, endorsed) = (Some(publisher.clone()), false);
		let row =
			Image { publisher: who, name, version, digests, rows, locations, deposit, endorsed };
		Self::check_content(&row)?;
		let image = Self::id_of(&row);
		ensure!(!Images::<T>::contains_key(image), Error::<T>::AlreadyRegistered);
		T::NativeBalance::hold(&HoldReason::Image.into(), &publisher, deposit)?;
		let (name, version) = (row.name.clone(), row.version.clone());
		Images::<T>::insert(image, row);
		Self::deposit_event(Event::Registered { image, publisher, name, version });
		Ok(())
	}

	pub(crate) fn do_remove(who: &AccountIdOf<T>, image: ImageId) -> DispatchResult {
		let row = Images::<T>::get(image).ok_or(Error::<T>::ImageNotFound)?;
		ensure!(row.publisher.as_ref() == Some(who), Error::<T>::NotThePublisher);
		for rebuild in Rebuilds::<T>::take(image) {
			Self::release(HoldReason::Rebuild, &rebuild.account, rebuild.deposit)?;
		}
		Self::release(HoldReason::Image, who, row.deposit)?;
		Images::<T>::remove(image);
		Self::deposit_event(Event::Removed { image });
		Ok(())
	}

	/// Sets the locations. `who` is the sender, or `None` for governance.
	pub(crate) fn do_set_locations(
		who: Option<AccountIdOf<T>>,
		image: ImageId,
		locations: Locations,
	) -> DispatchResult {
		Images::<T>::try_mutate(image, |row| -> DispatchResult {
			let row = row.as_mut().ok_or(Error::<T>::ImageNotFound)?;
			ensure!(who.is_none() || who == row.publisher, Error::<T>::NotThePublisher);
			Self::check_locations(&locations)?;
			row.locations = locations;
			Ok(())
		})?;
		Self::deposit_event(Event::LocationsSet { image });
		Ok(())
	}

	pub(crate) fn set_endorsed(image: ImageId, endorsed: bool) -> DispatchResult {
		Images::<T>::try_mutate(image, |row| {
			let row = row.as_mut().ok_or(Error::<T>::ImageNotFound)?;
			ensure!(row.endorsed != endorsed, Error::<T>::Unchanged);
			row.endorsed = endorsed;
			Ok(())
		})
	}

	pub(crate) fn do_state_rebuild(
		account: AccountIdOf<T>,
		image: ImageId,
		signer: [u8; 32],
		signature: [u8; 64],
	) -> DispatchResult {
		ensure!(Images::<T>::contains_key(image), Error::<T>::ImageNotFound);
		Rebuilds::<T>::try_mutate(image, |rebuilds| -> DispatchResult {
			let known = rebuilds.iter().any(|rebuild| rebuild.signer == signer);
			ensure!(!known, Error::<T>::AlreadyStated);
			let statement = rebuild_statement(&genesis::<T>(), &image, &account.clone().into());
			let holds = sp_io::crypto::ed25519_verify(
				&ed25519::Signature::from_raw(signature),
				&statement,
				&ed25519::Public::from_raw(signer),
			);
			ensure!(holds, Error::<T>::BadSignature);
			let deposit = T::RebuildDeposit::get();
			T::NativeBalance::hold(&HoldReason::Rebuild.into(), &account, deposit)?;
			let rebuild = Rebuild { signer, signature, account: account.clone(), deposit };
			rebuilds.try_push(rebuild).map_err(|_| Error::<T>::TooManyRebuilds)?;
			Ok(())
		})?;
		Self::deposit_event(Event::RebuildStated { image, signer, account });
		Ok(())
	}

	pub(crate) fn do_remove_rebuild(
		who: &AccountIdOf<T>,
		image: ImageId,
		signer: [u8; 32],
	) -> DispatchResult {
		let mut rebuilds = Rebuilds::<T>::get(image);
		let at = rebuilds
			.iter()
			.position(|rebuild| rebuild.signer == signer && rebuild.account == *who)
			.ok_or(Error::<T>::RebuildNotFound)?;
		let rebuild = rebuilds.remove(at);
		Self::release(HoldReason::Rebuild, who, rebuild.deposit)?;
		if rebuilds.is_empty() {
			Rebuilds::<T>::remove(image);
		} else {
			Rebuilds::<T>::insert(image, rebuilds);
		}
		Self::deposit_event(Event::RebuildRemoved { image, signer });
		Ok(())
	}

	fn release(reason: HoldReason, who: &AccountIdOf<T>, amount: Balance) -> DispatchResult {
		T::NativeBalance::release(&reason.into(), who, amount, Precision::Exact)?;
		Ok(())
	}
}

impl<T: Config> ImageDirectory for Pallet<T> {
	fn lookup(image: &ImageId, vcpus: u32) -> Option<DirectoryEntry> {
		let row = Images::<T>::get(image)?;
		let measurement = row.rows.iter().find(|row| row.vcpus == vcpus).map(|row| row.measurement);
		let rebuilds = Rebuilds::<T>::decode_len(image).unwrap_or_default() as u32;
		Some(DirectoryEntry { measurement, endorsed: row.endorsed, rebuilds })
	}
}
