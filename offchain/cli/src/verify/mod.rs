//! `hcc verify`: runs the verifier on files.

mod evidence;
mod ima;
mod policy;
mod quote;
mod snp;

use crate::exit::Exit;

/// Verify evidence locally.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verify {
	/// Verify an AMD SEV-SNP attestation report, up to AMD's pinned root.
	Snp(snp::Args),
	/// Verify a TPM 2.0 quote.
	Quote(quote::Args),
	/// Verify an IMA log.
	Ima(ima::Args),
	/// Verify the whole evidence of a host, as the chain's validators did.
	Evidence(evidence::Args),
}

/// Runs the verification and prints its outcome.
pub(crate) fn run(command: &Verify) -> anyhow::Result<Exit> {
	let (outcome, json) = match command {
		Verify::Snp(args) => (snp::verify(args)?, args.json),
		Verify::Quote(args) => (quote::verify(args)?, args.json),
		Verify::Ima(args) => (ima::verify(args)?, args.json),
		Verify::Evidence(args) => (evidence::verify(args)?, args.json),
	};
	let outcome = outcome.with_dates();
	outcome.print(json);
	Ok(outcome.exit())
}
