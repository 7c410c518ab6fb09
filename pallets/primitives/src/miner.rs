//! Who offers machines, and with which chips and TPMs.

use alloc::vec::Vec;

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, weights::Weight, BoundedVec};
use hcc_evidence::{
	host::{ChipHash, FoldedLog},
	snp::Vek,
	Check, UnixSeconds,
};
use scale_info::TypeInfo;
use sp_runtime::{Debug, Perbill};

/// The longest public area of an attestation key, in bytes: RSA-4096 with its parameters is below.
pub const MAX_PUBLIC: u32 = 600;
/// The longest name of a TPM object, in bytes.
pub const MAX_NAME: u32 = 66;

/// A TPM that was proven to be a miner's.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct EnrolledTpm {
	/// The hash of the endorsement key.
	pub ek: [u8; 32],
	/// The attestation key: TPMT_PUBLIC.
	pub ak: BoundedVec<u8, ConstU32<MAX_PUBLIC>>,
	/// The attestation key's qualified name, as quotes state it.
	pub qualified_name: BoundedVec<u8, ConstU32<MAX_NAME>>,
	/// The hash of its vendor's root: it is genuine as long as that is trusted.
	pub root: [u8; 32],
}

/// The register of miners.
pub trait Miners<AccountId> {
	/// The miner for which that key signs.
	fn miner_of_hot(hot: &AccountId) -> Option<AccountId>;
	/// The miner's chips.
	fn chips(miner: &AccountId) -> Vec<ChipHash>;
	/// The miner's TPM, genuine or not.
	fn tpm(miner: &AccountId) -> Option<EnrolledTpm>;
	/// The same; none where its vendor's root is trusted no more.
	fn genuine_tpm(miner: &AccountId) -> Option<EnrolledTpm>;
}

/// Punishes miners.
pub trait SlashesMiners<AccountId> {
	/// Takes `part` of what a miner has at stake, also while it is leaving, for what that chip did.
	fn slash(miner: &AccountId, chip: &ChipHash, part: Perbill);
}

/// Decides whose a chip is that two miners claim.
pub trait ClaimsChips<AccountId> {
	/// The miner that registered the chip.
	fn holder(chip: &ChipHash) -> Option<AccountId>;
	/// Whether a miner could have another chip: it has a TPM and has not left.
	fn has_room(miner: &AccountId) -> bool;
	/// Takes the chip from its holder, and gives it to another miner. False where that has no room, and nothing has changed.
	fn hand_over(chip: &ChipHash, to: &AccountId) -> bool;
	/// Takes the chip from its holder for good: nobody can register it any more.
	fn ban(chip: &ChipHash);
}

/// Whose a chip is.
pub trait ChipOwners<AccountId> {
	/// The miner that registered the chip.
	fn owner_of(chip: &ChipHash) -> Option<AccountId>;
	/// Whether the account is that miner, or its hot key.
	fn acts_for(who: &AccountId, chip: &ChipHash) -> bool;
}

/// Is told of chips that come and go.
pub trait OnChip<AccountId> {
	/// The chip's miner has proven its TPM: from now on it must answer for the chip.
	fn on_ready(chip: &ChipHash, miner: &AccountId);
	/// The chip is about to be taken from its miner: what it has to answer now is not its fault. [`Self::on_gone`] follows.
	fn on_taken(chip: &ChipHash);
	/// The chip is its miner's no more.
	fn on_gone(chip: &ChipHash);
	/// The miner gives up all it has: its chips are gone.
	fn on_exit(miner: &AccountId);
}

impl<AccountId, A: OnChip<AccountId>, B: OnChip<AccountId>> OnChip<AccountId> for (A, B) {
	fn on_ready(chip: &ChipHash, miner: &AccountId) {
		A::on_ready(chip, miner);
		B::on_ready(chip, miner);
	}

	fn on_taken(chip: &ChipHash) {
		A::on_taken(chip);
		B::on_taken(chip);
	}

	fn on_gone(chip: &ChipHash) {
		A::on_gone(chip);
		B::on_gone(chip);
	}

	fn on_exit(miner: &AccountId) {
		A::on_exit(miner);
		B::on_exit(miner);
	}
}

/// Follows measurement logs by the policy that is in force.
pub trait FollowsLogs {
	/// A miner's log after another part of it, whole records. None where policy has no rules yet.
	fn follow(
		before: Option<&FoldedLog>,
		records: &[u8],
		miner: &[u8; 32],
	) -> Option<Check<FoldedLog>>;
}

/// The certificates under which TPMs are genuine.
pub trait TpmRoots {
	/// DER.
	fn tpm_roots() -> Vec<Vec<u8>>;
	/// Whether the root of that hash was trusted and is no more.
	fn is_distrusted(root: &[u8; 32]) -> bool;
}

/// Chips' keys, verified.
pub trait Veks {
	/// The chip's key for that REPORTED_TCB, as a report states it; none where it is not known, its root is trusted no more, or what issued its certificate is revoked.
	fn vek(chip: &ChipHash, reported_tcb: [u8; 8]) -> Option<Vek>;
	/// Verifies a certificate (DER) up to a trusted root: whose key it certifies, and the key.
	fn verify(certificate: &[u8]) -> Option<(ChipHash, Vek)>;
	/// Until when the revocation list above that key is held to be current; none where none is asked for.
	fn revocation_current_until(vek: &Vek) -> Option<UnixSeconds>;
	/// Whether the chip has keys, and evidence by none of them could be judged now: what they rest on is trusted no more, is revoked, or its revocation list is not
	/// current. That is nobody's silence.
	fn is_withdrawn(chip: &ChipHash) -> bool;
	/// The most that [`Self::verify`] and a report's signature cost.
	fn verify_weight() -> Weight;
}
