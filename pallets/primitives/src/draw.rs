//! Random draws from the randomness of blocks.
//!
//! The author of a block knows the block's randomness first, and can fill the block with
//! transactions. So no transaction of the block may change a draw from this randomness:
//!
//! - An input of block N is drawn with the randomness of block N + 1. The runtime reads this
//!   randomness in block N + 2, see [`DRAWN_AFTER`].
//! - Block N + 1 draws from the population as it was before the transactions of block N. The
//!   runtime stores the size of the population at that point. A drawn number beyond the present
//!   population is a lost draw.

/// Number of blocks from the block of an input to the first block that can draw the input.
///
/// The clock advances by at most one tick in a block, so this is the maximum number of ticks as
/// well.
pub const DRAWN_AFTER: u32 = 2;

/// Scales 32 random bits to a number below `bound`. The relative bias is less than `bound` / 2^32.
pub fn below(bound: u32, random: u32) -> u32 {
	(u64::from(random).saturating_mul(u64::from(bound)) >> 32) as u32
}
