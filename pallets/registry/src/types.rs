extern crate alloc;
use alloc::vec::Vec;

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
	traits::{fungible::Inspect, ConstU32},
	BoundedVec,
};
use hcc_evidence::{
	host::ChipHash,
	tpm::{Credential, CredentialSecret, EndorsementKey},
};
use hcc_primitives::{miner::MAX_PUBLIC, Tick};
use scale_info::TypeInfo;
use sp_runtime::{traits::AtLeast32BitUnsigned, Debug};

use crate::Config;

/// An account of the chain.
pub type AccountIdOf<T> = <T as frame_system::Config>::AccountId;
/// An amount in the smallest unit of the native token.
pub type BalanceOf<T> = <<T as Config>::NativeBalance as Inspect<AccountIdOf<T>>>::Balance;
/// [`Rules`] in the chain's units.
pub type RulesOf<T> = Rules<BalanceOf<T>>;
/// [`Miner`] in the chain's units.
pub type MinerOf<T> = Miner<AccountIdOf<T>, BalanceOf<T>>;
/// [`Enrolment`] with the chain's accounts.
pub type EnrolmentOf<T> = Enrolment<AccountIdOf<T>>;

/// The hash of an endorsement key: blake2_256 of its SCALE.
pub type EkHash = [u8; 32];

/// The most chips that a miner has: what one TPM can stand for, two sockets.
pub const MAX_CHIPS: u32 = 2;
/// The most validators that make credentials for one TPM.
pub const MAX_COMMITTEE: u32 = 16;
/// The longest certificate, in bytes. Vendors' are below 1,800.
pub const MAX_CERTIFICATE: u32 = 2048;
/// The most certificates between a TPM's and a root.
pub const MAX_INTERMEDIATES: u32 = 3;
/// The longest TPM2B_ID_OBJECT and TPM2B_ENCRYPTED_SECRET, in bytes: an HMAC and a secret of 32 bytes; RSA with 2048 bits.
pub const MAX_ID_OBJECT: u32 = 96;
pub const MAX_ENCRYPTED_SECRET: u32 = 258;

/// A certificate, DER.
pub type CertificateBytes = BoundedVec<u8, ConstU32<MAX_CERTIFICATE>>;
/// Certificates, DER.
pub type Intermediates = BoundedVec<CertificateBytes, ConstU32<MAX_INTERMEDIATES>>;
/// TPMT_PUBLIC.
pub type AkBytes = BoundedVec<u8, ConstU32<MAX_PUBLIC>>;

/// What governance sets for miners.
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
pub struct Rules<Balance> {
	/// The smallest bond.
	pub min_bond: Balance,
	/// How long a bond outlasts its miner, in ticks.
	pub unbonding: Tick,
	/// How long an enrolment may take, in ticks.
	pub enrolment: Tick,
	/// How long before it counts a change of price must be told, in ticks.
	pub notice: Tick,
	/// The least that a miner can ask of the list price, in thousandths.
	pub least_ask: u16,
	/// The most.
	pub most_ask: u16,
}

impl<Balance: AtLeast32BitUnsigned + Copy> Rules<Balance> {
	/// Every value within the bounds that the chain can keep: a bond of nothing protects nothing, and an enrolment takes four blocks and
	/// finality at the least.
	pub fn clamped(self) -> Self {
		Self {
			min_bond: self.min_bond.max(Balance::one()),
			// Longer than a verdict can be proven false, so that nobody leaves before it costs him.
			unbonding: self.unbonding.clamp(2_400, 1_000_000),
			enrolment: self.enrolment.clamp(10, 1_000),
			notice: self.notice.min(100_800),
			least_ask: self.least_ask.clamp(1, 1_000),
			most_ask: self.most_ask.clamp(1_000, 10_000),
		}
	}

	/// Whether a miner may ask that.
	pub(crate) fn check_ask(&self, price: u16) -> Result<(), ()> {
		(self.least_ask..=self.most_ask).contains(&price).then_some(()).ok_or(())
	}
}

/// What a miner offers to tenants.
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
pub struct Offer {
	/// ISO 3166-1 numeric code of the country.
	pub region: u16,
	/// Virtual CPUs, all guests together.
	pub vcpus: u16,
	/// Memory, all guests together, in MiB.
	pub memory: u32,
	/// Disk, all guests together, in GiB.
	pub disk: u32,
	/// What it asks of the list price, in thousandths.
	pub price: u16,
}

impl Default for Offer {
	/// Nothing, at the list price.
	fn default() -> Self {
		Self { region: 0, vcpus: 0, memory: 0, disk: 0, price: 1_000 }
	}
}

/// A change of price that was told.
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
pub struct NextAsk {
	/// What the miner will ask of the list price, in thousandths.
	pub price: u16,
	/// The tick from which on it counts.
	pub from: Tick,
}

/// A miner: who owns it, who signs for it, what it has.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Miner<AccountId, Balance> {
	/// The key that signs for it.
	pub hot: AccountId,
	pub bond: Balance,
	pub offer: Offer,
	pub chips: BoundedVec<ChipHash, ConstU32<MAX_CHIPS>>,
	/// It has left, and its bond is held until that tick.
	pub withdrawable: Option<Tick>,
}

/// How far a miner has come.
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
pub enum Standing {
	/// It has claimed no chip.
	WithoutChip,
	/// Its TPM is not proven, or its vendor's root is trusted no more.
	WithoutTpm,
	/// Its bond is smaller than the rules ask for: it was slashed, or the rules have changed. It must answer challenges all the same.
	Underbonded,
	/// It must answer challenges.
	Ready,
	/// It has left.
	Exiting,
}

/// A credential as it is posted: TPM2B_ID_OBJECT and TPM2B_ENCRYPTED_SECRET.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct CredentialBytes {
	pub id_object: BoundedVec<u8, ConstU32<MAX_ID_OBJECT>>,
	pub encrypted_secret: BoundedVec<u8, ConstU32<MAX_ENCRYPTED_SECRET>>,
}

impl CredentialBytes {
	/// Whether these are the bytes of `credential`.
	pub fn is(&self, credential: &Credential) -> bool {
		self.id_object == credential.id_object
			&& self.encrypted_secret == credential.encrypted_secret
	}
}

/// What became of a credential once its seed was revealed.
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
pub enum Shown {
	/// It was sound, and the answer is its secret.
	Proven,
	/// It was sound, and the answer is something else.
	Unproven,
	/// It does not follow from its seed.
	False,
}

/// A member of an enrolment's committee, and its credential.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Member<AccountId> {
	pub validator: AccountId,
	pub posted: Option<Posted>,
}

/// A credential on its way.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Posted {
	pub seed_hash: [u8; 32],
	pub credential: CredentialBytes,
	/// What the TPM found in it.
	pub answer: Option<CredentialSecret>,
	pub shown: Option<Shown>,
}

/// A TPM that is to be proven.
#[derive(Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct Enrolment<AccountId> {
	pub ek: EkHash,
	pub ek_key: EndorsementKey,
	/// The hash of the vendor's root up to which its certificate was verified.
	pub root: [u8; 32],
	/// TPMT_PUBLIC.
	pub ak: AkBytes,
	/// The name of that key.
	pub ak_name: Vec<u8>,
	pub committee: BoundedVec<Member<AccountId>, ConstU32<MAX_COMMITTEE>>,
	pub answered: bool,
	pub deadline: Tick,
}
