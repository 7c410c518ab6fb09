//! Weights of the calls of `pallet_compute`: reckoned until `make weights` has measured them.

use core::marker::PhantomData;
use frame_support::{
	traits::Get,
	weights::{constants::ParityDbWeight, RuntimeDbWeight, Weight},
};

/// The weight of each call.
pub trait WeightInfo {
	fn set_flavour() -> Weight;
	fn order() -> Weight;
	fn top_up() -> Weight;
	fn stop() -> Weight;
	fn start() -> Weight;
	fn reboot() -> Weight;
	fn resize() -> Weight;
	fn terminate() -> Weight;
	fn boot() -> Weight;
	fn attest() -> Weight;
	fn report_crash() -> Weight;
	/// Looking for a miner by sixteen lots, none of whom suits.
	fn attend_pending() -> Weight;
	/// Settling as many charges as there can be.
	fn attend_running() -> Weight;
	/// The most that looking after a VM costs.
	fn attend() -> Weight {
		Self::attend_pending().max(Self::attend_running())
	}
}

/// Reckoned from what is read and written.
fn reckoned(db: RuntimeDbWeight, micros: u64, reads: u64, writes: u64) -> Weight {
	Weight::from_parts(micros.saturating_mul(1_000_000), reads.saturating_mul(2_600))
		.saturating_add(db.reads_writes(reads, writes))
}

macro_rules! reckon {
	($($name:ident: $micros:literal, $reads:literal, $writes:literal;)+) => {
		/// For the runtime.
		pub struct SubstrateWeight<T>(PhantomData<T>);
		impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
			$(fn $name() -> Weight { reckoned(T::DbWeight::get(), $micros, $reads, $writes) })+
		}

		/// For tests.
		impl WeightInfo for () {
			$(fn $name() -> Weight { reckoned(ParityDbWeight::get(), $micros, $reads, $writes) })+
		}
	};
}

reckon! {
	set_flavour: 20, 2, 1;
	order: 250, 12, 9;
	top_up: 90, 10, 5;
	stop: 160, 14, 8;
	start: 300, 24, 14;
	reboot: 150, 12, 6;
	resize: 350, 30, 14;
	terminate: 350, 24, 20;
	boot: 100, 10, 4;
	attest: 300, 22, 14;
	report_crash: 150, 12, 6;
	attend_pending: 1_200, 240, 4;
	attend_running: 2_400, 145, 120;
}
