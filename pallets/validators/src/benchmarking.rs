//! Benchmarks of the calls, each with the maximum number of candidates.

extern crate alloc;
use alloc::vec::Vec;

use codec::Decode;
use frame_benchmarking::v2::*;
use frame_support::traits::{fungible::Mutate, Get};
use frame_system::RawOrigin;
use sp_runtime::traits::{Bounded, TrailingZeroInput};

use super::*;

/// A balance that covers any bond of these benchmarks and keeps the account alive.
fn endowment<T: Config>() -> BalanceOf<T> {
	BalanceOf::<T>::max_value() / 1_000_000u32.into()
}

/// Session keys that decode. These benchmarks never sign with them.
fn keys<T: Config>() -> T::Keys {
	T::Keys::decode(&mut TrailingZeroInput::zeroes()).expect("keys decode from zeroes")
}

fn endowed<T: Config>(index: u32) -> AccountIdOf<T> {
	let who: AccountIdOf<T> = account("validator", index, 0);
	T::NativeBalance::set_balance(&who, endowment::<T>());
	pallet_session::NextKeys::<T>::insert(&who, keys::<T>());
	who
}

fn joined<T: Config>(index: u32) -> Result<AccountIdOf<T>, BenchmarkError> {
	let who = endowed::<T>(index);
	let worker = account("worker", index, 0);
	Pallet::<T>::do_insert(&who, T::Rules::get().min_bond, &worker)?;
	Ok(who)
}

/// Fills the list of candidates, except for `room` places.
fn fill<T: Config>(room: u32) -> Result<Vec<AccountIdOf<T>>, BenchmarkError> {
	let present = Candidates::<T>::decode_len().unwrap_or(0) as u32;
	(present..T::MaxCandidates::get().saturating_sub(room)).map(joined::<T>).collect()
}

#[benchmarks]
mod benchmarks {
	use frame_support::traits::Get;

	use super::*;

	#[benchmark]
	fn join() -> Result<(), BenchmarkError> {
		fill::<T>(1)?;
		let who = endowed::<T>(u32::MAX);
		let worker: AccountIdOf<T> = account("worker", u32::MAX, 0);
		let bond = T::Rules::get().min_bond;

		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), bond, worker);

		assert!(WorkerOf::<T>::contains_key(who));
		Ok(())
	}

	#[benchmark]
	fn bond_more() -> Result<(), BenchmarkError> {
		fill::<T>(1)?;
		let who = joined::<T>(u32::MAX)?;
		let bond = T::Rules::get().min_bond;

		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), 1u32.into());

		let last = Candidates::<T>::get().pop().ok_or("a candidate")?;
		assert_eq!(last, Candidate { who, bond: bond + 1u32.into() });
		Ok(())
	}

	#[benchmark]
	fn set_worker() -> Result<(), BenchmarkError> {
		let who = joined::<T>(u32::MAX)?;
		let worker: AccountIdOf<T> = account("other", 0, 0);

		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), worker.clone());

		assert_eq!(WorkerOf::<T>::get(who), Some(worker));
		Ok(())
	}

	#[benchmark]
	fn leave() -> Result<(), BenchmarkError> {
		fill::<T>(1)?;
		let who = joined::<T>(u32::MAX)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()));

		assert!(Unbonding::<T>::contains_key(who));
		Ok(())
	}

	#[benchmark]
	fn withdraw() -> Result<(), BenchmarkError> {
		fill::<T>(1)?;
		let who = joined::<T>(u32::MAX)?;
		Pallet::<T>::do_leave(who.clone())?;
		Unbonding::<T>::insert(&who, 0);

		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()));

		assert!(!Unbonding::<T>::contains_key(who));
		Ok(())
	}
}
