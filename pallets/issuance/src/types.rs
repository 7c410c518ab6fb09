use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use hcc_primitives::units::Balance;
use scale_info::TypeInfo;
use sp_runtime::Debug;

/// Account id of the runtime.
pub type AccountIdOf<T> = <T as frame_system::Config>::AccountId;

/// The terms of the total issuance.
#[derive(
	Clone,
	Copy,
	Eq,
	PartialEq,
	Debug,
	Default,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct Issuance {
	/// The total issuance when the chain started.
	pub initial: Balance,
	/// The amount that was minted since the chain started.
	pub minted: Balance,
	/// The amount that was burned since the chain started.
	pub burned: Balance,
}

impl Issuance {
	/// Returns the total issuance, or `None` if the sum overflows or more was burned than existed.
	pub fn total(&self) -> Option<Balance> {
		self.initial.checked_add(self.minted)?.checked_sub(self.burned)
	}
}
