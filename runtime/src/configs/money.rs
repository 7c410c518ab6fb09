//! What things cost.

use hcc_primitives::units::{DAYS, HOURS, MINUTES};
use sp_runtime::Perbill;

use super::parameters::OracleRules;
use crate::*;

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
