//! Benchmarks with the maximum number of feeders.

extern crate alloc;
use alloc::vec::Vec;

use frame_benchmarking::v2::*;
use frame_support::{weights::WeightMeter, BoundedVec};
use frame_system::RawOrigin;
use hcc_primitives::{benchmarking::World, ActiveValidators};

use super::*;

const PRICE: Price = 1_000_000_000;

/// Stores a report of every feeder. Fewer than half of the reports are absurd.
fn report_all<T: Config>() {
	let feeders = T::Feeders::active();
	let block = frame_system::Pallet::<T>::block_number();
	let absurd = feeders.len().saturating_sub(1) / 2;
	let reports: Vec<_> = feeders
		.iter()
		.enumerate()
		.map(|(at, feeder)| Report {
			feeder: feeder.clone(),
			price: if at < absurd { PRICE * 1_000 } else { PRICE },
			block,
		})
		.collect();
	Reports::<T>::put(BoundedVec::truncate_from(reports));
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn report() -> Result<(), BenchmarkError> {
		let workers = T::World::validators(MAX_FEEDERS);
		T::World::set_tick(1_000);
		frame_system::Pallet::<T>::set_block_number(1_000u32.into());
		report_all::<T>();
		let worker = workers.last().cloned().ok_or(BenchmarkError::Stop("no feeders"))?;
		let feeders = T::Feeders::active();
		let last = feeders.last().cloned().ok_or(BenchmarkError::Stop("no feeder"))?;
		Reports::<T>::mutate(|reports| reports.retain(|other| other.feeder != last));

		#[extrinsic_call]
		_(RawOrigin::Signed(worker), last.clone(), PRICE, 999u32.into());

		assert!(Reports::<T>::get().iter().any(|other| other.feeder == last));
		Ok(())
	}

	#[benchmark]
	fn make_rate() -> Result<(), BenchmarkError> {
		T::World::validators(MAX_FEEDERS);
		T::World::set_tick(1_000);
		frame_system::Pallet::<T>::set_block_number(1_000u32.into());
		report_all::<T>();
		let hourly = BoundedVec::truncate_from(alloc::vec![PRICE; market::HOURS as usize]);
		let rate = Rate { price: PRICE, at: 1, beyond: None, mean: PRICE, hourly, hour: 1 };
		CurrentRate::<T>::put(rate);

		#[block]
		{
			Pallet::<T>::make_rate(1_000u32.into(), &mut WeightMeter::new());
		}

		assert_eq!(CurrentRate::<T>::get().map(|rate| rate.at), Some(1_000));
		Ok(())
	}
}
