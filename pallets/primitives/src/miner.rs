//! Miners, their chips and their TPMs.

use alloc::vec::Vec;

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, weights::Weight, BoundedVec};
use hcc_evidence::{
	host::{ChipHash, FoldedLog},
	snp::{ProductLine, Vek},
	Check, UnixSeconds,
};
use scale_info::TypeInfo;
use sp_runtime::{Debug, Perbill};

/// The maximum length of an attestation key's public area, in bytes. The public area of an RSA-4096
/// key is shorter.
pub const MAX_PUBLIC: u32 = 600;
/// The maximum length of a TPM object's name, in bytes.
pub const MAX_NAME: u32 = 66;

/// An enrolled TPM of a miner.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct EnrolledTpm {
	/// The hash of the endorsement key.
	pub ek: [u8; 32],
	/// The public area of the attestation key (TPMT_PUBLIC).
	pub ak: BoundedVec<u8, ConstU32<MAX_PUBLIC>>,
	/// The qualified name of the attestation key, which quotes contain.
	pub qualified_name: BoundedVec<u8, ConstU32<MAX_NAME>>,
	/// The hash of the vendor's root. The TPM is genuine while that root is trusted.
	pub root: [u8; 32],
}

/// The register of miners.
pub trait Miners<AccountId> {
	/// Returns `true` if `who` is the hot key of a miner that has not left.
	fn is_hot_key(who: &AccountId, miner: &AccountId) -> bool;
	/// Returns the chips of a miner.
	fn chips(miner: &AccountId) -> Vec<ChipHash>;
	/// Returns the TPM of a miner, even if it is no longer genuine.
	fn tpm(miner: &AccountId) -> Option<EnrolledTpm>;
	/// Returns the TPM of a miner, or `None` if its vendor's root is no longer trusted.
	fn genuine_tpm(miner: &AccountId) -> Option<EnrolledTpm>;
}

/// Slashes miners.
pub trait MinerSlasher<AccountId> {
	/// Slashes `part` of a miner's bond, even while the miner is leaving. If `case` names the chip
	/// of a compensation case, the compensation of tenants is taken from the slash first. The rest
	/// is burned.
	fn slash(miner: &AccountId, case: Option<&ChipHash>, part: Perbill);
}

/// Transfers and bans chips after a contest.
pub trait ChipTransfers<AccountId> {
	/// Returns the miner that registered the chip.
	fn holder(chip: &ChipHash) -> Option<AccountId>;
	/// Returns `true` if a miner can receive another chip: it has a TPM, has room for the chip, and
	/// has not left.
	fn has_room(miner: &AccountId) -> bool;
	/// Moves the chip from its holder to another miner. Returns `false` and changes nothing if the
	/// chip is banned, or if the miner has the chip already or no room.
	fn hand_over(chip: &ChipHash, to: &AccountId) -> bool;
	/// Removes the chip from its holder and bans it: no account can register it until the ban is
	/// lifted.
	fn ban(chip: &ChipHash);
}

/// Provides the ownership of chips.
pub trait ChipOwnership<AccountId> {
	/// Returns the miner that registered the chip.
	fn owner_of(chip: &ChipHash) -> Option<AccountId>;
	/// Returns `true` if the account is the chip's miner or that miner's hot key.
	fn acts_for(who: &AccountId, chip: &ChipHash) -> bool;
}

/// Handles chips that are added, removed or transferred.
pub trait OnChipChange<AccountId> {
	/// Handles a chip that became ready: its miner has an enrolled TPM and must answer challenges
	/// from now on. The call is repeated for each chip when the miner enrols another TPM.
	fn on_ready(chip: &ChipHash, miner: &AccountId);
	/// Handles a chip that is about to be removed because of a contest. If an open challenge is
	/// missed, the miner is no longer at fault. A call of [`Self::on_gone`] follows.
	fn on_taken(chip: &ChipHash);
	/// Handles a chip that no longer belongs to its miner.
	fn on_gone(chip: &ChipHash);
	/// Handles the exit of a miner, after [`Self::on_gone`] for each of its chips.
	fn on_exit(miner: &AccountId);
}

impl<AccountId, A: OnChipChange<AccountId>, B: OnChipChange<AccountId>> OnChipChange<AccountId>
	for (A, B)
{
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

/// Replays IMA logs by the policy in force.
pub trait LogVerifier {
	/// Appends `records` to a miner's log. The last record must be complete. Returns `None` if
	/// there is no policy yet.
	fn follow(
		before: Option<&FoldedLog>,
		records: &[u8],
		miner: &[u8; 32],
	) -> Option<Check<FoldedLog>>;
}

/// The certificates under which TPMs are genuine.
pub trait TpmRoots {
	/// Returns the trusted certificates (DER).
	fn tpm_roots() -> Vec<Vec<u8>>;
	/// Returns `true` if the root with this hash was trusted and no longer is.
	fn is_distrusted(root: &[u8; 32]) -> bool;
}

/// Provides the product lines of chips.
pub trait ProductLines {
	/// Returns the product line of a chip, or `None` if the chain has no key of the chip.
	fn product_line(chip: &ChipHash) -> Option<ProductLine>;
}

/// Provides the verified VEKs of chips.
pub trait Veks {
	/// Returns the chip's VEK for a REPORTED_TCB, which is encoded as in a report. Returns `None`
	/// if the key is unknown, its root is no longer trusted, or its issuer is revoked.
	fn vek(chip: &ChipHash, reported_tcb: [u8; 8]) -> Option<Vek>;
	/// Verifies a VEK certificate (DER) up to a trusted root. Returns the chip and its key.
	fn verify(certificate: &[u8]) -> Option<(ChipHash, Vek)>;
	/// Returns the time until which the revocation list for a key is current, or `None` if policy
	/// requires no list.
	fn revocation_current_until(vek: &Vek) -> Option<UnixSeconds>;
	/// Returns `true` if the chip has keys, but no key is usable now: the root is no longer
	/// trusted, the issuer is revoked, or the revocation list is stale. A missing answer is then
	/// not the miner's fault.
	fn is_withdrawn(chip: &ChipHash) -> bool;
	/// Returns the maximum weight of [`Self::verify`] and of the verification of a report's
	/// signature.
	fn verify_weight() -> Weight;
}
