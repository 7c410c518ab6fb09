//! Configuration of prices, payments, emission, usage and compensation.

use frame_support::{
	parameter_types,
	traits::{ConstU128, ConstU32},
};
use hcc_primitives::units::{ALPHA, DAYS, HOURS, MILLISECS_PER_BLOCK, MILLI_ALPHA, MINUTES};
use pallet_compute::{List, Shares, WeightInfo as _};
use sp_runtime::Perbill;

use super::{
	attestation::{store_parameter, StoreRules},
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

/// Initial rules. Every five minutes, a price is derived from the reports of the last ten minutes.
/// A price lies between a thousandth of a dollar and a million dollars. A report is absurd if its
/// difference from the median exceeds three quarters of the larger of both. A price can change by
/// at most 40 % a day.
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
	// Validators report prices, and lose a part of their bonds for absurd reports.
	type Feeders = Validators;
	type ValidatorSlasher = Validators;
	type Rules = OracleRules;
	type TickSource = Clock;
	type WeightInfo = pallet_oracle::weights::SubstrateWeight<Runtime>;
	#[cfg(feature = "runtime-benchmarks")]
	type World = crate::benchmarks::World;
}

/// Initial rules. List prices are per hour: 1 cent for a vCPU, 0.2 cents for a GiB of memory, and
/// 0.01 cents for a GiB of disk. The right to send one GiB an hour costs 0.5 cents per hour.
///
/// A tenant pays a tenth of a cent for a boot, but at least a hundredth of an α, because the miner
/// pays this amount in fees. Miners receive 80 % of payments.
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

impl hcc_primitives::StoreRules<pallet_compute::Rules> for StoreRules {
	fn store(rules: pallet_compute::Rules) {
		store_parameter(RuntimeParameters::Compute(compute::Parameters::Rules(
			compute::Rules,
			Some(rules),
		)));
	}
}

parameter_types! {
	pub ValidatorsPot: AccountId = Validators::pot();
	/// The price of a search for a miner. It is the fee of a transaction with the weight of a
	/// search, at a fee multiplier of one.
	pub SearchFee: Balance = TransactionPayment::weight_to_fee(
		<Runtime as pallet_compute::Config>::WeightInfo::attend_pending(),
	);
}

impl pallet_compute::Config for Runtime {
	type NativeBalance = Balances;
	type Burned = Issuance;
	type RuntimeHoldReason = RuntimeHoldReason;
	type AdminOrigin = OrRoot<Loosening>;
	type Rules = ComputeRules;
	type StoreRules = StoreRules;
	type Oracle = Oracle;
	type TickSource = Clock;
	type Miners = Registry;
	type Liveness = Attestation;
	type Images = Images;
	type Vms = crate::vms::VmsByPolicy;
	type Randomness = pallet_babe::ParentBlockRandomness<Runtime>;
	type ValidatorsPot = ValidatorsPot;
	type Treasury = TreasuryAccount;
	type OnSettled = (Emission, Compensation);
	type Usage = Usage;
	// The deposit is for storage rows of about 4 KiB. Settlements take half of them.
	type Deposit = ConstU128<{ 500 * MILLI_ALPHA }>;
	type SearchFee = SearchFee;
	type WeightInfo = pallet_compute::weights::SubstrateWeight<Runtime>;
	#[cfg(feature = "runtime-benchmarks")]
	type World = crate::benchmarks::World;
}

/// Initial rules. Receipts for an interval are accepted until the end of the next interval. A
/// shortfall of up to a tenth is tolerated. For a larger shortfall, at most a tenth of the payment
/// is refunded.
pub const INITIAL_USAGE_RULES: pallet_usage::Rules = pallet_usage::Rules {
	age: 1,
	tolerance: Perbill::from_percent(10),
	refund: Perbill::from_percent(10),
};

impl pallet_usage::Config for Runtime {
	type Rules = UsageRules;
	type RunningGuests = Compute;
	type Liveness = Attestation;
	type Reputation = Reputation;
	type MillisPerSlot = ConstU32<{ MILLISECS_PER_BLOCK as u32 }>;
	type WeightInfo = pallet_usage::weights::SubstrateWeight<Runtime>;
	#[cfg(feature = "runtime-benchmarks")]
	type World = crate::benchmarks::World;
}

/// Initial rules. At most 7,200 α a day are minted, and at most 21 million α in all. The daily
/// maximum is halved every four years. Validators receive a fifth of an era's budget, and the
/// treasury a tenth. Miners earn a bonus of a tenth of the payments for their work.
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
	payable: 84,
};

impl hcc_primitives::StoreRules<pallet_emission::Rules> for StoreRules {
	fn store(rules: pallet_emission::Rules) {
		store_parameter(RuntimeParameters::Emission(emission::Parameters::Rules(
			emission::Rules,
			Some(rules),
		)));
	}
}

impl pallet_emission::Config for Runtime {
	type Minter = Issuance;
	type Rules = EmissionRules;
	type StoreRules = StoreRules;
	type PaidTime = Clock;
	type Shares = pallet_compute::SharesOf<ComputeRules>;
	type Liveness = Attestation;
	type ValidatorsPot = ValidatorsPot;
	type Treasury = TreasuryAccount;
	type WeightInfo = pallet_emission::weights::SubstrateWeight<Runtime>;
}

impl pallet_issuance::Config for Runtime {
	type NativeBalance = Balances;
}

/// Initial rules. Tenants receive at most half of a slash, and no more than they paid. A payment
/// counts if it is settled within four hours after the slash.
pub const INITIAL_COMPENSATION_RULES: pallet_compensation::Rules =
	pallet_compensation::Rules { most: Perbill::from_percent(50), collect: 4 * HOURS };

impl pallet_compensation::Config for Runtime {
	type NativeBalance = Balances;
	type Burned = Issuance;
	type Rules = CompensationRules;
	type TickSource = Clock;
	type Liveness = Attestation;
	type WeightInfo = pallet_compensation::weights::SubstrateWeight<Runtime>;
	#[cfg(feature = "runtime-benchmarks")]
	type World = crate::benchmarks::World;
}
