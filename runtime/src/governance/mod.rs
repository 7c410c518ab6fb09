//! Who decides what: the tracks of referenda, and the origins that they speak with.

pub mod origins;
pub mod tracks;

use core::marker::PhantomData;

use frame_support::traits::{EnsureOrigin, EnsureOriginWithArg, OriginTrait};
use frame_system::RawOrigin;
pub use origins::pallet_origins::Origin;

use crate::{configs::parameters::RuntimeParametersKey, OriginCaller, RuntimeOrigin};

/// An origin that a track speaks with.
pub trait SpeaksAs {
	const ORIGIN: Origin;
}

/// Makes what is accepted less.
pub struct Tightening;
impl SpeaksAs for Tightening {
	const ORIGIN: Origin = Origin::Tightening;
}

/// Changes what is accepted in any way.
pub struct Loosening;
impl SpeaksAs for Loosening {
	const ORIGIN: Origin = Origin::Loosening;
}

/// Sets what conduct costs.
pub struct Penalties;
impl SpeaksAs for Penalties {
	const ORIGIN: Origin = Origin::Penalties;
}

/// Spends from the treasury.
pub struct Spending;
impl SpeaksAs for Spending {
	const ORIGIN: Origin = Origin::Spending;
}

/// What a track speaks with; or root, that may do all.
pub struct OrRoot<T>(PhantomData<T>);

impl<T: SpeaksAs> EnsureOrigin<RuntimeOrigin> for OrRoot<T> {
	type Success = ();

	fn try_origin(origin: RuntimeOrigin) -> Result<(), RuntimeOrigin> {
		match origin.caller() {
			OriginCaller::Origins(found) if *found == T::ORIGIN => Ok(()),
			OriginCaller::system(RawOrigin::Root) => Ok(()),
			_ => Err(origin),
		}
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn try_successful_origin() -> Result<RuntimeOrigin, ()> {
		Ok(RuntimeOrigin::root())
	}
}

/// Who sets parameters: what conduct costs, and who judges it, is for the track of penalties; how often it is asked for is policy.
pub struct ParametersAdmin;

impl EnsureOriginWithArg<RuntimeOrigin, RuntimeParametersKey> for ParametersAdmin {
	type Success = ();

	fn try_origin(origin: RuntimeOrigin, key: &RuntimeParametersKey) -> Result<(), RuntimeOrigin> {
		use RuntimeParametersKey as Key;
		match key {
			Key::Reputation(_) | Key::Compensation(_) | Key::Verdicts(_) | Key::Validators(_) => {
				OrRoot::<Penalties>::try_origin(origin)
			},
			Key::Registry(_)
			| Key::Attestation(_)
			| Key::Oracle(_)
			| Key::Compute(_)
			| Key::Emission(_)
			| Key::Usage(_) => OrRoot::<Loosening>::try_origin(origin),
		}
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn try_successful_origin(_: &RuntimeParametersKey) -> Result<RuntimeOrigin, ()> {
		Ok(RuntimeOrigin::root())
	}
}
