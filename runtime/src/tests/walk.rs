//! Random walks: whatever is called in whatever order, over days of blocks, every invariant holds, and with them that no α is made or lost but what is counted.

mod govern;
mod guest;
mod neighbour;
mod newcomer;
mod told;
#[path = "../../../pallets/registry/src/tests/tpm.rs"]
mod tpm;
mod traders;
mod work;

use std::{collections::BTreeMap, time::Duration};

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
use hcc_primitives::{units::ALPHA, SubjectId};
use insecure_sim::TCB;
use pallet_compute::Order;
use pallet_policy::FileRule;
use sp_keyring::Sr25519Keyring::{self, Alice, Eve, Ferdie};
use sp_runtime::Perbill;

use self::{
	govern::Former,
	neighbour::Neighbour,
	told::Told,
	work::{hold_bonds_for_hours, hurry_cases, hurry_eras, post_crl, report, tell},
};
use super::{
	author::CHANGED_KEYS,
	claims::{claimant, other_owner, try_claim},
	compute::{order, ESCROW, OFFER, PRICE},
	consensus::keys,
	hosts::{set_signer, signer, vouch},
	machine::{sha256, Machine, MINER},
	network::*,
};
use crate::*;

/// What somebody does. The numbers choose among what there is.
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
	Claim,
	ClaimantAddsChip,
	ClaimantLeaves,
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
	TellReceipt(u8),
	ClaimEmission(u8),
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
}

/// How many miners can have the machine one after another.
const OWNERS: u8 = 40;
/// When all of that is: the certificate of the newcomer's TPM is valid then.
const LATER: UnixSeconds = UnixSeconds(1_796_083_200);
/// How often a walk of days does something out of the ordinary, and how often all is put right again, in blocks.
const ODD: u32 = 50;
const MENDED: u32 = 300;
/// The serial number of the certificate that certifies chips' keys.
const ASK: u64 = 0;

/// What happens in every walk of days, however it goes.
const COMMON: [&str; 28] = [
	"Attestation::Concluded",
	"Attestation::EvidenceIncluded",
	"Attestation::Overturned",
	"Attestation::Void",
	"Compensation::CaseClosed",
	"Compensation::Compensated",
	"Compute::Assigned",
	"Compute::BootBegun",
	"Compute::Booted",
	"Compute::Charged",
	"Compute::Lessened",
	"Compute::Ordered",
	"Compute::Refunded",
	"Compute::Settled",
	"Emission::Claimed",
	"Emission::EraClosed",
	"Emission::EraForgotten",
	"Oracle::RateSet",
	"Policy::Changed",
	"Registry::ChipAdded",
	"Registry::Exited",
	"Reputation::TierChanged",
	"Reputation::Undone",
	"Usage::Counted",
	"Usage::Told",
	"Validators::Slashed",
	"Verdicts::Audited",
	"Verdicts::Proven",
];
/// The same, where there is the certificate of a TPM.
const COMMON_WITH_TPM: [&str; 2] = ["Registry::CredentialFalse", "Registry::TpmEnrolled"];

/// Whose work is under way.
struct Walk {
	machine: Machine,
	/// The same chip in other hands.
	other: Machine,
	/// The next machine, with another owner.
	neighbour: Neighbour,
	/// How many miners have had the machine and left.
	owners: u8,
	/// What governance started from.
	former: Former,
	/// What is being judged, or was.
	judged: Vec<(SubjectId, HostEvidence)>,
	/// What a majority has lied about, and when.
	lie: Option<(BlockNumber, SubjectId, HostEvidence)>,
	/// The part of the machine's log that is handed in and that no evidence went on from.
	handed_in: Option<FoldedLog>,
}

/// The miners that have the machine one after another: who has left cannot come back for a long time.
fn owner(number: u8) -> AccountId {
	let mut bytes = MINER;
	bytes[31] ^= number;
	AccountId::new(bytes)
}

fn tenant() -> AccountId {
	Ferdie.to_account_id()
}

/// Those that a step can be done by: the validators, and two that are none.
fn somebody(number: u8) -> Sr25519Keyring {
	let all = [VALIDATORS[0], VALIDATORS[1], VALIDATORS[2], VALIDATORS[3], Eve, Ferdie];
	all[usize::from(number) % all.len()]
}

fn signed(number: u8) -> RuntimeOrigin {
	RuntimeOrigin::signed(somebody(number).to_account_id())
}

/// The key that signs for a miner.
fn hot(miner: &AccountId) -> RuntimeOrigin {
	let key = Registry::miner(miner.clone()).map_or_else(|| miner.clone(), |row| row.hot);
	RuntimeOrigin::signed(key)
}

/// One of the VMs that there were, or the next.
fn vm(number: u8) -> VmId {
	1 + VmId::from(number) % (pallet_compute::LastId::<Runtime>::get() + 1)
}

/// Room in a block: none, or up to half of it.
fn room(lot: u8) -> Weight {
	Weight::from_parts((1u64 << (lot % 41)) - 1, u64::MAX)
}

impl Walk {
	/// Everybody who will need it has money.
	fn new(machine: Machine) -> Self {
		for who in [Alice, Eve, Ferdie] {
			endow(&who.to_account_id());
		}
		(0..OWNERS).for_each(|number| endow(&owner(number)));
		endow(&newcomer::newcomer());
		traders::endow_all();
		pallet_timestamp::Now::<Runtime>::put(LATER.0 * 1_000);
		let vendors = vec![newcomer::authority().try_into().expect("short")];
		let vendors = vendors.try_into().expect("one");
		assert_ok!(Policy::set_tpm_roots(RuntimeOrigin::root(), Some(vendors)));
		let other = other_owner();
		let neighbour = Neighbour::new();
		assert_ok!(Registry::set_offer(RuntimeOrigin::signed(miner()), OFFER));
		let former = Former::of_now();
		let (judged, lie, handed_in) = (Vec::new(), None, None);
		Self { machine, other, neighbour, owners: 0, former, judged, lie, handed_in }
	}

	fn owner(&self) -> AccountId {
		owner(self.owners)
	}

	fn step(&mut self, step: Step) {
		// What is refused is refused: it must only not break anything.
		match step {
			Step::Blocks(count) => blocks(u32::from(count % 16)),
			Step::HoursPass(hours) => blocks(u32::from(hours % 2) * 600),
			Step::BlockWithoutRandomness => block_by(None),
			Step::BlockWithin(lot) => block_within(room(lot)),
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
			Step::Claim => self.judged.extend(try_claim(&self.other)),
			Step::Audit(percent) => audit(Perbill::from_percent(u32::from(percent))),
			Step::Equivocate(who) => equivocate(somebody(who), u32::from(who % 40)),
			Step::BootVm(number) => self.boot_vm(vm(number)),
			_ => {
				let _ = self.register_or_leave(step);
			},
		}
	}

	/// What miners do with their accounts, chips and keys.
	fn register_or_leave(&mut self, step: Step) -> DispatchResult {
		let owner = RuntimeOrigin::signed(self.owner());
		let other = RuntimeOrigin::signed(claimant());
		let chip = chip(&self.machine);
		match step {
			Step::SubmitLog(share) => self.submit_log(share),
			Step::BondMore(amount) => Registry::bond_more(owner, Balance::from(amount) * ALPHA),
			Step::Exit => Registry::exit(owner),
			Step::RemoveChip => Registry::remove_chip(owner, chip),
			Step::AddChip => Registry::add_chip(owner, chip),
			Step::SetHot(who) => Registry::set_hot(owner, somebody(who).to_account_id()),
			Step::RegisterVek => Policy::register_vek(owner, vcek(&self.machine)),
			Step::RemoveVek => Policy::remove_vek(owner, chip, TCB.version),
			Step::ClaimantAddsChip => Registry::add_chip(other, chip),
			Step::ClaimantLeaves => Registry::exit(other),
			_ => self.govern(step),
		}
	}

	fn govern(&mut self, step: Step) -> DispatchResult {
		let root = RuntimeOrigin::root();
		match step {
			Step::Rule(rule) => {
				let rules = [Some(FileRule::Allowed), Some(FileRule::Forbidden), None];
				let files = vec![sha256(b"bash")].try_into().expect("one");
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
			Step::SetPolicy(rule, how) => self.former.change(rule, how),
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
				Validators::join(signed(who), 20_000 * ALPHA, somebody(who).to_account_id())
			},
			Step::ValidatorBondsMore(who) => Validators::bond_more(signed(who), ALPHA),
			Step::ValidatorLeaves(who) => Validators::leave(signed(who)),
			Step::ValidatorWithdraws(who) => Validators::withdraw(signed(who)),
			Step::WorkerKey(who) => Validators::set_worker(signed(who), AccountId::new([who; 32])),
			Step::SessionKeys(who) => {
				let (keys, proof) = keys(CHANGED_KEYS, somebody(who));
				Session::set_keys(signed(who), keys, proof)
			},
			Step::ReportPrice(who) => report(somebody(who), PRICE << (who % 8)),
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
				let order = Order { flavour: 1 + u16::from(flavour % 5), ..order() };
				Compute::order(tenant, Box::new(order), ESCROW)
			},
			Step::TopUp(number) => Compute::top_up(tenant, vm(number), ALPHA),
			Step::Stop(number) => Compute::stop(tenant, vm(number)),
			Step::Start(number) => Compute::start(tenant, vm(number)),
			Step::Terminate(number) => Compute::terminate(tenant, vm(number)),
			Step::Resize(number) => {
				let flavour = 1 + u16::from(number % 5);
				Compute::resize(tenant, vm(number / 5), flavour, order().max_price)
			},
			Step::Crash(number) => Compute::report_crash(hot(&self.owner()), vm(number)),
			Step::TellReceipt(number) => tell(vm(number)),
			Step::ClaimEmission(ago) => {
				let era = Emission::era().index.saturating_sub(1 + u32::from(ago % 4));
				Emission::claim(tenant, era, self.owner())
			},
			_ => Ok(()),
		}
	}
}

/// As `pallet-offences` reports it.
fn equivocate(who: Sr25519Keyring, percent: u32) {
	use sp_staking::offence::{OffenceDetails, OnOffenceHandler};
	let details =
		OffenceDetails { offender: (who.to_account_id(), ()), reporters: Vec::<AccountId>::new() };
	let session = Session::current_index();
	Validators::on_offence(&[details], &[Perbill::from_percent(percent)], session);
}

#[test]
fn every_invariant_holds_and_no_money_is_made() {
	bolero::check!().with_type::<Vec<Step>>().with_iterations(300).for_each(|steps| {
		run(|machine| {
			let mut walk = Walk::new(machine);
			for step in steps {
				walk.step(*step);
				check();
			}
		});
	});
}

/// Work in every block, something out of the ordinary in every fiftieth. Tells how much evidence was included.
fn walk_for_days(walk: &mut Walk, seed: &[u8; 32], days: u32) -> u32 {
	let (mut chance, mut included, mut paid) = (*seed, 0, 0);
	let mut told = Told::default();
	let last = System::block_number() + days * units::DAYS;
	let (mut session, mut odd, mut mended) = (0, 0, 0);
	while System::block_number() < last {
		chance = sp_io::hashing::blake2_256(&chance);
		included += u32::from(walk.work(&chance));
		match chance[7] {
			0..26 => block_within(room(chance[8])),
			26..34 => paid += traders::block(&chance),
			_ => block(),
		}
		told.count();
		let now = System::block_number();
		if now >= session {
			Session::rotate_session();
			session = now + units::HOURS;
		}
		if now >= mended {
			walk.mend();
			mended = now + MENDED;
		}
		if now >= odd {
			let mut driver = ByteSliceDriver::new(&chance[12..], &Options::default());
			let step = Step::generate(&mut driver).expect("there are bytes enough");
			println!("block {now}: {step:?}");
			walk.step(step);
			if matches!(step, Step::Claim) {
				// Others judge that as they judge what is asked for.
				(0..4).for_each(|who| walk.vote(who, true));
			}
			check();
			odd = System::block_number() + ODD;
		}
	}
	check_told(&told.by_name());
	assert!(paid > days * 300, "{paid} transactions only were paid for");
	included
}

/// What comes of a walk of days in any case.
fn check_told(told: &BTreeMap<String, u32>) {
	told.iter().for_each(|(event, count)| println!("{count:>7} {event}"));
	let with_tpm = COMMON_WITH_TPM.into_iter().filter(|_| !newcomer::authority().is_empty());
	for event in COMMON.into_iter().chain(with_tpm) {
		assert!(told[event] > 0, "no {event} in days");
	}
}

/// Eras went on for years, and every kind of α that can be made or destroyed was.
fn check_years() {
	let (era, brought) = (Emission::era().index, Emission::brought());
	assert!(era > 2 * 365, "{era} eras only");
	let issuance = Emission::issuance();
	println!("{era} eras, {brought:?}, {issuance:?}");
	assert!(brought.claimed > 0 && brought.validators > 0 && brought.burned > 0);
	assert!(issuance.destroyed > Compute::paid().burned, "slashes, dust");
	assert_eq!(issuance.left(), Some(Balances::total_issuance()));
}

#[test]
fn days_of_blocks_leave_nothing_behind_but_records() {
	let walks = bolero::check!().with_type::<[u8; 32]>().with_iterations(1);
	walks.with_shrink_time(Duration::ZERO).for_each(|seed: &[u8; 32]| {
		run(|machine| {
			hold_bonds_for_hours();
			hurry_eras();
			hurry_cases();
			let mut walk = Walk::new(machine);
			let included = walk_for_days(&mut walk, seed, 2);
			assert!(included > 500, "{included} rounds only");
			walk.finish();
			check_years();
			let states = (
				pallet_verdicts::Subjects::<Runtime>::iter().count(),
				pallet_attestation::Contexts::<Runtime>::iter().count(),
				pallet_verdicts::Closing::<Runtime>::iter().count(),
				pallet_verdicts::Agreed::<Runtime>::iter().count(),
			);
			// What was answered in the last moment may still be open; nothing older.
			assert!(
				states.0 <= 1 && states.1 <= 1 && states.2 <= 16 && states.3 == 0,
				"{states:?}"
			);
			let vms = pallet_compute::Vms::<Runtime>::iter().count();
			assert_eq!(vms, 0, "all that was rented is settled");
		});
	});
}
