//! One mock of each trait, for the pallets' unit tests: what was called is remembered, what is answered can be set.

use std::{cell::RefCell, collections::BTreeMap};

use frame_support::{pallet_prelude::DispatchResult, parameter_types, weights::Weight};
use hcc_evidence::{
	host::{ChipHash, GenerationTrust},
	snp::Vek,
	vm::{Boot, VmClaims, VmEvidence, VmId},
	RejectCode, UnixSeconds,
};
use sp_core::H256;
use sp_runtime::{AccountId32, DispatchError, Perbill};

use crate::*;

#[cfg(feature = "runtime-benchmarks")]
mod world;
#[cfg(feature = "runtime-benchmarks")]
pub use world::MockWorld;

parameter_types! {
	/// What [`MockTicks`] tells.
	pub static Now: Tick = 1;
	/// Whom [`MockValidators`] names: each is its own worker.
	pub static Active: Vec<AccountId32> = vec![];
	/// The tier that [`MockReputation`] gives.
	pub static NextTier: Tier = Tier::Probation;
	/// Why [`MockJudges`] refuses.
	pub static Refusal: Option<DispatchError> = None;
	/// The subjects that [`MockJudges`] were asked to judge.
	pub static Opened: Vec<(SubjectId, H256)> = vec![];
	/// By what lots they were to draw who judges.
	pub static Lots: Vec<H256> = vec![];
	/// What [`MockOnVerdict`] was told; nothing is found where a subject is void.
	pub static Told: Vec<(SubjectId, Option<Finding>)> = vec![];
	/// What [`MockOnVerdict`] was told besides: of verdicts that were proven false, and of those that can be no more.
	pub static Overturned: Vec<SubjectId> = vec![];
	pub static Closed: Vec<SubjectId> = vec![];
	/// Whom [`MockSlashes`] punished, and for whose report.
	pub static Slashed: Vec<(AccountId32, Option<AccountId32>)> = vec![];
	/// Whom it fined.
	pub static Fined: Vec<AccountId32> = vec![];
	/// The chips that [`MockMiners`] was told to give to somebody, or to nobody any more.
	pub static HandedOver: Vec<(ChipHash, Option<AccountId32>)> = vec![];
	/// Which miners [`MockSlashesMiners`] punished, and how much.
	pub static SlashedMiners: Vec<(AccountId32, Perbill)> = vec![];
	/// The chips whose evidence cannot be judged, by [`MockVeks`].
	pub static Stale: Vec<ChipHash> = vec![];
	/// How long a subject can come to something else, by [`MockJudges`].
	pub static JudgedFor: Tick = 0;
	/// What [`MockCases`] was told.
	pub static CaseSteps: Vec<(ChipHash, CaseStep)> = vec![];
	/// For which chips [`MockCompensates`] was given something.
	pub static LostFor: Vec<ChipHash> = vec![];
	/// What [`MockServes`] was told.
	pub static Served: Vec<Vec<(AccountId32, Service)>> = vec![];
	/// What [`MockEvaluates`] finds, of the evidence of that hash.
	pub static Evaluation: Option<(H256, Evaluated)> = None;
	/// What [`MockReputation`] was told to take back.
	pub static Undone: Vec<(ChipHash, u64)> = vec![];
	/// The challenges that were met, or not, as [`MockReputation`] was told.
	pub static AllMet: Vec<Met> = vec![];
	/// What [`MockReputation`] was told.
	pub static Noted: Vec<(ChipHash, u64, Conduct)> = vec![];
	/// What [`MockOnChip`] was told: the miner of a chip that is ready, none of one that is gone.
	pub static Chips: Vec<(ChipHash, Option<AccountId32>)> = vec![];
	/// The miners of which it was told that they give up all.
	pub static Left: Vec<AccountId32> = vec![];
	/// The roots that [`MockTpmRoots`] trusts.
	pub static Roots: Vec<Vec<u8>> = vec![];
	/// The hashes of those that it trusts no more.
	pub static Distrusted: Vec<[u8; 32]> = vec![];
	/// What [`MockOracle`] tells, for what is new and for what runs.
	pub static PriceForOrders: Option<Price> = None;
	pub static PriceForLeases: Option<Price> = None;
	/// What miners offer to tenants, by [`MockMiners`].
	pub static Offering: Vec<(AccountId32, Offered)> = vec![];
	/// The interval of [`MockLiveness`].
	pub static CurrentInterval: Interval = Interval { index: 1, from: 1, length: 100 };
	/// The chips that it holds to be fit.
	pub static Fit: Vec<(ChipHash, Tier)> = vec![];
	/// What became of chips in intervals, where it was not that they were live.
	pub static LivedIn: Vec<(ChipHash, IntervalIndex, Lived)> = vec![];
	/// What [`MockOnSettled`] was told.
	pub static Settled: Vec<(AccountId32, ChipHash, units::Balance)> = vec![];
	/// The guests that run.
	pub static Running: Vec<(VmId, Guest)> = vec![];
	/// Which part [`MockUsage`] gives back, and what it was asked.
	pub static Lacked: Perbill = Perbill::zero();
	pub static Asked: Vec<Ran> = vec![];
	/// The first interval of which guests can still tell.
	pub static OpenFrom: IntervalIndex = IntervalIndex::MAX;
	/// What [`MockNotesUse`] was told.
	pub static Used: Vec<(ChipHash, u16)> = vec![];
	/// What [`MockShares`] says that is lost of a payment.
	pub static Lost: Perbill = Perbill::from_percent(15);
	/// What [`MockVms`] finds: by default, that a VM runs on its miner's first chip.
	pub static VmFinding: Option<Result<VmClaims, u16>> = None;
	/// How far it trusts every chip.
	pub static Trust: GenerationTrust = GenerationTrust::Full;
}

thread_local! {
	static REGISTER: RefCell<BTreeMap<AccountId32, (Vec<ChipHash>, Option<EnrolledTpm>)>> = const { RefCell::new(BTreeMap::new()) };
	static KEYS: RefCell<Vec<(ChipHash, Vek)>> = const { RefCell::new(Vec::new()) };
}

/// Registers a miner, its own hot key, with [`MockMiners`].
pub fn register(miner: AccountId32, chips: Vec<ChipHash>, tpm: Option<EnrolledTpm>) {
	REGISTER.with(|all| all.borrow_mut().insert(miner, (chips, tpm)));
}

/// Adds a chip's key to [`MockVeks`].
pub fn add_vek(chip: ChipHash, vek: Vek) {
	KEYS.with(|all| all.borrow_mut().push((chip, vek)));
}

/// Forgets everything: tests share threads.
pub fn reset() {
	Now::set(1);
	Active::set(vec![]);
	NextTier::set(Tier::Probation);
	Refusal::set(None);
	Opened::set(vec![]);
	Lots::set(vec![]);
	Told::set(vec![]);
	Noted::set(vec![]);
	AllMet::set(vec![]);
	Overturned::set(vec![]);
	Closed::set(vec![]);
	Slashed::set(vec![]);
	Fined::set(vec![]);
	HandedOver::set(vec![]);
	SlashedMiners::set(vec![]);
	Stale::set(vec![]);
	JudgedFor::set(0);
	CaseSteps::set(vec![]);
	LostFor::set(vec![]);
	Served::set(vec![]);
	Evaluation::set(None);
	Undone::set(vec![]);
	Chips::set(vec![]);
	Left::set(vec![]);
	Roots::set(vec![]);
	Distrusted::set(vec![]);
	PriceForOrders::set(None);
	PriceForLeases::set(None);
	Offering::set(vec![]);
	CurrentInterval::set(Interval { index: 1, from: 1, length: 100 });
	Fit::set(vec![]);
	LivedIn::set(vec![]);
	VmFinding::set(None);
	Settled::set(vec![]);
	Running::set(vec![]);
	Lacked::set(Perbill::zero());
	Asked::set(vec![]);
	OpenFrom::set(IntervalIndex::MAX);
	Used::set(vec![]);
	Lost::set(Perbill::from_percent(15));
	Trust::set(GenerationTrust::Full);
	REGISTER.with(|all| all.borrow_mut().clear());
	KEYS.with(|all| all.borrow_mut().clear());
}

pub struct MockTicks;
impl Ticks for MockTicks {
	fn now() -> Tick {
		Now::get()
	}
}

pub struct MockValidators;
impl ActiveValidators<AccountId32> for MockValidators {
	fn active() -> Vec<AccountId32> {
		Active::get()
	}

	fn validator_of(worker: &AccountId32) -> Option<AccountId32> {
		Active::get().into_iter().find(|validator| validator == worker)
	}
}

pub struct MockJudges;
impl Judges for MockJudges {
	fn open(subject: SubjectId, lot: H256, evidence: H256) -> DispatchResult {
		match Refusal::get() {
			Some(why) => Err(why),
			None => {
				Opened::mutate(|opened| opened.push((subject, evidence)));
				Lots::mutate(|lots| lots.push(lot));
				Ok(())
			},
		}
	}

	fn longest() -> Tick {
		JudgedFor::get()
	}
}

pub struct MockOnVerdict;
impl OnVerdict for MockOnVerdict {
	fn on_verdict(subject: SubjectId, finding: &Finding) {
		Told::mutate(|told| told.push((subject, Some(finding.clone()))));
	}

	fn on_void(subject: SubjectId) {
		Told::mutate(|told| told.push((subject, None)));
	}

	fn on_overturned(subject: SubjectId) {
		Overturned::mutate(|all| all.push(subject));
	}

	fn on_closed(subject: SubjectId) {
		Closed::mutate(|all| all.push(subject));
	}

	fn weight() -> Weight {
		Weight::from_parts(1_000, 0)
	}

	fn closing_weight() -> Weight {
		Weight::from_parts(1_000, 0)
	}
}

pub struct MockSlashes;
impl Slashes<AccountId32> for MockSlashes {
	fn fine(validator: &AccountId32, _: Perbill) {
		Fined::mutate(|all| all.push(validator.clone()));
	}

	fn slash(validator: &AccountId32, _: Perbill, reporter: Option<(&AccountId32, Perbill)>) {
		let reporter = reporter.map(|(who, _)| who.clone());
		Slashed::mutate(|all| all.push((validator.clone(), reporter)));
	}
}

pub struct MockSlashesMiners;
impl SlashesMiners<AccountId32> for MockSlashesMiners {
	fn slash(miner: &AccountId32, _: &ChipHash, part: Perbill) {
		SlashedMiners::mutate(|all| all.push((miner.clone(), part)));
	}
}

/// What becomes of a case.
#[derive(Clone, Copy, Eq, PartialEq, Debug)]
pub enum CaseStep {
	Opened(Tick),
	Settled,
	Dismissed,
}

pub struct MockCases;
impl OpensCases for MockCases {
	fn open(chip: &ChipHash, since: Tick) {
		CaseSteps::mutate(|all| all.push((*chip, CaseStep::Opened(since))));
	}

	fn settle(chip: &ChipHash) {
		CaseSteps::mutate(|all| all.push((*chip, CaseStep::Settled)));
	}

	fn dismiss(chip: &ChipHash) {
		CaseSteps::mutate(|all| all.push((*chip, CaseStep::Dismissed)));
	}
}

/// Keeps nothing for tenants.
pub struct MockCompensates;
impl<Credit> Compensates<Credit> for MockCompensates {
	fn compensate(chip: &ChipHash, lost: Credit) -> Credit {
		LostFor::mutate(|all| all.push(*chip));
		lost
	}
}

pub struct MockServes;
impl Serves<AccountId32> for MockServes {
	fn served(members: &[(AccountId32, Service)]) {
		Served::mutate(|all| all.push(members.to_vec()));
	}
}

pub struct MockEvaluates;
impl Evaluates for MockEvaluates {
	fn evaluate(_: SubjectId, hash: H256, _: &[u8]) -> Option<Evaluated> {
		Evaluation::get().filter(|(of, _)| *of == hash).map(|(_, found)| found)
	}

	fn weight(len: u32) -> Weight {
		Weight::from_parts(len.into(), 0)
	}
}

pub struct MockReputation;
impl Reputation<AccountId32> for MockReputation {
	fn note(chip: &ChipHash, _: &AccountId32, met: Met) -> Tier {
		AllMet::mutate(|all| all.push(met));
		Noted::mutate(|noted| noted.push((*chip, met.seq, met.conduct)));
		NextTier::get()
	}

	fn undo(chip: &ChipHash, seq: u64) -> Tier {
		Undone::mutate(|undone| undone.push((*chip, seq)));
		NextTier::get()
	}

	fn tier(_: &ChipHash) -> Tier {
		NextTier::get()
	}
}

pub struct MockOnChip;
impl OnChip<AccountId32> for MockOnChip {
	fn on_ready(chip: &ChipHash, miner: &AccountId32) {
		Chips::mutate(|chips| chips.push((*chip, Some(miner.clone()))));
	}

	fn on_taken(_: &ChipHash) {}

	fn on_gone(chip: &ChipHash) {
		Chips::mutate(|chips| chips.push((*chip, None)));
	}

	fn on_exit(miner: &AccountId32) {
		Left::mutate(|left| left.push(miner.clone()));
	}
}

pub struct MockMiners;
impl Miners<AccountId32> for MockMiners {
	fn miner_of_hot(hot: &AccountId32) -> Option<AccountId32> {
		REGISTER.with(|all| all.borrow().contains_key(hot).then(|| hot.clone()))
	}

	fn chips(miner: &AccountId32) -> Vec<ChipHash> {
		REGISTER
			.with(|all| all.borrow().get(miner).map_or_else(Vec::new, |(chips, _)| chips.clone()))
	}

	fn tpm(miner: &AccountId32) -> Option<EnrolledTpm> {
		REGISTER.with(|all| all.borrow().get(miner).and_then(|(_, tpm)| tpm.clone()))
	}

	fn genuine_tpm(miner: &AccountId32) -> Option<EnrolledTpm> {
		Self::tpm(miner).filter(|tpm| !MockTpmRoots::is_distrusted(&tpm.root))
	}
}

impl ChipOwners<AccountId32> for MockMiners {
	fn owner_of(chip: &ChipHash) -> Option<AccountId32> {
		REGISTER.with(|all| {
			let all = all.borrow();
			all.iter().find(|(_, (chips, _))| chips.contains(chip)).map(|(miner, _)| miner.clone())
		})
	}

	fn acts_for(who: &AccountId32, chip: &ChipHash) -> bool {
		Self::owner_of(chip).as_ref() == Some(who)
	}
}

impl ClaimsChips<AccountId32> for MockMiners {
	fn holder(chip: &ChipHash) -> Option<AccountId32> {
		Self::owner_of(chip)
	}

	fn has_room(miner: &AccountId32) -> bool {
		Self::tpm(miner).is_some() && Self::chips(miner).len() < 2
	}

	fn hand_over(chip: &ChipHash, to: &AccountId32) -> bool {
		let room = Self::has_room(to);
		if room {
			HandedOver::mutate(|all| all.push((*chip, Some(to.clone()))));
		}
		room
	}

	fn ban(chip: &ChipHash) {
		HandedOver::mutate(|all| all.push((*chip, None)));
	}
}

impl Offers<AccountId32> for MockMiners {
	fn offered(miner: &AccountId32) -> Option<Offered> {
		// Without a copy: there may be thousands.
		Offering::mutate(|all| all.iter().find(|(of, _)| of == miner).map(|(_, offered)| *offered))
	}
}

pub struct MockOracle;
impl Oracle for MockOracle {
	fn for_orders() -> Option<Price> {
		PriceForOrders::get()
	}

	fn for_leases() -> Option<Price> {
		PriceForLeases::get()
	}
}

pub struct MockLiveness;
impl Liveness for MockLiveness {
	fn interval() -> Interval {
		CurrentInterval::get()
	}

	fn was_live(chip: &ChipHash, first: IntervalIndex, last: IntervalIndex) -> Lived {
		let within = LivedIn::mutate(|all| {
			let within = |(of, interval, _): &&(ChipHash, IntervalIndex, Lived)| {
				(first..=last).contains(interval) && of == chip
			};
			all.iter().filter(within).map(|(_, _, lived)| *lived).collect::<Vec<_>>()
		});
		if within.contains(&Lived::Lapsed) {
			Lived::Lapsed
		} else if within.contains(&Lived::Unsettled) || last >= CurrentInterval::get().index {
			Lived::Unsettled
		} else {
			Lived::Live
		}
	}

	fn fit(chip: &ChipHash) -> Option<Tier> {
		Fit::mutate(|all| all.iter().find(|(of, _)| of == chip).map(|(_, tier)| *tier))
	}

	fn draw(lot: [u8; 8]) -> Option<ChipHash> {
		Fit::mutate(|fit| {
			let at = u64::from_le_bytes(lot).checked_rem(fit.len() as u64)?;
			fit.get(at as usize).map(|(chip, _)| *chip)
		})
	}
}

pub struct MockOnSettled;
impl OnSettled<AccountId32> for MockOnSettled {
	fn on_settled(payment: &Payment<AccountId32>) {
		let Payment { miner, chip, amount, .. } = payment;
		Settled::mutate(|all| all.push(((*miner).clone(), *chip, *amount)));
	}
}

pub struct MockGuests;
impl Guests for MockGuests {
	fn guest(vm: VmId) -> Option<Guest> {
		Running::get().into_iter().find(|(id, _)| *id == vm).map(|(_, guest)| guest)
	}
}

pub struct MockUsage;
impl Usage for MockUsage {
	fn open(interval: IntervalIndex) -> bool {
		interval >= OpenFrom::get()
	}

	fn settle(ran: &Ran) -> Perbill {
		Asked::mutate(|all| all.push(*ran));
		Lacked::get()
	}

	fn forget(vm: VmId) {
		Running::mutate(|all| all.retain(|(id, _)| *id != vm));
	}
}

pub struct MockNotesUse;
impl NotesUse for MockNotesUse {
	fn note_use(chip: &ChipHash, got: u16) {
		Used::mutate(|all| all.push((*chip, got)));
	}
}

pub struct MockShares;
impl SettlementShares for MockShares {
	fn lost() -> Perbill {
		Lost::get()
	}
}

pub struct MockVms;
impl JudgesVms<AccountId32> for MockVms {
	fn judge(evidence: &VmEvidence, boot: &Boot, miner: &AccountId32) -> Result<VmClaims, u16> {
		if (evidence.generation, evidence.boot_counter) != (boot.generation, boot.counter) {
			return Err(RejectCode::Boot.number());
		}
		let chip = MockMiners::chips(miner).first().copied().ok_or(hosting::NO_KEY)?;
		VmFinding::get().unwrap_or(Ok(VmClaims { chip, trust: Trust::get() }))
	}

	fn trust(_: &ChipHash) -> Option<GenerationTrust> {
		Some(Trust::get())
	}

	fn vouches(chip: &ChipHash) -> bool {
		!Stale::get().contains(chip)
	}

	fn weight() -> Weight {
		Weight::from_parts(1_000, 0)
	}
}

pub struct MockTpmRoots;
impl TpmRoots for MockTpmRoots {
	fn tpm_roots() -> Vec<Vec<u8>> {
		Roots::get()
	}

	fn is_distrusted(root: &[u8; 32]) -> bool {
		Distrusted::get().contains(root)
	}
}

pub struct MockVeks;
impl Veks for MockVeks {
	fn vek(chip: &ChipHash, reported_tcb: [u8; 8]) -> Option<Vek> {
		KEYS.with(|all| {
			let all = all.borrow();
			all.iter()
				.filter(|(of, _)| of == chip)
				.find(|(_, vek)| vek.is_for(reported_tcb))
				.map(|(_, vek)| vek.clone())
		})
	}

	fn revocation_current_until(_: &Vek) -> Option<UnixSeconds> {
		None
	}

	fn is_withdrawn(chip: &ChipHash) -> bool {
		Stale::get().contains(chip)
	}

	/// A certificate is the chip's hash.
	fn verify(certificate: &[u8]) -> Option<(ChipHash, Vek)> {
		KEYS.with(|all| all.borrow().iter().find(|(chip, _)| chip == certificate).cloned())
	}

	fn verify_weight() -> Weight {
		Weight::from_parts(1_000, 0)
	}
}
