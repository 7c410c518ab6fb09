//! The policy for a report, from a file.

use std::{collections::BTreeMap, path::Path};

use anyhow::{ensure, Context};
use hcc_evidence::{
	host::{GenerationTrust, PlatformPolicy, TcbFloors},
	snp::{CpuId, ProductLine, TcbVersion},
};
use serde::{de::IgnoredAny, Deserialize};

use crate::input::{self, Limit};

/// The policy in a chain spec's genesis. Only the fields that concern reports are used.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct File {
	platform: Platform,
	cpus: Vec<Cpu>,
	measurements: Vec<(String, Role)>,
	generations: BTreeMap<String, Trust>,
	#[serde(default, rename = "revocationGrace")]
	_revocation_grace: IgnoredAny,
	#[serde(default, rename = "amdRoots")]
	_amd_roots: IgnoredAny,
	#[serde(default, rename = "trustAmd")]
	_trust_amd: IgnoredAny,
	#[serde(default, rename = "tpmRoots")]
	_tpm_roots: IgnoredAny,
	#[serde(default, rename = "files")]
	_files: IgnoredAny,
	#[serde(default, rename = "bootRules")]
	_boot_rules: IgnoredAny,
	#[serde(default, rename = "bootParts")]
	_boot_parts: IgnoredAny,
	#[serde(default, rename = "required")]
	_required: IgnoredAny,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Platform {
	guest_required: u64,
	guest_forbidden: u64,
	platform_required: u64,
	platform_allowed: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Cpu {
	family: u8,
	model: u8,
	stepping: u8,
	floor: Tcb,
	mitigations: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Tcb {
	fmc: Option<u8>,
	boot_loader: u8,
	tee: u8,
	snp: u8,
	microcode: u8,
}

/// The role of a guest with this measurement. Reports of guests of both roles are accepted.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Role {
	HostAgent,
	TenantVm,
}

/// The trust in a product line.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Trust {
	Full,
	Reduced,
	Suspended,
}

impl From<Trust> for GenerationTrust {
	fn from(trust: Trust) -> Self {
		match trust {
			Trust::Full => Self::Full,
			Trust::Reduced => Self::Reduced,
			Trust::Suspended => Self::Suspended,
		}
	}
}

/// The policy for reports.
#[derive(Debug)]
pub(crate) struct Policy {
	generations: BTreeMap<String, Trust>,
	platform: Platform,
	cpus: BTreeMap<[u8; 3], (TcbFloors, u64)>,
	measurements: Vec<[u8; 48]>,
}

impl Policy {
	pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
		let text = input::read_text(path, &Limit::POLICY)?;
		Self::parse(&text).with_context(|| format!("{} is not a policy", path.display()))
	}

	fn parse(text: &str) -> anyhow::Result<Self> {
		let file: File = serde_json::from_str(text)?;
		let cpus = file.cpus.iter().map(|cpu| {
			let Tcb { fmc, boot_loader, tee, snp, microcode } = cpu.floor;
			let floor = TcbVersion { fmc, boot_loader, tee, snp, microcode };
			let floors =
				TcbFloors { current: floor, reported: floor, committed: floor, launch: floor };
			([cpu.family, cpu.model, cpu.stepping], (floors, cpu.mitigations))
		});
		let cpus: BTreeMap<_, _> = cpus.collect();
		ensure!(cpus.len() == file.cpus.len(), "a CPU is listed twice");
		let measurements = file.measurements.iter().map(|(text, _)| {
			let mut measurement = [0; 48];
			hex::decode_to_slice(text.trim_start_matches("0x"), &mut measurement).with_context(
				|| format!("the measurement {text:?} is not 48 bytes in hexadecimal"),
			)?;
			Ok(measurement)
		});
		let measurements = measurements.collect::<anyhow::Result<_>>()?;
		for name in file.generations.keys() {
			let known = ProductLine::ALL.iter().any(|product| product.name() == name);
			ensure!(known, "unknown product line {name}");
		}
		Ok(Self { generations: file.generations, platform: file.platform, cpus, measurements })
	}

	fn cpu(&self, cpu: CpuId) -> Option<&(TcbFloors, u64)> {
		self.cpus.get(&[cpu.family, cpu.model, cpu.stepping])
	}
}

impl PlatformPolicy for Policy {
	fn trust(&self, product: ProductLine) -> GenerationTrust {
		self.generations
			.get(product.name())
			.map_or(GenerationTrust::Suspended, |&trust| trust.into())
	}

	fn guest_policy(&self) -> (u64, u64) {
		(self.platform.guest_required, self.platform.guest_forbidden)
	}

	fn platform_info(&self) -> (u64, u64) {
		(self.platform.platform_required, self.platform.platform_allowed)
	}

	fn mitigations(&self, cpu: CpuId) -> u64 {
		// The CPU is always known here, because verification rejects a CPU without a TCB floor
		// earlier.
		self.cpu(cpu).map_or(u64::MAX, |(_, mitigations)| *mitigations)
	}

	fn tcb_floors(&self, cpu: CpuId) -> Option<TcbFloors> {
		self.cpu(cpu).map(|(floors, _)| *floors)
	}

	fn allows_measurement(&self, measurement: &[u8; 48]) -> bool {
		self.measurements.contains(measurement)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	const GENESIS: &str = r#"{
		"platform": { "guestRequired": 131072, "guestForbidden": 786432, "platformRequired": 32, "platformAllowed": 63 },
		"cpus": [{ "family": 25, "model": 17, "stepping": 1, "mitigations": 4,
			"floor": { "fmc": null, "bootLoader": 9, "tee": 0, "snp": 23, "microcode": 84 } }],
		"measurements": [["0xabababababababababababababababababababababababababababababababababababababababababababababababab", "tenantVm"]],
		"generations": { "Genoa": "full" }, "trustAmd": true, "files": [{ "digest": "0x00", "rule": "allowed" }]
	}"#;

	#[test]
	fn chain_spec_policy_is_read() {
		let policy = Policy::parse(GENESIS).expect("a policy");
		let cpu = CpuId { family: 25, model: 17, stepping: 1 };
		assert_eq!(policy.tcb_floors(cpu).map(|floors| floors.launch.boot_loader), Some(9));
		assert_eq!(policy.mitigations(cpu), 4);
		assert_eq!(policy.trust(ProductLine::Genoa), GenerationTrust::Full);
		assert_eq!(policy.trust(ProductLine::Milan), GenerationTrust::Suspended);
		assert!(policy.allows_measurement(&[0xab; 48]));
		assert!(!policy.allows_measurement(&[0; 48]));
		assert_eq!(policy.tcb_floors(CpuId { stepping: 2, ..cpu }), None);
	}

	#[test]
	fn misspelt_or_missing_field_is_an_error() {
		for (from, to) in [
			("\"trustAmd\"", "\"trustAmD\""),
			("\"snp\": 23,", ""),
			("Genoa", "Rome"),
			("0xabab", "0xab"),
			("}", ""),
		] {
			assert!(Policy::parse(&GENESIS.replacen(from, to, 1)).is_err(), "{from} → {to}");
		}
	}
}
