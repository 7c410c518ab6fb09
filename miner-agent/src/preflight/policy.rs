//! The chain's policy, by which the host will be judged.

use anyhow::Context;
use hcc_chain::{api, view, AccountId32, Chain, ChainAt};
use hcc_evidence::{
	boot::BootRules,
	host::{ChipHash, Hash256, PolicyExtract, PolicyQuery, TcbFloors},
	snp::{AmdRoots, CpuId, ProductLine, Vek},
	vm::image::ImageId,
	UnixSeconds,
};

use crate::log::Capacity;

/// The parts of the current policy that the checks need.
pub(super) struct ChainPolicy {
	at: ChainAt,
	pub revision: u32,
	/// The chain's time in the block at which the policy is read.
	pub now: UnixSeconds,
	/// The root certificates of the TPM vendors that the chain trusts.
	pub tpm_roots: Vec<Vec<u8>>,
	/// The AMD roots and intermediates that the chain trusts.
	pub amd_roots: Vec<AmdRoots>,
	pub boot_rules: Option<BootRules>,
	/// The maximum size of the part of an IMA log in one transaction.
	pub log_part: Capacity,
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
		let constants = at.constants();
		let log_part = Capacity {
			bytes: constants.entry(api::constants().attestation().max_log())? as usize,
			entries: constants.entry(api::constants().attestation().max_entries())?,
		};
		Ok(Self {
			at,
			revision,
			now: UnixSeconds(made / 1_000),
			tpm_roots: tpm_roots.unwrap_or_default(),
			amd_roots: amd_roots.unwrap_or_default().into_iter().map(hierarchy).collect(),
			boot_rules,
			log_part,
		})
	}

	/// Reads the part of the policy that concerns files and boot components with these digests.
	pub(super) async fn extract(
		&self,
		files: Vec<[u8; 32]>,
		boot: Vec<[u8; 32]>,
	) -> anyhow::Result<PolicyExtract> {
		self.answer(PolicyQuery { cpu: None, measurement: [0; 48], files, boot }).await
	}

	/// Reads the part of the policy that a query asks for.
	pub(super) async fn answer(&self, query: PolicyQuery) -> anyhow::Result<PolicyExtract> {
		let call = api::runtime_apis().evidence_api().policy_extract(self.revision, query.into());
		let extract = self.at.runtime_apis().call(call).await?;
		Ok(extract.context("the chain has no policy for hosts")?.0)
	}

	/// Reads the TCB floors for a CPU, or `None` if the policy does not know it.
	pub(super) async fn floors(&self, cpu: CpuId) -> anyhow::Result<Option<TcbFloors>> {
		let nothing = PolicyQuery {
			cpu: Some(cpu),
			measurement: [0; 48],
			files: Vec::new(),
			boot: Vec::new(),
		};
		Ok(self.answer(nothing).await?.cpus.first().map(|policy| policy.floors))
	}

	/// Reads the key of a chip for a TCB version, if the chain has it.
	pub(super) async fn vek(
		&self,
		chip: ChipHash,
		reported_tcb: [u8; 8],
	) -> anyhow::Result<Option<Vek>> {
		let address = api::storage().policy().veks();
		let rows = self.at.storage().fetch(address, (chip,)).await?.decode()?;
		let mut veks = rows.0.into_iter().map(|row| row.vek.0);
		Ok(veks.find(|vek| vek.is_for(reported_tcb)))
	}

	/// Reads the boot profile of the miner's chip in the last accepted evidence.
	pub(super) async fn boot_profile(
		&self,
		miner: &AccountId32,
		chip: ChipHash,
	) -> anyhow::Result<Option<Hash256>> {
		let address = api::storage().attestation().hosts();
		let row = self.at.storage().try_fetch(address, (chip,)).await?;
		let host = row.map(|row| row.decode()).transpose()?;
		Ok(host.filter(|host| host.miner == *miner).and_then(|host| host.boot_profile))
	}

	/// Reads the digest of an image's firmware, if the chain's directory lists the image.
	pub(super) async fn image_firmware(&self, id: &ImageId) -> anyhow::Result<Option<Hash256>> {
		let address = api::storage().images().images();
		let row = self.at.storage().try_fetch(address, (*id,)).await?;
		let image = row.map(|row| row.decode()).transpose()?;
		Ok(image.map(|image| image.digests.0.firmware))
	}

	/// Reads the lowest number of vCPUs of a VM that can be ordered.
	pub(super) async fn fewest_vcpus(&self) -> anyhow::Result<u32> {
		let address = api::storage().compute().flavours();
		let mut rows = self.at.storage().iter(address, ()).await?;
		let mut fewest = None;
		while let Some(row) = rows.next().await {
			let vcpus = row?.value().decode()?.allotted.vcpus;
			fewest = Some(fewest.map_or(vcpus, |known: u32| known.min(vcpus)));
		}
		Ok(fewest.unwrap_or(1).max(1))
	}
}
