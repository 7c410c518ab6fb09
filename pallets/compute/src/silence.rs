//! Silent intervals: the VM ran through the interval, but its guest submitted no receipt.
//!
//! A miner must not earn more by ending a VM than by starving it. For a starved VM, at most a
//! bounded part of the charge is refunded. So a silent interval costs its miner at least that part.
//! The part is burned instead of refunded: the tenant owns the guest's key, and must not gain by
//! withholding receipts.

use hcc_primitives::units::Balance;
use sp_runtime::Perbill;

/// Returns the part of a charge that is burned, if none of its intervals has a receipt.
///
/// `most` is the part that receipts can refund at most. The first silent interval costs this part.
/// Each further silent interval in a row costs its whole charge. The result is rounded up, against
/// the miner.
pub fn burned(amount: Balance, intervals: u32, is_first: bool, most: Perbill) -> Balance {
	let count = Balance::from(intervals.max(1));
	let first = if is_first { amount.checked_div(count).unwrap_or(amount) } else { 0 };
	amount.saturating_sub(first).saturating_add(most.mul_ceil(first))
}

#[cfg(test)]
mod tests {
	use proptest::prelude::*;

	use super::*;

	#[test]
	fn first_silent_interval_costs_bounded_part_and_later_ones_all() {
		let tenth = Perbill::from_percent(10);
		assert_eq!(burned(1_000, 1, true, tenth), 100);
		assert_eq!(burned(1_000, 1, false, tenth), 1_000);
		assert_eq!(burned(1_000, 4, true, tenth), 775);
		assert_eq!(burned(1, 1, true, tenth), 1, "rounded up");
		assert_eq!(burned(1_000, 1, true, Perbill::zero()), 0);
		assert_eq!(burned(0, 0, true, tenth), 0);
	}

	proptest! {
		/// A miner is never paid more for silent intervals than for a full shortfall, which refunds
		/// `most`, rounded down.
		#[test]
		fn silence_pays_at_most_what_full_shortfall_pays(
			amount in any::<u64>(), intervals in 1..100u32, is_first: bool, parts in 0..=1_000_000_000u32,
		) {
			let (amount, most) = (Balance::from(amount), Perbill::from_parts(parts));
			let burned = burned(amount, intervals, is_first, most);
			prop_assert!(burned <= amount && burned >= most.mul_floor(amount));
		}
	}
}
