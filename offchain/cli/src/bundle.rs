//! A file that contains evidence and everything that verification of the evidence needs.

use std::path::Path;

use anyhow::{ensure, Context};
use codec::{Decode, Encode};
use hcc_evidence::host::{HostEvidence, PinnedContext, PolicyExtract};

use crate::input::{self, Limit};

/// The first bytes of a bundle file. They state the kind of the file and the version of its format.
const MAGIC: [u8; 16] = *b"hcc evidence v1\n";

/// Evidence with its pinned context and policy. Both were fixed when a block included the evidence.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Bundle {
	/// The hash of the chain's block 0.
	pub(crate) genesis: [u8; 32],
	pub(crate) evidence: HostEvidence,
	pub(crate) context: PinnedContext,
	/// The part of the chain's policy that applies to this evidence.
	pub(crate) policy: PolicyExtract,
}

impl Bundle {
	/// Writes the bundle to a file.
	pub(crate) fn write(&self, path: &Path) -> anyhow::Result<()> {
		let bytes = [&MAGIC[..], &self.encode()].concat();
		std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
	}

	/// Reads a bundle from a file.
	pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
		let bytes = input::read(path, &Limit::BUNDLE)?;
		let Some(body) = bytes.strip_prefix(&MAGIC[..]) else {
			return Err(input::mismatch(path, "a file of `hcc evidence fetch`", &bytes));
		};
		let mut rest = body;
		let bundle = Self::decode(&mut rest)
			.with_context(|| format!("{} is truncated or altered", path.display()))?;
		ensure!(rest.is_empty(), "{} has trailing bytes", path.display());
		Ok(bundle)
	}
}
