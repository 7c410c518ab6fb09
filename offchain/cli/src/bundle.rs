//! Evidence in a file, with all that it was judged by.

use std::path::Path;

use anyhow::{ensure, Context};
use codec::{Decode, Encode};
use hcc_evidence::host::{HostEvidence, PinnedContext, PolicyExtract};

/// What such a file begins with: its kind, and the version of its format.
const MAGIC: [u8; 16] = *b"hcc evidence v1\n";

/// Evidence and all that it was judged by: as the chain pinned it when it included the evidence.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Bundle {
	/// The hash of the chain's block 0.
	pub(crate) genesis: [u8; 32],
	pub(crate) evidence: HostEvidence,
	pub(crate) context: PinnedContext,
	/// The part of policy that matters for it.
	pub(crate) policy: PolicyExtract,
}

impl Bundle {
	/// Writes it to a file.
	pub(crate) fn write(&self, path: &Path) -> anyhow::Result<()> {
		let bytes = [&MAGIC[..], &self.encode()].concat();
		std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
	}

	/// Reads it from a file.
	pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
		let bytes =
			std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
		let body = bytes.strip_prefix(&MAGIC[..]).with_context(|| {
			format!("{} is no evidence as `hcc evidence fetch` writes it", path.display())
		})?;
		let mut rest = body;
		let bundle = Self::decode(&mut rest)
			.with_context(|| format!("{} is cut off or altered", path.display()))?;
		ensure!(rest.is_empty(), "{} has bytes after its end", path.display());
		Ok(bundle)
	}
}
