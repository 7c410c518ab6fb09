//! Parameters that governance can set without a runtime upgrade. Each pallet has one struct of
//! rules, which is stored under one key. The pallets clamp the values that they read to safe
//! bounds.

use frame_support::dynamic_params::{dynamic_pallet_params, dynamic_params};

use super::{
	attestation::{
		INITIAL_ATTESTATION_RULES, INITIAL_REGISTRY_RULES, INITIAL_REPUTATION_RULES,
		INITIAL_VERDICTS_RULES,
	},
	consensus::INITIAL_VALIDATOR_RULES,
	money::{
		INITIAL_COMPENSATION_RULES, INITIAL_COMPUTE_RULES, INITIAL_EMISSION_RULES,
		INITIAL_ORACLE_RULES, INITIAL_USAGE_RULES,
	},
};
use crate::*;

#[dynamic_params(RuntimeParameters, pallet_parameters::Parameters::<Runtime>)]
pub mod dynamic_params {
	use super::*;

	/// The validator set.
	#[dynamic_pallet_params]
	#[codec(index = 0)]
	pub mod validators {
		/// Bonds, size of the set, unbonding.
		#[codec(index = 0)]
		pub static Rules: pallet_validators::Rules<Balance> = INITIAL_VALIDATOR_RULES;
	}

	/// Miners.
	#[dynamic_pallet_params]
	#[codec(index = 1)]
	pub mod registry {
		/// Bonds, unbonding, enrolment.
		#[codec(index = 0)]
		pub static Rules: pallet_registry::Rules<Balance> = INITIAL_REGISTRY_RULES;
	}

	/// Challenges.
	#[dynamic_pallet_params]
	#[codec(index = 2)]
	pub mod attestation {
		/// Deadline and frequency of challenges, length of billing intervals.
		#[codec(index = 0)]
		pub static Rules: pallet_attestation::Rules = INITIAL_ATTESTATION_RULES;
	}

	/// Scores.
	#[dynamic_pallet_params]
	#[codec(index = 3)]
	pub mod reputation {
		/// Gains and losses.
		#[codec(index = 0)]
		pub static Rules: pallet_reputation::Rules = INITIAL_REPUTATION_RULES;
	}

	/// Proofs.
	#[dynamic_pallet_params]
	#[codec(index = 4)]
	pub mod verdicts {
		/// Penalties for false votes, deposits for proofs, the proof window, and the share of
		/// audits.
		#[codec(index = 0)]
		pub static Rules: pallet_verdicts::Rules<Balance> = INITIAL_VERDICTS_RULES;
	}

	/// Prices.
	#[dynamic_pallet_params]
	#[codec(index = 5)]
	pub mod oracle {
		/// Limits of reports and prices, and the time for which a price holds.
		#[codec(index = 0)]
		pub static Rules: pallet_oracle::Rules = INITIAL_ORACLE_RULES;
	}

	/// VMs.
	#[dynamic_pallet_params]
	#[codec(index = 6)]
	pub mod compute {
		/// Prices, shares of payments, and deadlines.
		#[codec(index = 0)]
		pub static Rules: pallet_compute::Rules = INITIAL_COMPUTE_RULES;
	}

	/// New α.
	#[dynamic_pallet_params]
	#[codec(index = 7)]
	pub mod emission {
		/// Amount of new α, and its distribution.
		#[codec(index = 0)]
		pub static Rules: pallet_emission::Rules = INITIAL_EMISSION_RULES;
	}

	/// Usage receipts of guests.
	#[dynamic_pallet_params]
	#[codec(index = 8)]
	pub mod usage {
		/// Deadline for receipts, and refunds for shortfalls.
		#[codec(index = 0)]
		pub static Rules: pallet_usage::Rules = INITIAL_USAGE_RULES;
	}

	/// Compensation of tenants from slashes of miners.
	#[dynamic_pallet_params]
	#[codec(index = 9)]
	pub mod compensation {
		/// Share of a slash, and the period in which payments count.
		#[codec(index = 0)]
		pub static Rules: pallet_compensation::Rules = INITIAL_COMPENSATION_RULES;
	}
}

pub use dynamic_params::{
	attestation::Rules as AttestationRules, compensation::Rules as CompensationRules,
	compute::Rules as ComputeRules, emission::Rules as EmissionRules, oracle::Rules as OracleRules,
	registry::Rules as RegistryRules, reputation::Rules as ReputationRules,
	usage::Rules as UsageRules, validators::Rules as ValidatorRules,
	verdicts::Rules as VerdictsRules,
};

#[cfg(feature = "runtime-benchmarks")]
impl Default for RuntimeParameters {
	fn default() -> Self {
		RuntimeParameters::Validators(dynamic_params::validators::Parameters::Rules(
			ValidatorRules,
			Some(INITIAL_VALIDATOR_RULES),
		))
	}
}

impl pallet_parameters::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type RuntimeParameters = RuntimeParameters;
	type AdminOrigin = crate::governance::ParametersAdmin;
	type WeightInfo = ();
}
