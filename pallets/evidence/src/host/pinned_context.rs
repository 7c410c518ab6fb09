//! The context by which evidence is judged. The chain fixes it when it includes the evidence.

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

/// All inputs of the evaluation, except that the revision stands for policy.
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
	/// The policy revision.
	pub revision: u32,
	/// The version of the verifier.
	pub eval_version: u32,
	/// The chip's key.
	pub vek: Vek,
	/// The end of validity of the revocation list for this key; `None` if the chain requires no
	/// list.
	pub revocation_current_until: Option<UnixSeconds>,
	/// The enrolled attestation key, as TPMT_PUBLIC.
	pub ak: Vec<u8>,
	/// The qualified name of the attestation key.
	pub qualified_signer: Vec<u8>,
	/// The checkpoint from which the measurement log continues.
	pub boot: Option<BootState>,
	/// The state up to which the log was accepted before policy became stricter.
	pub former: Option<BootState>,
	/// The last accepted boot profile.
	pub boot_profile: Option<Hash256>,
	/// The submitted part of the log, if this evidence continues a submitted part.
	pub log: Option<FoldedLog>,
}

impl PinnedContext {
	/// Converts the pinned context to the context that [`evaluate`] takes.
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

	/// Evaluates evidence in this context. The runtime and workers both use this function.
	pub fn judge<C: Crypto, P: HostPolicy>(
		&self,
		evidence: &HostEvidence,
		policy: &P,
		genesis: Genesis,
	) -> Verdict {
		let ak = match AttestationKey::from_tpmt_public(&self.ak) {
			Ok(ak) => ak,
			// An error is not expected, because the key was decoded at enrolment.
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
