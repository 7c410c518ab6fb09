//! The clock of deadlines.

use sp_runtime::DispatchError;

/// A point in the chain's own time. The tick rises by one per block. It stops while blocks are not
/// finalised and during migrations, because accounts may be unable to meet deadlines then.
pub type Tick = u32;

/// A number of paid slots. Billing, usage and emission measure time in paid slots.
///
/// The clock ticks at most once per block, so it does not tick in an empty slot. Deadlines are in
/// ticks, because no call can be included in an empty slot. Paid slots include the empty slots
/// between two ticks, up to [`MAX_COUNTED_SLOTS`] in total.
pub type PaidSlots = u32;

/// Maximum number of slots that one block adds to a count of slots. If the chain stalls for longer,
/// no account pays for the excess.
pub const MAX_COUNTED_SLOTS: u32 = 4;

/// Returns the number of slots from `last` to `now`, at most [`MAX_COUNTED_SLOTS`].
pub fn counted_slots(last: u64, now: u64) -> PaidSlots {
	// The result is at most `MAX_COUNTED_SLOTS`, so the cast cannot truncate.
	now.saturating_sub(last).min(MAX_COUNTED_SLOTS.into()) as PaidSlots
}

/// Provides the current tick.
pub trait TickSource {
	/// Returns the tick of this block.
	fn now() -> Tick;
}

/// Provides the count of paid slots.
pub trait PaidTime {
	/// Returns the number of paid slots up to this block. Each tick adds the slots since the last
	/// tick, at most [`MAX_COUNTED_SLOTS`].
	fn paid_slots() -> PaidSlots;
}

/// Records the block numbers that validators have seen finalised.
pub trait FinalityStatements<AccountId, BlockNumber> {
	/// Records an active validator's statement that it has seen the block with the number
	/// `finalised` as final. Returns `true` if the statement is free, because the validator's last
	/// free statement is old enough.
	///
	/// ## Errors
	/// The validator is not active. The block is not in the past, or is older than the block that
	/// the validator stated last.
	fn state(validator: &AccountId, finalised: BlockNumber) -> Result<bool, DispatchError>;
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn counted_slots_are_capped() {
		let counted: Vec<_> =
			[0, 5, 6, 9, 10, 11, u64::MAX].map(|now| counted_slots(5, now)).into();
		assert_eq!(counted, [0, 0, 1, 4, 4, 4, 4]);
	}
}
