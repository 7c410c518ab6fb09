//! Tests of the hooks of the pallets. All hooks run in `on_poll`, with a weight meter that limits
//! them to the weight that is left at the start of a block. Hooks run before all transactions, so a
//! hook waits only for other hooks, and none waits forever.
//!
//! A unit is work that runs completely or not at all, such as the end of a tick, the verdicts of a
//! block, or one VM. These tests prove three properties:
//!
//! - One block has room for one unit of each kind, even if all units have their maximum weight.
//! - In the largest backlog, earlier kinds of work delay later kinds, but only for a limited number
//!   of blocks.
//! - With the number of miners and VMs that the chain is designed for, hooks leave a quarter of
//!   each block unused.

use codec::Encode;
use frame_support::{
	dispatch::DispatchClass,
	traits::{Get, OnFinalize, OnIdle, OnInitialize, OnPoll},
	weights::{Weight, WeightMeter},
	BoundedVec,
};
use hcc_primitives::{units, OnVerdict, Tick, Tier};
use hccs_runtime::*;
use pallet_attestation::{Sweep, WeightInfo as _, MAX_DUE, MAX_OPEN_CONTESTS, MAX_RECHECKS};
use pallet_clock::WeightInfo as _;
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
	capacity::ANSWERS_PER_BLOCK,
	network::{self, block_within},
};

/// The pallets of this workspace.
type OwnPallets = (
	Policy,
	Registry,
	Clock,
	Verdicts,
	Attestation,
	Reputation,
	Validators,
	Oracle,
	Compute,
	Emission,
	Usage,
	Compensation,
	Issuance,
	Images,
);

type Ticking = <Runtime as pallet_clock::Config>::WeightInfo;
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

/// Private constants of the pallets: rechecks in one block, attempts of one draw, and rows of an
/// era that are pruned in one block. If a pallet has a larger value, the test that fills a block
/// with one unit of each kind fails.
const RECHECKS_PER_BLOCK: u64 = 8;
const TRIES: u64 = 4;
const PRUNED_ROWS: u32 = 64;
/// Number of reads and writes of all pallets together before they consume weight from the meter.
const UNMETERED_ROWS: (u64, u64) = (15, 5);
/// Number of VMs that the chain is designed for.
const VMS: u32 = 100_000;
/// Maximum number of blocks in which the largest backlog must be cleared.
const MAX_BLOCKS: u32 = 64;

/// One kind of hook work.
struct Hook {
	what: &'static str,
	/// Maximum weight of one unit.
	unit: Weight,
	/// Weight of this kind of work in a block in which all kinds of work are at their maximum.
	worst: Weight,
}

fn rows(reads: u64, writes: u64) -> Weight {
	<Runtime as frame_system::Config>::DbWeight::get().reads_writes(reads, writes)
}

/// Returns the weight of handling `count` verdicts.
fn verdict_weight(count: u32) -> Weight {
	<Attestation as OnVerdict>::weight().saturating_mul(count.into())
}

fn sum(weights: impl IntoIterator<Item = Weight>) -> Weight {
	weights.into_iter().fold(Weight::zero(), Weight::saturating_add)
}

/// Returns the weight of handling the end of `count` subjects.
fn closing_weight(count: u32) -> Weight {
	<Attestation as OnVerdict>::closing_weight().saturating_mul(count.into())
}

/// Returns the weight of a tick with the given numbers of bookings and of ending subjects.
fn tick_weight(bookings: u32, subjects: u32) -> Weight {
	sum([Ticking::advance(), Judging::close_subjects(bookings), closing_weight(subjects)])
}

/// Returns the weight of drawing and challenging one chip.
fn drawn_chip_weight() -> Weight {
	Attesting::challenge().saturating_add(rows(2 * TRIES, 0))
}

/// Returns the weight of reviewing one VM.
fn vm_review_weight() -> Weight {
	Hosting::attend_pending()
		.max(Hosting::attend_booting().saturating_add(rows(8, 0)))
		.max(Hosting::attend_running())
}

/// Returns the work that evidence causes at each tick.
fn evidence_work() -> Vec<Hook> {
	let whole = |what, unit| Hook { what, unit, worst: unit };
	let draws = drawn_chip_weight().saturating_mul(MAX_DUE.into());
	vec![
		whole("one tick", tick_weight(MAX_CLOSING, MAX_CLOSING)),
		whole(
			"the verdicts of a block",
			sum([Judging::draw(MAX_AGREED), verdict_weight(MAX_AGREED)]),
		),
		whole("the deadlines of a tick", Attesting::keep_deadlines(MAX_DUE)),
		Hook {
			what: "one chip drawn",
			unit: sum([Attesting::draw(), drawn_chip_weight()]),
			worst: sum([Attesting::draw(), draws]),
		},
	]
}

/// Returns all work that evidence does not cause.
fn other_work() -> Vec<Hook> {
	let whole = |what, unit| Hook { what, unit, worst: unit };
	let asked = Attesting::challenge();
	vec![
		whole("one revision for vouchers", rows(3, 3)),
		whole("populations, intervals and tightenings", rows(13, 4)),
		whole("one contest settled", sum([rows(1, 1), Attesting::settle_contest()])),
		Hook { what: "one recheck", unit: asked, worst: asked.saturating_mul(RECHECKS_PER_BLOCK) },
		whole("one chip of a sweep", sum([rows(3, 1), asked])),
		Hook {
			what: "the slashes of a tick",
			unit: Slashing::make_slashes(MAX_SLASHES),
			// In the worst block, slashes wait for a block with less other work. Only the check of
			// the queue counts.
			worst: rows(2, 1),
		},
		whole("one price", sum([rows(2, 0), Pricing::make_rate()])),
		whole("one VM", sum([rows(4, 2), vm_review_weight()])),
		whole("one era closed", sum([rows(2, 0), Issuing::close_era()])),
		whole("rows of an era pruned", sum([rows(2, 0), Issuing::forget(PRUNED_ROWS)])),
		whole("compensation of tenants", sum([rows(4, 2), Giving::give(BATCH)])),
	]
}

fn hooks() -> impl Iterator<Item = Hook> {
	evidence_work().into_iter().chain(other_work())
}

/// Returns the weight of all hooks in the worst block. In this block, the maximum number of
/// subjects closes, and the maximum number of verdicts takes effect. The maximum number of
/// deadlines passes unanswered, and the same number of chips is challenged. One unit of each other
/// kind of work is pending, except slashes.
pub(super) fn worst_hook_weight() -> Weight {
	sum(hooks().map(|hook| hook.worst))
}

/// Returns the weight that the meter does not cover: the block itself, the timestamp, the end of
/// safe mode, and approved spends of the treasury.
fn unmetered_weight() -> Weight {
	let weights = <Runtime as frame_system::Config>::BlockWeights::get();
	let approved: u32 = <Runtime as pallet_treasury::Config>::MaxApprovals::get();
	sum([
		weights.base_block,
		weights.get(DispatchClass::Mandatory).base_extrinsic,
		Timing::set(),
		Timing::on_finalize(),
		Halting::on_initialize_exit(),
		Spending::on_initialize_proposals(approved),
		rows(UNMETERED_ROWS.0, UNMETERED_ROWS.1),
	])
}

/// Returns the weight that is available to the meter.
fn metered_weight() -> Weight {
	let weights = <Runtime as frame_system::Config>::BlockWeights::get();
	weights.max_block.saturating_sub(unmetered_weight())
}

/// Returns a weight in percent of the maximum weight of a block.
fn share(weight: Weight) -> f64 {
	let most = <Runtime as frame_system::Config>::BlockWeights::get().max_block.ref_time();
	weight.ref_time() as f64 * 100.0 / most as f64
}

#[test]
fn hooks_do_nothing_outside_of_the_meter() {
	let (mut state, machine) = network::new();
	state.execute_with(|| {
		assert!(network::attest(&machine).is_accepted());
		let root = || sp_io::storage::root(VERSION.state_version());
		let (now, before) = (System::block_number(), root());
		let weight = <OwnPallets as OnInitialize<BlockNumber>>::on_initialize(now);
		assert_eq!(weight, Weight::zero(), "on_initialize does nothing");
		let weight = <OwnPallets as OnIdle<BlockNumber>>::on_idle(now, Weight::MAX);
		assert_eq!(weight, Weight::zero(), "on_idle does nothing");
		<OwnPallets as OnFinalize<BlockNumber>>::on_finalize(now);
		assert_eq!(root(), before, "on_finalize does nothing");
		let nothing = &mut WeightMeter::with_limit(Weight::zero());
		<OwnPallets as OnPoll<BlockNumber>>::on_poll(now, nothing);
		assert_eq!(root(), before, "on_poll does nothing without weight");
	});
}

#[test]
fn one_unit_of_each_kind_fits_into_a_block() {
	for Hook { what, unit, .. } in hooks() {
		println!("{:6.2} % of a block: {what}", share(unit));
	}
	let units = sum(hooks().map(|hook| hook.unit));
	println!(
		"{:6.2} % all of them, {:.2} % outside of the meter",
		share(units),
		share(unmetered_weight())
	);
	assert!(units.ref_time() <= metered_weight().ref_time(), "{:.1} % of a block", share(units));
}

/// Governance can fill its schedule for one block. The largest tick may have to wait for the next
/// block, whose schedule is a different one.
#[test]
fn full_schedule_leaves_room_for_any_unit_except_largest_tick() {
	let scheduled: Weight = <Runtime as pallet_scheduler::Config>::MaximumWeight::get();
	let left = metered_weight().saturating_sub(scheduled).ref_time();
	assert!(left > 0, "a full schedule fits");
	for Hook { what, unit, .. } in hooks().skip(1) {
		assert!(unit.ref_time() <= left, "{what}: {:.1} % of a block", share(unit));
	}
	let half = tick_weight(MAX_CLOSING / 2, MAX_CLOSING / 2);
	assert!(half.ref_time() <= left, "{:.1} % of a block", share(half));
}

/// If a tick had more work than fits into a block, it would block all later ticks.
#[test]
fn worst_hooks_fit_into_a_block() {
	let worst = worst_hook_weight();
	println!("{:.1} % of a block", share(worst));
	assert!(worst.ref_time() <= metered_weight().ref_time(), "{:.1} % of a block", share(worst));
}

/// Returns the weight of hooks for `count` pieces of evidence in each block.
fn evidence_weight(count: u32) -> Weight {
	sum([
		// Each subject is booked twice.
		tick_weight(2 * count, count),
		Judging::draw(count),
		verdict_weight(count),
		Attesting::keep_deadlines(count),
		Attesting::draw(),
		drawn_chip_weight().saturating_mul(count.into()),
	])
}

/// Under the design load, the last hooks also have room in each block: prices, VMs, eras and
/// compensation.
#[test]
fn design_load_leaves_a_quarter_of_each_block() {
	let rest = sum(other_work().into_iter().map(|hook| hook.unit));
	let others = sum([evidence_weight(ANSWERS_PER_BLOCK), rest]);
	let normal =
		<Runtime as frame_system::Config>::BlockWeights::get().get(DispatchClass::Normal).max_total;
	let most = normal.expect("the class has a limit").saturating_sub(unmetered_weight());
	// Each VM is reviewed once per billing interval.
	let vms = vm_review_weight().saturating_mul(VMS.div_ceil(units::HOURS).into());
	let all = sum([others, vms]);
	let room = most.saturating_sub(others).ref_time() / vm_review_weight().ref_time();
	println!(
		"{:.1} % of a block, of which {:.1} % for {VMS} VMs; there is room for {} VMs",
		share(all),
		share(vms),
		room * u64::from(units::HOURS),
	);
	assert!(all.ref_time() <= most.ref_time(), "{:.1} % of a block", share(all));
}

/// Pending work of all kinds.
struct Load {
	/// Number of consecutive ticks at which the maximum number of subjects closes.
	closing: Tick,
	/// Number of blocks that have the maximum number of verdicts.
	agreed: BlockNumber,
	contests: u32,
	rechecks: u32,
	/// Number of chips of the largest tier.
	chips: u32,
	/// Number of consecutive ticks that have the maximum number of slashes.
	slashed: Tick,
	vms: u32,
	debtors: u32,
	cases: u32,
}

/// One unit of each kind.
const ONE: Load = Load {
	closing: 1,
	agreed: 1,
	contests: 1,
	rechecks: 1,
	chips: 1,
	slashed: 1,
	vms: 1,
	debtors: PRUNED_ROWS / 2,
	cases: 1,
};

/// The maximum of each kind of work, or a number that is unlikely to be exceeded. Each block has as
/// many draws and deadlines as on a chain with 100,000 chips.
const MOST: Load = Load {
	closing: 3,
	agreed: MAX_DRAWN_BLOCKS,
	contests: MAX_OPEN_CONTESTS,
	rechecks: MAX_RECHECKS,
	chips: 100_000,
	slashed: 16,
	vms: 2_000,
	debtors: 10 * PRUNED_ROWS,
	cases: 64,
};

/// Returns an id of the given kind that does not exist. Work for this id has the same weight as for
/// an existing one.
fn unknown_id(what: &str, number: u32) -> [u8; 32] {
	blake2_256(&(what, number).encode())
}

fn unknown_ids(what: &str, count: u32) -> Vec<[u8; 32]> {
	(0..count).map(|number| unknown_id(what, number)).collect()
}

impl Load {
	fn fill(&self) {
		// The chain must already have some blocks.
		System::set_block_number(100);
		self.fill_verdicts();
		self.fill_attestation();
		self.fill_money();
	}

	fn fill_verdicts(&self) {
		use pallet_verdicts::{Agreed, AgreedFrom, Closing, Subjects};

		let tick = Clock::tick();
		for closes in tick + 1..=tick + self.closing {
			let number = |at| closes * MAX_CLOSING + at;
			let subjects: Vec<_> =
				(0..MAX_CLOSING).map(|at| Hash::from(unknown_id("subject", number(at)))).collect();
			for subject in &subjects {
				Subjects::<Runtime>::insert(subject, closing_at(closes));
			}
			Closing::<Runtime>::insert(closes, BoundedVec::truncate_from(subjects));
		}
		// The next block draws audits among the verdicts up to the block before the current one.
		let last = System::block_number() - 1;
		let first = last + 1 - self.agreed;
		for block in first..=last {
			let subjects = unknown_ids("verdict", MAX_AGREED).into_iter().map(Hash::from).collect();
			Agreed::<Runtime>::insert(block, BoundedVec::truncate_from(subjects));
		}
		AgreedFrom::<Runtime>::put(first);
	}

	fn fill_attestation(&self) {
		use pallet_attestation::{
			ContestSettlementQueue, DeadlineQueue, Population, Reattestation, Rechecks,
		};

		let contests = unknown_ids("contest", self.contests);
		ContestSettlementQueue::<Runtime>::put(BoundedVec::truncate_from(contests));
		let rechecks = unknown_ids("waiting", self.rechecks);
		Rechecks::<Runtime>::put(BoundedVec::truncate_from(rechecks));
		let tick = Clock::tick();
		for due in tick + 1..=tick + MAX_BLOCKS {
			DeadlineQueue::<Runtime>::insert(
				due,
				BoundedVec::truncate_from(unknown_ids("due", MAX_DUE)),
			);
		}
		let next = Some((Tier::Trusted, 0));
		let sweep = Some(Sweep { revision: u32::MAX, from: 0, next, found: false });
		Reattestation::<Runtime>::mutate(|state| state.sweep = sweep);
		Population::<Runtime>::insert(Tier::Regular, self.chips);
	}

	fn fill_money(&self) {
		use pallet_compensation::CaseDeadlines;
		use pallet_compute::Agenda;
		use pallet_emission::{CurrentEra, Owed};

		let tick = Clock::tick();
		for due in tick + 1..=tick + self.slashed {
			let chips = BoundedVec::truncate_from(unknown_ids("slashed", MAX_SLASHES));
			pallet_reputation::SlashQueue::<Runtime>::insert(due, chips);
		}
		for number in 0..self.vms {
			Agenda::<Runtime>::insert(tick + 1, u64::from(number) + 1_000_000, ());
		}
		// When this era ends, the first era is no longer payable, so its rows are pruned.
		let index = Emission::rules().payable + 2;
		CurrentEra::<Runtime>::put(Era { index, from: tick, length: 1, owed: 0 });
		for debtor in unknown_ids("debtor", self.debtors) {
			Owed::<Runtime>::insert(0, AccountId::new(debtor), Balance::from(1u8));
		}
		for chip in unknown_ids("case", self.cases) {
			CaseDeadlines::<Runtime>::insert(tick + 1, chip, ());
		}
	}
}

/// Returns a subject with a verdict that closes at a tick.
fn closing_at(closes: Tick) -> pallet_verdicts::SubjectOf<Runtime> {
	Subject {
		evidence: Hash::zero(),
		committee: BoundedVec::new(),
		findings: BoundedVec::new(),
		votes: BoundedVec::new(),
		decided: None,
		proven: None,
		stage: Stage::Effective,
		until: closes,
		closes,
	}
}

/// Returns the kinds of work that are still pending.
fn pending_work() -> Vec<&'static str> {
	let now = Clock::tick();
	let next =
		pallet_attestation::Reattestation::<Runtime>::get().sweep.and_then(|sweep| sweep.next);
	let kinds = [
		("ticks", pallet_verdicts::Closing::<Runtime>::iter().next().is_some()),
		("verdicts", pallet_verdicts::Agreed::<Runtime>::iter().next().is_some()),
		("contests", !pallet_attestation::ContestSettlementQueue::<Runtime>::get().is_empty()),
		("deadlines", pallet_attestation::KeptUntil::<Runtime>::get() < now),
		("rechecks", !pallet_attestation::Rechecks::<Runtime>::get().is_empty()),
		("sweep", next.is_some()),
		("draws", pallet_attestation::DrawnUntil::<Runtime>::get() < now),
		("slashes", pallet_reputation::SlashQueue::<Runtime>::iter().next().is_some()),
		("prices", pallet_oracle::NextRate::<Runtime>::get() == 0),
		("VMs", pallet_compute::AttendedUntil::<Runtime>::get() < now),
		("eras", Emission::era().length == 1),
		("rows of eras", pallet_emission::OldestEra::<Runtime>::get() == 0),
		("cases", pallet_compensation::EndedUntil::<Runtime>::get() < now),
	];
	kinds.into_iter().filter(|(_, is_pending)| *is_pending).map(|(what, _)| what).collect()
}

/// The meter has exactly the weight of all units together.
#[test]
fn one_unit_of_each_kind_runs_in_one_block() {
	let (mut state, _) = network::new();
	state.execute_with(|| ONE.fill());
	state.commit_all().expect("no storage transaction is open");
	state.execute_with(|| {
		assert!(!pending_work().is_empty());
		let units = sum(hooks().map(|hook| hook.unit));
		block_within(units.set_proof_size(u64::MAX));
		assert_eq!(Clock::tick(), 1);
		assert_eq!(pending_work(), Vec::<&str>::new());
	});
}

#[test]
fn largest_backlog_clears_while_the_clock_advances() {
	let (mut state, _) = network::new();
	state.execute_with(|| MOST.fill());
	let mut pending = Vec::new();
	for block in 1..=MAX_BLOCKS {
		// The pruning of eras sees only committed rows.
		state.commit_all().expect("no storage transaction is open");
		pending = state.execute_with(|| {
			block_within(metered_weight());
			assert_eq!(Clock::tick(), block, "the clock advances");
			pending_work()
		});
		println!("after {block} blocks: {pending:?}");
		if pending.is_empty() {
			return;
		}
	}
	panic!("after {MAX_BLOCKS} blocks, work is pending: {pending:?}");
}
