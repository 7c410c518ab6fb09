//! Benchmark of the clock.

// If arithmetic overflows here, only a benchmark fails. Released runtimes do not contain this code.
#![allow(clippy::arithmetic_side_effects)]

use frame_benchmarking::v2::*;
use frame_support::weights::WeightMeter;
use frame_system::pallet_prelude::BlockNumberFor;

use super::*;

#[benchmarks]
mod benchmarks {
	use super::*;

	/// One tick of the clock.
	#[benchmark]
	fn advance() {
		let before = CurrentTick::<T>::get();
		let now: BlockNumberFor<T> = 2u32.into();
		FinalisedSeen::<T>::put(now);

		#[block]
		{
			Pallet::<T>::advance(now, &mut WeightMeter::new());
		}

		assert_eq!(CurrentTick::<T>::get(), before + 1);
	}
}
