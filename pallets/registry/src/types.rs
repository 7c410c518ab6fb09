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
pub type EnrolmentOf<T> = Enrolment<AccountIdOf<T>, BalanceOf<T>>;

/// The hash of an endorsement key: blake2_256 of its SCALE encoding.
pub type EkHash = [u8; 32];

/// The maximum number of chips of a miner: the two sockets that one TPM can represent.
pub const MAX_CHIPS: u32 = 2;
/// The maximum number of validators in the committee of an enrolment.
pub const MAX_COMMITTEE: u32 = 16;
/// The maximum length of a certificate, in bytes. TPM vendors' certificates have fewer than 1,800.
pub const MAX_CERTIFICATE: u32 = 2048;
/// The maximum number of certificates between a TPM's certificate and a root.
pub const MAX_INTERMEDIATES: u32 = 3;
/// The maximum length of a TPM2B_ID_OBJECT, in bytes: an HMAC and a secret of 32 bytes.
pub const MAX_ID_OBJECT: u32 = 96;
/// The maximum length of a TPM2B_ENCRYPTED_SECRET, in bytes: RSA with 2048 bits.
pub const MAX_ENCRYPTED_SECRET: u32 = 258;

/// The maximum length of a relay's endpoint, in bytes.
pub const MAX_RELAY: u32 = 128;

/// The endpoint of a miner's relay: `host:port`.
pub type RelayEndpoint = BoundedVec<u8, ConstU32<MAX_RELAY>>;
/// A certificate (DER).
pub type CertificateBytes = BoundedVec<u8, ConstU32<MAX_CERTIFICATE>>;
/// The certificates (DER) between a TPM's certificate and a root.
pub type Intermediates = BoundedVec<CertificateBytes, ConstU32<MAX_INTERMEDIATES>>;
/// The public area of the attestation key (TPMT_PUBLIC).
pub type AkBytes = BoundedVec<u8, ConstU32<MAX_PUBLIC>>;

/// The rules for miners that governance sets.
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
	/// The minimum bond.
	pub min_bond: Balance,
	/// The bond for each vCPU that receives work.
	pub vcpu_bond: Balance,
	/// The ticks for which a bond stays on hold after the miner has left.
	pub unbonding: Tick,
	/// The maximum duration of an enrolment, in ticks.
	pub enrolment: Tick,
	/// The ticks between the announcement of another price and its effect.
	pub notice: Tick,
	/// The minimum price that a miner can ask, in thousandths of the list price.
	pub least_ask: u16,
	/// The maximum price that a miner can ask, in thousandths of the list price.
	pub most_ask: u16,
}

impl<Balance: AtLeast32BitUnsigned + Copy> Rules<Balance> {
	/// Returns the rules with each value clamped to the bounds within which the chain is safe. A
	/// bond of zero protects nothing. An enrolment takes at least four blocks and the time to
	/// finality.
	pub fn clamped(self) -> Self {
		Self {
			min_bond: self.min_bond.max(Balance::one()),
			vcpu_bond: self.vcpu_bond.max(Balance::one()),
			// The time exceeds the time in which a verdict can be proven false, because a miner
			// must not withdraw before it can be slashed.
			unbonding: self.unbonding.clamp(2_400, 1_000_000),
			enrolment: self.enrolment.clamp(10, 1_000),
			notice: self.notice.min(100_800),
			least_ask: self.least_ask.clamp(1, 1_000),
			most_ask: self.most_ask.clamp(1_000, 10_000),
		}
	}

	/// Checks that a price is within the bounds.
	pub(crate) fn check_ask(&self, price: u16) -> Result<(), ()> {
		(self.least_ask..=self.most_ask).contains(&price).then_some(()).ok_or(())
	}
}

/// The offer of a miner: region, capacity and price.
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
	/// Number of virtual CPUs for all guests together. vCPUs beyond the chips' threads or beyond
	/// the bond receive no work.
	pub vcpus: u16,
	/// Memory for all guests together, in MiB.
	pub memory: u32,
	/// Disk for all guests together, in GiB.
	pub disk: u32,
	/// The price, in thousandths of the list price.
	pub price: u16,
}

impl Default for Offer {
	/// Returns an offer without capacity, at the list price.
	fn default() -> Self {
		Self { region: 0, vcpus: 0, memory: 0, disk: 0, price: 1_000 }
	}
}

/// An announced change of price.
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
	/// The new price, in thousandths of the list price.
	pub price: u16,
	/// The first tick at which the new price is in force.
	pub from: Tick,
}

/// A miner: its hot key, bond, offer and chips.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Miner<AccountId, Balance> {
	/// The hot key, which signs frequent transactions.
	pub hot: AccountId,
	pub bond: Balance,
	pub offer: Offer,
	pub chips: BoundedVec<ChipHash, ConstU32<MAX_CHIPS>>,
	/// `Some` if the miner has left: the tick until which its bond stays on hold.
	pub withdrawable: Option<Tick>,
}

/// The standing of a miner: ready, or the first requirement that it does not meet.
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
	/// The miner has no chip.
	WithoutChip,
	/// The miner has no enrolled TPM, or the TPM vendor's root is no longer trusted.
	WithoutTpm,
	/// The miner's bond is below the minimum, because it was slashed or the rules changed. The
	/// miner must still answer challenges.
	Underbonded,
	/// The miner meets all requirements and must answer challenges.
	Ready,
	/// The miner has left.
	Exiting,
}

/// A posted credential: TPM2B_ID_OBJECT and TPM2B_ENCRYPTED_SECRET.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct CredentialBytes {
	pub id_object: BoundedVec<u8, ConstU32<MAX_ID_OBJECT>>,
	pub encrypted_secret: BoundedVec<u8, ConstU32<MAX_ENCRYPTED_SECRET>>,
}

impl CredentialBytes {
	/// Returns `true` if this is the encoding of `credential`.
	pub fn is(&self, credential: &Credential) -> bool {
		self.id_object == credential.id_object
			&& self.encrypted_secret == credential.encrypted_secret
	}
}

/// The result of checking a credential after its seed was revealed.
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
pub enum CredentialStatus {
	/// The credential follows from its seed, and the miner's answer is the credential's secret.
	Proven,
	/// The credential follows from its seed, but the miner's answer is not the credential's secret.
	Unproven,
	/// The credential does not follow from its seed.
	False,
}

/// A member of an enrolment's committee and its credential.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Member<AccountId> {
	pub validator: AccountId,
	pub posted: Option<PostedCredential>,
}

/// A posted credential and its progress.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct PostedCredential {
	pub seed_hash: [u8; 32],
	pub credential: CredentialBytes,
	/// The secret that the miner submitted as the TPM's answer.
	pub answer: Option<CredentialSecret>,
	pub shown: Option<CredentialStatus>,
}

/// An open enrolment of a TPM.
#[derive(Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct Enrolment<AccountId, Balance> {
	pub ek: EkHash,
	pub ek_key: EndorsementKey,
	/// The hash of the vendor's root to which the EK certificate leads.
	pub root: [u8; 32],
	/// The public area of the attestation key (TPMT_PUBLIC).
	pub ak: AkBytes,
	/// The name of the attestation key.
	pub ak_name: Vec<u8>,
	pub committee: BoundedVec<Member<AccountId>, ConstU32<MAX_COMMITTEE>>,
	pub answered: bool,
	/// The last tick for credentials and answers. The rest of the time is for seeds.
	pub answers_until: Tick,
	pub deadline: Tick,
	/// The version of the verifier at the start. A credential counts as false only under the same
	/// version.
	pub eval_version: u32,
	/// The miner's deposit.
	pub deposit: Balance,
}
