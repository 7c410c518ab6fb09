//! The configuration of the pallets, with one file for each topic.

mod attestation;
mod consensus;
mod governance;
mod images;
mod money;
pub mod parameters;
mod referenda;
mod safety;
mod system;

pub use attestation::{
	INITIAL_ATTESTATION_RULES, INITIAL_VERDICTS_RULES, LONGEST_SUBJECT, STATE_BLOCKS,
};
pub use consensus::{BABE_GENESIS_EPOCH_CONFIG, EPOCH_DURATION_IN_SLOTS};
pub use money::{INITIAL_COMPENSATION_RULES, INITIAL_COMPUTE_RULES, INITIAL_EMISSION_RULES};
pub use safety::SafeModeOnFailure;
pub use system::EXISTENTIAL_DEPOSIT;
