//! Findings of validators, and the traits through which pallets request verdicts.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
	pallet_prelude::DispatchResult, traits::ConstU32, weights::Weight, BoundedVec,
};
use hcc_evidence::host::{finding_hash, Verdict};
use scale_info::TypeInfo;
use sp_core::H256;
use sp_runtime::Debug;

use crate::Tick;

/// The identifier of a subject. The pallet that requests the verdict makes it.
pub type SubjectId = H256;

/// The maximum length of claims, in bytes.
pub const MAX_CLAIMS: u32 = 4096;

/// The attestation result that validators vote on: a code and, for an acceptance, the claims of the
/// evidence.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Finding {
	/// [`Finding::ACCEPTED`], [`Finding::UNDECIDED`], or the code of a rejection.
	pub code: u16,
	/// SCALE encoding of the claims. The pallet that requested the verdict knows their type. Empty
	/// unless the evidence is accepted.
	pub claims: BoundedVec<u8, ConstU32<MAX_CLAIMS>>,
}

impl Finding {
	/// The code of an acceptance.
	pub const ACCEPTED: u16 = Verdict::ACCEPTED;
	/// The code for evidence that cannot be judged because the chain does not have a necessary
	/// input, such as a key.
	pub const UNDECIDED: u16 = Verdict::UNDECIDED;

	/// Returns the hash by which a vote names this finding.
	pub fn hash(&self, genesis: &[u8; 32]) -> H256 {
		H256(finding_hash(genesis, self.code, &self.claims))
	}

	/// Returns `true` if the evidence was accepted.
	pub fn is_accepted(&self) -> bool {
		self.code == Self::ACCEPTED
	}
}

/// Has a committee judge subjects.
pub trait Adjudicator {
	/// Appoints a committee for `subject`. [`OnVerdict::on_verdict`] receives the verdict once. If
	/// there are more validators than places, `lot` seeds the random draw of the committee. The
	/// submitter of the evidence must have no influence on `lot`.
	///
	/// ## Errors
	/// The subject is open already, or there is no room for another subject.
	fn open(subject: SubjectId, lot: H256, evidence: H256) -> DispatchResult;
	/// Returns the number of ticks after which the verdict of a subject is final, if votes arrive
	/// in time and the verdict is not drawn for an audit.
	fn longest() -> Tick;
}

/// Handles the verdicts of subjects.
pub trait OnVerdict {
	/// Handles a verdict. Either more than two thirds of the committee voted for `finding`, or a
	/// proof established it.
	fn on_verdict(subject: SubjectId, finding: &Finding);
	/// Handles the end of a subject without a verdict. No further call follows for the subject.
	fn on_void(subject: SubjectId);
	/// Handles a proof that an earlier verdict is false. Must revert the effects of that verdict.
	fn on_overturned(subject: SubjectId);
	/// Handles the end of the window in which a verdict can be proven false. No further call
	/// follows for the subject.
	fn on_closed(subject: SubjectId);
	/// Returns the maximum weight of [`Self::on_verdict`] and [`Self::on_overturned`].
	fn weight() -> Weight;
	/// Returns the maximum weight of [`Self::on_void`] and [`Self::on_closed`].
	fn closing_weight() -> Weight;
}

/// The result of an evaluation by the chain itself.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Evaluation {
	pub finding: Finding,
	/// `true` if the validators judged with the same version of the verifier as the runtime. If it
	/// is `false`, a different finding is not a validator's fault.
	pub same_version: bool,
}

/// Evaluates evidence on chain. The result defines the correct verdict.
pub trait Evaluator {
	/// Evaluates evidence in the context that is pinned for `subject`. Returns `None` if no context
	/// is pinned, or if `hash` is not the hash of the evidence.
	fn evaluate(subject: SubjectId, hash: H256, evidence: &[u8]) -> Option<Evaluation>;
	/// Returns the maximum weight of evaluating `len` bytes.
	fn weight(len: u32) -> Weight;
}
