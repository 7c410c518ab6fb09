//! What the pallets do by themselves: all of it by the meter, which has what the beginning of a block leaves, before any transaction. So it waits for nothing but itself; and nothing of it waits for
//! ever.
//!
//! What is done at once or not at all is a unit: the end of a tick, the verdicts of a block, one VM. The proof has three parts. A unit of each fits into a block at once, however large it is. In the
//! worst of backlogs the units that come first leave the others waiting, but are done before long. What comes in all the time, of the miners and VMs that a chain is made for, leaves a quarter of each
//! block.

use codec::Encode;
use frame_support::{
	dispatch::DispatchClass,
	traits::{Get, OnFinalize, OnIdle, OnInitialize, OnPoll},
	weights::{Weight, WeightMeter},
	BoundedVec,
};
use hcc_primitives::{OnVerdict, Tick, Tier};
use pallet_attestation::{Sweep, WeightInfo as _, MAX_DUE, MAX_OPEN_CLAIMS, MAX_RECHECKS};
use pallet_compensation::{WeightInfo as _, BATCH};
use pallet_compute::WeightInfo as _;
use pallet_emission::{Era, WeightInfo as _};
use pallet_oracle::WeightInfo as _;
use pallet_reputation::{WeightInfo as _, MAX_SLASHES};
use pallet_safe_mode::WeightInfo as _;
use pallet_timestamp::WeightInfo as _;
use pallet_treasury::WeightInfo as _;
use pallet_verdicts::{Stage, Subject, WeightInfo as _, MAX_AGREED, MAX_CLOSING, MAX_DRAWN_BLOCKS};
use sp_io::hashing::blake2_256;

use super::{
	filled::A_BLOCK,
	network::{self, block_within},
};
use crate::*;

/// The pallets of this chain.
type Own = (
	Policy,
	Registry,
	Verdicts,
	Attestation,
	Reputation,
	Validators,
	Oracle,
	Compute,
	Emission,
	Usage,
	Compensation,
);

type Judging = <Runtime as pallet_verdicts::Config>::WeightInfo;
type Attesting = <Runtime as pallet_attestation::Config>::WeightInfo;
type Slashing = <Runtime as pallet_reputation::Config>::WeightInfo;
type Pricing = <Runtime as pallet_oracle::Config>::WeightInfo;
type Hosting = <Runtime as pallet_compute::Config>::WeightInfo;
type Issuing = <Runtime as pallet_emission::Config>::WeightInfo;
type Giving = <Runtime as pallet_compensation::Config>::WeightInfo;
type Timing = <Runtime as pallet_timestamp::Config>::WeightInfo;
type Halting = <Runtime as pallet_safe_mode::Config>::WeightInfo;
type Spending = <Runtime as pallet_treasury::Config>::WeightInfo;

/// How many chips that wait are asked in one block, how often a draw is made anew, and how many debts of an era are forgotten at once: as the pallets have it. A test fills a block with a unit of
/// each, and would notice larger ones.
const ASKED_AT_ONCE: u64 = 8;
const TRIES: u64 = 4;
const FORGOTTEN: u32 = 64;
/// What the pallets read and write of their counters before they ask the meter, all of them together.
const UNASKED: (u64, u64) = (12, 3);
/// How many VMs there are to be beside the miners.
const VMS: u32 = 100_000;
/// How many blocks the worst of backlogs may take.
const PATIENCE: u32 = 64;

/// Something that the pallets do by themselves.
struct Hook {
	what: &'static str,
	/// The most that a unit of it takes.
	unit: Weight,
	/// What is to be done of it in a block in which as much as there can be of all of it comes at once.
	at_once: Weight,
}

fn rows(reads: u64, writes: u64) -> Weight {
	<Runtime as frame_system::Config>::DbWeight::get().reads_writes(reads, writes)
}

/// What it costs that so many subjects come to something.
fn told(count: u32) -> Weight {
	<Attestation as OnVerdict>::weight().saturating_mul(count.into())
}

fn sum(weights: impl IntoIterator<Item = Weight>) -> Weight {
	weights.into_iter().fold(Weight::zero(), Weight::saturating_add)
}

/// What it costs that so many subjects end.
fn ended(count: u32) -> Weight {
	<Attestation as OnVerdict>::closing_weight().saturating_mul(count.into())
}

/// A chip that is drawn.
fn drawn() -> Weight {
	Attesting::challenge().saturating_add(rows(2 * TRIES, 0))
}

/// A VM that is looked after.
fn attended() -> Weight {
	Hosting::attend_pending()
		.max(Hosting::attend_booting().saturating_add(rows(8, 0)))
		.max(Hosting::attend_running())
}

/// What follows from evidence, tick by tick.
fn of_evidence() -> Vec<Hook> {
	let whole = |what, unit| Hook { what, unit, at_once: unit };
	let draws = drawn().saturating_mul(MAX_DUE.into());
	vec![
		whole("a tick", sum([Judging::advance(MAX_CLOSING), ended(MAX_CLOSING)])),
		whole("the verdicts of a block", sum([Judging::draw(MAX_AGREED), told(MAX_AGREED)])),
		whole("the deadlines of a tick", Attesting::keep_deadlines(MAX_DUE)),
		Hook {
			what: "a chip drawn",
			unit: sum([Attesting::draw(), drawn()]),
			at_once: sum([Attesting::draw(), draws]),
		},
	]
}

/// All the rest.
fn of_others() -> Vec<Hook> {
	let whole = |what, unit| Hook { what, unit, at_once: unit };
	let asked = Attesting::challenge();
	vec![
		whole("a revision for vouchers", rows(3, 3)),
		whole("intervals, and what became stricter", rows(6, 3)),
		whole("a claim settled", sum([rows(1, 1), Attesting::settle_claim()])),
		Hook {
			what: "a chip that waits asked",
			unit: asked,
			at_once: asked.saturating_mul(ASKED_AT_ONCE),
		},
		whole("a chip asked since policy became stricter", sum([rows(3, 1), asked])),
		Hook {
			what: "the slashes of a tick",
			unit: Slashing::make_slashes(MAX_SLASHES),
			// They wait for a block in which less comes at once.
			at_once: rows(2, 1),
		},
		whole("a price", sum([rows(2, 0), Pricing::make_rate()])),
		whole("a VM", sum([rows(4, 2), attended()])),
		whole("an era closed", sum([rows(2, 0), Issuing::close_era()])),
		whole("debts of an era forgotten", sum([rows(2, 0), Issuing::forget(FORGOTTEN)])),
		whole("tenants given their part", sum([rows(4, 2), Giving::give(BATCH)])),
	]
}

fn hooks() -> impl Iterator<Item = Hook> {
	of_evidence().into_iter().chain(of_others())
}

/// What the pallets do by themselves in a block, at its worst: as much closes as can at one tick, as many verdicts take effect as there can be of one block, nobody has answered what was due, as
/// many are asked anew, and a unit of everything else is due but slashes.
pub(super) fn by_themselves() -> Weight {
	sum(hooks().map(|hook| hook.at_once))
}

/// What is not metered: the block itself, the time, the end of safe mode, what the treasury has approved.
fn unmetered() -> Weight {
	let weights = <Runtime as frame_system::Config>::BlockWeights::get();
	let approved: u32 = <Runtime as pallet_treasury::Config>::MaxApprovals::get();
	sum([
		weights.base_block,
		weights.get(DispatchClass::Mandatory).base_extrinsic,
		Timing::set(),
		Timing::on_finalize(),
		Halting::on_initialize_exit(),
		Spending::on_initialize_proposals(approved),
		rows(UNASKED.0, UNASKED.1),
	])
}

/// What the meter has.
fn room() -> Weight {
	let weights = <Runtime as frame_system::Config>::BlockWeights::get();
	weights.max_block.saturating_sub(unmetered())
}

/// In parts of a hundred of a block.
fn share(weight: Weight) -> f64 {
	let most = <Runtime as frame_system::Config>::BlockWeights::get().max_block.ref_time();
	weight.ref_time() as f64 * 100.0 / most as f64
}

#[test]
fn the_pallets_of_this_chain_do_nothing_by_themselves_that_is_not_metered() {
	let (mut state, machine) = network::new();
	state.execute_with(|| {
		assert!(network::attest(&machine).is_accepted());
		let root = || sp_io::storage::root(VERSION.state_version());
		let (now, before) = (System::block_number(), root());
		let weight = <Own as OnInitialize<BlockNumber>>::on_initialize(now);
		assert_eq!(weight, Weight::zero(), "at the beginning of a block");
		let weight = <Own as OnIdle<BlockNumber>>::on_idle(now, Weight::MAX);
		assert_eq!(weight, Weight::zero(), "where a block has room");
		<Own as OnFinalize<BlockNumber>>::on_finalize(now);
		assert_eq!(root(), before, "at its end");
		let nothing = &mut WeightMeter::with_limit(Weight::zero());
		<Own as OnPoll<BlockNumber>>::on_poll(now, nothing);
		assert_eq!(root(), before, "with a meter that has nothing");
	});
}

#[test]
fn what_is_not_metered_fits_into_a_block_and_leaves_room_for_a_unit_of_each_at_once() {
	for Hook { what, unit, .. } in hooks() {
		println!("{:6.2} % of a block: {what}", share(unit));
	}
	let units = sum(hooks().map(|hook| hook.unit));
	println!("{:6.2} % all of them, {:.2} % what is not metered", share(units), share(unmetered()));
	assert!(units.ref_time() <= room().ref_time(), "{:.1} % of a block", share(units));
}

/// Governance chooses how much it has done in one block. That a tick waits for it which is as full as can be is no harm: the next block has another schedule.
#[test]
fn a_full_schedule_leaves_room_for_a_unit_of_each_but_the_fullest_tick() {
	let scheduled: Weight = <Runtime as pallet_scheduler::Config>::MaximumWeight::get();
	let left = room().saturating_sub(scheduled).ref_time();
	assert!(left > 0, "a full schedule fits");
	for Hook { what, unit, .. } in hooks().skip(1) {
		assert!(unit.ref_time() <= left, "{what}: {:.1} % of a block", share(unit));
	}
	let half = sum([Judging::advance(MAX_CLOSING / 2), ended(MAX_CLOSING / 2)]);
	assert!(half.ref_time() <= left, "{:.1} % of a block", share(half));
}

/// A tick at which more closes than fits into a block would never come, and with it none after it.
#[test]
fn what_the_pallets_do_by_themselves_fits_into_a_block_at_its_worst() {
	let worst = by_themselves();
	println!("{:.1} % of a block", share(worst));
	assert!(worst.ref_time() <= room().ref_time(), "{:.1} % of a block", share(worst));
}

/// What so many evidences in each block have the pallets do in each.
fn of_evidences(count: u32) -> Weight {
	sum([
		// Each subject is booked twice.
		Judging::advance(2 * count),
		ended(count),
		Judging::draw(count),
		told(count),
		Attesting::keep_deadlines(count),
		Attesting::draw(),
		drawn().saturating_mul(count.into()),
	])
}

/// So what comes last has room in each block: prices, VMs, eras, what tenants are given.
#[test]
fn what_ten_thousand_miners_and_a_hundred_thousand_vms_bring_leaves_a_quarter_of_each_block() {
	let rest = sum(of_others().into_iter().map(|hook| hook.unit));
	let others = sum([of_evidences(A_BLOCK), rest]);
	let normal =
		<Runtime as frame_system::Config>::BlockWeights::get().get(DispatchClass::Normal).max_total;
	let most = normal.expect("transactions have a limit").saturating_sub(unmetered());
	// Each is looked after once in an interval.
	let vms = attended().saturating_mul(VMS.div_ceil(units::HOURS).into());
	let all = sum([others, vms]);
	let room = most.saturating_sub(others).ref_time() / attended().ref_time();
	println!(
		"{:.1} % of a block, of which {:.1} % for {VMS} VMs; there is room for {} of them",
		share(all),
		share(vms),
		room * u64::from(units::HOURS),
	);
	assert!(all.ref_time() <= most.ref_time(), "{:.1} % of a block", share(all));
}

/// What waits to be done.
struct Load {
	/// Ticks at which as many subjects close as can, one after another.
	closing: Tick,
	/// Blocks in which as many verdicts were made as can.
	agreed: BlockNumber,
	claims: u32,
	waiting: u32,
	/// Chips of the tier that most are of.
	chips: u32,
	/// Ticks at which as many are slashed as can, one after another.
	slashed: Tick,
	vms: u32,
	debtors: u32,
	cases: u32,
}

/// A unit of each.
const ONE: Load = Load {
	closing: 1,
	agreed: 1,
	claims: 1,
	waiting: 1,
	chips: 1,
	slashed: 1,
	vms: 1,
	debtors: FORGOTTEN / 2,
	cases: 1,
};

/// As much as there can be, or is ever likely to be at once; and in each block as many draws, and as many deadlines, as a hundred thousand chips bring.
const MOST: Load = Load {
	closing: 3,
	agreed: MAX_DRAWN_BLOCKS,
	claims: MAX_OPEN_CLAIMS,
	waiting: MAX_RECHECKS,
	chips: 100_000,
	slashed: 16,
	vms: 2_000,
	debtors: 10 * FORGOTTEN,
	cases: 64,
};

/// Something of that kind that nobody has: what is to be done for it costs as much by weight.
fn nobody(what: &str, number: u32) -> [u8; 32] {
	blake2_256(&(what, number).encode())
}

fn nobodies(what: &str, count: u32) -> Vec<[u8; 32]> {
	(0..count).map(|number| nobody(what, number)).collect()
}

impl Load {
	fn fill(&self) {
		// There were some blocks before.
		System::set_block_number(100);
		self.fill_verdicts();
		self.fill_attestation();
		self.fill_money();
	}

	fn fill_verdicts(&self) {
		use pallet_verdicts::{Agreed, AgreedFrom, Closing, Subjects};

		let tick = Verdicts::tick();
		for closes in tick + 1..=tick + self.closing {
			let number = |at| closes * MAX_CLOSING + at;
			let subjects: Vec<_> =
				(0..MAX_CLOSING).map(|at| Hash::from(nobody("subject", number(at)))).collect();
			for subject in &subjects {
				Subjects::<Runtime>::insert(subject, closing_at(closes));
			}
			Closing::<Runtime>::insert(closes, BoundedVec::truncate_from(subjects));
		}
		// In the next block it is known what the last one but one has drawn.
		let last = System::block_number() - 1;
		let first = last + 1 - self.agreed;
		for block in first..=last {
			let subjects = nobodies("verdict", MAX_AGREED).into_iter().map(Hash::from).collect();
			Agreed::<Runtime>::insert(block, BoundedVec::truncate_from(subjects));
		}
		AgreedFrom::<Runtime>::put(first);
	}

	fn fill_attestation(&self) {
		use pallet_attestation::{Due, Population, Rechecks, Settling, Stricter};

		let claims = nobodies("claim", self.claims);
		Settling::<Runtime>::put(BoundedVec::truncate_from(claims));
		let waiting = nobodies("waiting", self.waiting);
		Rechecks::<Runtime>::put(BoundedVec::truncate_from(waiting));
		let tick = Verdicts::tick();
		for kept in tick + 1..=tick + PATIENCE {
			Due::<Runtime>::insert(kept, BoundedVec::truncate_from(nobodies("due", MAX_DUE)));
		}
		let next = Some((Tier::Trusted, 0));
		Stricter::<Runtime>::put(Sweep { revision: u32::MAX, from: 0, next, found: false });
		Population::<Runtime>::insert(Tier::Regular, self.chips);
	}

	fn fill_money(&self) {
		use pallet_compensation::Ends;
		use pallet_compute::Agenda;
		use pallet_emission::{CurrentEra, Owed};

		let tick = Verdicts::tick();
		for due in tick + 1..=tick + self.slashed {
			let chips = BoundedVec::truncate_from(nobodies("slashed", MAX_SLASHES));
			pallet_reputation::Due::<Runtime>::insert(due, chips);
		}
		for number in 0..self.vms {
			Agenda::<Runtime>::insert(tick + 1, u64::from(number) + 1_000_000, ());
		}
		// With its end the first one can be claimed no more.
		let index = Emission::rules().claimable + 2;
		CurrentEra::<Runtime>::put(Era { index, from: tick, length: 1, owed: 0 });
		for debtor in nobodies("debtor", self.debtors) {
			Owed::<Runtime>::insert(0, AccountId::new(debtor), Balance::from(1u8));
		}
		for chip in nobodies("case", self.cases) {
			Ends::<Runtime>::insert(tick + 1, chip, ());
		}
	}
}

/// A subject that closes at a tick, with a verdict.
fn closing_at(closes: Tick) -> pallet_verdicts::SubjectOf<Runtime> {
	Subject {
		evidence: Hash::zero(),
		committee: BoundedVec::new(),
		findings: BoundedVec::new(),
		votes: BoundedVec::new(),
		decided: None,
		proven: None,
		proven_early: false,
		stage: Stage::Effective,
		until: closes,
		closes,
	}
}

/// Of what something is left to be done.
fn left() -> Vec<&'static str> {
	let now = Verdicts::tick();
	let next = pallet_attestation::Stricter::<Runtime>::get().and_then(|sweep| sweep.next);
	let kinds = [
		("ticks", pallet_verdicts::Closing::<Runtime>::iter().next().is_some()),
		("verdicts", pallet_verdicts::Agreed::<Runtime>::iter().next().is_some()),
		("claims", !pallet_attestation::Settling::<Runtime>::get().is_empty()),
		("deadlines", pallet_attestation::KeptUntil::<Runtime>::get() < now),
		("whoever waits", !pallet_attestation::Rechecks::<Runtime>::get().is_empty()),
		("whoever is behind", next.is_some()),
		("draws", pallet_attestation::DrawnUntil::<Runtime>::get() < now),
		("slashes", pallet_reputation::Due::<Runtime>::iter().next().is_some()),
		("prices", pallet_oracle::NextRate::<Runtime>::get() == 0),
		("VMs", pallet_compute::AttendedUntil::<Runtime>::get() < now),
		("eras", Emission::era().length == 1),
		("debts", pallet_emission::Oldest::<Runtime>::get() == 0),
		("cases", pallet_compensation::EndedUntil::<Runtime>::get() < now),
	];
	kinds.into_iter().filter(|(_, is_left)| *is_left).map(|(what, _)| what).collect()
}

/// By the pallets themselves: with no more in the meter than all units together are said to take.
#[test]
fn a_unit_of_each_is_done_in_one_block() {
	let (mut state, _) = network::new();
	state.execute_with(|| ONE.fill());
	state.commit_all().expect("no transaction is open");
	state.execute_with(|| {
		assert!(!left().is_empty());
		let units = sum(hooks().map(|hook| hook.unit));
		block_within(units.set_proof_size(u64::MAX));
		assert_eq!(Verdicts::tick(), 1);
		assert_eq!(left(), Vec::<&str>::new());
	});
}

#[test]
fn the_worst_of_backlogs_is_done_before_long_and_the_clock_goes_on_meanwhile() {
	let (mut state, _) = network::new();
	state.execute_with(|| MOST.fill());
	let mut waits = Vec::new();
	for block in 1..=PATIENCE {
		// Eras are forgotten by what the database has.
		state.commit_all().expect("no transaction is open");
		waits = state.execute_with(|| {
			block_within(room());
			assert_eq!(Verdicts::tick(), block, "the clock stands still");
			left()
		});
		println!("after {block} blocks: {waits:?}");
		if waits.is_empty() {
			return;
		}
	}
	panic!("after {PATIENCE} blocks there wait {waits:?}");
}
