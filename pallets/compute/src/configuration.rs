//! The image and the configuration with which a VM boots.

use frame_support::{ensure, pallet_prelude::DispatchResult};
use hcc_evidence::vm::{
	config::{config_hash, config_revision_statement, ConfigRevision},
	image::ImageId,
};
use hcc_primitives::{genesis, DirectoryEntry, ImageDirectory, VmVerifier};
use sp_core::ed25519;
use sp_runtime::SaturatedConversion;

use crate::*;

/// Returns the number of this block.
pub(crate) fn this_block<T: Config>() -> hcc_primitives::units::BlockNumber {
	frame_system::Pallet::<T>::block_number().saturated_into()
}

impl<T: Config> Pallet<T> {
	/// Returns the launch measurement of an image that meets the demand.
	pub(crate) fn ordered_measurement(
		demand: &ImageDemand,
		vcpus: u32,
	) -> Result<[u8; 48], Error<T>> {
		let entry = T::Images::lookup(&demand.id, vcpus).ok_or(Error::<T>::NoImage)?;
		ensure!(entry.endorsed || !demand.endorsed, Error::<T>::NotEndorsed);
		ensure!(entry.rebuilds >= demand.rebuilds, Error::<T>::TooFewRebuilds);
		Self::row_of(&entry)
	}

	/// Returns the launch measurement of a VM that gets another number of vCPUs. The tenant has
	/// accepted the image with the order.
	pub(crate) fn resized_measurement(image: &ImageId, vcpus: u32) -> Result<[u8; 48], Error<T>> {
		Self::row_of(&T::Images::lookup(image, vcpus).ok_or(Error::<T>::NoImage)?)
	}

	/// Returns the launch measurement of a row. The attestation agent of hosts cannot be ordered:
	/// its evidence would speak for the chip.
	fn row_of(entry: &DirectoryEntry) -> Result<[u8; 48], Error<T>> {
		let measurement = entry.measurement.ok_or(Error::<T>::NoRow)?;
		ensure!(!T::Vms::is_agent(&measurement), Error::<T>::AgentImage);
		Ok(measurement)
	}

	/// Checks the signature over a configuration of this tenant's order. Returns the form in
	/// storage.
	pub(crate) fn check_config(
		tenant: &AccountIdOf<T>,
		config: &SignedConfig,
	) -> Result<Configuration, Error<T>> {
		let SignedConfig { ref bytes, order_nonce, revision, signer, signature } = *config;
		let hash = config_hash(bytes).ok_or(Error::<T>::EmptyConfig)?;
		let signed = ConfigRevision { tenant: tenant.clone().into(), order_nonce, revision, hash };
		let holds = sp_io::crypto::ed25519_verify(
			&ed25519::Signature::from_raw(signature),
			&config_revision_statement(&genesis::<T>(), &signed),
			&ed25519::Public::from_raw(signer),
		);
		ensure!(holds, Error::<T>::BadSignature);
		let block = this_block::<T>();
		Ok(Configuration { hash, order_nonce, revision, signer, signature, block })
	}

	pub(crate) fn do_set_config(
		who: AccountIdOf<T>,
		id: Id,
		bytes: ConfigBytes,
		revision: u32,
		signature: [u8; 64],
	) -> DispatchResult {
		Self::change(&who, id, |vm| {
			// The evidence of an open boot is judged by the configuration with which it began.
			ensure!(vm.state.open_boot().is_none(), Error::<T>::WrongState);
			let mut order = Orders::<T>::get(id).ok_or(Error::<T>::NoVm)?;
			let Configuration { order_nonce, revision: current, signer, .. } = order.config;
			ensure!(revision > current, Error::<T>::OldRevision);
			let config = SignedConfig { bytes, order_nonce, revision, signer, signature };
			order.config = Self::check_config(&who, &config)?;
			let hash = order.config.hash;
			Orders::<T>::insert(id, order);
			Self::deposit_event(Event::ConfigSet { vm: id, revision, hash });
			Ok(())
		})
	}
}
