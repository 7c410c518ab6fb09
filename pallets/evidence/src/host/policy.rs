//! What evidence is held against. The chain pins all of it when evidence is included, so that it means the same whenever it is judged.

use alloc::vec::Vec;

use super::{ChipHash, FoldedLog, Genesis, Hash256, MinerId};
use crate::{
	boot::{BootRole, BootRules},
	ima::{Files, Limits},
	snp::{CpuId, ProductLine, TcbVersion, Vek},
	tpm::{AttestationKey, ClockInfo, Wanted},
	UnixSeconds,
};

/// The question that evidence answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
	pub genesis: Genesis,
	pub miner: MinerId,
	pub chip: ChipHash,
	pub seq: u64,
	pub nonce: Hash256,
}

/// What the chain knows of a host's boot from its last accepted evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
	feature = "scale",
	derive(codec::Encode, codec::Decode, codec::DecodeWithMemTracking, scale_info::TypeInfo)
)]
pub struct BootState {
	/// The TPM's counters: where one differs, the log starts anew.
	pub reset_count: u32,
	pub restart_count: u32,
	/// PCR 10 of the SHA-256 bank, after `entries` entries.
	pub pcr10: Hash256,
	pub entries: u32,
	/// Which required files were measured since the boot, in ascending order.
	pub required_seen: Vec<Hash256>,
}

impl BootState {
	/// Whether it is of the boot of that clock. After a reset or a restart the log of before proves nothing any more.
	pub fn is_of(&self, clock: &ClockInfo) -> bool {
		self.reset_count == clock.reset_count && self.restart_count == clock.restart_count
	}
}

/// The circumstances under which evidence is judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
	pub challenge: Challenge,
	/// The time of the block that included the evidence.
	pub now: UnixSeconds,
	/// Where the log is taken up; none where the whole log is wanted.
	pub boot: Option<BootState>,
	/// How far the log was accepted before policy became stricter, where the whole log is wanted for that: what was allowed then is nobody's fault.
	pub former: Option<BootState>,
	/// The hash of the boot's PCRs at enrolment; none where it is taken from this evidence.
	pub boot_profile: Option<Hash256>,
	/// The log up to where this evidence takes it up, where that was handed in before.
	pub log: Option<FoldedLog>,
}

impl Context {
	/// The part of the log after which it is taken up; zeroes where none was handed in.
	pub fn last_chunk(&self) -> Hash256 {
		self.log.as_ref().map(|log| log.id).unwrap_or_default()
	}
}

/// What evidence is verified with, beside itself.
#[derive(Clone, Debug)]
pub struct Collateral<'a> {
	/// The chip's key: verified once when it was registered.
	pub vek: &'a Vek,
	/// Until when the chain's revocation lists are current.
	pub revocation_current_until: Wanted<UnixSeconds>,
	/// The enrolled attestation key.
	pub ak: &'a AttestationKey,
	/// Its qualified name.
	pub qualified_signer: Wanted<&'a [u8]>,
}

/// The least TCB in each of the report's four lanes. Components are compared one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
	feature = "scale",
	derive(
		codec::Encode,
		codec::Decode,
		codec::DecodeWithMemTracking,
		codec::MaxEncodedLen,
		scale_info::TypeInfo
	)
)]
pub struct TcbFloors {
	pub current: TcbVersion,
	pub reported: TcbVersion,
	pub committed: TcbVersion,
	pub launch: TcbVersion,
}

/// A file that must have been measured since the boot, in one of its versions: SHA-256 digests.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
	feature = "scale",
	derive(codec::Encode, codec::Decode, codec::DecodeWithMemTracking, scale_info::TypeInfo)
)]
pub struct RequiredFile {
	pub any_of: Vec<Hash256>,
}

/// How far the processors of a product line are trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
	feature = "scale",
	derive(
		codec::Encode,
		codec::Decode,
		codec::DecodeWithMemTracking,
		codec::MaxEncodedLen,
		scale_info::TypeInfo
	)
)]
pub enum GenerationTrust {
	/// As AMD means them.
	Full,
	/// Their secrets are said to be extractable: evidence counts, and disk keys go only to who has agreed to that.
	Reduced,
	/// Nothing that they sign counts.
	Suspended,
}

/// What is acceptable of hardware, firmware and guests. Every field is required.
pub trait PlatformPolicy {
	/// How far processors of that product line are trusted; those of which nothing is said are not.
	fn trust(&self, product: ProductLine) -> GenerationTrust;
	/// Bits of the guest policy that must be set, and that must not be.
	fn guest_policy(&self) -> (u64, u64);
	/// Bits of PLATFORM_INFO that must be set, and that may be; all others must not.
	fn platform_info(&self) -> (u64, u64);
	/// Bits of the current mitigation vector that must be set, on such a CPU. Reports before version 5 have none.
	fn mitigations(&self, cpu: CpuId) -> u64;
	/// The floors for such a CPU; none where it is not known.
	fn tcb_floors(&self, cpu: CpuId) -> Option<TcbFloors>;
	/// Whether a host's guest may have this launch measurement.
	fn allows_measurement(&self, measurement: &[u8; 48]) -> bool;
}

/// What is acceptable of a host. Every field is required.
pub trait HostPolicy: PlatformPolicy {
	/// What is known of files.
	type Files: Files;

	/// Which files may be measured.
	fn files(&self) -> &Self::Files;
	/// Which files must be.
	fn required(&self) -> &[RequiredFile];
	/// What is asked of what boots; none where nothing is, so that each boot must only be the enrolled one.
	fn boot_rules(&self) -> Option<BootRules>;
	/// What that digest of the firmware's event log stands for; none where it is not known.
	fn boot_role(&self, digest: &Hash256) -> Option<BootRole>;
	/// How much of a log one evidence may bring.
	fn limits(&self) -> Limits;
}
