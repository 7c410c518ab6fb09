use std::path::PathBuf;

use hcc_evidence::{
	crypto::RustCrypto,
	host::{Verdict, EVAL_VERSION},
};
use serde_json::{json, Map};

use crate::{
	bundle::Bundle,
	exit::{Exit, Failure},
	input,
	outcome::{Outcome, VerificationResult},
};

/// Repeat the verification of a host's whole evidence that the chain's validators performed.
///
/// The file contains the evidence and its pinned context: challenge, time, chip's key, attestation
/// key, log checkpoint, and the applicable policy. The command trusts this context. So fetch the
/// file from a node that you trust, or compare the context with the chain.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
	/// A file that `hcc evidence fetch` wrote.
	#[arg(long, value_name = "FILE")]
	bundle: PathBuf,

	/// Print one JSON object.
	#[arg(long)]
	pub(crate) json: bool,
}

pub(crate) fn verify(args: &Args) -> anyhow::Result<Outcome> {
	let bundle = Bundle::read(&args.bundle)?;
	let context = &bundle.context;
	if context.eval_version != EVAL_VERSION {
		let message = format!(
			"the chain used version {} of the verifier, this program has {EVAL_VERSION}",
			context.eval_version
		);
		return Err(Failure::error(Exit::Incompatible, message));
	}
	let verdict = context.judge::<RustCrypto, _>(&bundle.evidence, &bundle.policy, bundle.genesis);
	let mut claims = Map::new();
	claims.insert("genesis".into(), json!(hex::encode(bundle.genesis)));
	claims.insert("miner".into(), json!(hex::encode(context.miner)));
	claims.insert("chip".into(), json!(hex::encode(context.chip)));
	claims.insert("seq".into(), json!(context.seq));
	claims.insert("nonce".into(), json!(hex::encode(context.nonce)));
	claims.insert("policy_revision".into(), json!(context.revision));
	claims.insert("time".into(), json!(input::rfc3339(context.now)));
	claims.insert("log_bytes".into(), json!(bundle.evidence.ima_delta.records.len()));
	let result = match verdict {
		Verdict::Accepted(accepted) => {
			let stated = accepted.claims();
			claims.insert("measurement".into(), json!(hex::encode(stated.measurement)));
			claims.insert("guest_pk".into(), json!(hex::encode(stated.guest_pk)));
			claims.insert("boot_profile".into(), json!(hex::encode(stated.boot_profile)));
			claims.insert("log_entries".into(), json!(stated.boot.entries));
			VerificationResult::Accepted
		},
		Verdict::Rejected(rejection) => VerificationResult::Rejected(rejection),
		Verdict::Undecided(need) => VerificationResult::Undecided(need),
	};
	Ok(Outcome { result, claims })
}
