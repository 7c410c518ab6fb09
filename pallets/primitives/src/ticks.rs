//! The clock by which deadlines count.

/// A point in the chain's own time. It moves by one a block, and stands still while it would be unfair to count: while blocks are not
/// finalised, and during migrations.
pub type Tick = u32;

/// Who keeps that clock.
pub trait Ticks {
	/// The tick of this block.
	fn now() -> Tick;
}
