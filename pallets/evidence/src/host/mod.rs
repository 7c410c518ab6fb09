//! What a miner's host sends in answer to a challenge, and whether that holds.

mod binding;
mod body;
mod evaluate;
mod platform;
mod policy;
mod software;

pub use binding::{
	challenge_nonce, chip_hash, guest_statement, host_report_data, quote_extra_data, ChipHash,
	Genesis, Hash256, MinerId,
};
pub use body::{HostEvidence, ImaDelta, PcrSet, QUOTED_PCRS};
pub use evaluate::{evaluate, AcceptedEvidence, Claims, Need, Verdict, EVAL_VERSION};
pub use policy::{BootState, Challenge, Collateral, Context, HostPolicy, RequiredFile, TcbFloors};
