#![doc = include_str!("../README.md")]

mod calls;
mod client;
mod compatibility;
mod configuration;
mod error;
mod evidence;
mod inclusion;
pub mod keys;
mod nodes;
mod numbers;
mod outcome;
mod submit;
mod unsigned;
mod view;

pub use calls::Body;
pub use client::{Chain, ChainAt, MAX_MESSAGE};
pub use compatibility::{built_for, check_runtime, RuntimeWatch};
pub use configuration::configuration;
pub use error::ChainError;
pub use evidence::{evidence_by_hash, evidence_in, Included};
pub use inclusion::Receipt;
pub use nodes::Nodes;
pub use submit::{Fate, SignedCall, Submitter};
pub use unsigned::UnsignedCall;
pub use view::view;

/// The price of one α, in 10⁻⁹ USD.
pub type Price = u64;

pub use subxt::{
	tx::Payload,
	utils::{AccountId32, H256},
};
pub use subxt_signer::sr25519::Keypair;

// Makes cargo rebuild the crate when the metadata changes. The macro below does not do so.
const _: &[u8] = include_bytes!("../hccs.scale");

/// Calls, storage, events and runtime APIs of the chain, generated from the committed metadata.
#[allow(clippy::all, missing_docs)]
#[subxt::subxt(
	runtime_metadata_path = "hccs.scale",
	derive_for_all_types = "Clone, PartialEq, Eq",
	substitute_type(
		path = "hcc_evidence::host::body::HostEvidence",
		with = "::subxt::utils::Static<::hcc_evidence::host::HostEvidence>"
	),
	substitute_type(
		path = "hcc_evidence::vm::receipt::SignedReceipt",
		with = "::subxt::utils::Static<::hcc_evidence::vm::SignedReceipt>"
	),
	substitute_type(
		path = "hcc_evidence::vm::confirmation::SignedConfirmation",
		with = "::subxt::utils::Static<::hcc_evidence::vm::SignedConfirmation>"
	),
	substitute_type(
		path = "hcc_evidence::vm::image::ImageDigests",
		with = "::subxt::utils::Static<::hcc_evidence::vm::image::ImageDigests>"
	),
	substitute_type(
		path = "hcc_evidence::vm::image::ImageRow",
		with = "::subxt::utils::Static<::hcc_evidence::vm::image::ImageRow>"
	),
	substitute_type(
		path = "hcc_evidence::vm::body::VmEvidence",
		with = "::subxt::utils::Static<::hcc_evidence::vm::VmEvidence>"
	),
	substitute_type(
		path = "hcc_evidence::host::pinned_context::PinnedContext",
		with = "::subxt::utils::Static<::hcc_evidence::host::PinnedContext>"
	),
	substitute_type(
		path = "hcc_evidence::host::folded_log::FoldedLog",
		with = "::subxt::utils::Static<::hcc_evidence::host::FoldedLog>"
	),
	substitute_type(
		path = "hcc_evidence::host::policy::BootState",
		with = "::subxt::utils::Static<::hcc_evidence::host::BootState>"
	),
	substitute_type(
		path = "hcc_evidence::host::extract::PolicyQuery",
		with = "::subxt::utils::Static<::hcc_evidence::host::PolicyQuery>"
	),
	substitute_type(
		path = "hcc_evidence::host::extract::PolicyExtract",
		with = "::subxt::utils::Static<::hcc_evidence::host::PolicyExtract>"
	),
	substitute_type(
		path = "hcc_evidence::tpm::ek::EndorsementKey",
		with = "::subxt::utils::Static<::hcc_evidence::tpm::EndorsementKey>"
	),
	substitute_type(
		path = "hcc_evidence::snp::vek::Vek",
		with = "::subxt::utils::Static<::hcc_evidence::snp::Vek>"
	),
	substitute_type(
		path = "hcc_evidence::snp::tcb::TcbVersion",
		with = "::subxt::utils::Static<::hcc_evidence::snp::TcbVersion>"
	)
)]
pub mod api {}

/// The claims of accepted evidence, for use with [`subxt::ext::codec::Decode`].
pub use hcc_evidence::host::Claims;
