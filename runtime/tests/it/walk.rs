//! Tests by random walks. A walk makes random calls in random order, over days of blocks. All
//! invariants must hold after each step, and every minted or burned α must be counted.

mod event_counts;
mod govern;
mod guest;
mod neighbour;
mod newcomer;
mod traders;
mod work;

use std::time::Duration;

use bolero::{
	generator::bolero_generator::driver::{ByteSliceDriver, Options},
	TypeGenerator,
};
use frame_support::{assert_ok, pallet_prelude::DispatchResult, weights::Weight};
use hcc_evidence::{
	host::{FoldedLog, GenerationTrust, HostEvidence},
	vm::VmId,
	UnixSeconds,
};
use hcc_evidence_testing::{sha256, Machine, MINER};
use hcc_primitives::{
	units::{self, ALPHA},
	SubjectId,
};
use hccs_runtime::*;
use insecure_sim::TCB;
use pallet_compute::OrderRequest;
use pallet_policy::FileRule;
use sp_keyring::Sr25519Keyring::{self, Alice, Eve, Ferdie};
use sp_runtime::Perbill;

use self::{
	event_counts::EventCounts,
	govern::InitialPolicy,
	neighbour::Neighbour,
	work::{post_crl, report, shorten_cases, shorten_eras, shorten_unbonding, submit_receipt},
};
use super::{
	author::CHANGED_KEYS,
	compute::{order_of, ESCROW, OFFER, PRICE},
	consensus::session_keys,
	contests::{contender, contender_machine, try_contest},
	hosts::{set_signer, signer, vouch},
	network::*,
};

/// One step of a walk. The numbers in a step choose among the existing actors and items.
#[derive(Clone, Copy, Debug, TypeGenerator)]
enum Step {
	Blocks(u8),
	HoursPass(u8),
	BlockWithoutRandomness,
	BlockWithin(u8),
	Session,
	Answer,
	AnswerWithGarbage,
	Run(u8),
	Boot,
	VoteAsFound(u8),
	VoteLie(u8),
	Prove(u8),
	SubmitLog(u8),
	BondMore(u8),
	Exit,
	Enrol,
	Withdraw,
	RemoveChip,
	AddChip,
	SetHot(u8),
	RegisterVek,
	RemoveVek,
	ChipContest,
	ContenderAddsChip,
	ContenderLeaves,
	Rule(u8),
	Audit(u8),
	SetGrace(u8),
	SetGeneration(u8),
	PostCrl(u8),
	SafeMode(bool),
	ValidatorJoins(u8),
	ValidatorBondsMore(u8),
	ValidatorLeaves(u8),
	ValidatorWithdraws(u8),
	WorkerKey(u8),
	Equivocate(u8),
	ReportPrice(u8),
	Order(u8),
	TopUp(u8),
	Stop(u8),
	Start(u8),
	Terminate(u8),
	Crash(u8),
	BootVm(u8),
	SubmitReceipt(u8),
	Payout(u8),
	Resize(u8),
	SessionKeys(u8),
	SetPolicy(u8, u8),
	SetRules(u8, u8),
	Refer(u8),
	FileSigner(bool),
	Vouch,
	RemoveVoucher,
	EnrolTpm,
	PostCredential(u8, bool),
	AnswerCredentials,
	RevealSeed(u8, bool),
	NewcomerLeaves,
	Pause,
}

/// Maximum number of miners that own the machine, one after another.
const OWNERS: u8 = 40;
/// Start time of a walk. It is within the validity of the newcomer's TPM certificate.
const LATER: UnixSeconds = UnixSeconds(1_796_083_200);
/// Number of blocks between two random steps, and between two repairs, in a walk of hours or days.
const STEP_INTERVAL: u32 = 50;
const REPAIR_INTERVAL: u32 = 300;
/// Serial number of the ASK's certificate, which issues VEKs.
const ASK: u64 = 0;

/// Events that must occur in every walk of hours.
const FREQUENT: [&str; 15] = [
	"Attestation::Concluded",
	"Attestation::EvidenceIncluded",
	"Compute::Assigned",
	"Compute::BootBegun",
	"Compute::Booted",
	"Compute::Charged",
	"Compute::Ordered",
	"Compute::Refunded",
	"Compute::SearchPaid",
	"Compute::Settled",
	"Emission::EraClosed",
	"Emission::PaidOut",
	"Oracle::RateSet",
	"Usage::ReceiptSubmitted",
	"Usage::UsageSettled",
];
/// Further events that must occur in every walk of days.
const RARE: [&str; 14] = [
	"Attestation::Overturned",
	"Attestation::Void",
	"Compensation::CaseClosed",
	"Compensation::Compensated",
	"Compute::ChargeReduced",
	"Emission::EraForgotten",
	"Policy::Changed",
	"Registry::ChipAdded",
	"Registry::Exited",
	"Reputation::OutcomeUndone",
	"Reputation::TierChanged",
	"Validators::Slashed",
	"Verdicts::Audited",
	"Verdicts::Proven",
];
/// Further events that must occur in every walk of days, if a TPM certificate is available.
const RARE_WITH_TPM: [&str; 2] = ["Registry::CredentialFalse", "Registry::TpmEnrolled"];

/// The state of a walk.
struct Walk {
	machine: Machine,
	/// A machine with the same chip, owned by the contender.
	other: Machine,
	/// Another machine with another owner.
	neighbour: Neighbour,
	/// Number of miners that have owned the machine and have left.
	owners: u8,
	/// The policy before the walk.
	initial: InitialPolicy,
	/// Recent subjects with their evidence.
	subjects: Vec<(SubjectId, HostEvidence)>,
	/// The last false verdict of a majority, with its block.
	lie: Option<(BlockNumber, SubjectId, HostEvidence)>,
	/// The log submission of the machine, if no evidence has continued it yet.
	submitted_log: Option<FoldedLog>,
}

/// Returns one of the miners that own the machine, one after another. A new owner is needed,
/// because a miner that left cannot return for a long time.
fn owner(number: u8) -> AccountId {
	let mut bytes = MINER;
	bytes[31] ^= number;
	AccountId::new(bytes)
}

fn tenant() -> AccountId {
	Ferdie.to_account_id()
}

/// Returns the next order of the tenant.
fn next_order() -> OrderRequest<AccountId> {
	order_of(tenant())
}

/// Returns an actor of a step: one of the validators, or one of two other accounts.
fn actor(number: u8) -> Sr25519Keyring {
	let all = [VALIDATORS[0], VALIDATORS[1], VALIDATORS[2], VALIDATORS[3], Eve, Ferdie];
	all[usize::from(number) % all.len()]
}

fn signed(number: u8) -> RuntimeOrigin {
	RuntimeOrigin::signed(actor(number).to_account_id())
}

/// Returns the origin of a miner's hot key.
fn hot(miner: &AccountId) -> RuntimeOrigin {
	let key = Registry::miner(miner.clone()).map_or_else(|| miner.clone(), |row| row.hot);
	RuntimeOrigin::signed(key)
}

/// Returns the id of an existing or former VM, or the next free id.
fn vm(number: u8) -> VmId {
	1 + VmId::from(number) % (pallet_compute::LastId::<Runtime>::get() + 1)
}

/// Returns the weight for hooks in a block, from zero to half of the block.
fn room(bits: u8) -> Weight {
	Weight::from_parts((1u64 << (bits % 41)) - 1, u64::MAX)
}

impl Walk {
	/// Creates the state of a walk, and endows its accounts.
	fn new(machine: Machine) -> Self {
		for who in [Alice, Eve, Ferdie] {
			endow(&who.to_account_id());
		}
		(0..OWNERS).for_each(|number| endow(&owner(number)));
		endow(&newcomer::newcomer());
		traders::endow_all();
		pallet_timestamp::Now::<Runtime>::put(LATER.0 * 1_000);
		let vendors = vec![newcomer::authority().try_into().expect("it fits")];
		let vendors = vendors.try_into().expect("it fits");
		assert_ok!(Policy::set_tpm_roots(RuntimeOrigin::root(), Some(vendors)));
		let other = contender_machine();
		let neighbour = Neighbour::new();
		assert_ok!(Registry::set_offer(RuntimeOrigin::signed(miner()), OFFER));
		let initial = InitialPolicy::read();
		let (subjects, lie, submitted_log) = (Vec::new(), None, None);
		Self { machine, other, neighbour, owners: 0, initial, subjects, lie, submitted_log }
	}

	fn owner(&self) -> AccountId {
		owner(self.owners)
	}

	fn step(&mut self, step: Step) {
		// The calls of a step may fail. They must only keep the invariants.
		match step {
			Step::Blocks(count) => blocks(u32::from(count % 16)),
			Step::HoursPass(hours) => blocks(u32::from(hours % 2) * 600),
			Step::BlockWithoutRandomness => block_by(None),
			Step::BlockWithin(bits) => block_within(room(bits)),
			Step::Session => Session::rotate_session(),
			Step::Answer | Step::AnswerWithGarbage => {
				self.answer(matches!(step, Step::AnswerWithGarbage));
			},
			Step::Run(file) => self.machine.run([b"bash", &b"rootkit"[..]][usize::from(file % 2)]),
			Step::Boot => self.reboot(),
			Step::VoteAsFound(who) => self.vote(who, true),
			Step::VoteLie(who) => self.vote(who, false),
			Step::Prove(who) => self.prove(who),
			Step::Enrol => self.enlist(),
			Step::Withdraw => self.withdraw_all(),
			Step::ChipContest => self.subjects.extend(try_contest(&self.other)),
			Step::Audit(percent) => audit(Perbill::from_percent(u32::from(percent))),
			Step::Equivocate(who) => equivocate(actor(who), u32::from(who % 40)),
			Step::BootVm(number) => self.boot_vm(vm(number)),
			_ => {
				let _ = self.register_or_leave(step);
			},
		}
	}

	/// Runs a step of a miner that concerns its account, chips or keys.
	fn register_or_leave(&mut self, step: Step) -> DispatchResult {
		let owner = RuntimeOrigin::signed(self.owner());
		let other = RuntimeOrigin::signed(contender());
		let chip = chip(&self.machine);
		match step {
			Step::SubmitLog(share) => self.submit_log(share),
			Step::BondMore(amount) => Registry::bond_more(owner, Balance::from(amount) * ALPHA),
			Step::Exit => Registry::exit(owner),
			Step::RemoveChip => Registry::remove_chip(owner, chip),
			Step::AddChip => Registry::add_chip(owner, chip),
			Step::SetHot(who) => Registry::set_hot(owner, actor(who).to_account_id()),
			Step::RegisterVek => Policy::register_vek(owner, vcek(&self.machine)),
			Step::RemoveVek => Policy::remove_vek(owner, chip, TCB.version),
			Step::ContenderAddsChip => Registry::add_chip(other, chip),
			Step::ContenderLeaves => Registry::exit(other),
			Step::Pause => Attestation::pause(hot(&self.owner()), self.owner()),
			_ => self.govern(step),
		}
	}

	fn govern(&mut self, step: Step) -> DispatchResult {
		let root = RuntimeOrigin::root();
		match step {
			Step::Rule(rule) => {
				let rules = [Some(FileRule::Allowed), Some(FileRule::Forbidden), None];
				let files = vec![sha256(b"bash")].try_into().expect("it fits");
				Policy::set_files(root, files, rules[usize::from(rule % 3)])
			},
			Step::SetGrace(grace) => {
				let graces = [Some(0), Some(7 * 86_400), None];
				Policy::set_revocation_grace(root, graces[usize::from(grace % 3)])
			},
			Step::SetGeneration(trust) => {
				let trusts = [
					Some(GenerationTrust::Full),
					Some(GenerationTrust::Reduced),
					Some(GenerationTrust::Suspended),
					None,
				];
				let product = self.machine.vek.product;
				Policy::set_generation(root, product, trusts[usize::from(trust % 4)])
			},
			Step::PostCrl(revoked) => post_crl([&[][..], &[7], &[ASK]][usize::from(revoked % 3)]),
			Step::SetPolicy(rule, how) => self.initial.change(rule, how),
			Step::SetRules(which, how) => govern::vary_rules(which, how),
			Step::Refer(how) => govern::refer(how),
			Step::SafeMode(true) => SafeMode::force_enter(root),
			Step::SafeMode(false) => SafeMode::force_exit(root),
			_ => self.validate(step),
		}
	}

	fn validate(&mut self, step: Step) -> DispatchResult {
		match step {
			Step::ValidatorJoins(who) => {
				Validators::join(signed(who), 20_000 * ALPHA, actor(who).to_account_id())
			},
			Step::ValidatorBondsMore(who) => Validators::bond_more(signed(who), ALPHA),
			Step::ValidatorLeaves(who) => Validators::leave(signed(who)),
			Step::ValidatorWithdraws(who) => Validators::withdraw(signed(who)),
			Step::WorkerKey(who) => Validators::set_worker(signed(who), AccountId::new([who; 32])),
			Step::SessionKeys(who) => {
				let (keys, proof) = session_keys(CHANGED_KEYS, actor(who));
				Session::set_keys(signed(who), keys, proof)
			},
			Step::ReportPrice(who) => report(actor(who), PRICE << (who % 8)),
			_ => self.enrol(step),
		}
	}

	fn enrol(&mut self, step: Step) -> DispatchResult {
		match step {
			Step::EnrolTpm => newcomer::begin(),
			Step::PostCredential(who, honest) => newcomer::post(who, honest),
			Step::AnswerCredentials => newcomer::answer(),
			Step::RevealSeed(who, honest) => newcomer::reveal(who, honest),
			Step::NewcomerLeaves => newcomer::leave(),
			Step::FileSigner(trusted) => set_signer(trusted),
			Step::Vouch => vouch(7, &miner()),
			Step::RemoveVoucher => {
				Policy::remove_voucher(RuntimeOrigin::signed(miner()), [7; 32], signer())
			},
			_ => self.rent(step),
		}
	}

	fn rent(&mut self, step: Step) -> DispatchResult {
		let tenant = RuntimeOrigin::signed(tenant());
		match step {
			Step::Order(flavour) => {
				let order = OrderRequest { flavour: 1 + u16::from(flavour % 5), ..next_order() };
				Compute::order(tenant, Box::new(order), ESCROW)
			},
			Step::TopUp(number) => Compute::top_up(tenant, vm(number), ALPHA),
			Step::Stop(number) => Compute::stop(tenant, vm(number)),
			Step::Start(number) => Compute::start(tenant, vm(number)),
			Step::Terminate(number) => Compute::terminate(tenant, vm(number)),
			Step::Resize(number) => {
				let flavour = 1 + u16::from(number % 5);
				Compute::resize(tenant, vm(number / 5), flavour, next_order().max_price)
			},
			Step::Crash(number) => Compute::report_crash(hot(&self.owner()), vm(number)),
			Step::SubmitReceipt(number) => submit_receipt(vm(number)),
			Step::Payout(ago) => {
				let era = Emission::era().index.saturating_sub(1 + u32::from(ago % 4));
				Emission::payout(tenant, era, self.owner())
			},
			_ => Ok(()),
		}
	}
}

/// Reports an offence as `pallet-offences` does.
fn equivocate(who: Sr25519Keyring, percent: u32) {
	use sp_staking::offence::{OffenceDetails, OnOffenceHandler};
	let details =
		OffenceDetails { offender: (who.to_account_id(), ()), reporters: Vec::<AccountId>::new() };
	let session = Session::current_index();
	Validators::on_offence(&[details], &[Perbill::from_percent(percent)], session);
}

#[test]
fn random_steps_keep_all_invariants() {
	bolero::check!().with_type::<Vec<Step>>().with_iterations(100).for_each(|steps| {
		run(|machine| {
			let mut walk = Walk::new(machine);
			for step in steps {
				walk.step(*step);
				check();
			}
		});
	});
}

/// Walks for hours. Work is done in every block, and a random step in every fiftieth block. Returns
/// the counts of events.
fn walk_for_hours(walk: &mut Walk, seed: &[u8; 32], hours: u32) -> EventCounts {
	let (mut random, mut included, mut paid) = (*seed, 0, 0);
	let mut events = EventCounts::default();
	let last = System::block_number() + hours * units::HOURS;
	let (mut next_session, mut next_step, mut next_repair) = (0, 0, 0);
	while System::block_number() < last {
		random = sp_io::hashing::blake2_256(&random);
		included += u32::from(walk.work(&random));
		match random[7] {
			0..26 => block_within(room(random[8])),
			26..34 => paid += traders::block(&random),
			_ => block(),
		}
		events.count();
		invariants::check().expect("the pallets agree after every block");
		let now = System::block_number();
		if now >= next_session {
			Session::rotate_session();
			next_session = now + units::HOURS;
		}
		if now >= next_repair {
			walk.repair();
			next_repair = now + REPAIR_INTERVAL;
		}
		if now >= next_step {
			let mut driver = ByteSliceDriver::new(&random[12..], &Options::default());
			let step = Step::generate(&mut driver).expect("the bytes suffice");
			println!("block {now}: {step:?}");
			walk.step(step);
			if matches!(step, Step::ChipContest) {
				// The validators judge the evidence of a contest like other evidence.
				(0..4).for_each(|who| walk.vote(who, true));
			}
			check();
			next_step = System::block_number() + STEP_INTERVAL;
		}
	}
	assert!(included > hours * 10, "only {included} rounds");
	assert!(paid > hours * 12, "only {paid} transactions were paid for");
	events
}

/// Checks that a walk caused all expected events.
fn check_events<'a>(events: &EventCounts, expected: impl IntoIterator<Item = &'a str>) {
	let counts = events.by_name();
	counts.iter().for_each(|(event, count)| println!("{count:>7} {event}"));
	for event in expected {
		assert!(counts[event] > 0, "no event {event}");
	}
}

/// Checks that there were more than two years of daily eras, and that every kind of minting and
/// burning occurred.
fn check_years() {
	let (era, totals) = (Emission::era().index, Emission::totals());
	assert!(era > 2 * 365, "only {era} eras");
	let issuance = Issuance::issuance();
	println!("{era} eras, {totals:?}, {issuance:?}");
	assert!(totals.paid_out > 0 && totals.validators > 0 && totals.burned > 0);
	assert!(issuance.burned > Compute::paid().burned, "slashes and dust are burned too");
	assert_eq!(issuance.total(), Some(Balances::total_issuance()));
}

/// Checks that only the rows of the last answers are left.
fn check_rows_left() {
	let (subjects, contexts, closing, agreed) = (
		pallet_verdicts::Subjects::<Runtime>::iter().count(),
		pallet_attestation::Contexts::<Runtime>::iter().count(),
		pallet_verdicts::Closing::<Runtime>::iter().count(),
		pallet_verdicts::Agreed::<Runtime>::iter().count(),
	);
	assert!(subjects <= 1 && contexts <= 1 && closing <= 16 && agreed == 0);
	assert_eq!(pallet_compute::Vms::<Runtime>::iter().count(), 0, "all VMs are settled");
}

/// Walks for hours from a random seed, settles everything, and checks the outcome.
fn walk_and_settle(hours: u32, check: fn(&EventCounts)) {
	let walks = bolero::check!().with_type::<[u8; 32]>().with_iterations(1);
	walks.with_shrink_time(Duration::ZERO).for_each(move |seed: &[u8; 32]| {
		run(|machine| {
			shorten_unbonding();
			shorten_eras();
			shorten_cases();
			let mut walk = Walk::new(machine);
			let events = walk_for_hours(&mut walk, seed, hours);
			walk.finish();
			check(&events);
			check_rows_left();
		});
	});
}

#[test]
fn hours_of_blocks_leave_only_records() {
	walk_and_settle(10, |events| check_events(events, FREQUENT));
}

#[test]
#[ignore = "takes five minutes: run by `make soak`"]
fn days_of_blocks_leave_only_records() {
	walk_and_settle(48, |events| {
		let with_tpm = RARE_WITH_TPM.into_iter().filter(|_| !newcomer::authority().is_empty());
		check_events(events, FREQUENT.into_iter().chain(RARE).chain(with_tpm));
		check_years();
	});
}
