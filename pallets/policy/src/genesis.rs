//! The policy as a chain spec states it.

extern crate alloc;
use alloc::{string::String, vec::Vec};

use frame_support::BoundedVec;
use hcc_evidence::{
	boot::{BootRole, BootRules},
	host::{GenerationTrust, TcbFloors},
	snp::{self, CpuId, ProductLine, TcbVersion},
};
use serde::{Deserialize, Serialize};
use sp_core::{Bytes, H256};

use crate::*;

/// The revision of the genesis.
const GENESIS: Revision = 0;

/// A file and what is known of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FileSpec {
	/// SHA-256.
	pub digest: H256,
	pub rule: FileRule,
}

/// What is asked of what boots.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BootRulesSpec {
	pub secure_boot: bool,
}

/// [`BootRole`] in a chain spec.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum BootRoleSpec {
	Firmware,
	Loader,
	Kernel,
	Initrd,
	CommandLine,
}

impl From<BootRoleSpec> for BootRole {
	fn from(role: BootRoleSpec) -> Self {
		match role {
			BootRoleSpec::Firmware => Self::Firmware,
			BootRoleSpec::Loader => Self::Loader,
			BootRoleSpec::Kernel => Self::Kernel,
			BootRoleSpec::Initrd => Self::Initrd,
			BootRoleSpec::CommandLine => Self::CommandLine,
		}
	}
}

/// Something that may boot.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BootPartSpec {
	/// SHA-256, as firmware measures it.
	pub digest: H256,
	pub role: BootRoleSpec,
}

/// [`GenerationTrust`] in a chain spec.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum GenerationTrustSpec {
	Full,
	Reduced,
	Suspended,
}

impl From<GenerationTrustSpec> for GenerationTrust {
	fn from(trust: GenerationTrustSpec) -> Self {
		match trust {
			GenerationTrustSpec::Full => Self::Full,
			GenerationTrustSpec::Reduced => Self::Reduced,
			GenerationTrustSpec::Suspended => Self::Suspended,
		}
	}
}

/// A TCB_VERSION, component by component.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TcbSpec {
	/// Turin only.
	pub fmc: Option<u8>,
	pub boot_loader: u8,
	pub tee: u8,
	pub snp: u8,
	pub microcode: u8,
}

/// A kind of CPU and what is asked of it: the same floor in all four lanes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CpuSpec {
	pub family: u8,
	pub model: u8,
	pub stepping: u8,
	pub floor: TcbSpec,
	/// Bits of the current mitigation vector that must be set.
	pub mitigations: u64,
}

/// A hierarchy beside AMD's own.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AmdHierarchySpec {
	/// Milan, Genoa or Turin.
	pub product: String,
	/// DER.
	pub ark: Bytes,
	/// DER.
	pub ask: Bytes,
}

impl CpuSpec {
	fn cpu(&self) -> CpuId {
		CpuId { family: self.family, model: self.model, stepping: self.stepping }
	}

	fn rules(&self) -> CpuRules {
		let TcbSpec { fmc, boot_loader, tee, snp, microcode } = self.floor;
		let floor = TcbVersion { fmc, boot_loader, tee, snp, microcode };
		let floors = TcbFloors { current: floor, reported: floor, committed: floor, launch: floor };
		CpuRules { floors, mitigations: self.mitigations }
	}
}

impl<T: Config> GenesisConfig<T> {
	/// Writes the rules, all as of revision 0.
	pub(crate) fn build_policy(&self) -> Result<(), &'static str> {
		Platform::<T>::put(first(self.platform)?);
		for spec in &self.cpus {
			Cpus::<T>::insert(spec.cpu(), first(Some(spec.rules()))?);
		}
		for (measurement, role) in &self.measurements {
			let measurement = LaunchMeasurement::try_from(&measurement.0[..])
				.map_err(|_| "a launch measurement has 48 bytes")?;
			Measurements::<T>::insert(measurement, first(Some(*role))?);
		}
		for file in &self.files {
			Files::<T>::insert(file.digest.0, first(Some(file.rule))?);
		}
		Required::<T>::put(first(self.required_files()?)?);
		let rules = self.boot_rules.map(|spec| BootRules { secure_boot: spec.secure_boot });
		Boot::<T>::put(first(rules)?);
		for part in &self.boot_parts {
			BootParts::<T>::insert(part.digest.0, first(Some(part.role.into()))?);
		}
		for (name, trust) in &self.generations {
			Generations::<T>::insert(product_line(name)?, first(Some((*trust).into()))?);
		}
		RevocationGrace::<T>::set(self.revocation_grace);
		let hierarchies = self.hierarchies()?;
		if hierarchies.is_some() && self.platform.is_none() {
			return Err("where chips are genuine there are rules for platforms");
		}
		AmdRoots::<T>::put(first(hierarchies)?);
		TpmRoots::<T>::put(first(self.vendors()?)?);
		Ok(())
	}

	fn required_files(&self) -> Result<Option<RequiredFiles>, &'static str> {
		let mut files = RequiredFiles::new();
		for versions in &self.required {
			let versions: Vec<_> = versions.iter().map(|digest| digest.0).collect();
			let versions = BoundedVec::try_from(versions).map_err(|_| "too many versions")?;
			files.try_push(versions).map_err(|_| "too many required files")?;
		}
		Ok(Some(files).filter(|files| !files.is_empty()))
	}

	fn hierarchies(&self) -> Result<Option<AmdRootList>, &'static str> {
		let mut list = AmdRootList::new();
		let amd = if self.trust_amd { snp::roots() } else { Vec::new() };
		let own = amd.into_iter().map(|root| Ok::<_, &str>((root.product, root.ark, root.ask)));
		let others = self.amd_roots.iter().map(|spec| {
			let product = product_line(&spec.product)?;
			Ok((product, spec.ark.0.clone(), spec.ask.0.clone()))
		});
		for hierarchy in own.chain(others) {
			let (product, ark, ask) = hierarchy?;
			let hierarchy =
				AmdHierarchy { product, ark: certificate(ark)?, ask: certificate(ask)? };
			list.try_push(hierarchy).map_err(|_| "too many roots of AMD's")?;
		}
		Ok(Some(list).filter(|list| !list.is_empty()))
	}

	fn vendors(&self) -> Result<Option<TpmRootList>, &'static str> {
		let mut list = TpmRootList::new();
		for root in &self.tpm_roots {
			list.try_push(certificate(root.0.clone())?)
				.map_err(|_| "too many roots of vendors'")?;
		}
		Ok(Some(list).filter(|list| !list.is_empty()))
	}
}

fn product_line(name: &str) -> Result<ProductLine, &'static str> {
	let mut all = ProductLine::ALL.into_iter();
	all.find(|product| product.name() == name).ok_or("no such product line")
}

fn certificate(der: Vec<u8>) -> Result<Certificate, &'static str> {
	Certificate::try_from(der).map_err(|_| "a certificate is too long")
}

/// A row with its first value, if it has any.
fn first<V: Clone + PartialEq>(value: Option<V>) -> Result<History<V>, &'static str> {
	let mut row = History::default();
	if value.is_some() {
		row.set(value, GENESIS, GENESIS).map_err(|_| "a row takes its first value")?;
	}
	Ok(row)
}
