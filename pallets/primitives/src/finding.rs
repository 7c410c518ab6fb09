//! What validators find of evidence.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
	pallet_prelude::DispatchResult, traits::ConstU32, weights::Weight, BoundedVec,
};
use hcc_evidence::host::{finding_hash, Verdict};
use scale_info::TypeInfo;
use sp_core::H256;
use sp_runtime::Debug;

use crate::Tick;

/// What is judged: an identifier that the asking pallet makes.
pub type SubjectId = H256;

/// The most bytes that claims have.
pub const MAX_CLAIMS: u32 = 4096;

/// What a judge finds: a code and, where it is an acceptance, what the evidence states.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Finding {
	/// [`Finding::ACCEPTED`], [`Finding::UNDECIDED`], or the code of a rejection.
	pub code: u16,
	/// SCALE, of a type that the asking pallet knows; empty unless accepted.
	pub claims: BoundedVec<u8, ConstU32<MAX_CLAIMS>>,
}

impl Finding {
	/// The code of an acceptance.
	pub const ACCEPTED: u16 = Verdict::ACCEPTED;
	/// The code where the chain lacks something to judge by.
	pub const UNDECIDED: u16 = Verdict::UNDECIDED;

	/// What votes are cast for.
	pub fn hash(&self, genesis: &[u8; 32]) -> H256 {
		H256(finding_hash(genesis, self.code, &self.claims))
	}

	/// Whether the evidence was accepted.
	pub fn is_accepted(&self) -> bool {
		self.code == Self::ACCEPTED
	}
}

/// Has subjects judged.
pub trait Judges {
	/// Appoints a committee for `subject`. The answer comes by [`OnVerdict`], once. Where there are more validators than places, they are drawn by `lot`, which
	/// whoever submits the evidence must have no choice in.
	///
	/// ## Errors
	/// Where the subject is being judged already, or there is no room for another.
	fn open(subject: SubjectId, lot: H256, evidence: H256) -> DispatchResult;
	/// For how many ticks a subject can come to something else that is judged in time and not drawn for an audit.
	fn longest() -> Tick;
}

/// Is told what was found.
pub trait OnVerdict {
	/// More than two thirds of the committee agree, or it was proven.
	fn on_verdict(subject: SubjectId, finding: &Finding);
	/// The committee did not agree in time. Nothing more is told of the subject.
	fn on_void(subject: SubjectId);
	/// What was told before was proven false: what it caused is to be undone.
	fn on_overturned(subject: SubjectId);
	/// The window has passed in which a verdict could be proven false. Nothing more is told of the subject.
	fn on_closed(subject: SubjectId);
	/// The most that a verdict costs, or that it is undone.
	fn weight() -> Weight;
	/// The most that the end of a subject costs: that it is void, or closed.
	fn closing_weight() -> Weight;
}

/// What evidence comes to where the chain evaluates it itself.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Evaluated {
	pub finding: Finding,
	/// Whether the validators judged by the same version of the verifier: where not, a difference is nobody's fault.
	pub same_version: bool,
}

/// Evaluates evidence as the chain itself does: what a verdict means.
pub trait Evaluates {
	/// What these bytes come to in the context that is pinned for `subject`; none where nothing is, or where they are not the evidence of that hash.
	fn evaluate(subject: SubjectId, hash: H256, evidence: &[u8]) -> Option<Evaluated>;
	/// The most that evaluating so many bytes costs.
	fn weight(len: u32) -> Weight;
}
