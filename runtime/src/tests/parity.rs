//! The verifier finds the same natively and in wasm: otherwise an honest worker could be slashed for what its processor does.

use codec::{Decode, Encode};
use hcc_evidence::{
	crypto::RustCrypto,
	host::{HostEvidence, PolicyQuery},
};
use hcc_primitives::SubjectId;
use sc_executor::WasmExecutor;
use sp_core::traits::{CallContext, CodeExecutor, RuntimeCode, WrappedRuntimeCode};

use super::{
	machine::{Machine, GENESIS},
	network,
};
use crate::{evidence_api::evaluate_host, *};

type Found = Option<(u16, Vec<u8>)>;
type Executor = WasmExecutor<sp_io::SubstrateHostFunctions>;

/// A chain on which evidence is being judged.
struct Judged {
	state: sp_io::TestExternalities,
	subject: SubjectId,
	executor: Executor,
}

impl Judged {
	fn new(state: sp_io::TestExternalities, subject: SubjectId) -> Self {
		Self { state, subject, executor: Executor::builder().build() }
	}

	fn in_wasm(&mut self, evidence: &[u8]) -> Found {
		let code = WASM_BINARY.expect("the runtime was built with its wasm");
		let fetcher = WrappedRuntimeCode(code.into());
		let code = RuntimeCode { code_fetcher: &fetcher, hash: vec![1], heap_pages: None };
		let arguments = (self.subject, evidence.to_vec()).encode();
		let mut ext = self.state.ext();
		let method = "EvidenceApi_evaluate_host";
		let (answer, _) =
			self.executor.call(&mut ext, &code, method, &arguments, CallContext::Offchain);
		Decode::decode(&mut &answer.expect("it never panics")[..]).expect("as declared")
	}

	/// As a worker does: by what it asks of the policy, and nothing else of the chain.
	fn by_extract(&mut self, evidence: &[u8]) -> Found {
		let evidence = HostEvidence::decode(&mut &evidence[..]).ok()?;
		let subject = self.subject;
		self.state.execute_with(|| {
			let pinned = Attestation::context(subject)?;
			let query = PolicyQuery::of(&evidence);
			let policy = evidence_api::policy_extract(pinned.revision, &query)?;
			let verdict = pinned.judge::<RustCrypto, _>(&evidence, &policy, GENESIS);
			Some((verdict.code(), verdict.encoded_claims()))
		})
	}

	/// What all three find, which is the same.
	fn find(&mut self, evidence: &[u8]) -> Found {
		let subject = self.subject;
		let native = self.state.execute_with(|| evaluate_host(subject, evidence));
		assert_eq!(self.in_wasm(evidence), native, "in wasm otherwise than natively");
		assert_eq!(self.by_extract(evidence), native, "by an extract otherwise than by the chain");
		native
	}
}

/// Evidence of a machine that has done as `prepare` says, after a first round.
fn judged(prepare: impl FnOnce(&mut Machine)) -> (Judged, Vec<u8>) {
	let (mut state, mut machine) = network::new();
	let (subject, evidence) = state.execute_with(|| {
		assert!(network::attest(&machine).is_accepted());
		prepare(&mut machine);
		network::answer(&machine)
	});
	(Judged::new(state, subject), evidence.encode())
}

fn code(found: Found) -> Option<u16> {
	found.map(|(code, _)| code)
}

#[test]
fn whatever_a_machine_has_done() {
	let cases: [(&str, fn(&mut Machine), u16); 6] = [
		("nothing new", |_| (), 0),
		("an allowed file", |machine| machine.run(b"bash"), 0),
		("an unknown file", |machine| machine.run(b"rootkit"), 1201),
		(
			"a log that was cut",
			|machine| {
				machine.run(b"rootkit");
				machine.log.pop();
			},
			1101,
		),
		(
			"another boot",
			|machine| {
				machine.boot_logged();
				machine.run(b"hcc-miner");
			},
			1001,
		),
		(
			"the same boot once more",
			|machine| {
				machine.boot();
				machine.run(b"hcc-miner");
			},
			0,
		),
	];
	for (what, prepare, wanted) in cases {
		let (mut judged, evidence) = judged(prepare);
		assert_eq!(code(judged.find(&evidence)), Some(wanted), "{what}");
	}
}

#[test]
fn whichever_bit_is_flipped() {
	let (mut judged, evidence) = judged(|machine| machine.run(b"bash"));
	let mut codes = std::collections::BTreeSet::new();
	for at in 0..evidence.len() {
		let mut flipped = evidence.clone();
		flipped[at] ^= 1 << (at % 8);
		let found = judged.find(&flipped);
		assert_ne!(code(found.clone()), Some(0), "byte {at} is not checked");
		codes.extend(code(found));
	}
	assert!(codes.len() >= 10, "few kinds of failure: {codes:?}");
}

#[test]
fn wherever_it_is_cut() {
	let (mut judged, evidence) = judged(|machine| machine.run(b"bash"));
	for len in (0..evidence.len()).step_by(61) {
		assert_eq!(judged.find(&evidence[..len]), None);
	}
}
