//! The policy of a revision, in the form that `hcc_evidence::host::evaluate` reads.

extern crate alloc;
use alloc::vec::Vec;
use core::marker::PhantomData;

use frame_support::traits::Get;
use hcc_evidence::{
	boot::{BootRole, BootRules},
	host::{GenerationTrust, HostPolicy, PlatformPolicy, RequiredFile, TcbFloors},
	ima::{FileVerdict, HashAlgorithm, Limits},
	snp::{CpuId, ProductLine},
};

use crate::*;

/// The policy that is in force at a revision.
pub struct PolicyAt<T> {
	revision: Revision,
	platform: PlatformRules,
	required: Vec<RequiredFile>,
	files: FilesAt<T>,
}

/// The rules for files at a revision.
pub struct FilesAt<T> {
	revision: Revision,
	pallet: PhantomData<T>,
}

impl<T: Config> PolicyAt<T> {
	/// Returns the policy of a revision. Returns `None` if the revision has no platform rules,
	/// because no evidence can be judged without them.
	pub fn new(revision: Revision) -> Option<Self> {
		let platform = *Platform::<T>::get().at(revision)?;
		let required = Required::<T>::get()
			.at(revision)
			.map(|files| {
				files.iter().map(|versions| RequiredFile { any_of: versions.to_vec() }).collect()
			})
			.unwrap_or_default();
		let files = FilesAt { revision, pallet: PhantomData };
		Some(Self { revision, platform, required, files })
	}

	fn cpu(&self, cpu: CpuId) -> Option<CpuRules> {
		Cpus::<T>::get(cpu).at(self.revision).copied()
	}
}

impl<T: Config> hcc_evidence::ima::Files for FilesAt<T> {
	fn judge(&self, algorithm: HashAlgorithm, digest: &[u8]) -> FileVerdict {
		// Policy lists SHA-256 digests only, so a digest of another algorithm is unknown.
		let (HashAlgorithm::Sha256, Ok(digest)) = (algorithm, FileHash::try_from(digest)) else {
			return FileVerdict::Unknown;
		};
		match Files::<T>::get(digest).at(self.revision) {
			Some(FileRule::Allowed) => FileVerdict::Allowed,
			Some(FileRule::Forbidden) => FileVerdict::Forbidden,
			None if Pallet::<T>::is_vouched(&digest, self.revision) => FileVerdict::Allowed,
			None => FileVerdict::Unknown,
		}
	}
}

impl<T: Config> PlatformPolicy for PolicyAt<T> {
	fn trust(&self, product: ProductLine) -> GenerationTrust {
		let known = Generations::<T>::get(product);
		known.at(self.revision).copied().unwrap_or(GenerationTrust::Suspended)
	}

	fn guest_policy(&self) -> (u64, u64) {
		(self.platform.guest_required, self.platform.guest_forbidden)
	}

	fn platform_info(&self) -> (u64, u64) {
		(self.platform.platform_required, self.platform.platform_allowed)
	}

	fn mitigations(&self, cpu: CpuId) -> u64 {
		// A CPU without rules is rejected for its missing floors before this value is used.
		self.cpu(cpu).map_or(u64::MAX, |rules| rules.mitigations)
	}

	fn tcb_floors(&self, cpu: CpuId) -> Option<TcbFloors> {
		self.cpu(cpu).map(|rules| rules.floors)
	}

	fn allows_measurement(&self, measurement: &LaunchMeasurement) -> bool {
		Measurements::<T>::get(measurement).at(self.revision) == Some(&Role::HostAgent)
	}
}

impl<T: Config> HostPolicy for PolicyAt<T> {
	type Files = FilesAt<T>;

	fn files(&self) -> &FilesAt<T> {
		&self.files
	}

	fn required(&self) -> &[RequiredFile] {
		&self.required
	}

	fn boot_rules(&self) -> Option<BootRules> {
		Boot::<T>::get().at(self.revision).copied()
	}

	fn boot_role(&self, digest: &[u8; 32]) -> Option<BootRole> {
		BootParts::<T>::get(digest).at(self.revision).copied()
	}

	fn limits(&self) -> Limits {
		T::ImaLimits::get()
	}
}
