//! Benchmarks of a worker's work for one block with 50 pieces of evidence, on one core and with the
//! state on disk. Evaluation is native: `make e2e` measures the evaluation by the node's runtime.
//! `docs/numbers.md` lists the results.

use std::hint::black_box;

use criterion::{criterion_group, criterion_main, Criterion};
use hcc_chain::H256;
use hcc_evidence::host::{evidence_hash, finding_hash, subject_id, HostEvidence, PinnedContext};
use hcc_evidence_testing::{Machine, Policy, GENESIS};
use hcc_validator::{
	state::{BlockRecord, PendingVote, State},
	AwsLc,
};

/// Number of pieces of evidence in a block.
const EVIDENCE: u64 = 50;
/// Number of new log entries in one piece of evidence.
const NEW_ENTRIES: usize = 50;
/// Number of other validators on a committee. Each of them votes on each piece of evidence.
const OTHERS: usize = 15;
/// Number of findings in the state. A subject lives for at most 1,400 ticks, and each tick has one
/// block.
const FINDINGS: u64 = 1_400 * EVIDENCE;

/// Evidence, and the context in which it is judged.
struct Judged {
	evidence: HostEvidence,
	context: PinnedContext,
}

fn judged() -> Judged {
	let mut machine = Machine::named("bench");
	let context = machine.challenge(1);
	let before = machine.claims(&machine.answer(&context), &context);
	for _ in 0..NEW_ENTRIES {
		machine.run(b"bash");
	}
	let context = machine.next_challenge(2, &before);
	Judged { evidence: machine.answer(&context), context: machine.pinned(&context) }
}

/// Returns a distinct subject for each number.
fn subject(number: u64) -> H256 {
	let mut subject = [0; 32];
	subject[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
	subject[8..16].copy_from_slice(&number.to_be_bytes());
	H256(subject)
}

/// Returns a state that contains [`FINDINGS`] findings.
fn filled(folder: &tempfile::TempDir) -> State {
	let state = State::open(folder.path(), "//Worker").expect("the state opens");
	for block in 0..FINDINGS / 500 {
		let findings =
			(block * 500..(block + 1) * 500).map(|number| (subject(number), H256([1; 32])));
		let tick = u32::try_from(block * 10).expect("few");
		let record =
			BlockRecord { block, tick, findings: findings.collect(), ..BlockRecord::default() };
		state.record(&record).expect("the state is writable");
	}
	state
}

/// Judges the evidence of a block, and returns its votes.
fn judge(judged: &Judged, policy: &Policy, first: u64) -> Vec<PendingVote> {
	let vote = |number| {
		let Judged { evidence, context } = judged;
		let hash = evidence_hash(black_box(evidence));
		black_box(subject_id(&GENESIS, &context.chip, number, &hash));
		let verdict = context.judge::<AwsLc, _>(evidence, policy, GENESIS);
		assert_eq!(verdict.code(), 0, "accepted");
		PendingVote { subject: subject(number), code: 0, claims: verdict.encoded_claims() }
	};
	(first..first + EVIDENCE).map(vote).collect()
}

/// Compares the votes of the other validators on the evidence of a block with the own findings.
fn compare(state: &State, first: u64) {
	let subjects: Vec<_> =
		(first..first + EVIDENCE).flat_map(|number| [subject(number); OTHERS]).collect();
	let own = state.findings(black_box(&subjects)).expect("the state is readable");
	assert_eq!(own.len() as u64, EVIDENCE);
}

/// Records a block and settles its votes. The pieces of evidence in the block have the numbers from
/// `first` on.
fn record(state: &State, first: u64, votes: Vec<PendingVote>) {
	let hash = |vote: &PendingVote| H256(finding_hash(&GENESIS, vote.code, &vote.claims));
	let findings: Vec<_> = votes.iter().map(|vote| (vote.subject, hash(vote))).collect();
	let settled: Vec<_> = votes.iter().map(|vote| vote.subject).collect();
	let tick = u32::try_from(first / EVIDENCE).expect("few");
	let record = BlockRecord { block: first, tick, findings, votes, ..BlockRecord::default() };
	state.record(&record).expect("the state is writable");
	state.settle(&settled).expect("the state is writable");
}

fn block(c: &mut Criterion) {
	let (judged, policy) = (judged(), Policy::default());
	let folder = tempfile::tempdir().expect("a temporary folder");
	let state = filled(&folder);
	let mut next = FINDINGS;
	let mut group = c.benchmark_group("block of 50 pieces of evidence");
	group.sample_size(20);
	group.bench_function("native evaluation", |b| b.iter(|| judge(&judged, &policy, 0)));
	group.bench_function("comparison with 750 votes of others", |b| b.iter(|| compare(&state, 0)));
	group.bench_function("whole worker", |b| {
		b.iter(|| {
			let votes = judge(&judged, &policy, next);
			compare(&state, next - EVIDENCE);
			record(&state, next, votes);
			next += EVIDENCE;
		});
	});
	group.finish();
}

criterion_group!(benches, block);
criterion_main!(benches);
