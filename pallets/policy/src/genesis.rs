//! The policy in a chain spec.

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

/// A file and its rule.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FileSpec {
	/// The SHA-256 digest of the file.
	pub digest: H256,
	pub rule: FileRule,
}

/// [`BootRules`] in a chain spec.
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

/// A digest of boot event logs and its role.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BootPartSpec {
	/// The SHA-256 digest, as firmware measures it.
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

/// The components of a TCB_VERSION.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TcbSpec {
	/// The FMC component, which only Turin has.
	pub fmc: Option<u8>,
	pub boot_loader: u8,
	pub tee: u8,
	pub snp: u8,
	pub microcode: u8,
}

/// The requirements for a CPU type, with the same floor for all four TCB versions of a report.
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

/// A hierarchy in addition to AMD's own.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AmdHierarchySpec {
	/// The product line: Milan, Genoa or Turin.
	pub product: String,
	/// The certificate of the ARK (DER).
	pub ark: Bytes,
	/// The certificate of the ASK (DER).
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
	/// Stores the policy as revision 0.
	pub(crate) fn build_policy(&self) -> Result<(), &'static str> {
		Platform::<T>::put(initial_history(self.platform)?);
		for spec in &self.cpus {
			Cpus::<T>::insert(spec.cpu(), initial_history(Some(spec.rules()))?);
		}
		for (measurement, role) in &self.measurements {
			let measurement = LaunchMeasurement::try_from(&measurement.0[..])
				.map_err(|_| "a launch measurement must have 48 bytes")?;
			Measurements::<T>::insert(measurement, initial_history(Some(*role))?);
		}
		for file in &self.files {
			Files::<T>::insert(file.digest.0, initial_history(Some(file.rule))?);
		}
		Required::<T>::put(initial_history(self.required_files()?)?);
		let rules = self.boot_rules.map(|spec| BootRules { secure_boot: spec.secure_boot });
		Boot::<T>::put(initial_history(rules)?);
		for part in &self.boot_parts {
			BootParts::<T>::insert(part.digest.0, initial_history(Some(part.role.into()))?);
		}
		for (name, trust) in &self.generations {
			Generations::<T>::insert(product_line(name)?, initial_history(Some((*trust).into()))?);
		}
		RevocationGrace::<T>::set(self.revocation_grace);
		let hierarchies = self.hierarchies()?;
		if hierarchies.is_some() && self.platform.is_none() {
			return Err("platform rules are required because an AMD root is trusted");
		}
		AmdRoots::<T>::put(initial_history(hierarchies)?);
		TpmRoots::<T>::put(initial_history(self.vendors()?)?);
		Ok(())
	}

	fn required_files(&self) -> Result<Option<RequiredFiles>, &'static str> {
		let mut files = RequiredFiles::new();
		for versions in &self.required {
			let versions: Vec<_> = versions.iter().map(|digest| digest.0).collect();
			let versions = BoundedVec::try_from(versions)
				.map_err(|_| "a required file has too many versions")?;
			files.try_push(versions).map_err(|_| "there are too many required files")?;
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
			list.try_push(hierarchy).map_err(|_| "there are too many AMD roots")?;
		}
		Ok(Some(list).filter(|list| !list.is_empty()))
	}

	fn vendors(&self) -> Result<Option<TpmRootList>, &'static str> {
		let mut list = TpmRootList::new();
		for root in &self.tpm_roots {
			list.try_push(certificate(root.0.clone())?)
				.map_err(|_| "there are too many roots of TPM vendors")?;
		}
		Ok(Some(list).filter(|list| !list.is_empty()))
	}
}

fn product_line(name: &str) -> Result<ProductLine, &'static str> {
	let mut all = ProductLine::ALL.into_iter();
	all.find(|product| product.name() == name).ok_or("unknown product line")
}

fn certificate(der: Vec<u8>) -> Result<Certificate, &'static str> {
	Certificate::try_from(der).map_err(|_| "a certificate is too long")
}

/// Returns a history that begins with `value`, or an empty history for `None`.
fn initial_history<V: Clone + PartialEq>(value: Option<V>) -> Result<History<V>, &'static str> {
	let mut row = History::default();
	if value.is_some() {
		row.set(value, GENESIS, GENESIS).map_err(|_| "an empty history accepts a value")?;
	}
	Ok(row)
}
