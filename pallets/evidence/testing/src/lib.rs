//! Simulated machines, fuzz seeds and edits, for tests and benchmarks of evidence.
//!
//! Production crates do not depend on this crate: it is a dev-dependency. `hcc-evidence` uses it in
//! `tests/` and `benches/` only. Its unit tests would see two different builds of their own types.

mod machine;
mod mutation;
mod policy;
mod reference;
pub mod seeds;
pub mod tpm;

pub use machine::{BootEvent, Machine};
pub use mutation::Edit;
pub use policy::Policy;
pub use reference::{miner_binary, sha256, GENESIS, MEASUREMENT, MINER, NOW};
