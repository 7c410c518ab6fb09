use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_system::pallet_prelude::BlockNumberFor;
use scale_info::TypeInfo;
use sp_runtime::Debug;

/// An account of the chain.
pub type AccountIdOf<T> = <T as frame_system::Config>::AccountId;
/// [`Statement`] in the chain's units.
pub type StatementOf<T> = Statement<AccountIdOf<T>, BlockNumberFor<T>>;

/// The last block that a validator has seen finalised.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Statement<AccountId, BlockNumber> {
	pub validator: AccountId,
	pub finalised: BlockNumber,
	/// The block of the validator's last statement that was free of charge.
	pub at: BlockNumber,
}
