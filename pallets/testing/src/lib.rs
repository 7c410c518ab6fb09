//! Mocks of the traits between pallets, for the pallets' unit tests.
//!
//! A mock records its calls and returns the answers that a test sets, per thread. Production crates
//! do not depend on this crate: it is a dev-dependency.

mod market;
mod miner;
mod state;
mod trust;
#[cfg(feature = "runtime-benchmarks")]
mod world;

pub use market::*;
pub use miner::*;
pub use state::*;
pub use trust::*;
#[cfg(feature = "runtime-benchmarks")]
pub use world::MockWorld;
