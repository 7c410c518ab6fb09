//! The part of policy by which one piece of evidence is judged. It is small enough for the chain to
//! pass it to a worker, and for a file.

use alloc::{vec, vec::Vec};

use super::{
	GenerationTrust, Hash256, HostEvidence, HostPolicy, PlatformPolicy, RequiredFile, TcbFloors,
};
use crate::{
	boot::{self, BootRole, BootRules},
	ima::{FileVerdict, Files, HashAlgorithm, Limits, Records},
	snp::{CpuId, ProductLine, Report},
};

/// A query for the part of policy that the evaluation of one piece of evidence needs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
	feature = "scale",
	derive(codec::Encode, codec::Decode, codec::DecodeWithMemTracking, scale_info::TypeInfo)
)]
pub struct PolicyQuery {
	/// The CPU that the report states, if any.
	pub cpu: Option<CpuId>,
	/// The launch measurement of the report.
	pub measurement: [u8; 48],
	/// The SHA-256 digests of the files in the measurement log, in ascending order.
	pub files: Vec<Hash256>,
	/// The digests of boot components in the firmware's event log, in ascending order.
	pub boot: Vec<Hash256>,
}

impl PolicyQuery {
	/// Returns the query for `evidence`. Parts that cannot be decoded add nothing to the query,
	/// because they are rejected before policy is used.
	pub fn of(evidence: &HostEvidence) -> Self {
		let (cpu, measurement) = match Report::parse(&evidence.snp_report) {
			Ok(report) => (report.cpu, report.measurement),
			Err(_rejected_before_policy_is_used) => (None, [0; 48]),
		};
		let mut files: Vec<Hash256> = Records::new(&evidence.ima_delta.records, 0)
			.map_while(Result::ok)
			.filter_map(|record| match record.file_digest() {
				Ok(("sha256", digest)) => Hash256::try_from(digest).ok(),
				_ => None,
			})
			.collect();
		files.sort_unstable();
		files.dedup();
		let events = evidence.boot.as_deref().map(boot::code_events);
		let events = events.and_then(Result::ok).unwrap_or_default();
		let mut boot: Vec<Hash256> = events.iter().map(|event| event.digest).collect();
		boot.sort_unstable();
		boot.dedup();
		Self { cpu, measurement, files, boot }
	}
}

/// The requirements on a kind of CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
	feature = "scale",
	derive(codec::Encode, codec::Decode, codec::DecodeWithMemTracking, scale_info::TypeInfo)
)]
pub struct CpuPolicy {
	pub cpu: CpuId,
	pub floors: TcbFloors,
	/// Bits of the current mitigation vector that must be set.
	pub mitigations: u64,
}

/// The answer to a [`PolicyQuery`]. Evidence with values that the answer does not list is rejected.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
	feature = "scale",
	derive(codec::Encode, codec::Decode, codec::DecodeWithMemTracking, scale_info::TypeInfo)
)]
pub struct PolicyExtract {
	/// Bits of the guest policy that must be set, and bits that must not be set.
	pub guest_policy: (u64, u64),
	/// Bits of PLATFORM_INFO that must be set, and bits that may be set.
	pub platform_info: (u64, u64),
	/// The generation trust of each product line.
	pub generations: Vec<(ProductLine, GenerationTrust)>,
	pub cpus: Vec<CpuPolicy>,
	/// The launch measurements that a host's guest may have.
	pub measurements: Vec<[u8; 48]>,
	pub files: FileList,
	pub required: Vec<RequiredFile>,
	pub boot_rules: Option<BootRules>,
	/// The known boot components with their roles, in ascending order of their digests.
	pub boot_parts: Vec<(Hash256, BootRole)>,
	/// The maximum length of a measurement log in one piece of evidence, in bytes and in entries.
	pub log_bytes: u32,
	pub log_entries: u32,
}

/// Lists of SHA-256 digests of files. All other files are unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
	feature = "scale",
	derive(codec::Encode, codec::Decode, codec::DecodeWithMemTracking, scale_info::TypeInfo)
)]
pub struct FileList {
	/// The digests of allowed files, in ascending order.
	allowed: Vec<Hash256>,
	/// The digests of forbidden files, in ascending order.
	forbidden: Vec<Hash256>,
}

impl FileList {
	/// Creates lists from digests in any order. A file on both lists is forbidden.
	pub fn new(mut allowed: Vec<Hash256>, mut forbidden: Vec<Hash256>) -> Self {
		allowed.sort_unstable();
		forbidden.sort_unstable();
		Self { allowed, forbidden }
	}
}

impl Files for FileList {
	fn judge(&self, algorithm: HashAlgorithm, digest: &[u8]) -> FileVerdict {
		let (HashAlgorithm::Sha256, Ok(digest)) = (algorithm, Hash256::try_from(digest)) else {
			return FileVerdict::Unknown;
		};
		if self.forbidden.binary_search(&digest).is_ok() {
			FileVerdict::Forbidden
		} else if self.allowed.binary_search(&digest).is_ok() {
			FileVerdict::Allowed
		} else {
			FileVerdict::Unknown
		}
	}
}

impl PlatformPolicy for PolicyExtract {
	fn trust(&self, product: ProductLine) -> GenerationTrust {
		let known = self.generations.iter().find(|(line, _)| *line == product);
		known.map_or(GenerationTrust::Suspended, |(_, trust)| *trust)
	}

	fn guest_policy(&self) -> (u64, u64) {
		self.guest_policy
	}

	fn platform_info(&self) -> (u64, u64) {
		self.platform_info
	}

	fn mitigations(&self, cpu: CpuId) -> u64 {
		let known = self.cpus.iter().find(|policy| policy.cpu == cpu);
		known.map_or(u64::MAX, |policy| policy.mitigations)
	}

	fn tcb_floors(&self, cpu: CpuId) -> Option<TcbFloors> {
		self.cpus.iter().find(|policy| policy.cpu == cpu).map(|policy| policy.floors)
	}

	fn allows_measurement(&self, measurement: &[u8; 48]) -> bool {
		self.measurements.contains(measurement)
	}
}

impl HostPolicy for PolicyExtract {
	type Files = FileList;

	fn files(&self) -> &FileList {
		&self.files
	}

	fn required(&self) -> &[RequiredFile] {
		&self.required
	}

	fn boot_rules(&self) -> Option<BootRules> {
		self.boot_rules
	}

	fn boot_role(&self, digest: &Hash256) -> Option<BootRole> {
		self.boot_parts.iter().find(|(part, _)| part == digest).map(|(_, role)| *role)
	}

	fn limits(&self) -> Limits {
		Limits { bytes: self.log_bytes as usize, entries: self.log_entries }
	}
}

/// Returns the part of a policy that answers `query`.
pub fn extract<P: HostPolicy>(policy: &P, query: &PolicyQuery) -> PolicyExtract {
	let with = |wanted| {
		let judge =
			|digest: &&Hash256| policy.files().judge(HashAlgorithm::Sha256, &digest[..]) == wanted;
		query.files.iter().filter(judge).copied().collect()
	};
	let cpus = query.cpu.and_then(|cpu| {
		let floors = policy.tcb_floors(cpu)?;
		Some(CpuPolicy { cpu, floors, mitigations: policy.mitigations(cpu) })
	});
	let allowed = policy.allows_measurement(&query.measurement);
	let limits = policy.limits();
	PolicyExtract {
		guest_policy: policy.guest_policy(),
		platform_info: policy.platform_info(),
		generations: ProductLine::ALL.map(|product| (product, policy.trust(product))).to_vec(),
		cpus: cpus.into_iter().collect(),
		measurements: if allowed { vec![query.measurement] } else { Vec::new() },
		files: FileList::new(with(FileVerdict::Allowed), with(FileVerdict::Forbidden)),
		required: policy.required().to_vec(),
		boot_rules: policy.boot_rules(),
		boot_parts: query
			.boot
			.iter()
			.filter_map(|part| Some((*part, policy.boot_role(part)?)))
			.collect(),
		log_bytes: u32::try_from(limits.bytes).unwrap_or(u32::MAX),
		log_entries: limits.entries,
	}
}
