//! The clock of deadlines.

use sp_runtime::DispatchError;

/// A point in the chain's own time. It moves by one per block. It stops while blocks are not
/// finalised and during migrations, because counting would be unfair to those who must meet
/// deadlines.
pub type Tick = u32;

/// The source of ticks.
pub trait TickSource {
	/// Returns the tick of this block.
	fn now() -> Tick;
}

/// Records which blocks validators have seen finalised.
pub trait FinalityStatements<AccountId, BlockNumber> {
	/// Records that an active validator has seen block `finalised` finalised. Returns `true` if the
	/// validator's last statement is old enough for this one to be free.
	///
	/// ## Errors
	/// The block is not in the past, or is older than the validator's last statement.
	fn state(validator: &AccountId, finalised: BlockNumber) -> Result<bool, DispatchError>;
}
