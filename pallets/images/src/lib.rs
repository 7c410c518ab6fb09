#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(
	not(test),
	deny(
		clippy::unwrap_used,
		clippy::panic,
		clippy::indexing_slicing,
		clippy::arithmetic_side_effects
	)
)]

#[cfg(feature = "runtime-benchmarks")]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
mod benchmarking;
pub mod content;
mod impls;
mod try_state;
mod types;
pub mod weights;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

pub use pallet::*;
pub use types::*;
pub use weights::WeightInfo;

#[frame_support::pallet]
pub mod pallet {
	extern crate alloc;
	use alloc::vec::Vec;

	use frame_support::{
		pallet_prelude::*,
		traits::fungible::{Mutate, MutateHold},
	};
	use frame_system::pallet_prelude::*;
	use hcc_evidence::vm::image::{ImageDigests, ImageId};
	use hcc_primitives::units::Balance;

	use super::*;

	#[pallet::config]
	pub trait Config:
		frame_system::Config<RuntimeEvent: From<Event<Self>>, AccountId: Into<[u8; 32]>>
	{
		/// The currency of deposits.
		type NativeBalance: Mutate<AccountIdOf<Self>, Balance = Balance>
			+ MutateHold<AccountIdOf<Self>, Reason = Self::RuntimeHoldReason, Balance = Balance>;

		/// The overarching hold reason.
		type RuntimeHoldReason: From<HoldReason>;

		/// The origin that endorses images and sets the locations of any image.
		type EndorseOrigin: EnsureOrigin<Self::RuntimeOrigin>;

		/// The origin that withdraws endorsements.
		type WithdrawOrigin: EnsureOrigin<Self::RuntimeOrigin>;

		/// The deposit for an image.
		#[pallet::constant]
		type ImageDeposit: Get<Balance>;

		/// The deposit for a rebuild statement.
		#[pallet::constant]
		type RebuildDeposit: Get<Balance>;

		/// The weights of the calls.
		type WeightInfo: WeightInfo;
	}

	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// Reasons for which this pallet holds funds.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// The deposit for an image.
		Image,
		/// The deposit for a rebuild statement.
		Rebuild,
	}

	/// The images by their ids.
	// Identity: the key is a hash that the chain computes.
	#[pallet::storage]
	pub type Images<T: Config> = StorageMap<_, Identity, ImageId, ImageOf<T>, OptionQuery>;

	/// The rebuild statements of each image, oldest first.
	// Identity: the key is a hash that the chain computes.
	#[pallet::storage]
	pub type Rebuilds<T: Config> = StorageMap<_, Identity, ImageId, RebuildsOf<T>, ValueQuery>;

	/// The initial images.
	#[pallet::genesis_config]
	#[derive(frame_support::DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		pub images: Vec<ImageSpec>,
		#[serde(skip)]
		pub _marker: core::marker::PhantomData<T>,
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			for spec in &self.images {
				Pallet::<T>::insert_initial(spec)
					.expect("the images in the chain spec must be valid; correct them");
			}
		}
	}

	#[pallet::event]
	#[pallet::generate_deposit(pub(crate) fn deposit_event)]
	pub enum Event<T: Config> {
		/// An account registered an image.
		Registered { image: ImageId, publisher: AccountIdOf<T>, name: Name, version: Version },
		/// The publisher removed an image and its rebuild statements. All deposits were returned.
		Removed { image: ImageId },
		/// The locations of an image were set.
		LocationsSet { image: ImageId },
		/// Governance endorsed an image.
		Endorsed { image: ImageId },
		/// Governance withdrew the endorsement of an image.
		EndorsementWithdrawn { image: ImageId },
		/// An account published the statement of the key `signer` that an image was rebuilt from
		/// its sources.
		RebuildStated { image: ImageId, signer: [u8; 32], account: AccountIdOf<T> },
		/// An account removed a rebuild statement. Its deposit was returned.
		RebuildRemoved { image: ImageId, signer: [u8; 32] },
	}

	#[pallet::error]
	pub enum Error<T> {
		/// The name or the version is empty, or has other than visible ASCII characters.
		LabelMalformed,
		/// There is no row, a row has zero vCPUs, or the numbers of vCPUs do not ascend.
		RowsMalformed,
		/// A location is not an HTTPS address in visible ASCII characters.
		LocationMalformed,
		/// The image is registered already. Nothing needs to be done.
		AlreadyRegistered,
		/// The image is not in the directory. Register it first.
		ImageNotFound,
		/// Another account registered the image.
		NotThePublisher,
		/// The image is endorsed already, or the endorsement is withdrawn already.
		Unchanged,
		/// The signature of the rebuild statement is not valid for the signer.
		BadSignature,
		/// The image has a statement of this key already. Remove that statement first.
		AlreadyStated,
		/// The image has [`MAX_REBUILDS`] rebuild statements, the maximum.
		TooManyRebuilds,
		/// The account has published no statement of this key for the image.
		RebuildNotFound,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::view_functions]
	impl<T: Config> Pallet<T> {
		/// Returns an image by its id.
		pub fn image(image: ImageId) -> Option<ImageOf<T>> {
			Images::<T>::get(image)
		}

		/// Returns the rebuild statements of an image, oldest first.
		pub fn rebuilds_of(image: ImageId) -> Vec<Rebuild<AccountIdOf<T>>> {
			Rebuilds::<T>::get(image).into_inner()
		}
	}

	#[pallet::call(weight = <T as Config>::WeightInfo)]
	impl<T: Config> Pallet<T> {
		/// Registers an image and holds a deposit for it. The chain computes the id from the
		/// arguments other than the locations.
		///
		/// ## Dispatch Origin
		/// `Signed`. The account becomes the publisher.
		///
		/// ## Errors
		/// [`Error::LabelMalformed`], [`Error::RowsMalformed`], [`Error::LocationMalformed`],
		/// [`Error::AlreadyRegistered`]. The token's error if the balance is too low.
		///
		/// ## Events
		/// [`Event::Registered`].
		#[pallet::call_index(0)]
		pub fn register(
			origin: OriginFor<T>,
			name: Name,
			version: Version,
			digests: ImageDigests,
			rows: Rows,
			locations: Locations,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_register(who, name, version, digests, rows, locations)
		}

		/// Removes an image with its rebuild statements, and returns all deposits. VMs that were
		/// ordered with the image do not change.
		///
		/// ## Dispatch Origin
		/// `Signed` by the publisher.
		///
		/// ## Errors
		/// [`Error::ImageNotFound`], [`Error::NotThePublisher`].
		///
		/// ## Events
		/// [`Event::Removed`].
		#[pallet::call_index(1)]
		pub fn remove(origin: OriginFor<T>, image: ImageId) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_remove(&who, image)
		}

		/// Replaces the locations of an image.
		///
		/// ## Dispatch Origin
		/// `Signed` by the publisher, or [`Config::EndorseOrigin`].
		///
		/// ## Errors
		/// [`Error::ImageNotFound`], [`Error::NotThePublisher`], [`Error::LocationMalformed`].
		///
		/// ## Events
		/// [`Event::LocationsSet`].
		#[pallet::call_index(2)]
		pub fn set_locations(
			origin: OriginFor<T>,
			image: ImageId,
			locations: Locations,
		) -> DispatchResult {
			let who = match T::EndorseOrigin::try_origin(origin) {
				Ok(_) => None,
				Err(origin) => Some(ensure_signed(origin)?),
			};
			Self::do_set_locations(who, image, locations)
		}

		/// Endorses an image.
		///
		/// ## Dispatch Origin
		/// [`Config::EndorseOrigin`].
		///
		/// ## Errors
		/// [`Error::ImageNotFound`], [`Error::Unchanged`].
		///
		/// ## Events
		/// [`Event::Endorsed`].
		#[pallet::call_index(3)]
		pub fn endorse(origin: OriginFor<T>, image: ImageId) -> DispatchResult {
			T::EndorseOrigin::ensure_origin(origin)?;
			Self::set_endorsed(image, true)?;
			Self::deposit_event(Event::Endorsed { image });
			Ok(())
		}

		/// Withdraws the endorsement of an image. VMs that were ordered with the image do not
		/// change.
		///
		/// ## Dispatch Origin
		/// [`Config::WithdrawOrigin`].
		///
		/// ## Errors
		/// [`Error::ImageNotFound`], [`Error::Unchanged`].
		///
		/// ## Events
		/// [`Event::EndorsementWithdrawn`].
		#[pallet::call_index(4)]
		pub fn withdraw_endorsement(origin: OriginFor<T>, image: ImageId) -> DispatchResult {
			T::WithdrawOrigin::ensure_origin(origin)?;
			Self::set_endorsed(image, false)?;
			Self::deposit_event(Event::EndorsementWithdrawn { image });
			Ok(())
		}

		/// Publishes a signed statement that an image was rebuilt from its sources, and holds a
		/// deposit for it. The signature is that of the ed25519 key `signer` over
		/// [`hcc_evidence::vm::rebuild_statement`] with the sender's account.
		///
		/// ## Dispatch Origin
		/// `Signed`, by any account.
		///
		/// ## Errors
		/// [`Error::ImageNotFound`], [`Error::BadSignature`], [`Error::AlreadyStated`],
		/// [`Error::TooManyRebuilds`]. The token's error if the balance is too low.
		///
		/// ## Events
		/// [`Event::RebuildStated`].
		#[pallet::call_index(5)]
		pub fn state_rebuild(
			origin: OriginFor<T>,
			image: ImageId,
			signer: [u8; 32],
			signature: [u8; 64],
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_state_rebuild(who, image, signer, signature)
		}

		/// Removes a rebuild statement and returns its deposit.
		///
		/// ## Dispatch Origin
		/// `Signed` by the account that published the statement.
		///
		/// ## Errors
		/// [`Error::RebuildNotFound`].
		///
		/// ## Events
		/// [`Event::RebuildRemoved`].
		#[pallet::call_index(6)]
		pub fn remove_rebuild(
			origin: OriginFor<T>,
			image: ImageId,
			signer: [u8; 32],
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_remove_rebuild(&who, image, signer)
		}
	}
}
