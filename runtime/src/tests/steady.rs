//! A block as every block is with as many miners as there are to be: so many answer, what the last block included is judged, what the one before agreed on takes effect,
//! what can be proven false no more is closed, so many deadlines have passed, and as many chips are asked anew. By the runtime's wasm, as a node makes blocks.
//!
//! With four validators, as on the test chains, and with sixteen, as many as judge a subject and as are in office by the rules that a chain starts with. With more of them each is asked more
//! rarely, and a block has as many votes.

use frame_support::{
	dispatch::DispatchClass,
	traits::Get,
	weights::{constants::WEIGHT_REF_TIME_PER_MILLIS, Weight},
};
use hcc_primitives::{units::MINUTES, SubjectId, Tick};
use pallet_verdicts::{Stage, MAX_AGREED, MAX_COMMITTEE, MAX_VOTES};

use super::{
	crowd::{challenge, populate, Crowd, Included, Miner, WINDOW},
	filled::{A_BLOCK, INTERVAL, MINERS},
	network,
	wasm::{Made, Wasm},
};
use crate::*;

/// How many validators there are.
const FEW: u32 = 4;
const MANY: u32 = MAX_COMMITTEE;
/// By how many miners more a block is tried: as many votes fill a transaction.
const STEP: u32 = MAX_VOTES;
/// As many subjects as can be agreed on in a block.
const MOST: u32 = MAX_AGREED;

/// What such a block is to do.
struct Plan {
	/// All that it is to hold.
	extrinsics: Vec<Vec<u8>>,
	/// Who answers.
	answering: Vec<Miner>,
	/// What is voted on, what takes effect, and what closes.
	judged: Vec<SubjectId>,
	effective: Vec<SubjectId>,
	closing: Vec<SubjectId>,
	/// How many challenges there were before.
	made: u64,
}

impl Plan {
	/// Goes on until just before a block in which `count` miners answer. Three times as many are at three points of the way: the first ones' verdicts are to take effect in that block, the second
	/// ones' evidence is to be judged, the third ones are to answer. A window before they did the same: what was found of the third ones then is to close.
	fn of(count: u32, mut crowd: Crowd) -> Self {
		let judging: Tick = <Runtime as pallet_verdicts::Config>::JudgingTicks::get();
		let answer = Attestation::rules().answer;
		let mut first = crowd.enlist(3 * count);
		let mut second = first.split_off(count as usize);
		let third = second.split_off(count as usize);
		crowd.blocks(2);
		let begin = Verdicts::tick();
		let closing = crowd.round(&third);
		crowd.blocks(WINDOW + 2 - judging);
		// The block passes over what these were booked for until they had a verdict.
		crowd.round(&second);
		crowd.blocks(10);
		crowd.round(&first);
		crowd.blocks(judging - 10 - (answer + 1));
		// The block keeps their deadlines.
		challenge(&first);
		crowd.blocks(answer + 1 - 3);
		let effective = crowd.submit(&first);
		crowd.blocks(1);
		crowd.vote(&effective);
		challenge(&second);
		crowd.blocks(1);
		let judged = crowd.submit(&second);
		challenge(&third);
		assert_eq!(Verdicts::tick(), begin + WINDOW + 1, "the block has the tick that is meant");
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

	/// The block has done that.
	fn check(&self, validators: u32) {
		for miner in &self.answering {
			let row = Verdicts::subject(network::subject(&miner.machine)).expect("it is included");
			assert_eq!(row.stage, Stage::Open);
		}
		for subject in &self.judged {
			let row = Verdicts::subject(*subject).expect("it is judged");
			assert_eq!(row.votes.len(), validators as usize);
			assert_eq!((row.stage, row.decided), (Stage::Agreed, Some(0)));
		}
		for subject in &self.effective {
			let row = Verdicts::subject(*subject).expect("it has a window");
			assert_eq!(row.stage, Stage::Effective);
		}
		for subject in &self.closing {
			assert!(Verdicts::subject(*subject).is_none(), "it has closed");
			assert!(Attestation::context(*subject).is_none(), "nothing of it is left");
		}
		let asked = Attestation::statistics().counts.made - self.made;
		assert!(asked >= self.answering.len() as u64, "{asked} chips only are asked anew");
	}
}

/// Such a block.
struct Filled {
	/// How many extrinsics there are for it.
	sent: usize,
	made: Made,
}

impl Filled {
	fn fits(&self) -> bool {
		self.made.fit == self.sent
	}

	/// Picoseconds.
	fn weight(&self) -> u64 {
		self.made.weight.total().ref_time()
	}

	fn print(&self, count: u32, validators: u32) {
		let share = |weight: u64| weight as f64 * 100.0 / most() as f64;
		let Made { fit, bytes, weight, took } = &self.made;
		let by_themselves = weight.get(DispatchClass::Mandatory).ref_time();
		println!(
			"{count} evidences a block, {validators} validators: {fit} of {} extrinsics, {bytes} bytes",
			self.sent,
		);
		println!(
			"\t{:.1} % of a block's weight, {:.1} % by what the pallets do by themselves; {took:?}",
			share(self.weight()),
			share(by_themselves),
		);
	}
}

/// Picoseconds.
fn most() -> u64 {
	let most: Weight = <Runtime as frame_system::Config>::BlockWeights::get().max_block;
	most.ref_time()
}

/// Fills such a block. Where all fits, it has come to what it is to.
fn fill(wasm: &Wasm, count: u32, validators: u32) -> Filled {
	let (mut state, like) = network::new();
	let plan = state.execute_with(|| Plan::of(count, Crowd::new(validators, like)));
	// What the block reads is in the database, what it changes is not.
	state.commit_all().expect("no transaction is open");
	let made = wasm.make(&mut state, &plan.extrinsics);
	let filled = Filled { sent: plan.extrinsics.len(), made };
	filled.print(count, validators);
	if filled.fits() {
		assert!(filled.weight() <= most(), "it has more weight than a block may");
		state.execute_with(|| plan.check(validators));
	}
	filled
}

/// The most miners that can answer in each block: reckoned from two blocks, and tried, with so many more or less as fill a transaction of votes.
fn most_a_block(wasm: &Wasm, validators: u32) -> u32 {
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
fn a_block_holds_all_that_ten_thousand_miners_bring_about() {
	let wasm = Wasm::new();
	for validators in [FEW, MANY] {
		let filled = fill(&wasm, A_BLOCK, validators);
		assert!(filled.fits(), "{} of {} extrinsics", filled.made.fit, filled.sent);
	}
}

/// Each attests once in twenty minutes, in the mean.
#[test]
fn a_block_has_room_for_more_miners_than_ten_thousand_whoever_judges_them() {
	let wasm = Wasm::new();
	for validators in [FEW, MANY] {
		let count = most_a_block(&wasm, validators);
		let (miners, minutes) = (count * INTERVAL, INTERVAL / MINUTES);
		println!("{validators} validators: {miners} miners, each of which attests every {minutes} minutes");
		assert!(miners >= MINERS, "{miners} miners");
	}
}
