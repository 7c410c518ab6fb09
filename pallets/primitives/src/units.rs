//! Money and time of the chain, as types and constants.

/// An amount of α in its smallest unit, 10⁻⁹ α.
pub type Balance = u128;

/// The height of a block. One block is expected every [`MILLISECS_PER_BLOCK`].
pub type BlockNumber = u32;

/// Milliseconds since the Unix epoch.
pub type Moment = u64;

/// One α.
pub const ALPHA: Balance = 1_000_000_000;
/// 10⁻³ α.
pub const MILLI_ALPHA: Balance = ALPHA / 1_000;
/// 10⁻⁶ α.
pub const MICRO_ALPHA: Balance = ALPHA / 1_000_000;

/// The slot duration of BABE, which is the expected block time.
pub const MILLISECS_PER_BLOCK: Moment = 6_000;

/// Blocks in a minute.
pub const MINUTES: BlockNumber = 60_000 / (MILLISECS_PER_BLOCK as BlockNumber);
/// Blocks in an hour.
pub const HOURS: BlockNumber = MINUTES * 60;
/// Blocks in a day.
pub const DAYS: BlockNumber = HOURS * 24;

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn units_divide_without_remainder() {
		assert_eq!(MILLI_ALPHA * 1_000, ALPHA);
		assert_eq!(MICRO_ALPHA * 1_000_000, ALPHA);
		assert_eq!(u64::from(MINUTES) * MILLISECS_PER_BLOCK, 60_000);
		assert_eq!(DAYS, 14_400);
	}
}
