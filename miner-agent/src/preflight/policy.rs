//! The chain's policy, by which the host will be judged.

use anyhow::Context;
use hcc_chain::{api, view, Chain, ChainAt};
use hcc_evidence::{
	boot::BootRules,
	host::{PolicyExtract, PolicyQuery},
	snp::{AmdRoots, ProductLine},
	UnixSeconds,
};

/// The parts of the current policy that the checks need.
pub(super) struct ChainPolicy {
	at: ChainAt,
	revision: u32,
	/// The chain's time in the block at which the policy is read.
	pub now: UnixSeconds,
	/// The root certificates of the TPM vendors that the chain trusts.
	pub tpm_roots: Vec<Vec<u8>>,
	/// The AMD roots and intermediates that the chain trusts.
	pub amd_roots: Vec<AmdRoots>,
	pub boot_rules: Option<BootRules>,
}

impl ChainPolicy {
	/// Reads the policy in the state of the best block.
	pub(super) async fn fetch(chain: &Chain) -> anyhow::Result<Self> {
		type Hierarchy = (ProductLine, Vec<u8>, Vec<u8>);
		let at = chain.best().await?;
		let revision = view(&at, "Policy", "revision", ()).await?;
		let made = at.storage().fetch(api::storage().timestamp().now(), ()).await?.decode()?;
		let tpm_roots: Option<Vec<Vec<u8>>> = view(&at, "Policy", "tpm_roots", ()).await?;
		let amd_roots: Option<Vec<Hierarchy>> = view(&at, "Policy", "amd_roots", ()).await?;
		let boot_rules = view(&at, "Policy", "boot_rules", ()).await?;
		let hierarchy = |(product, ark, ask)| AmdRoots { product, ark, ask, asvk: None };
		Ok(Self {
			at,
			revision,
			now: UnixSeconds(made / 1_000),
			tpm_roots: tpm_roots.unwrap_or_default(),
			amd_roots: amd_roots.unwrap_or_default().into_iter().map(hierarchy).collect(),
			boot_rules,
		})
	}

	/// Reads the part of the policy that concerns files and boot components with these digests.
	pub(super) async fn extract(
		&self,
		files: Vec<[u8; 32]>,
		boot: Vec<[u8; 32]>,
	) -> anyhow::Result<PolicyExtract> {
		let query = PolicyQuery { cpu: None, measurement: [0; 48], files, boot };
		let call = api::runtime_apis().evidence_api().policy_extract(self.revision, query.into());
		let extract = self.at.runtime_apis().call(call).await?;
		Ok(extract.context("the chain has no policy for hosts")?.0)
	}
}
