//! The clock of deadlines.

use sp_runtime::DispatchError;

/// A point in the chain's own time. It moves by one per block. It stops while blocks are not
/// finalised and during migrations, because counting would be unfair to those who must meet
/// deadlines.
pub type Tick = u32;

/// A number of paid slots: the time that money, usage and emission count.
///
/// A tick is a block, so an empty slot gives no tick. Ticks suit deadlines, because no call can be
/// included in an empty slot. Paid slots include the empty ones between ticks.
pub type PaidSlots = u32;

/// Maximum number of slots that a block adds to a count, however long ago the last block was. No
/// account pays for a longer standstill.
pub const MAX_COUNTED_SLOTS: u32 = 4;

/// Returns the number of slots from `last` to `now` that count.
pub fn counted_slots(last: u64, now: u64) -> PaidSlots {
	// At most the small constant, so the cast cannot truncate.
	now.saturating_sub(last).min(MAX_COUNTED_SLOTS.into()) as PaidSlots
}

/// The source of ticks.
pub trait TickSource {
	/// Returns the tick of this block.
	fn now() -> Tick;
}

/// The source of paid time.
pub trait PaidTime {
	/// Returns the number of paid slots up to this block. Each tick adds the slots since the last
	/// tick, at most [`MAX_COUNTED_SLOTS`].
	fn paid_slots() -> PaidSlots;
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
