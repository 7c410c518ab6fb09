//! Weights of the calls of `pallet_compute`, measured by `make weights`.
//!
//! 2026-11-26, AMD EPYC, steps 50, repeat 20; wasm, 1024 MiB of database cache.

#![allow(unused_parens, clippy::unnecessary_cast)]

use core::marker::PhantomData;
use frame_support::{
	traits::Get,
	weights::{constants::ParityDbWeight, Weight},
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
	fn attend_pending() -> Weight;
	fn attend_running() -> Weight;
}

/// For the runtime.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	/// Storage: `Compute::Flavours` (r:0 w:1)
	/// Proof: `Compute::Flavours` (`max_values`: None, `max_size`: Some(59), added: 2534, mode: `MaxEncodedLen`)
	fn set_flavour() -> Weight {
		Weight::from_parts(22_423_000, 0).saturating_add(T::DbWeight::get().reads_writes(0, 1))
	}
	/// Storage: `Compute::Flavours` (r:1 w:0)
	/// Proof: `Compute::Flavours` (`max_values`: None, `max_size`: Some(59), added: 2534, mode: `MaxEncodedLen`)
	/// Storage: `Parameters::Parameters` (r:2 w:0)
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `MaxEncodedLen`)
	/// Storage: `Oracle::RateBlock` (r:1 w:0)
	/// Proof: `Oracle::RateBlock` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Verdicts::CurrentTick` (r:1 w:0)
	/// Proof: `Verdicts::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Oracle::CurrentRate` (r:1 w:0)
	/// Proof: `Oracle::CurrentRate` (`max_values`: Some(1), `max_size`: Some(226), added: 721, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::CurrentInterval` (r:1 w:0)
	/// Proof: `Attestation::CurrentInterval` (`max_values`: Some(1), `max_size`: Some(12), added: 507, mode: `MaxEncodedLen`)
	/// Storage: `System::BlockHash` (r:1 w:0)
	/// Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:1 w:1)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(211), added: 2686, mode: `MaxEncodedLen`)
	/// Storage: `Compute::LastId` (r:1 w:1)
	/// Proof: `Compute::LastId` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `Compute::Orders` (r:0 w:1)
	/// Proof: `Compute::Orders` (`max_values`: None, `max_size`: Some(498), added: 2973, mode: `MaxEncodedLen`)
	/// Storage: `Compute::Agenda` (r:0 w:2)
	/// Proof: `Compute::Agenda` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
	/// Storage: `Compute::Vms` (r:0 w:1)
	/// Proof: `Compute::Vms` (`max_values`: None, `max_size`: Some(2123), added: 4598, mode: `MaxEncodedLen`)
	/// Storage: `Compute::Rented` (r:0 w:1)
	/// Proof: `Compute::Rented` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	fn order() -> Weight {
		Weight::from_parts(284_264_000, 6124).saturating_add(T::DbWeight::get().reads_writes(11, 8))
	}
	/// Storage: `Compute::Vms` (r:1 w:1)
	/// Proof: `Compute::Vms` (`max_values`: None, `max_size`: Some(2123), added: 4598, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:1 w:1)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(211), added: 2686, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::CurrentInterval` (r:1 w:0)
	/// Proof: `Attestation::CurrentInterval` (`max_values`: Some(1), `max_size`: Some(12), added: 507, mode: `MaxEncodedLen`)
	/// Storage: `Verdicts::CurrentTick` (r:1 w:0)
	/// Proof: `Verdicts::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Compute::Agenda` (r:0 w:1)
	/// Proof: `Compute::Agenda` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
	fn top_up() -> Weight {
		Weight::from_parts(99_688_000, 5588).saturating_add(T::DbWeight::get().reads_writes(5, 4))
	}
	/// Storage: `Compute::Vms` (r:1 w:1)
	/// Proof: `Compute::Vms` (`max_values`: None, `max_size`: Some(2123), added: 4598, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::CurrentInterval` (r:1 w:0)
	/// Proof: `Attestation::CurrentInterval` (`max_values`: Some(1), `max_size`: Some(12), added: 507, mode: `MaxEncodedLen`)
	/// Storage: `Parameters::Parameters` (r:2 w:0)
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `MaxEncodedLen`)
	/// Storage: `Verdicts::CurrentTick` (r:1 w:0)
	/// Proof: `Verdicts::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Oracle::CurrentRate` (r:1 w:0)
	/// Proof: `Oracle::CurrentRate` (`max_values`: Some(1), `max_size`: Some(226), added: 721, mode: `MaxEncodedLen`)
	/// Storage: `Compute::Paid` (r:1 w:1)
	/// Proof: `Compute::Paid` (`max_values`: Some(1), `max_size`: Some(96), added: 591, mode: `MaxEncodedLen`)
	/// Storage: `Compute::Settlements` (r:1 w:1)
	/// Proof: `Compute::Settlements` (`max_values`: None, `max_size`: Some(2033), added: 4508, mode: `MaxEncodedLen`)
	/// Storage: `Compute::Used` (r:1 w:1)
	/// Proof: `Compute::Used` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	/// Storage: `Compute::Agenda` (r:0 w:1)
	/// Proof: `Compute::Agenda` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
	fn stop() -> Weight {
		Weight::from_parts(88_893_000, 6124).saturating_add(T::DbWeight::get().reads_writes(9, 5))
	}
	/// Storage: `Compute::Vms` (r:1 w:1)
	/// Proof: `Compute::Vms` (`max_values`: None, `max_size`: Some(2123), added: 4598, mode: `MaxEncodedLen`)
	/// Storage: `Parameters::Parameters` (r:3 w:0)
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `MaxEncodedLen`)
	/// Storage: `Verdicts::CurrentTick` (r:1 w:0)
	/// Proof: `Verdicts::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Oracle::CurrentRate` (r:1 w:0)
	/// Proof: `Oracle::CurrentRate` (`max_values`: Some(1), `max_size`: Some(226), added: 721, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::CurrentInterval` (r:1 w:0)
	/// Proof: `Attestation::CurrentInterval` (`max_values`: Some(1), `max_size`: Some(12), added: 507, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Miners` (r:1 w:0)
	/// Proof: `Registry::Miners` (`max_values`: None, `max_size`: Some(180), added: 2655, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Hosts` (r:1 w:0)
	/// Proof: `Attestation::Hosts` (`max_values`: None, `max_size`: None, mode: `Measured`)
	/// Storage: `Registry::Tpms` (r:1 w:0)
	/// Proof: `Registry::Tpms` (`max_values`: None, `max_size`: Some(782), added: 3257, mode: `MaxEncodedLen`)
	/// Storage: `Policy::DistrustedTpmRoots` (r:1 w:0)
	/// Proof: `Policy::DistrustedTpmRoots` (`max_values`: None, `max_size`: Some(32), added: 2507, mode: `MaxEncodedLen`)
	/// Storage: `Registry::NextAsks` (r:1 w:0)
	/// Proof: `Registry::NextAsks` (`max_values`: None, `max_size`: Some(54), added: 2529, mode: `MaxEncodedLen`)
	/// Storage: `Compute::Used` (r:1 w:1)
	/// Proof: `Compute::Used` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(211), added: 2686, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:4 w:4)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Emission::Destroyed` (r:1 w:1)
	/// Proof: `Emission::Destroyed` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
	/// Storage: `Compute::Paid` (r:1 w:1)
	/// Proof: `Compute::Paid` (`max_values`: Some(1), `max_size`: Some(96), added: 591, mode: `MaxEncodedLen`)
	/// Storage: `Compute::Agenda` (r:0 w:2)
	/// Proof: `Compute::Agenda` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
	fn start() -> Weight {
		Weight::from_parts(260_688_000, 11402)
			.saturating_add(T::DbWeight::get().reads_writes(20, 11))
	}
	/// Storage: `Compute::Vms` (r:1 w:1)
	/// Proof: `Compute::Vms` (`max_values`: None, `max_size`: Some(2123), added: 4598, mode: `MaxEncodedLen`)
	/// Storage: `Parameters::Parameters` (r:2 w:0)
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `MaxEncodedLen`)
	/// Storage: `Verdicts::CurrentTick` (r:1 w:0)
	/// Proof: `Verdicts::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Oracle::CurrentRate` (r:1 w:0)
	/// Proof: `Oracle::CurrentRate` (`max_values`: Some(1), `max_size`: Some(226), added: 721, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::CurrentInterval` (r:1 w:0)
	/// Proof: `Attestation::CurrentInterval` (`max_values`: Some(1), `max_size`: Some(12), added: 507, mode: `MaxEncodedLen`)
	/// Storage: `Compute::Agenda` (r:0 w:2)
	/// Proof: `Compute::Agenda` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
	fn reboot() -> Weight {
		Weight::from_parts(78_727_000, 6124).saturating_add(T::DbWeight::get().reads_writes(6, 3))
	}
	/// Storage: `Compute::Vms` (r:1 w:1)
	/// Proof: `Compute::Vms` (`max_values`: None, `max_size`: Some(2123), added: 4598, mode: `MaxEncodedLen`)
	/// Storage: `Compute::Flavours` (r:1 w:0)
	/// Proof: `Compute::Flavours` (`max_values`: None, `max_size`: Some(59), added: 2534, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::CurrentInterval` (r:1 w:0)
	/// Proof: `Attestation::CurrentInterval` (`max_values`: Some(1), `max_size`: Some(12), added: 507, mode: `MaxEncodedLen`)
	/// Storage: `Parameters::Parameters` (r:3 w:0)
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `MaxEncodedLen`)
	/// Storage: `Verdicts::CurrentTick` (r:1 w:0)
	/// Proof: `Verdicts::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Oracle::CurrentRate` (r:1 w:0)
	/// Proof: `Oracle::CurrentRate` (`max_values`: Some(1), `max_size`: Some(226), added: 721, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Miners` (r:1 w:0)
	/// Proof: `Registry::Miners` (`max_values`: None, `max_size`: Some(180), added: 2655, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Tpms` (r:1 w:0)
	/// Proof: `Registry::Tpms` (`max_values`: None, `max_size`: Some(782), added: 3257, mode: `MaxEncodedLen`)
	/// Storage: `Policy::DistrustedTpmRoots` (r:1 w:0)
	/// Proof: `Policy::DistrustedTpmRoots` (`max_values`: None, `max_size`: Some(32), added: 2507, mode: `MaxEncodedLen`)
	/// Storage: `Registry::NextAsks` (r:1 w:0)
	/// Proof: `Registry::NextAsks` (`max_values`: None, `max_size`: Some(54), added: 2529, mode: `MaxEncodedLen`)
	/// Storage: `Compute::Used` (r:1 w:1)
	/// Proof: `Compute::Used` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Hosts` (r:1 w:0)
	/// Proof: `Attestation::Hosts` (`max_values`: None, `max_size`: None, mode: `Measured`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(211), added: 2686, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:4 w:4)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Emission::Destroyed` (r:1 w:1)
	/// Proof: `Emission::Destroyed` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
	/// Storage: `Compute::Paid` (r:1 w:1)
	/// Proof: `Compute::Paid` (`max_values`: Some(1), `max_size`: Some(96), added: 591, mode: `MaxEncodedLen`)
	/// Storage: `Compute::Agenda` (r:0 w:1)
	/// Proof: `Compute::Agenda` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
	fn resize() -> Weight {
		Weight::from_parts(249_822_000, 11402)
			.saturating_add(T::DbWeight::get().reads_writes(21, 10))
	}
	/// Storage: `Compute::Vms` (r:1 w:1)
	/// Proof: `Compute::Vms` (`max_values`: None, `max_size`: Some(2123), added: 4598, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::CurrentInterval` (r:1 w:0)
	/// Proof: `Attestation::CurrentInterval` (`max_values`: Some(1), `max_size`: Some(12), added: 507, mode: `MaxEncodedLen`)
	/// Storage: `Parameters::Parameters` (r:2 w:0)
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `MaxEncodedLen`)
	/// Storage: `Verdicts::CurrentTick` (r:1 w:0)
	/// Proof: `Verdicts::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Oracle::CurrentRate` (r:1 w:0)
	/// Proof: `Oracle::CurrentRate` (`max_values`: Some(1), `max_size`: Some(226), added: 721, mode: `MaxEncodedLen`)
	/// Storage: `Compute::Paid` (r:1 w:1)
	/// Proof: `Compute::Paid` (`max_values`: Some(1), `max_size`: Some(96), added: 591, mode: `MaxEncodedLen`)
	/// Storage: `Compute::Settlements` (r:1 w:1)
	/// Proof: `Compute::Settlements` (`max_values`: None, `max_size`: Some(2033), added: 4508, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Miners` (r:1 w:0)
	/// Proof: `Registry::Miners` (`max_values`: None, `max_size`: Some(180), added: 2655, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Hosts` (r:1 w:0)
	/// Proof: `Attestation::Hosts` (`max_values`: None, `max_size`: None, mode: `Measured`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(211), added: 2686, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:4 w:4)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Emission::Destroyed` (r:1 w:1)
	/// Proof: `Emission::Destroyed` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
	/// Storage: `Compute::Used` (r:1 w:1)
	/// Proof: `Compute::Used` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	/// Storage: `Compute::Agenda` (r:0 w:1)
	/// Proof: `Compute::Agenda` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
	/// Storage: `Compute::Hosted` (r:0 w:1)
	/// Proof: `Compute::Hosted` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	fn terminate() -> Weight {
		Weight::from_parts(268_720_000, 11402)
			.saturating_add(T::DbWeight::get().reads_writes(17, 12))
	}
	/// Storage: `Registry::MinerOfHot` (r:1 w:0)
	/// Proof: `Registry::MinerOfHot` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	/// Storage: `Compute::Vms` (r:1 w:1)
	/// Proof: `Compute::Vms` (`max_values`: None, `max_size`: Some(2123), added: 4598, mode: `MaxEncodedLen`)
	/// Storage: `Parameters::Parameters` (r:2 w:0)
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `MaxEncodedLen`)
	/// Storage: `Verdicts::CurrentTick` (r:1 w:0)
	/// Proof: `Verdicts::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Oracle::CurrentRate` (r:1 w:0)
	/// Proof: `Oracle::CurrentRate` (`max_values`: Some(1), `max_size`: Some(226), added: 721, mode: `MaxEncodedLen`)
	/// Storage: `System::BlockHash` (r:1 w:0)
	/// Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
	/// Storage: `System::ParentHash` (r:1 w:0)
	/// Proof: `System::ParentHash` (`max_values`: Some(1), `max_size`: Some(32), added: 527, mode: `MaxEncodedLen`)
	/// Storage: `Compute::Agenda` (r:0 w:2)
	/// Proof: `Compute::Agenda` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
	fn boot() -> Weight {
		Weight::from_parts(75_292_000, 6124).saturating_add(T::DbWeight::get().reads_writes(8, 3))
	}
	/// Storage: `Compute::Vms` (r:1 w:1)
	/// Proof: `Compute::Vms` (`max_values`: None, `max_size`: Some(2123), added: 4598, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Miners` (r:1 w:0)
	/// Proof: `Registry::Miners` (`max_values`: None, `max_size`: Some(180), added: 2655, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(211), added: 2686, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:4 w:4)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `MaxEncodedLen`)
	/// Storage: `Emission::Destroyed` (r:1 w:1)
	/// Proof: `Emission::Destroyed` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
	/// Storage: `Compute::Paid` (r:1 w:1)
	/// Proof: `Compute::Paid` (`max_values`: Some(1), `max_size`: Some(96), added: 591, mode: `MaxEncodedLen`)
	/// Storage: `Verdicts::CurrentTick` (r:1 w:0)
	/// Proof: `Verdicts::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::CurrentInterval` (r:1 w:0)
	/// Proof: `Attestation::CurrentInterval` (`max_values`: Some(1), `max_size`: Some(12), added: 507, mode: `MaxEncodedLen`)
	/// Storage: `Compute::Agenda` (r:0 w:2)
	/// Proof: `Compute::Agenda` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
	/// Storage: `Compute::Boots` (r:0 w:1)
	/// Proof: `Compute::Boots` (`max_values`: None, `max_size`: Some(156), added: 2631, mode: `MaxEncodedLen`)
	fn attest() -> Weight {
		Weight::from_parts(175_211_000, 11402)
			.saturating_add(T::DbWeight::get().reads_writes(12, 11))
	}
	/// Storage: `Registry::MinerOfHot` (r:1 w:0)
	/// Proof: `Registry::MinerOfHot` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	/// Storage: `Compute::Vms` (r:1 w:1)
	/// Proof: `Compute::Vms` (`max_values`: None, `max_size`: Some(2123), added: 4598, mode: `MaxEncodedLen`)
	/// Storage: `Parameters::Parameters` (r:2 w:0)
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `MaxEncodedLen`)
	/// Storage: `Verdicts::CurrentTick` (r:1 w:0)
	/// Proof: `Verdicts::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::CurrentInterval` (r:1 w:0)
	/// Proof: `Attestation::CurrentInterval` (`max_values`: Some(1), `max_size`: Some(12), added: 507, mode: `MaxEncodedLen`)
	/// Storage: `Oracle::CurrentRate` (r:1 w:0)
	/// Proof: `Oracle::CurrentRate` (`max_values`: Some(1), `max_size`: Some(226), added: 721, mode: `MaxEncodedLen`)
	/// Storage: `Compute::Agenda` (r:0 w:2)
	/// Proof: `Compute::Agenda` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
	fn report_crash() -> Weight {
		Weight::from_parts(77_025_000, 6124).saturating_add(T::DbWeight::get().reads_writes(7, 3))
	}
	/// Storage: `Compute::Vms` (r:1 w:1)
	/// Proof: `Compute::Vms` (`max_values`: None, `max_size`: Some(2123), added: 4598, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::CurrentInterval` (r:1 w:0)
	/// Proof: `Attestation::CurrentInterval` (`max_values`: Some(1), `max_size`: Some(12), added: 507, mode: `MaxEncodedLen`)
	/// Storage: `Verdicts::CurrentTick` (r:1 w:0)
	/// Proof: `Verdicts::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Parameters::Parameters` (r:3 w:0)
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `MaxEncodedLen`)
	/// Storage: `Oracle::RateBlock` (r:1 w:0)
	/// Proof: `Oracle::RateBlock` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Oracle::CurrentRate` (r:1 w:0)
	/// Proof: `Oracle::CurrentRate` (`max_values`: Some(1), `max_size`: Some(226), added: 721, mode: `MaxEncodedLen`)
	/// Storage: `Compute::Orders` (r:1 w:0)
	/// Proof: `Compute::Orders` (`max_values`: None, `max_size`: Some(498), added: 2973, mode: `MaxEncodedLen`)
	/// Storage: `Babe::AuthorVrfRandomness` (r:1 w:0)
	/// Proof: `Babe::AuthorVrfRandomness` (`max_values`: Some(1), `max_size`: Some(33), added: 528, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Population` (r:5 w:0)
	/// Proof: `Attestation::Population` (`max_values`: None, `max_size`: Some(13), added: 2488, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Drawn` (r:11 w:0)
	/// Proof: `Attestation::Drawn` (`max_values`: None, `max_size`: Some(53), added: 2528, mode: `MaxEncodedLen`)
	/// Storage: `Registry::MinerOfChip` (r:11 w:0)
	/// Proof: `Registry::MinerOfChip` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	/// Storage: `Compute::Resting` (r:11 w:0)
	/// Proof: `Compute::Resting` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Hosts` (r:11 w:0)
	/// Proof: `Attestation::Hosts` (`max_values`: None, `max_size`: None, mode: `Measured`)
	/// Storage: `Policy::Veks` (r:11 w:0)
	/// Proof: `Policy::Veks` (`max_values`: None, `max_size`: Some(1169), added: 3644, mode: `MaxEncodedLen`)
	/// Storage: `Policy::CurrentRevision` (r:1 w:0)
	/// Proof: `Policy::CurrentRevision` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Policy::Platform` (r:1 w:0)
	/// Proof: `Policy::Platform` (`max_values`: Some(1), `max_size`: Some(329), added: 824, mode: `MaxEncodedLen`)
	/// Storage: `Policy::Required` (r:1 w:0)
	/// Proof: `Policy::Required` (`max_values`: Some(1), `max_size`: Some(16529), added: 17024, mode: `MaxEncodedLen`)
	/// Storage: `Policy::Generations` (r:1 w:0)
	/// Proof: `Policy::Generations` (`max_values`: None, `max_size`: Some(82), added: 2557, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Miners` (r:11 w:0)
	/// Proof: `Registry::Miners` (`max_values`: None, `max_size`: Some(180), added: 2655, mode: `MaxEncodedLen`)
	/// Storage: `Registry::Tpms` (r:11 w:0)
	/// Proof: `Registry::Tpms` (`max_values`: None, `max_size`: Some(782), added: 3257, mode: `MaxEncodedLen`)
	/// Storage: `Policy::DistrustedTpmRoots` (r:1 w:0)
	/// Proof: `Policy::DistrustedTpmRoots` (`max_values`: None, `max_size`: Some(32), added: 2507, mode: `MaxEncodedLen`)
	/// Storage: `Registry::NextAsks` (r:11 w:0)
	/// Proof: `Registry::NextAsks` (`max_values`: None, `max_size`: Some(54), added: 2529, mode: `MaxEncodedLen`)
	/// Storage: `Compute::Used` (r:11 w:0)
	/// Proof: `Compute::Used` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	/// Storage: `Compute::Agenda` (r:0 w:2)
	/// Proof: `Compute::Agenda` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
	fn attend_pending() -> Weight {
		Weight::from_parts(920_400_000, 44224)
			.saturating_add(T::DbWeight::get().reads_writes(119, 3))
	}
	/// Storage: `Compute::Vms` (r:1 w:1)
	/// Proof: `Compute::Vms` (`max_values`: None, `max_size`: Some(2123), added: 4598, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::CurrentInterval` (r:1 w:0)
	/// Proof: `Attestation::CurrentInterval` (`max_values`: Some(1), `max_size`: Some(12), added: 507, mode: `MaxEncodedLen`)
	/// Storage: `Parameters::Parameters` (r:4 w:0)
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(92), added: 2567, mode: `MaxEncodedLen`)
	/// Storage: `Verdicts::CurrentTick` (r:1 w:0)
	/// Proof: `Verdicts::CurrentTick` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Oracle::CurrentRate` (r:1 w:0)
	/// Proof: `Oracle::CurrentRate` (`max_values`: Some(1), `max_size`: Some(226), added: 721, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Lives` (r:1 w:0)
	/// Proof: `Attestation::Lives` (`max_values`: None, `max_size`: Some(2209), added: 4684, mode: `MaxEncodedLen`)
	/// Storage: `Usage::Accounts` (r:1 w:1)
	/// Proof: `Usage::Accounts` (`max_values`: None, `max_size`: Some(321), added: 2796, mode: `MaxEncodedLen`)
	/// Storage: `Reputation::Uses` (r:1 w:1)
	/// Proof: `Reputation::Uses` (`max_values`: None, `max_size`: Some(50), added: 2525, mode: `MaxEncodedLen`)
	/// Storage: `Compute::Paid` (r:1 w:1)
	/// Proof: `Compute::Paid` (`max_values`: Some(1), `max_size`: Some(96), added: 591, mode: `MaxEncodedLen`)
	/// Storage: `Compute::Settlements` (r:1 w:1)
	/// Proof: `Compute::Settlements` (`max_values`: None, `max_size`: Some(2033), added: 4508, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(211), added: 2686, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:4 w:4)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Emission::Destroyed` (r:1 w:1)
	/// Proof: `Emission::Destroyed` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
	/// Storage: `Attestation::Hosts` (r:1 w:0)
	/// Proof: `Attestation::Hosts` (`max_values`: None, `max_size`: None, mode: `Measured`)
	/// Storage: `Emission::CurrentEra` (r:1 w:1)
	/// Proof: `Emission::CurrentEra` (`max_values`: Some(1), `max_size`: Some(28), added: 523, mode: `MaxEncodedLen`)
	/// Storage: `Emission::Owed` (r:1 w:1)
	/// Proof: `Emission::Owed` (`max_values`: None, `max_size`: Some(76), added: 2551, mode: `MaxEncodedLen`)
	/// Storage: `Compensation::Cases` (r:1 w:1)
	/// Proof: `Compensation::Cases` (`max_values`: None, `max_size`: Some(109), added: 2584, mode: `MaxEncodedLen`)
	/// Storage: `Compensation::Claims` (r:1 w:1)
	/// Proof: `Compensation::Claims` (`max_values`: None, `max_size`: Some(112), added: 2587, mode: `MaxEncodedLen`)
	/// Storage: `Registry::MinerOfChip` (r:1 w:0)
	/// Proof: `Registry::MinerOfChip` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	/// Storage: `Compute::Agenda` (r:0 w:1)
	/// Proof: `Compute::Agenda` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
	fn attend_running() -> Weight {
		Weight::from_parts(1_849_583_000, 11402)
			.saturating_add(T::DbWeight::get().reads_writes(25, 16))
	}
}

/// For mocks.
impl WeightInfo for () {
	fn set_flavour() -> Weight {
		Weight::from_parts(22_423_000, 0).saturating_add(ParityDbWeight::get().reads_writes(0, 1))
	}
	fn order() -> Weight {
		Weight::from_parts(284_264_000, 6124)
			.saturating_add(ParityDbWeight::get().reads_writes(11, 8))
	}
	fn top_up() -> Weight {
		Weight::from_parts(99_688_000, 5588)
			.saturating_add(ParityDbWeight::get().reads_writes(5, 4))
	}
	fn stop() -> Weight {
		Weight::from_parts(88_893_000, 6124)
			.saturating_add(ParityDbWeight::get().reads_writes(9, 5))
	}
	fn start() -> Weight {
		Weight::from_parts(260_688_000, 11402)
			.saturating_add(ParityDbWeight::get().reads_writes(20, 11))
	}
	fn reboot() -> Weight {
		Weight::from_parts(78_727_000, 6124)
			.saturating_add(ParityDbWeight::get().reads_writes(6, 3))
	}
	fn resize() -> Weight {
		Weight::from_parts(249_822_000, 11402)
			.saturating_add(ParityDbWeight::get().reads_writes(21, 10))
	}
	fn terminate() -> Weight {
		Weight::from_parts(268_720_000, 11402)
			.saturating_add(ParityDbWeight::get().reads_writes(17, 12))
	}
	fn boot() -> Weight {
		Weight::from_parts(75_292_000, 6124)
			.saturating_add(ParityDbWeight::get().reads_writes(8, 3))
	}
	fn attest() -> Weight {
		Weight::from_parts(175_211_000, 11402)
			.saturating_add(ParityDbWeight::get().reads_writes(12, 11))
	}
	fn report_crash() -> Weight {
		Weight::from_parts(77_025_000, 6124)
			.saturating_add(ParityDbWeight::get().reads_writes(7, 3))
	}
	fn attend_pending() -> Weight {
		Weight::from_parts(920_400_000, 44224)
			.saturating_add(ParityDbWeight::get().reads_writes(119, 3))
	}
	fn attend_running() -> Weight {
		Weight::from_parts(1_849_583_000, 11402)
			.saturating_add(ParityDbWeight::get().reads_writes(25, 16))
	}
}
