//! Sets the rules of pallets, as governance does.

use frame_support::pallet_prelude::DispatchResult;
use hccs_runtime::{
	configs::parameters::{dynamic_params, RuntimeParameters},
	*,
};

/// Rules that are stored as a parameter.
pub(super) trait Governed {
	fn parameter(self) -> RuntimeParameters;
}

macro_rules! governed {
	($($pallet:ident, $module:ident: $rules:ty;)*) => {
		$(impl Governed for $rules {
			fn parameter(self) -> RuntimeParameters {
				use dynamic_params::$module::{Parameters, Rules};
				RuntimeParameters::$pallet(Parameters::Rules(Rules, Some(self)))
			}
		})*
	};
}

governed! {
	Attestation, attestation: pallet_attestation::Rules;
	Compensation, compensation: pallet_compensation::Rules;
	Compute, compute: pallet_compute::Rules;
	Emission, emission: pallet_emission::Rules;
	Registry, registry: pallet_registry::Rules<Balance>;
	Reputation, reputation: pallet_reputation::Rules;
	Validators, validators: pallet_validators::Rules<Balance>;
	Verdicts, verdicts: pallet_verdicts::Rules<Balance>;
}

/// Sets the rules of a pallet as root.
pub(super) fn set_rules(rules: impl Governed) -> DispatchResult {
	Parameters::set_parameter(RuntimeOrigin::root(), rules.parameter())
}
