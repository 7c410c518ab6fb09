//! The benchmarks that `make weights` runs to generate the weights.

mod world;

use alloc::{string::String, vec::Vec};

use frame_benchmarking::{BenchmarkBatch, BenchmarkConfig, BenchmarkList};
use frame_support::traits::{StorageInfo, StorageInfoTrait, WhitelistedStorageKeys};
use frame_system_benchmarking::Pallet as SystemBench;

use crate::*;
pub(crate) use world::World;

frame_benchmarking::define_benchmarks!(
	[frame_system, SystemBench::<Runtime>]
	[pallet_attestation, Attestation]
	[pallet_balances, Balances]
	[pallet_clock, Clock]
	[pallet_compute, Compute]
	[pallet_emission, Emission]
	[pallet_images, Images]
	[pallet_oracle, Oracle]
	[pallet_policy, Policy]
	[pallet_registry, Registry]
	[pallet_reputation, Reputation]
	[pallet_timestamp, Timestamp]
	[pallet_compensation, Compensation]
	[pallet_usage, Usage]
	[pallet_utility, Utility]
	[pallet_validators, Validators]
	[pallet_verdicts, Verdicts]
);

pub(crate) fn list(extra: bool) -> (Vec<BenchmarkList>, Vec<StorageInfo>) {
	let mut list = Vec::<BenchmarkList>::new();
	list_benchmarks!(list, extra);
	(list, AllPalletsWithSystem::storage_info())
}

impl frame_system_benchmarking::Config for Runtime {}

pub(crate) fn dispatch(config: BenchmarkConfig) -> Result<Vec<BenchmarkBatch>, String> {
	let whitelist = AllPalletsWithSystem::whitelisted_storage_keys();
	let mut batches = Vec::<BenchmarkBatch>::new();
	let params = (&config, &whitelist);
	add_benchmarks!(params, batches);
	Ok(batches)
}
