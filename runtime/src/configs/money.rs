//! What things cost.

use frame_support::{
	parameter_types,
	traits::{ConstU128, ConstU32},
};
use hcc_primitives::units::{ALPHA, DAYS, HOURS, MILLISECS_PER_BLOCK, MILLI_ALPHA, MINUTES};
use pallet_compute::{List, Shares};
use sp_runtime::Perbill;

use super::{
	attestation::{keep, StoreRules},
	parameters::{
		dynamic_params::{compute, emission},
		CompensationRules, ComputeRules, EmissionRules, OracleRules, RuntimeParameters, UsageRules,
	},
	referenda::TreasuryAccount,
};
use crate::{
	governance::{Loosening, OrRoot},
	*,
};

/// What governance starts from: a price every five minutes of reports that are ten minutes old at the most, between a thousandth of a dollar and a million. Three quarters of the larger apart is absurd; a day halves or doubles no price.
pub const INITIAL_ORACLE_RULES: pallet_oracle::Rules = pallet_oracle::Rules {
	interval: 5 * MINUTES,
	max_age: 10 * MINUTES,
	floor: 1_000_000,
	ceiling: 1_000_000_000_000_000,
	band: Perbill::from_percent(10),
	absurd: Perbill::from_percent(75),
	slash: Perbill::from_percent(1),
	daily: Perbill::from_percent(40),
	fresh: HOURS,
	grace: DAYS,
};

impl pallet_oracle::Config for Runtime {
	// Whoever judges also tells prices, with the bond that it has.
	type Feeders = Validators;
	type Slashes = Validators;
	type Rules = OracleRules;
	type Ticks = Verdicts;
	type WeightInfo = pallet_oracle::weights::SubstrateWeight<Runtime>;
	#[cfg(feature = "runtime-benchmarks")]
	type World = crate::benchmarks::World;
}

/// What governance starts from: a vCPU at a cent an hour, a GiB of memory at a fifth of that, a GiB of disk at a hundredth of it, a GiB an hour that may be sent at half a cent; a tenth of a cent for a boot, and no less than the hundredth of an α that a boot costs its miner in fees. Eighty of a hundred parts go to miners.
pub const INITIAL_COMPUTE_RULES: pallet_compute::Rules = pallet_compute::Rules {
	list: List { vcpu: 10_000, memory: 2_000, disk: 100, egress: 5_000 },
	boot_fee: 1_000,
	least_fee: 10 * MILLI_ALPHA,
	shares: Shares {
		validators: Perbill::from_percent(5),
		treasury: Perbill::from_percent(5),
		burned: Perbill::from_percent(10),
	},
	placement: 30 * MINUTES,
	acceptance: 5 * MINUTES,
	boot: 20 * MINUTES,
	stopped: 7 * DAYS,
	rest: HOURS,
	reserve: 3,
	warning: 24,
	crashes: 4,
	lost: 24,
};

impl pallet_compute::StoreRules for StoreRules {
	fn store(rules: pallet_compute::Rules) {
		keep(RuntimeParameters::Compute(compute::Parameters::Rules(compute::Rules, Some(rules))));
	}
}

parameter_types! {
	pub ValidatorsPot: AccountId = Validators::pot();
}

impl pallet_compute::Config for Runtime {
	type NativeBalance = Balances;
	type Burned = Emission;
	type RuntimeHoldReason = RuntimeHoldReason;
	type AdminOrigin = OrRoot<Loosening>;
	type Rules = ComputeRules;
	type StoreRules = StoreRules;
	type Oracle = Oracle;
	type Ticks = Verdicts;
	type Miners = Registry;
	type Liveness = Attestation;
	type Vms = crate::vms::VmsByPolicy;
	type Randomness = pallet_babe::ParentBlockRandomness<Runtime>;
	type ValidatorsPot = ValidatorsPot;
	type Treasury = TreasuryAccount;
	type OnSettled = (Emission, Compensation);
	type Usage = Usage;
	// Rows of some 4 KiB, half of it settlements.
	type Deposit = ConstU128<{ 500 * MILLI_ALPHA }>;
	type WeightInfo = pallet_compute::weights::SubstrateWeight<Runtime>;
	#[cfg(feature = "runtime-benchmarks")]
	type World = crate::benchmarks::World;
}

/// What governance starts from: guests tell of an interval until the next is over; a tenth less than what is paid for is nobody's fault, and for more than that no more than a tenth is given back.
pub const INITIAL_USAGE_RULES: pallet_usage::Rules = pallet_usage::Rules {
	age: 1,
	tolerance: Perbill::from_percent(10),
	refund: Perbill::from_percent(10),
};

impl pallet_usage::Config for Runtime {
	type Rules = UsageRules;
	type Guests = Compute;
	type Liveness = Attestation;
	type Ticks = Verdicts;
	type Reputation = Reputation;
	type MillisPerTick = ConstU32<{ MILLISECS_PER_BLOCK as u32 }>;
	type WeightInfo = pallet_usage::weights::SubstrateWeight<Runtime>;
	#[cfg(feature = "runtime-benchmarks")]
	type World = crate::benchmarks::World;
}

/// What governance starts from: 7,200 α a day at most, half of that every four years, and 21 million in all. A fifth of it is the validators', a tenth the treasury's; miners are owed a tenth of what is paid for their work.
pub const INITIAL_EMISSION_RULES: pallet_emission::Rules = pallet_emission::Rules {
	era: DAYS,
	initial: 7_200 * ALPHA,
	halving: 1_461,
	cap: 21_000_000 * ALPHA,
	validators: Perbill::from_percent(20),
	treasury: Perbill::from_percent(10),
	bonus: Perbill::from_percent(10),
	trusted: Perbill::from_percent(100),
	regular: Perbill::from_percent(75),
	probation: Perbill::from_percent(50),
	claimable: 84,
};

impl pallet_emission::StoreRules for StoreRules {
	fn store(rules: pallet_emission::Rules) {
		keep(RuntimeParameters::Emission(emission::Parameters::Rules(
			emission::Rules,
			Some(rules),
		)));
	}
}

impl pallet_emission::Config for Runtime {
	type NativeBalance = Balances;
	type Rules = EmissionRules;
	type StoreRules = StoreRules;
	type Ticks = Verdicts;
	type Shares = Compute;
	type Liveness = Attestation;
	type ValidatorsPot = ValidatorsPot;
	type Treasury = TreasuryAccount;
	type WeightInfo = pallet_emission::weights::SubstrateWeight<Runtime>;
}

/// What governance starts from: tenants are given half of what their miners lose at the most, and no more than they paid; what is settled within four hours counts.
pub const INITIAL_COMPENSATION_RULES: pallet_compensation::Rules =
	pallet_compensation::Rules { most: Perbill::from_percent(50), collect: 4 * HOURS };

impl pallet_compensation::Config for Runtime {
	type NativeBalance = Balances;
	type Burned = Emission;
	type Rules = CompensationRules;
	type Ticks = Verdicts;
	type Liveness = Attestation;
	type WeightInfo = pallet_compensation::weights::SubstrateWeight<Runtime>;
	#[cfg(feature = "runtime-benchmarks")]
	type World = crate::benchmarks::World;
}
