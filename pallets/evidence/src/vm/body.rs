use alloc::vec::Vec;

/// The number of a VM on the chain.
pub type VmId = u64;

/// The length of an X-Wing encapsulation key, in bytes: an ML-KEM-768 and an X25519 key.
pub const KEM_KEY_LEN: usize = 1184 + 32;

/// The evidence of a VM: a report of its own guest, bound to the boot that the chain opened. The
/// report also binds the keys that the guest created for this boot.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
	feature = "scale",
	derive(codec::Encode, codec::Decode, codec::DecodeWithMemTracking, scale_info::TypeInfo)
)]
pub struct VmEvidence {
	pub vm: VmId,
	/// The number of miners to which the VM was assigned so far.
	pub generation: u32,
	/// The number of the boot.
	pub boot_counter: u32,
	/// ATTESTATION_REPORT, 1184 bytes.
	pub snp_report: Vec<u8>,
	/// The ed25519 key of the guest.
	pub guest_pk: [u8; 32],
	/// The X-Wing encapsulation key of the guest.
	pub kem_pk: Vec<u8>,
	/// The SHA-256 digest of the SSH host key.
	pub ssh_host_key_hash: [u8; 32],
}
