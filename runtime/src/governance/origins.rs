//! The origins with which approved referenda are dispatched.

#[frame_support::pallet]
pub mod pallet_origins {
	use frame_support::pallet_prelude::*;

	#[pallet::config]
	pub trait Config: frame_system::Config {}

	#[pallet::pallet]
	pub struct Pallet<T>(_);

	/// The origins of all tracks except root.
	#[pallet::origin]
	#[derive(
		Clone,
		Copy,
		Eq,
		PartialEq,
		Debug,
		Encode,
		Decode,
		DecodeWithMemTracking,
		MaxEncodedLen,
		TypeInfo,
	)]
	pub enum Origin {
		/// May enter and leave safe mode, and dispatch whitelisted calls.
		Emergency,
		/// May cancel referenda.
		Cancelling,
		/// May make policy stricter.
		Tightening,
		/// May change policy in either direction, and the frequency of challenges.
		Loosening,
		/// May set penalties.
		Penalties,
		/// May spend from the treasury.
		Spending,
	}
}
