//! Evidence in a file, with everything that verification needs.

use std::path::Path;

use anyhow::{ensure, Context};
use codec::{Decode, Encode};
use hcc_evidence::host::{HostEvidence, PinnedContext, PolicyExtract};

use crate::input::{self, Limit};

/// The first bytes of such a file: its kind, and the version of its format.
const MAGIC: [u8; 16] = *b"hcc evidence v1\n";

/// Evidence and its pinned context and policy, as fixed when a block included the evidence.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Bundle {
	/// The hash of the chain's block 0.
	pub(crate) genesis: [u8; 32],
	pub(crate) evidence: HostEvidence,
	pub(crate) context: PinnedContext,
	/// The part of policy that applies to this evidence.
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
