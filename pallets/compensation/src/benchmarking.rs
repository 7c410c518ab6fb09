//! Benchmarks of the hooks, with a full batch of tenants.

use frame_benchmarking::v2::*;
use frame_support::traits::fungible::{Balanced, Mutate};
use hcc_primitives::{
	benchmarking::World, units::ALPHA, CompensationCases, Compensator, OnSettled, Payment,
};

use super::*;

const CHIP: hcc_primitives::ChipHash = [7; 32];

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn give(n: Linear<0, BATCH>) {
		T::World::set_tick(1_000);
		Pallet::<T>::open(&CHIP, 900);
		let miner: AccountIdOf<T> = account("miner", 0, 0);
		for number in 0..n {
			let tenant: AccountIdOf<T> = account("tenant", number, 0);
			T::NativeBalance::set_balance(&tenant, ALPHA);
			let case = Cases::<T>::get(CHIP).unwrap();
			Pallet::<T>::on_settled(&Payment {
				tenant: &tenant,
				miner: &miner,
				chip: CHIP,
				first: case.last,
				last: case.last,
				amount: ALPHA,
			});
		}
		let credit = T::NativeBalance::issue(1_000 * ALPHA);
		drop(Pallet::<T>::compensate(&CHIP, credit));
		Pallet::<T>::settle(&CHIP);
		let closed;

		#[block]
		{
			closed = Pallet::<T>::give(&CHIP);
		}

		assert_eq!(TenantPayments::<T>::iter_prefix(CHIP).count(), 0);
		assert_eq!(closed, n < BATCH);
	}
}
