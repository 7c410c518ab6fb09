//! The inputs of an evaluation besides the evidence. The chain fixes all of them when it includes
//! evidence, so that the verdict does not depend on the time of the evaluation.

use alloc::vec::Vec;

use super::{ChipHash, FoldedLog, Genesis, Hash256, MinerId};
use crate::{
	boot::{BootRole, BootRules},
	ima::{Files, Limits},
	snp::{CpuId, ProductLine, TcbVersion, Vek},
	tpm::{AttestationKey, ClockInfo, Wanted},
	UnixSeconds,
};

/// The challenge that evidence answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
	pub genesis: Genesis,
	pub miner: MinerId,
	pub chip: ChipHash,
	pub seq: u64,
	pub nonce: Hash256,
}

/// The state of a host's boot in its last accepted evidence, with the log checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
	feature = "scale",
	derive(codec::Encode, codec::Decode, codec::DecodeWithMemTracking, scale_info::TypeInfo)
)]
pub struct BootState {
	/// The counters of the TPM. If a counter differs, the log starts from its first entry.
	pub reset_count: u32,
	pub restart_count: u32,
	/// PCR 10 of the SHA-256 bank after `entries` entries.
	pub pcr10: Hash256,
	pub entries: u32,
	/// The digests of required files that were measured since the boot, in ascending order.
	pub required_seen: Vec<Hash256>,
}

impl BootState {
	/// Returns `true` if `clock` has the same counters: the TPM was neither reset nor restarted
	/// since. After a reset or a restart, the earlier log no longer proves anything.
	pub fn is_of(&self, clock: &ClockInfo) -> bool {
		self.reset_count == clock.reset_count && self.restart_count == clock.restart_count
	}
}

/// The context of an evaluation, which depends on the challenge and on earlier evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
	pub challenge: Challenge,
	/// The time of the block that included the evidence.
	pub now: UnixSeconds,
	/// The checkpoint from which the log continues; `None` if the whole log is required.
	pub boot: Option<BootState>,
	/// The state up to which the log was accepted, if re-attestation now requires the whole log. A
	/// file before this position that is no longer allowed is outdated, which is not the miner's
	/// fault.
	pub former: Option<BootState>,
	/// The last accepted boot profile; `None` if this evidence sets it.
	pub boot_profile: Option<Hash256>,
	/// The submitted part of the log, if this evidence continues a submitted part.
	pub log: Option<FoldedLog>,
}

impl Context {
	/// Returns the id of the log submission that the evidence continues, or zero if there is none.
	pub fn last_chunk(&self) -> Hash256 {
		self.log.as_ref().map(|log| log.id).unwrap_or_default()
	}
}

/// The endorsements and keys with which the evidence is verified.
#[derive(Clone, Debug)]
pub struct Collateral<'a> {
	/// The chip's key, whose chain was verified when it was registered.
	pub vek: &'a Vek,
	/// The time until which the chain's revocation lists are current.
	pub revocation_current_until: Wanted<UnixSeconds>,
	/// The enrolled attestation key.
	pub ak: &'a AttestationKey,
	/// The qualified name of the attestation key.
	pub qualified_signer: Wanted<&'a [u8]>,
}

/// The lowest accepted version for each of the four TCB versions in a report. Each component is
/// compared by itself.
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

/// A file that must have been measured since the boot. The SHA-256 digests belong to its accepted
/// versions.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
	feature = "scale",
	derive(codec::Encode, codec::Decode, codec::DecodeWithMemTracking, scale_info::TypeInfo)
)]
pub struct RequiredFile {
	pub any_of: Vec<Hash256>,
}

/// The degree of trust in the processors of a product line.
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
	/// The processors provide what AMD guarantees.
	Full,
	/// Secrets of these processors may be extractable. Evidence is accepted, but disk keys are
	/// released only if the tenant agreed.
	Reduced,
	/// All evidence of these processors is rejected.
	Suspended,
}

/// The policy for hardware, firmware and guests. Every method is required, so nothing is accepted
/// by default.
pub trait PlatformPolicy {
	/// Returns the trust in a product line. An implementation returns
	/// [`GenerationTrust::Suspended`] for a line that it does not know.
	fn trust(&self, product: ProductLine) -> GenerationTrust;
	/// Returns the bits of the guest policy that must be set, and the bits that must not be set.
	fn guest_policy(&self) -> (u64, u64);
	/// Returns the bits of PLATFORM_INFO that must be set, and the bits that may be set. All other
	/// bits must be zero.
	fn platform_info(&self) -> (u64, u64);
	/// Returns the bits of the current mitigation vector that must be set on this CPU. Reports
	/// before version 5 have no vector, which counts as zero.
	fn mitigations(&self, cpu: CpuId) -> u64;
	/// Returns the TCB floors for this CPU, or `None` for an unknown CPU.
	fn tcb_floors(&self, cpu: CpuId) -> Option<TcbFloors>;
	/// Returns `true` if a guest may have this launch measurement.
	fn allows_measurement(&self, measurement: &[u8; 48]) -> bool;
}

/// The policy for hosts. Every method is required, so nothing is accepted by default.
pub trait HostPolicy: PlatformPolicy {
	/// The list of known files.
	type Files: Files;

	/// Returns the list that judges measured files.
	fn files(&self) -> &Self::Files;
	/// Returns the files that must be measured.
	fn required(&self) -> &[RequiredFile];
	/// Returns the rules for boots. Without rules, each boot must have the last accepted boot
	/// profile.
	fn boot_rules(&self) -> Option<BootRules>;
	/// Returns the role of a digest in the firmware's event log, or `None` for an unknown digest.
	fn boot_role(&self, digest: &Hash256) -> Option<BootRole>;
	/// Returns the maximum size of the measurement log in one piece of evidence.
	fn limits(&self) -> Limits;
}
