//! What evidence is judged by, as the chain pins it when it includes the evidence.

use alloc::vec::Vec;

use super::{
	evaluate, BootState, Challenge, ChipHash, Collateral, Context, FoldedLog, Genesis, Hash256,
	HostEvidence, HostPolicy, MinerId, Verdict,
};
use crate::{
	crypto::Crypto,
	snp::Vek,
	tpm::{AttestationKey, Wanted},
	UnixSeconds,
};

/// All that evidence is judged by, but for policy: that is told by its revision.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
	feature = "scale",
	derive(codec::Encode, codec::Decode, codec::DecodeWithMemTracking, scale_info::TypeInfo)
)]
pub struct PinnedContext {
	pub miner: MinerId,
	pub chip: ChipHash,
	/// The number of the challenge.
	pub seq: u64,
	pub nonce: Hash256,
	/// The time of the block that included the evidence.
	pub now: UnixSeconds,
	/// The revision of policy.
	pub revision: u32,
	/// The version of the verifier.
	pub eval_version: u32,
	/// The chip's key.
	pub vek: Vek,
	/// Until when the revocation list above that key counts; none where the chain asks for none.
	pub revocation_current_until: Option<UnixSeconds>,
	/// The enrolled attestation key: TPMT_PUBLIC.
	pub ak: Vec<u8>,
	/// Its qualified name.
	pub qualified_signer: Vec<u8>,
	/// Where the measurement log is taken up.
	pub boot: Option<BootState>,
	/// How far it was accepted before policy became stricter.
	pub former: Option<BootState>,
	/// The hash of the boot's PCRs.
	pub boot_profile: Option<Hash256>,
	/// The log up to where this evidence takes it up, where that was handed in before.
	pub log: Option<FoldedLog>,
}

impl PinnedContext {
	/// The circumstances as the verifier takes them.
	pub fn context(&self, genesis: Genesis) -> Context {
		Context {
			challenge: Challenge {
				genesis,
				miner: self.miner,
				chip: self.chip,
				seq: self.seq,
				nonce: self.nonce,
			},
			now: self.now,
			boot: self.boot.clone(),
			former: self.former.clone(),
			boot_profile: self.boot_profile,
			log: self.log.clone(),
		}
	}

	/// Judges evidence by this context: the same on chain and off it.
	pub fn judge<C: Crypto, P: HostPolicy>(
		&self,
		evidence: &HostEvidence,
		policy: &P,
		genesis: Genesis,
	) -> Verdict {
		let ak = match AttestationKey::from_tpmt_public(&self.ak) {
			Ok(ak) => ak,
			// It was read once, when it was enrolled.
			Err(rejection) => return Verdict::Rejected(rejection),
		};
		let collateral = Collateral {
			vek: &self.vek,
			revocation_current_until: match self.revocation_current_until {
				Some(until) => Wanted::Exactly(until),
				None => Wanted::Any,
			},
			ak: &ak,
			qualified_signer: Wanted::Exactly(&self.qualified_signer),
		};
		evaluate::<C, P>(evidence, &collateral, policy, &self.context(genesis))
	}
}
