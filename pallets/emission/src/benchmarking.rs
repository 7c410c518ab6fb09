//! Benchmarks of the call and the hooks.

use frame_benchmarking::v2::*;
use frame_support::{traits::Get, weights::WeightMeter};
use frame_system::RawOrigin;
use hcc_primitives::{
	units::{Balance, ALPHA},
	PaidTime,
};

use super::*;

/// Stores an era that has ended and owes an amount to a number of miners. Returns the first one.
fn closed<T: Config>(miners: u32) -> AccountIdOf<T> {
	let owed: Balance = 10 * ALPHA;
	for number in 0..miners {
		Owed::<T>::insert(0, account::<AccountIdOf<T>>("miner", number, 0), owed);
	}
	let total_owed = owed * Balance::from(miners);
	let division = schedule::Division {
		budget: total_owed / 2,
		miners: total_owed / 2,
		total_owed,
		for_miners: total_owed / 2,
		..Default::default()
	};
	Eras::<T>::insert(0, ClosedEra { division, paid_out: 0 });
	EmissionTotals::<T>::put(Totals {
		budgets: division.budget,
		payable: division.miners,
		..Default::default()
	});
	CurrentEra::<T>::put(Era { index: 1, from: 0, length: 1, owed: 0 });
	account("miner", 0, 0)
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn payout() {
		let miner = closed::<T>(2);
		let caller: AccountIdOf<T> = whitelisted_caller();

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), 0, miner.clone());

		assert_eq!(Owed::<T>::get(0, miner), 0);
	}

	#[benchmark]
	fn close_era() {
		let now = T::PaidTime::paid_slots();
		CurrentEra::<T>::put(Era { index: 0, from: 0, length: now.max(1), owed: ALPHA });
		let era = CurrentEra::<T>::get();

		#[block]
		{
			Pallet::<T>::close(&era);
		}

		assert!(Eras::<T>::contains_key(0));
	}

	#[benchmark]
	fn forget(r: Linear<0, 64>) {
		closed::<T>(r);
		let index = T::Rules::get().clamped().payable + 1;
		CurrentEra::<T>::put(Era { index, from: 0, length: 1, owed: 0 });

		#[block]
		{
			Pallet::<T>::forget(&mut WeightMeter::new());
		}

		assert!(OldestEra::<T>::get() <= 1);
	}
}
