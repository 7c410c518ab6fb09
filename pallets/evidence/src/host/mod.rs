//! Evidence of a miner's host: its layout, its bindings and its evaluation.

mod binding;
mod body;
mod evaluate;
mod extract;
mod folded_log;
mod pinned_context;
mod platform;
mod policy;
mod software;

#[cfg(feature = "scale")]
pub use binding::evidence_hash;
pub use binding::{
	agent_host_data, challenge_nonce, chip_hash, chunk_id, contest_block, contest_seq,
	finding_hash, guest_statement, host_report_data, quote_extra_data, subject_id, ChipHash,
	Genesis, Hash256, MinerId,
};
pub(crate) use binding::{blake2_256, sha256};
pub use body::{HostEvidence, ImaDelta, PcrSet, QUOTED_PCRS};
pub use evaluate::{
	evaluate, AcceptedEvidence, Claims, Need, Verdict, EVAL_VERSION, MAX_ATTEST, MAX_BOOT_LOG,
	MAX_SIGNATURE,
};
pub use extract::{extract, CpuPolicy, FileList, PolicyExtract, PolicyQuery};
pub use folded_log::FoldedLog;
pub use pinned_context::PinnedContext;
pub use platform::check_platform;
pub use policy::{
	BootState, Challenge, Collateral, Context, GenerationTrust, HostPolicy, PlatformPolicy,
	RequiredFile, TcbFloors,
};
