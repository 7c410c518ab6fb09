//! `hcc verify`: the evidence crate over files.

mod evidence;
mod files;
mod ima;
mod policy;
mod quote;
mod snp;

/// Check evidence by oneself.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verify {
	/// An AMD SEV-SNP attestation report, up to AMD's pinned root.
	Snp(snp::Args),
	/// A TPM 2.0 quote.
	Quote(quote::Args),
	/// A measurement log of the kernel's IMA.
	Ima(ima::Args),
	/// A host's whole evidence, as a chain's validators judged it.
	Evidence(evidence::Args),
}

/// Runs the verification, prints its outcome and gives the exit code.
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
