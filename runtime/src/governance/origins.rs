//! What an approved referendum calls as.

#[frame_support::pallet]
pub mod pallet_origins {
	use frame_support::pallet_prelude::*;

	#[pallet::config]
	pub trait Config: frame_system::Config {}

	#[pallet::pallet]
	pub struct Pallet<T>(_);

	/// The tracks that are not root's.
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
		/// May make less acceptable than is.
		Tightening,
		/// May change what is acceptable, and how often it must be shown.
		Loosening,
		/// May set what conduct costs.
		Penalties,
		/// May spend from the treasury.
		Spending,
	}
}
