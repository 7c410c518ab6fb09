//! The policy by which tests judge evidence.

use hcc_evidence::{
	boot::{BootRole, BootRules},
	host::{GenerationTrust, HostPolicy, PlatformPolicy, RequiredFile, TcbFloors},
	ima::{DigestList, FileVerdict, HashAlgorithm, Limits},
	snp::{CpuId, GuestPolicy, PlatformInfo, ProductLine},
};

use crate::reference::{miner_binary, sha256, MEASUREMENT};

/// A policy. By default it accepts an honest [`Machine`](crate::Machine).
#[derive(Clone)]
pub struct Policy {
	pub files: DigestList,
	pub required: Vec<RequiredFile>,
	pub trust: GenerationTrust,
	pub guest: (u64, u64),
	pub platform: (u64, u64),
	pub mitigations: u64,
	pub floors: Option<TcbFloors>,
	pub measurements: Vec<[u8; 48]>,
	pub boot_rules: Option<BootRules>,
	pub boot_parts: Vec<([u8; 32], BootRole)>,
	pub limits: Limits,
}

impl Default for Policy {
	fn default() -> Self {
		let tcb = insecure_sim::TCB.version;
		let mut policy = Self {
			files: DigestList::default(),
			required: vec![RequiredFile { any_of: vec![miner_binary(), sha256(b"hcc-miner 2")] }],
			trust: GenerationTrust::Full,
			guest: (GuestPolicy::RESERVED_ONE, GuestPolicy::CXL_ALLOW),
			platform: (
				PlatformInfo::ALIAS_CHECK_COMPLETE,
				PlatformInfo::SMT_EN | PlatformInfo::ECC_EN | PlatformInfo::ALIAS_CHECK_COMPLETE,
			),
			mitigations: 0,
			floors: Some(TcbFloors { current: tcb, reported: tcb, committed: tcb, launch: tcb }),
			measurements: vec![MEASUREMENT],
			boot_rules: None,
			boot_parts: Vec::new(),
			limits: Limits { bytes: 64 << 10, entries: 512 },
		};
		for content in [&b"hcc-miner"[..], b"hcc-miner 2", b"bash", b"libc"] {
			policy.judge(content, FileVerdict::Allowed);
		}
		policy
	}
}

impl Policy {
	/// Sets the verdict on files with this content.
	pub fn judge(&mut self, content: &[u8], verdict: FileVerdict) {
		self.files.insert((HashAlgorithm::Sha256, sha256(content).to_vec()), verdict);
	}
}

impl PlatformPolicy for Policy {
	fn trust(&self, _: ProductLine) -> GenerationTrust {
		self.trust
	}

	fn guest_policy(&self) -> (u64, u64) {
		self.guest
	}

	fn platform_info(&self) -> (u64, u64) {
		self.platform
	}

	fn mitigations(&self, _: CpuId) -> u64 {
		self.mitigations
	}

	fn tcb_floors(&self, cpu: CpuId) -> Option<TcbFloors> {
		self.floors.filter(|_| cpu == insecure_sim::CPU)
	}

	fn allows_measurement(&self, measurement: &[u8; 48]) -> bool {
		self.measurements.contains(measurement)
	}
}

impl HostPolicy for Policy {
	type Files = DigestList;

	fn files(&self) -> &DigestList {
		&self.files
	}

	fn required(&self) -> &[RequiredFile] {
		&self.required
	}

	fn boot_rules(&self) -> Option<BootRules> {
		self.boot_rules
	}

	fn boot_role(&self, digest: &[u8; 32]) -> Option<BootRole> {
		self.boot_parts.iter().find(|(part, _)| part == digest).map(|(_, role)| *role)
	}

	fn limits(&self) -> Limits {
		self.limits
	}
}
