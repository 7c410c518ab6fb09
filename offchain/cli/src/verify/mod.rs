//! `hcc verify`: runs the verifier on files.

mod evidence;
mod files;
mod ima;
mod policy;
mod quote;
mod snp;

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

/// Runs the verification, prints its outcome and returns the exit code.
pub(crate) fn run(command: &Verify) -> anyhow::Result<u8> {
	let (outcome, json) = match command {
		Verify::Snp(args) => (snp::verify(args)?, args.json),
		Verify::Quote(args) => (quote::verify(args)?, args.json),
		Verify::Ima(args) => (ima::verify(args)?, args.json),
		Verify::Evidence(args) => (evidence::verify(args)?, args.json),
	};
	outcome.print(json)?;
	Ok(outcome.exit_code())
}
