//! Types and traits that the hccs pallets share.
//!
//! Contains only items on which two pallets must agree: identifiers, units, and the traits through
//! which pallets query, command and notify each other. The crate has no storage and no state of its
//! own.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
pub mod benchmarking;
pub mod challenge;
pub mod clock;
mod crypto;
pub mod draw;
pub mod finding;
mod genesis;
pub mod hosting;
pub mod image;
pub mod miner;
pub mod money;
pub mod oracle;
mod rules;
pub mod tick_queue;
pub mod units;
pub mod usage;
pub mod validators;

pub use challenge::{ChallengeOutcome, ChallengeRecord, Reputation, Tier, UsageRecorder};
pub use clock::{
	counted_slots, FinalityStatements, PaidSlots, PaidTime, Tick, TickSource, MAX_COUNTED_SLOTS,
};
pub use crypto::NodeCrypto;
pub use finding::{Adjudicator, Evaluation, Evaluator, Finding, OnVerdict, SubjectId};
pub use genesis::{genesis, hash_bytes, parent_hash};
pub use hosting::{
	EffectiveOffer, Interval, IntervalIndex, Liveness, LivenessStatus, OfferBook, Pause, VmVerifier,
};
pub use image::{DirectoryEntry, ImageDirectory};
pub use miner::{
	ChipOwnership, ChipTransfers, EnrolledTpm, LogVerifier, MinerSlasher, Miners, OnChipChange,
	ProductLines, TpmRoots, Veks,
};
pub use money::{
	CompensationCases, Compensator, Minter, OnSettled, Payment, SettlementShares,
	MIN_UNRETURNED_SHARE,
};
pub use oracle::{Oracle, Price};
pub use rules::StoreRules;
pub use tick_queue::{book, catch_up, push_evicting};
pub use usage::{Guest, RunningGuests, ServicePeriod, Usage, UsageReport};
pub use validators::{
	supermajority, ActiveValidators, ServiceRecorder, ValidatorSlasher, VoteService, MAX_VALIDATORS,
};

pub use hcc_evidence::host::ChipHash;
