//! `hcc policy`: reference values for the chain's policy.

mod boot_parts;
mod device_path;
mod ima_digests;
mod post_crl;
mod vouch;

use crate::exit::Exit;

pub(crate) use boot_parts::{parts as boot_parts, spec as boot_spec};
pub(crate) use ima_digests::measured_digests;

/// Create reference values for the chain's policy, and post revocation lists and vouchers.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Policy {
	/// List the digests of the files under a root folder that IMA would measure.
	ImaDigests(ima_digests::Args),
	/// List the parts of a boot from a UEFI event log.
	BootParts(boot_parts::Args),
	PostCrl(post_crl::Args),
	Vouch(vouch::Args),
}

/// Runs the command.
pub(crate) fn run(command: &Policy) -> anyhow::Result<Exit> {
	match command {
		Policy::ImaDigests(args) => ima_digests::run(args),
		Policy::BootParts(args) => boot_parts::run(args),
		Policy::PostCrl(args) => post_crl::run(args),
		Policy::Vouch(args) => vouch::run(args),
	}?;
	Ok(Exit::Done)
}
