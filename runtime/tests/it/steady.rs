//! Tests with full blocks under a steady load of miners. In each block, some miners answer,
//! validators vote on the answers of the previous block, and the verdicts of the block before that
//! take effect. Subjects whose proof window has ended are closed, deadlines pass, and the same
//! number of chips is challenged. The wasm runtime makes the blocks, as in a node.
//!
//! The tests use four validators, as on the test chains, and sixteen validators, as in a full
//! committee. With more than sixteen validators, each of them is drawn more rarely, so a block has
//! the same number of votes.

use frame_support::{
	dispatch::DispatchClass,
	traits::Get,
	weights::{constants::WEIGHT_REF_TIME_PER_MILLIS, Weight},
};
use hcc_primitives::{units::MINUTES, SubjectId, Tick};
use hccs_runtime::*;
use pallet_verdicts::{Stage, MAX_AGREED, MAX_COMMITTEE, MAX_VOTES};

use super::{
	capacity::{ANSWERS_PER_BLOCK, INTERVAL, MINERS},
	crowd::{challenge, populate, Crowd, Included, Miner, WINDOW},
	network,
	wasm::{Made, Wasm},
};

/// Numbers of validators.
const FEW: u32 = 4;
const MANY: u32 = MAX_COMMITTEE;
/// Step between the numbers of miners that the tests try. The votes on the answers of this number
/// of miners fill one transaction.
const STEP: u32 = MAX_VOTES;
/// Maximum number of verdicts in a block.
const MOST: u32 = MAX_AGREED;

/// The content of a block under steady load, and its expected effects.
struct Plan {
	/// The extrinsics of the block.
	extrinsics: Vec<Vec<u8>>,
	/// The miners whose answers are in the block.
	answering: Vec<Miner>,
	/// Subjects on which the block has votes, subjects whose verdicts take effect in the block, and
	/// subjects that the block closes.
	judged: Vec<SubjectId>,
	effective: Vec<SubjectId>,
	closing: Vec<SubjectId>,
	/// Number of challenges that were made before the block.
	made: u64,
}

impl Plan {
	/// Runs until just before the block, in which `count` miners answer. Three groups of `count`
	/// miners are at different steps. In the block, the verdicts of the first group take effect,
	/// validators vote on the evidence of the second group, and the third group answers. One proof
	/// window earlier, each group has had a round as well. The block closes the subjects of the
	/// third group in that round.
	fn of(count: u32, mut crowd: Crowd) -> Self {
		let judging: Tick = <Runtime as pallet_verdicts::Config>::JudgingTicks::get();
		let answer = Attestation::rules().answer;
		let mut first = crowd.enlist(3 * count);
		let mut second = first.split_off(count as usize);
		let third = second.split_off(count as usize);
		crowd.blocks(2);
		let begin = Clock::tick();
		let closing = crowd.round(&third);
		crowd.blocks(WINDOW + 2 - judging);
		// The bookings for the end of the voting time on these subjects are due in the block, which
		// skips them.
		crowd.round(&second);
		crowd.blocks(10);
		crowd.round(&first);
		crowd.blocks(judging - 10 - (answer + 1));
		// The deadlines of these challenges fall into the block.
		challenge(&first);
		crowd.blocks(answer + 1 - 3);
		let effective = crowd.submit(&first);
		crowd.blocks(1);
		crowd.vote(&effective);
		challenge(&second);
		crowd.blocks(1);
		let judged = crowd.submit(&second);
		challenge(&third);
		assert_eq!(Clock::tick(), begin + WINDOW + 1, "the block is at the planned tick");
		populate(count * INTERVAL, &first[0]);
		let subjects = |of: &[Included]| of.iter().map(|included| included.subject).collect();
		Self {
			extrinsics: crowd.send(&third, &judged),
			answering: third,
			judged: subjects(&judged),
			effective: subjects(&effective),
			closing,
			made: Attestation::statistics().counts.made,
		}
	}

	/// Checks that the block had all effects of the plan.
	fn check(&self, validators: u32) {
		for miner in &self.answering {
			let row = Verdicts::subject(network::subject(&miner.machine))
				.expect("the evidence is included");
			assert_eq!(row.stage, Stage::Open);
		}
		for subject in &self.judged {
			let row = Verdicts::subject(*subject).expect("the subject is open");
			assert_eq!(row.votes.len(), validators as usize);
			assert_eq!((row.stage, row.decided), (Stage::Agreed, Some(0)));
		}
		for subject in &self.effective {
			let row = Verdicts::subject(*subject).expect("the subject is in its window");
			assert_eq!(row.stage, Stage::Effective);
		}
		for subject in &self.closing {
			assert!(Verdicts::subject(*subject).is_none(), "the subject is closed");
			assert!(Attestation::context(*subject).is_none(), "its context is removed");
		}
		let asked = Attestation::statistics().counts.made - self.made;
		assert!(asked >= self.answering.len() as u64, "only {asked} chips are challenged");
	}
}

/// A block that was made from a plan.
struct Filled {
	/// Number of extrinsics of the plan.
	sent: usize,
	made: Made,
}

impl Filled {
	fn fits(&self) -> bool {
		self.made.fit == self.sent
	}

	/// Returns the weight of the block, in picoseconds.
	fn weight(&self) -> u64 {
		self.made.weight.total().ref_time()
	}

	fn print(&self, count: u32, validators: u32) {
		let share = |weight: u64| weight as f64 * 100.0 / most() as f64;
		let Made { fit, bytes, weight, took } = &self.made;
		let hooks = weight.get(DispatchClass::Mandatory).ref_time();
		println!(
			"{count} evidences a block, {validators} validators: {fit} of {} extrinsics, {bytes} bytes",
			self.sent,
		);
		println!(
			"\t{:.1} % of a block's weight, {:.1} % by hooks; {took:?}",
			share(self.weight()),
			share(hooks),
		);
	}
}

/// Returns the maximum weight of a block, in picoseconds.
fn most() -> u64 {
	let most: Weight = <Runtime as frame_system::Config>::BlockWeights::get().max_block;
	most.ref_time()
}

/// Fills a block with the answers of `count` miners and the votes. Checks the effects of the block
/// if all extrinsics fit.
fn fill(wasm: &Wasm, count: u32, validators: u32) -> Filled {
	let (mut state, like) = network::new();
	let plan = state.execute_with(|| Plan::of(count, Crowd::new(validators, like)));
	// Commits the state, so that the block reads from the database and writes to memory.
	state.commit_all().expect("no storage transaction is open");
	let made = wasm.make(&mut state, &plan.extrinsics);
	let filled = Filled { sent: plan.extrinsics.len(), made };
	filled.print(count, validators);
	if filled.fits() {
		assert!(filled.weight() <= most(), "the block is too heavy");
		state.execute_with(|| plan.check(validators));
	}
	filled
}

/// Returns the maximum number of miners that can answer in each block. Estimates this number from
/// two blocks, and tries numbers around the estimate in steps of one vote transaction.
fn max_answers_per_block(wasm: &Wasm, validators: u32) -> u32 {
	let [few, more] = [1, 2].map(|steps| fill(wasm, steps * STEP, validators).weight());
	let a_step = more.saturating_sub(few).max(WEIGHT_REF_TIME_PER_MILLIS);
	let steps = 1 + most().saturating_sub(few) / a_step;
	let mut count = STEP * u32::try_from(steps).unwrap_or(u32::MAX).min(MOST / STEP);
	while count > STEP && !fill(wasm, count, validators).fits() {
		count -= STEP;
	}
	while count + STEP <= MOST && fill(wasm, count + STEP, validators).fits() {
		count += STEP;
	}
	count
}

#[test]
fn block_holds_load_of_ten_thousand_miners() {
	let wasm = Wasm::new();
	for validators in [FEW, MANY] {
		let filled = fill(&wasm, ANSWERS_PER_BLOCK, validators);
		assert!(filled.fits(), "{} of {} extrinsics", filled.made.fit, filled.sent);
	}
}

/// On average, each miner attests once in twenty minutes. So the capacity of blocks limits the
/// number of miners.
#[test]
#[ignore = "fills dozens of blocks: run by `make soak`"]
fn block_capacity_exceeds_ten_thousand_miners() {
	let wasm = Wasm::new();
	for validators in [FEW, MANY] {
		let count = max_answers_per_block(&wasm, validators);
		let (miners, minutes) = (count * INTERVAL, INTERVAL / MINUTES);
		println!("{validators} validators: {miners} miners, each attests every {minutes} minutes");
		assert!(miners >= MINERS, "{miners} miners");
	}
}
