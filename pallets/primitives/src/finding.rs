//! Findings of validators, and the traits by which pallets ask for verdicts.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
	pallet_prelude::DispatchResult, traits::ConstU32, weights::Weight, BoundedVec,
};
use hcc_evidence::host::{finding_hash, Verdict};
use scale_info::TypeInfo;
use sp_core::H256;
use sp_runtime::Debug;

use crate::Tick;

/// The identifier of a subject, made by the pallet that asks for the verdict.
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
	/// SCALE encoding of a type that the asking pallet knows. Empty unless the evidence is
	/// accepted.
	pub claims: BoundedVec<u8, ConstU32<MAX_CLAIMS>>,
}

impl Finding {
	/// The code of an acceptance.
	pub const ACCEPTED: u16 = Verdict::ACCEPTED;
	/// The code for evidence that cannot be judged because the chain lacks something, such as a
	/// key.
	pub const UNDECIDED: u16 = Verdict::UNDECIDED;

	/// Returns the hash that votes are cast for.
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
	/// Appoints a committee for `subject`. The verdict arrives through [`OnVerdict`], once. If
	/// there are more validators than places, `lot` seeds the random draw. The submitter of the
	/// evidence must have no influence on `lot`.
	///
	/// ## Errors
	/// The subject is open already, or there is no room for another one.
	fn open(subject: SubjectId, lot: H256, evidence: H256) -> DispatchResult;
	/// Returns the number of ticks after which the verdict of a subject is final, if votes arrive
	/// in time and it is not drawn for an audit.
	fn longest() -> Tick;
}

/// Handles the verdicts of subjects.
pub trait OnVerdict {
	/// Handles a verdict: more than two thirds of the committee agree, or it was proven.
	fn on_verdict(subject: SubjectId, finding: &Finding);
	/// Handles the end of a subject without a verdict. No further call follows for the subject.
	fn on_void(subject: SubjectId);
	/// Handles a proof that the former verdict is false: its effects must be reverted.
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
	/// `true` if the validators used the same version of the verifier. If not, no validator is at
	/// fault for a difference.
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
