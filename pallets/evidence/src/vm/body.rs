use alloc::vec::Vec;

/// The number by which the chain knows a VM.
pub type VmId = u64;

/// How long an X-Wing encapsulation key is: ML-KEM-768's and X25519's.
pub const KEM_KEY_LEN: usize = 1184 + 32;

/// What a VM proves with: the report of its own guest, bound to the boot that the chain opened and to the keys that it made for it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
	feature = "scale",
	derive(codec::Encode, codec::Decode, codec::DecodeWithMemTracking, scale_info::TypeInfo)
)]
pub struct VmEvidence {
	pub vm: VmId,
	/// How often the VM was given to a miner.
	pub generation: u32,
	/// The number of the boot.
	pub boot_counter: u32,
	/// ATTESTATION_REPORT, 1184 bytes.
	pub snp_report: Vec<u8>,
	/// ed25519.
	pub guest_pk: [u8; 32],
	/// X-Wing.
	pub kem_pk: Vec<u8>,
	/// SHA-256 of the SSH host key.
	pub ssh_host_key_hash: [u8; 32],
}
