//! The vocabulary that the hccs pallets share.
//!
//! Only what two pallets must agree on lives here: identifiers, units and the traits by which one pallet asks, commands or is called back
//! by another. Nothing here has storage or behaviour of its own.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
pub mod benchmarking;
pub mod conduct;
mod crypto;
pub mod finding;
mod genesis;
pub mod hosting;
pub mod miner;
#[cfg(feature = "std")]
pub mod mock;
pub mod money;
pub mod oracle;
pub mod ticks;
pub mod units;
pub mod usage;
pub mod validators;

pub use conduct::{Conduct, Met, NotesUse, Reputation, Tier};
pub use crypto::NodeCrypto;
pub use finding::{Evaluated, Evaluates, Finding, Judges, OnVerdict, SubjectId};
pub use genesis::{genesis, hash_bytes, parent_hash};
pub use hosting::{Interval, IntervalIndex, JudgesVms, Lived, Liveness, Offered, Offers};
pub use miner::{
	ChipOwners, ClaimsChips, EnrolledTpm, FollowsLogs, Miners, OnChip, SlashesMiners, TpmRoots,
	Veks,
};
pub use money::{Compensates, OnSettled, OpensCases, Payment, SettlementShares, LEAST_LOSS};
pub use oracle::{Oracle, Price};
pub use ticks::{Tick, Ticks};
pub use usage::{Guest, Guests, Ran, Usage};
pub use validators::{supermajority, ActiveValidators, Serves, Service, Slashes};

pub use hcc_evidence::host::ChipHash;
