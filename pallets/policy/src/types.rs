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
/// The keys of a chip.
pub type VekRowOf<T> = VekRow<AccountIdOf<T>, BalanceOf<T>>;

/// SHA-256 of a file.
pub type FileHash = [u8; 32];
/// SHA-256 of something that boots, as firmware measures it.
pub type BootDigest = [u8; 32];
/// The launch measurement of a guest.
pub type LaunchMeasurement = [u8; 48];

/// The longest certificate, in bytes. AMD's and vendors' are below 1,800.
pub const MAX_CERTIFICATE: u32 = 2048;
/// A certificate, DER.
pub type Certificate = BoundedVec<u8, ConstU32<MAX_CERTIFICATE>>;

/// How many hierarchies of AMD's are trusted: the product lines, and test hierarchies.
pub const MAX_AMD_ROOTS: u32 = 8;
/// How many certificates of TPM vendors are trusted.
pub const MAX_TPM_ROOTS: u32 = 64;
/// How many files one call can set.
pub const MAX_FILES: u32 = 256;
/// How many files can be required, and in how many versions each.
pub const MAX_REQUIRED: u32 = 8;
pub const MAX_VERSIONS: u32 = 8;

/// The hierarchies under which chips are genuine.
pub type AmdRootList = BoundedVec<AmdHierarchy, ConstU32<MAX_AMD_ROOTS>>;
/// The certificates under which TPMs are genuine.
pub type TpmRootList = BoundedVec<Certificate, ConstU32<MAX_TPM_ROOTS>>;
/// Files that must be measured: each in one of its versions.
pub type RequiredFiles =
	BoundedVec<BoundedVec<FileHash, ConstU32<MAX_VERSIONS>>, ConstU32<MAX_REQUIRED>>;

/// A hierarchy of AMD's: the root of a product line and the key that signs its chips.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct AmdHierarchy {
	pub product: ProductLine,
	pub ark: Certificate,
	pub ask: Certificate,
}

impl From<&AmdHierarchy> for AmdRoots {
	/// On chain only a chip's own key counts, hence no ASVK.
	fn from(hierarchy: &AmdHierarchy) -> Self {
		Self {
			product: hierarchy.product,
			ark: hierarchy.ark.to_vec(),
			ask: hierarchy.ask.to_vec(),
			asvk: None,
		}
	}
}

/// Bits of a report that are judged as masks.
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
	/// Bits of PLATFORM_INFO that may be set; no others may.
	pub platform_allowed: u64,
}

/// What is asked of a kind of CPU.
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
	/// The least TCB in each lane.
	pub floors: TcbFloors,
	/// Bits of the current mitigation vector that must be set.
	pub mitigations: u64,
}

/// What runs in a guest of a certain launch measurement.
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

/// What is known of a file.
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

/// How many keys of one chip are kept: one for each TCB that it reported lately.
pub const MAX_VEKS: u32 = 4;
/// How many of them others than the chip's miner can have registered.
pub const MAX_FOREIGN_VEKS: usize = 2;

/// A chip's key whose certificate was verified.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct VekRow<AccountId, Balance> {
	pub vek: Vek,
	/// Who registered it, and has the deposit back when it goes.
	pub depositor: AccountId,
	pub deposit: Balance,
}

/// SHA-256 of a signer's key: SubjectPublicKeyInfo, DER.
pub type SignerId = [u8; 32];
/// A signer's key: SubjectPublicKeyInfo, DER. RSA-4096 has 550 bytes.
pub type SignerKey = BoundedVec<u8, ConstU32<600>>;
/// The value of `security.ima`: nine bytes before a signature of RSA-4096 at the most.
pub type FileSignatureBytes = BoundedVec<u8, ConstU32<{ 9 + 512 }>>;
/// For how many files one call can vouch.
pub const MAX_VOUCHED: u32 = 16;
/// How many signers' signatures of one file are kept.
pub const MAX_VOUCHERS: u32 = 4;
/// [`Voucher`] in the chain's units.
pub type VoucherOf<T> = Voucher<AccountIdOf<T>, BalanceOf<T>>;

/// A signature of a file that was verified.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Voucher<AccountId, Balance> {
	pub signer: SignerId,
	/// The first revision in which it counts, as long as the signer is trusted.
	pub added: Revision,
	/// Who vouched, and has the deposit back when it goes.
	pub depositor: AccountId,
	pub deposit: Balance,
}

/// How many certificates of a revocation list are kept. Those that AMD's lists could name are a few.
pub const MAX_REVOKED: u32 = 32;

/// A revocation list that was verified.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct CrlRow {
	pub this_update: UnixSeconds,
	pub next_update: UnixSeconds,
	/// The serial numbers of the revoked certificates.
	pub revoked: BoundedVec<Serial, ConstU32<MAX_REVOKED>>,
}

/// What a revision changed.
#[derive(Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub enum Subject {
	Platform,
	Cpu(CpuId),
	Measurement(LaunchMeasurement),
	/// That many files.
	Files(u32),
	Required,
	AmdRoots,
	TpmRoots,
	BootRules,
	/// That many digests of what may boot.
	BootParts(u32),
	Generation(ProductLine),
	FileSigner(SignerId),
	/// Files for which somebody has vouched.
	Vouched,
	/// What is signed by more certificates of that root has no keys any more.
	Revoked(ArkId),
}
