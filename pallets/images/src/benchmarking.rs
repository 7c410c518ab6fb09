//! Benchmarks: each call with an image and statements of the maximum size.

extern crate alloc;
use alloc::{vec, vec::Vec};

use frame_benchmarking::v2::*;
use frame_support::{
	traits::{
		fungible::{Mutate, MutateHold},
		ConstU32, EnsureOrigin, Get,
	},
	BoundedVec,
};
use frame_system::{pallet_prelude::BlockNumberFor, RawOrigin};
use hcc_evidence::vm::image::{ImageDigests, ImageId, ImageRow, MAX_IMAGE_ROWS};
use hcc_primitives::units::ALPHA;
use sp_runtime::traits::Zero;

use super::*;

/// An ed25519 key, and its signature over the rebuild statement of [`image`] by the account
/// "rebuilder", on a chain whose genesis hash is zero.
const SIGNER: [u8; 32] = [
	0xfd, 0x17, 0x24, 0x38, 0x5a, 0xa0, 0xc7, 0x5b, 0x64, 0xfb, 0x78, 0xcd, 0x60, 0x2f, 0xa1, 0xd9,
	0x91, 0xfd, 0xeb, 0xf7, 0x6b, 0x13, 0xc5, 0x8e, 0xd7, 0x02, 0xea, 0xc8, 0x35, 0xe9, 0xf6, 0x18,
];
const SIGNATURE: [u8; 64] = [
	0x5d, 0xb4, 0x7d, 0xd6, 0x48, 0x93, 0xf2, 0xa9, 0x7b, 0x12, 0x9c, 0x00, 0x92, 0x6f, 0x64, 0x96,
	0xb9, 0x7c, 0xc8, 0x27, 0xd7, 0x0d, 0xd2, 0x7c, 0xb7, 0x0a, 0x0f, 0xdd, 0x6e, 0xf0, 0xf8, 0xfb,
	0x9d, 0x2e, 0x0a, 0x71, 0x1d, 0xdc, 0x6b, 0x1e, 0x0c, 0x91, 0xbd, 0xa7, 0xfa, 0xbf, 0xaa, 0xe4,
	0x03, 0x21, 0x8e, 0xc4, 0x49, 0x62, 0x6d, 0x14, 0x0e, 0xf3, 0xe2, 0x21, 0xd4, 0x56, 0xda, 0x0a,
];

fn account<T: Config>(name: &'static str, number: u32) -> AccountIdOf<T> {
	let who: AccountIdOf<T> = frame_benchmarking::account(name, number, 0);
	let _ = T::NativeBalance::set_balance(&who, 1_000 * ALPHA);
	who
}

fn label(letter: u8) -> BoundedVec<u8, ConstU32<32>> {
	BoundedVec::truncate_from(vec![letter; 32])
}

fn digests() -> ImageDigests {
	ImageDigests {
		firmware: [1; 32],
		kernel: [2; 32],
		initrd: [3; 32],
		command_line: [4; 32],
		squashfs: [5; 32],
		verity: [6; 32],
	}
}

fn rows() -> Rows {
	let row = |vcpus: u32| ImageRow { vcpus, measurement: [7; 48] };
	BoundedVec::truncate_from((1..=MAX_IMAGE_ROWS as u32).map(row).collect())
}

fn locations() -> Locations {
	let mut location = SCHEME.to_vec();
	location.resize(MAX_LOCATION as usize, b'a');
	let location = BoundedVec::truncate_from(location);
	BoundedVec::truncate_from(vec![location; MAX_LOCATIONS as usize])
}

/// Registers the image and returns its publisher and its id.
fn image<T: Config>() -> Result<(AccountIdOf<T>, ImageId), BenchmarkError> {
	frame_system::BlockHash::<T>::insert(BlockNumberFor::<T>::zero(), T::Hash::default());
	let publisher = account::<T>("publisher", 0);
	Pallet::<T>::do_register(
		publisher.clone(),
		label(b'x'),
		label(b'y'),
		digests(),
		rows(),
		locations(),
	)?;
	let id = Images::<T>::iter_keys().next().ok_or(BenchmarkError::Stop("no image"))?;
	Ok((publisher, id))
}

/// Stores statements of other keys and accounts.
fn state<T: Config>(image: ImageId, count: u32) -> Result<(), BenchmarkError> {
	let deposit = T::RebuildDeposit::get();
	let mut rebuilds = Vec::new();
	for number in 0..count {
		let account = account::<T>("other", number);
		T::NativeBalance::hold(&HoldReason::Rebuild.into(), &account, deposit)?;
		let signer = [number as u8; 32];
		rebuilds.push(Rebuild { signer, signature: [0; 64], account, deposit });
	}
	Rebuilds::<T>::insert(image, BoundedVec::truncate_from(rebuilds));
	Ok(())
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn register() -> Result<(), BenchmarkError> {
		let who = account::<T>("publisher", 0);

		#[extrinsic_call]
		_(RawOrigin::Signed(who), label(b'x'), label(b'y'), digests(), rows(), locations());

		assert_eq!(Images::<T>::iter_keys().count(), 1);
		Ok(())
	}

	#[benchmark]
	fn remove() -> Result<(), BenchmarkError> {
		let (publisher, image) = image::<T>()?;
		state::<T>(image, MAX_REBUILDS)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(publisher), image);

		assert!(!Images::<T>::contains_key(image) && !Rebuilds::<T>::contains_key(image));
		Ok(())
	}

	#[benchmark]
	fn set_locations() -> Result<(), BenchmarkError> {
		let (publisher, image) = image::<T>()?;
		Images::<T>::mutate(image, |row| {
			if let Some(row) = row {
				row.locations = Default::default();
			}
		});

		#[extrinsic_call]
		_(RawOrigin::Signed(publisher), image, locations());

		assert_eq!(Images::<T>::get(image).map(|row| row.locations), Some(locations()));
		Ok(())
	}

	#[benchmark]
	fn endorse() -> Result<(), BenchmarkError> {
		let (_, image) = image::<T>()?;
		let origin =
			T::EndorseOrigin::try_successful_origin().map_err(|()| BenchmarkError::Weightless)?;

		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, image);

		assert!(Images::<T>::get(image).is_some_and(|row| row.endorsed));
		Ok(())
	}

	#[benchmark]
	fn withdraw_endorsement() -> Result<(), BenchmarkError> {
		let (_, image) = image::<T>()?;
		Pallet::<T>::set_endorsed(image, true)?;
		let origin =
			T::WithdrawOrigin::try_successful_origin().map_err(|()| BenchmarkError::Weightless)?;

		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, image);

		assert!(Images::<T>::get(image).is_some_and(|row| !row.endorsed));
		Ok(())
	}

	#[benchmark]
	fn state_rebuild() -> Result<(), BenchmarkError> {
		let (_, image) = image::<T>()?;
		state::<T>(image, MAX_REBUILDS - 1)?;
		let who = account::<T>("rebuilder", 0);

		#[extrinsic_call]
		_(RawOrigin::Signed(who), image, SIGNER, SIGNATURE);

		assert_eq!(Rebuilds::<T>::get(image).len() as u32, MAX_REBUILDS);
		Ok(())
	}

	#[benchmark]
	fn remove_rebuild() -> Result<(), BenchmarkError> {
		let (_, image) = image::<T>()?;
		state::<T>(image, MAX_REBUILDS)?;
		let last = MAX_REBUILDS - 1;
		let who = account::<T>("other", last);

		#[extrinsic_call]
		_(RawOrigin::Signed(who), image, [last as u8; 32]);

		assert_eq!(Rebuilds::<T>::get(image).len() as u32, last);
		Ok(())
	}
}
