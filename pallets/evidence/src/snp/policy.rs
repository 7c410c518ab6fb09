//! The bit fields of a report that policy restricts.

/// The guest policy, which the launch fixes. AMD 56860, table "Guest Policy Structure".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuestPolicy(pub u64);

impl GuestPolicy {
	/// SMT may be on.
	pub const SMT: u64 = 1 << 16;
	/// Reserved; must be one.
	pub const RESERVED_ONE: u64 = 1 << 17;
	/// A migration agent may be associated.
	pub const MIGRATE_MA: u64 = 1 << 18;
	/// The guest may be debugged.
	pub const DEBUG: u64 = 1 << 19;
	/// The guest runs on a single socket only.
	pub const SINGLE_SOCKET: u64 = 1 << 20;
	/// CXL devices may be attached.
	pub const CXL_ALLOW: u64 = 1 << 21;
	/// Memory must be encrypted by AES-256-XTS.
	pub const MEM_AES_256_XTS: u64 = 1 << 22;
	/// Running average power limit (RAPL) must be off.
	pub const RAPL_DIS: u64 = 1 << 23;
	/// Ciphertext must be hidden from the host.
	pub const CIPHERTEXT_HIDING: u64 = 1 << 24;
	/// Guest access to page swapping must be off.
	pub const PAGE_SWAP_DISABLE: u64 = 1 << 25;

	/// The bits that the specification defines, including the two bytes of the ABI version.
	pub const DEFINED: u64 = (1 << 26) - 1;

	pub const fn has(self, bits: u64) -> bool {
		self.0 & bits == bits
	}

	/// Returns the lowest ABI version on which the guest may run, as major and minor.
	pub const fn abi(self) -> (u8, u8) {
		let [minor, major, ..] = self.0.to_le_bytes();
		(major, minor)
	}
}

/// PLATFORM_INFO, the configuration of the platform. AMD 56860, table "PLATFORM_INFO Field".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlatformInfo(pub u64);

impl PlatformInfo {
	pub const SMT_EN: u64 = 1;
	pub const TSME_EN: u64 = 1 << 1;
	pub const ECC_EN: u64 = 1 << 2;
	pub const RAPL_DIS: u64 = 1 << 3;
	pub const CIPHERTEXT_HIDING_DRAM_EN: u64 = 1 << 4;
	/// Memory was checked for aliases since the last reset (AMD-SB-3015).
	pub const ALIAS_CHECK_COMPLETE: u64 = 1 << 5;
	/// The IOMMU's write buffers are safe (AMD-SB-3016).
	pub const IOMMU_WRITE_SAFE: u64 = 1 << 6;
	/// Trusted I/O is on.
	pub const TIO_EN: u64 = 1 << 7;

	pub const fn has(self, bits: u64) -> bool {
		self.0 & bits == bits
	}
}
