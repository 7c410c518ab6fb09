use std::path::PathBuf;

use anyhow::{ensure, Context};
use hcc_chain::api;
use hcc_evidence::snp::MAX_CRL;
use serde_json::json;

use crate::{
	chain::{connected, NODE},
	input,
	key::KeyArgs,
	output::outln,
};

use api::runtime_types::bounded_collections::bounded_vec::BoundedVec;

/// Post a certificate revocation list of an AMD root to the chain, which verifies the list.
///
/// AMD's key server, kdsintf.amd.com, provides the lists at /vcek/v1/Milan/crl, and likewise for
/// Genoa and Turin. Any account can post a list. Posting is free if the list is newer than the
/// chain's list.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
	/// The revocation list, in DER or PEM.
	#[arg(long, value_name = "FILE")]
	list: PathBuf,

	#[command(flatten)]
	key: KeyArgs,

	/// The WebSocket URL of a node.
	#[arg(long, value_name = "URL", default_value = NODE)]
	node: String,

	/// Print one JSON object.
	#[arg(long)]
	json: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
	let mut lists = input::crls(&args.list, MAX_CRL)?;
	ensure!(lists.len() == 1, "{} has {} lists, expected one", args.list.display(), lists.len());
	let list = lists.remove(0);
	let submitter = args.key.submitter()?;
	let block = connected(&args.node, async |chain| {
		let call = api::tx().policy().post_crl(BoundedVec(list));
		let receipt = submitter.submit(&chain, &call).await.context("posting the list")?;
		Ok(receipt.block)
	})?;
	if args.json {
		outln!("{}", json!({ "block": format!("{block:?}") }));
	} else {
		outln!("block {block:?} includes the list");
	}
	Ok(())
}
