//! Draws by the randomness of blocks.
//!
//! The author of a block knows its randomness first, and can fill the block with transactions. So
//! no transaction of that block may change a draw by this randomness:
//!
//! - An input of block N is drawn with the randomness of block N + 1. The runtime reads it in block
//!   N + 2, see [`DRAWN_AFTER`].
//! - The size of the population from which block N + 1 draws is that before the transactions of
//!   block N. The runtime stores it then. A drawn number beyond the present population is a lost
//!   draw.

/// Number of blocks between an input and the first draw in which it takes part.
///
/// Also the number of ticks, since the clock advances by at most one in a block.
pub const DRAWN_AFTER: u32 = 2;

/// Scales 32 random bits to a number below `bound`. The relative bias is less than `bound` / 2^32.
pub fn below(bound: u32, random: u32) -> u32 {
	(u64::from(random).saturating_mul(u64::from(bound)) >> 32) as u32
}
