//! Benchmarks of the hooks, with the maximum number of miners.

extern crate alloc;

use frame_benchmarking::v2::*;
use frame_support::{traits::Get, weights::WeightMeter};
use hcc_primitives::{benchmarking::World, ChipHash, EnrolledTpm, TickSource};
use sp_runtime::Perbill;

use super::*;

/// Registers a miner with a bond and a pending slash.
fn miner_with_slash<T: Config>(number: u32) -> ChipHash {
	let miner: AccountIdOf<T> = account("miner", number, 0);
	let mut chip = [0; 32];
	chip[..4].copy_from_slice(&number.to_le_bytes());
	let tpm = EnrolledTpm {
		ek: chip,
		ak: Default::default(),
		qualified_name: Default::default(),
		root: [0; 32],
	};
	T::World::register(&miner, &[chip], tpm);
	let incident = |seq| Incident {
		seq,
		made: 0,
		at: 0,
		outcome: hcc_primitives::ChallengeOutcome::Missed,
		from: None,
		penalty: Default::default(),
		before: Score::first(&Pallet::<T>::rules(), 0),
		change: 0,
	};
	let last = (0..u64::from(MAX_INCIDENTS)).map(incident).collect::<alloc::vec::Vec<_>>();
	let slash = Pallet::<T>::book_slash(&chip, &miner, 0, 0, Perbill::from_percent(5));
	Records::<T>::insert(
		chip,
		Record {
			score: Score::first(&Pallet::<T>::rules(), 0),
			passed: 0,
			failed: 0,
			missed: MAX_INCIDENTS,
			last: last.try_into().unwrap(),
			slashes: alloc::vec::Vec::from_iter(slash).try_into().unwrap(),
		},
	);
	chip
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn make_slashes(n: Linear<0, { MAX_SLASHES }>) {
		T::World::set_tick(1);
		let chips: alloc::vec::Vec<_> = (0..n).map(miner_with_slash::<T>).collect();
		let due = T::TickSource::now() + T::SlashDelay::get().max(1);
		SlashedUntil::<T>::put(due - 1);
		T::World::set_tick(due);

		#[block]
		{
			Pallet::<T>::make_slashes(&mut WeightMeter::new());
		}

		assert_eq!(SlashedUntil::<T>::get(), due);
		assert!(chips.iter().all(|chip| Records::<T>::get(chip).unwrap().slashes.is_empty()));
	}
}
