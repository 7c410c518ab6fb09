//! Governance: the tracks of referenda and their origins.

pub mod origins;
pub mod tracks;

use core::marker::PhantomData;

use frame_support::traits::{EnsureOrigin, EnsureOriginWithArg, OriginTrait};
use frame_system::RawOrigin;
pub use origins::pallet_origins::Origin;

use crate::{configs::parameters::RuntimeParametersKey, OriginCaller, RuntimeOrigin};

/// The origin with which a track dispatches its referenda.
pub trait TrackOrigin {
	const ORIGIN: Origin;
}

/// Enters and leaves safe mode, and dispatches whitelisted calls.
pub struct Emergency;
impl TrackOrigin for Emergency {
	const ORIGIN: Origin = Origin::Emergency;
}

/// Cancels referenda and returns their deposits.
pub struct Cancelling;
impl TrackOrigin for Cancelling {
	const ORIGIN: Origin = Origin::Cancelling;
}

/// Makes policy stricter.
pub struct Tightening;
impl TrackOrigin for Tightening {
	const ORIGIN: Origin = Origin::Tightening;
}

/// Changes policy in either direction.
pub struct Loosening;
impl TrackOrigin for Loosening {
	const ORIGIN: Origin = Origin::Loosening;
}

/// Sets penalties.
pub struct Penalties;
impl TrackOrigin for Penalties {
	const ORIGIN: Origin = Origin::Penalties;
}

/// Spends from the treasury.
pub struct Spending;
impl TrackOrigin for Spending {
	const ORIGIN: Origin = Origin::Spending;
}

/// Accepts the origin of the track `T`, or root.
pub struct OrRoot<T>(PhantomData<T>);

impl<T: TrackOrigin> EnsureOrigin<RuntimeOrigin> for OrRoot<T> {
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

/// Assigns each group of parameters to a track. Penalties and the rules of validators and verdicts
/// need the penalties track. All other parameters, such as the frequency of challenges, need the
/// loosening track.
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
