use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::traits::fungible::Inspect;
use frame_support::{traits::ConstU32, BoundedVec};
use hcc_evidence::{
	host::TcbFloors,
	snp::{AmdRoots, ArkId, CpuId, ProductLine, Serial, Vek},
	UnixSeconds,
};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_runtime::Debug;

use crate::Revision;

/// An account of the chain.
pub type AccountIdOf<T> = <T as frame_system::Config>::AccountId;
/// An amount in the smallest unit of the native token.
pub type BalanceOf<T> = <<T as crate::Config>::NativeBalance as Inspect<AccountIdOf<T>>>::Balance;
/// [`VekRow`] in the chain's units.
pub type VekRowOf<T> = VekRow<AccountIdOf<T>, BalanceOf<T>>;

/// The SHA-256 digest of a file.
pub type FileHash = [u8; 32];
/// A SHA-256 digest of a boot event log: a part of measured boot, as the firmware measures it.
pub type BootDigest = [u8; 32];
/// The launch measurement of a guest.
pub type LaunchMeasurement = [u8; 48];

/// The maximum length of a certificate, in bytes. Certificates of AMD and of TPM vendors have fewer
/// than 1,800 bytes.
pub const MAX_CERTIFICATE: u32 = 2048;
/// A certificate, DER.
pub type Certificate = BoundedVec<u8, ConstU32<MAX_CERTIFICATE>>;

/// The maximum number of trusted AMD hierarchies: the product lines, and test hierarchies.
pub const MAX_AMD_ROOTS: u32 = 8;
/// The maximum number of trusted certificates of TPM vendors.
pub const MAX_TPM_ROOTS: u32 = 64;
/// The maximum number of files that one call can set.
pub const MAX_FILES: u32 = 256;
/// The maximum number of required files.
pub const MAX_REQUIRED: u32 = 8;
/// The maximum number of versions of a required file.
pub const MAX_VERSIONS: u32 = 8;

/// The hierarchies under which chips are genuine.
pub type AmdRootList = BoundedVec<AmdHierarchy, ConstU32<MAX_AMD_ROOTS>>;
/// The certificates under which TPMs are genuine.
pub type TpmRootList = BoundedVec<Certificate, ConstU32<MAX_TPM_ROOTS>>;
/// The files that IMA must measure. Each entry lists the versions of one file, of which one
/// suffices.
pub type RequiredFiles =
	BoundedVec<BoundedVec<FileHash, ConstU32<MAX_VERSIONS>>, ConstU32<MAX_REQUIRED>>;

/// A hierarchy of AMD: the root of a product line (ARK) and the key that signs its chips' keys
/// (ASK).
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct AmdHierarchy {
	pub product: ProductLine,
	pub ark: Certificate,
	pub ask: Certificate,
}

impl From<&AmdHierarchy> for AmdRoots {
	/// Omits the ASVK: on chain only VCEKs count, and the ASK signs VCEKs.
	fn from(hierarchy: &AmdHierarchy) -> Self {
		Self {
			product: hierarchy.product,
			ark: hierarchy.ark.to_vec(),
			ask: hierarchy.ask.to_vec(),
			asvk: None,
		}
	}
}

/// Masks for the guest policy and PLATFORM_INFO in a report.
#[derive(
	Clone,
	Copy,
	Eq,
	PartialEq,
	Debug,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
	Serialize,
	Deserialize,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlatformRules {
	/// Bits of the guest policy that must be set.
	pub guest_required: u64,
	/// Bits of the guest policy that must not be set.
	pub guest_forbidden: u64,
	/// Bits of PLATFORM_INFO that must be set.
	pub platform_required: u64,
	/// Bits of PLATFORM_INFO that may be set. All others must be clear.
	pub platform_allowed: u64,
}

/// The requirements for a CPU type.
#[derive(
	Clone,
	Copy,
	Eq,
	PartialEq,
	Debug,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct CpuRules {
	/// The TCB floors: one for each TCB version in a report.
	pub floors: TcbFloors,
	/// Bits of the current mitigation vector that must be set.
	pub mitigations: u64,
}

/// The role of a guest with a given launch measurement.
#[derive(
	Clone,
	Copy,
	Eq,
	PartialEq,
	Debug,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
	Serialize,
	Deserialize,
)]
#[serde(rename_all = "camelCase")]
pub enum Role {
	/// The attestation agent beside a miner's host.
	HostAgent,
	/// A tenant's virtual machine.
	TenantVm,
}

/// The rule for a file. A file without a rule is unknown.
#[derive(
	Clone,
	Copy,
	Eq,
	PartialEq,
	Debug,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
	Serialize,
	Deserialize,
)]
#[serde(rename_all = "camelCase")]
pub enum FileRule {
	Allowed,
	Forbidden,
}

/// The maximum number of VEKs stored for a chip. A chip needs a VEK for each TCB that it reports.
pub const MAX_VEKS: u32 = 4;
/// The maximum number of a chip's VEKs that accounts other than its miner can register.
pub const MAX_FOREIGN_VEKS: usize = 2;

/// A VEK whose certificate the chain has verified.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct VekRow<AccountId, Balance> {
	pub vek: Vek,
	/// The account that registered the key. It receives the deposit when the row is removed.
	pub depositor: AccountId,
	pub deposit: Balance,
}

/// The SHA-256 of a signer's key (SubjectPublicKeyInfo, DER).
pub type SignerId = [u8; 32];
/// A signer's key (SubjectPublicKeyInfo, DER). A key of RSA-4096 has 550 bytes.
pub type SignerKey = BoundedVec<u8, ConstU32<600>>;
/// A value of `security.ima`: nine bytes and a signature, which has at most 512 bytes (RSA-4096).
pub type FileSignatureBytes = BoundedVec<u8, ConstU32<{ 9 + 512 }>>;
/// The maximum number of vouchers that one call can store.
pub const MAX_VOUCHED: u32 = 16;
/// The maximum number of vouchers for one file.
pub const MAX_VOUCHERS: u32 = 4;
/// [`Voucher`] in the chain's units.
pub type VoucherOf<T> = Voucher<AccountIdOf<T>, BalanceOf<T>>;

/// A signature of a file that the chain has verified.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Voucher<AccountId, Balance> {
	pub signer: SignerId,
	/// The first revision in which the voucher counts. It counts while the signer is trusted.
	pub added: Revision,
	/// The account that vouched. It receives the deposit when the voucher is removed.
	pub depositor: AccountId,
	pub deposit: Balance,
}

/// The maximum number of entries in a revocation list. AMD can revoke only a few certificates per
/// root.
pub const MAX_REVOKED: u32 = 32;

/// A revocation list that the chain has verified.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct CrlRow {
	pub this_update: UnixSeconds,
	pub next_update: UnixSeconds,
	/// The serial numbers of the revoked certificates.
	pub revoked: BoundedVec<Serial, ConstU32<MAX_REVOKED>>,
}

/// The subject of a policy revision.
#[derive(Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub enum PolicyItem {
	Platform,
	Cpu(CpuId),
	Measurement(LaunchMeasurement),
	/// The rules for this number of files.
	Files(u32),
	Required,
	AmdRoots,
	TpmRoots,
	BootRules,
	/// The roles of this number of digests in boot event logs.
	BootParts(u32),
	Generation(ProductLine),
	FileSigner(SignerId),
	/// Vouchers that came into force.
	Vouched,
	/// The revocation list of a root, after it revoked further certificates.
	Revoked(ArkId),
}
