//! Random walks: whatever is called in whatever order, over days of blocks, every invariant holds and no money is made.

use frame_support::traits::fungible::Inspect;
use hcc_evidence::host::HostEvidence;
use hcc_primitives::{units::ALPHA, SubjectId};
use pallet_policy::FileRule;
use sp_keyring::Sr25519Keyring::{self, Alice, Eve, Ferdie};
use sp_runtime::Perbill;

use super::{
	claims::{claimant, other_owner, try_claim},
	machine::{sha256, Machine},
	network::*,
};
use crate::*;

/// What somebody does. The numbers choose among what there is.
#[derive(Clone, Copy, Debug, bolero::TypeGenerator)]
enum Step {
	Blocks(u8),
	HoursPass(u8),
	BlockWithoutRandomness,
	Session,
	Answer,
	AnswerWithGarbage,
	Run(u8),
	Boot,
	VoteAsFound(u8),
	VoteLie(u8),
	Prove(u8),
	BondMore(u8),
	Exit,
	Enrol,
	Withdraw,
	RemoveChip,
	AddChip,
	SetHot(u8),
	Rule(u8),
	Claim,
	ClaimantAddsChip,
	ClaimantLeaves,
	Audit(u8),
	ValidatorBondsMore(u8),
	ValidatorLeaves(u8),
	ValidatorWithdraws(u8),
	WorkerKey(u8),
	Equivocate(u8),
}

/// Whose work is under way.
struct Walk {
	machine: Machine,
	/// The same chip in other hands.
	other: Machine,
	/// What is being judged, or was.
	judged: Vec<(SubjectId, HostEvidence)>,
}

/// Those that a step can be done by: the validators, and two that are none.
fn somebody(number: u8) -> Sr25519Keyring {
	let all = [VALIDATORS[0], VALIDATORS[1], VALIDATORS[2], VALIDATORS[3], Eve, Ferdie];
	all[usize::from(number) % all.len()]
}

fn signed(number: u8) -> RuntimeOrigin {
	RuntimeOrigin::signed(somebody(number).to_account_id())
}

impl Walk {
	fn step(&mut self, step: Step) {
		// What is refused is refused: it must only not break anything.
		match step {
			Step::Blocks(count) => blocks(u32::from(count % 16)),
			Step::HoursPass(hours) => blocks(u32::from(hours % 2) * 600),
			Step::BlockWithoutRandomness => block_by(None),
			Step::Session => Session::rotate_session(),
			Step::Answer => self.answer(false),
			Step::AnswerWithGarbage => self.answer(true),
			Step::Run(file) => self.machine.run([b"bash", &b"rootkit"[..]][usize::from(file % 2)]),
			Step::Boot => {
				self.machine.boot();
				self.machine.run(b"hcc-miner");
			},
			Step::VoteAsFound(who) => self.vote(who, true),
			Step::VoteLie(who) => self.vote(who, false),
			Step::Prove(who) => self.prove(who),
			_ => self.administer(step),
		}
	}

	fn administer(&mut self, step: Step) {
		let owner = RuntimeOrigin::signed(miner());
		let chip = chip(&self.machine);
		let _ = match step {
			Step::BondMore(amount) => Registry::bond_more(owner, Balance::from(amount) * ALPHA),
			Step::Exit => Registry::exit(owner),
			Step::Enrol => {
				if Registry::miner(miner()).is_none() && Balances::balance(&miner()) > 1_000 * ALPHA
				{
					let bond = Registry::rules().min_bond;
					let _ = Registry::register(owner, bond, miner(), Default::default());
				}
				Ok(())
			},
			Step::Withdraw => Registry::withdraw(owner),
			Step::RemoveChip => Registry::remove_chip(owner, chip),
			Step::AddChip => Registry::add_chip(owner, chip),
			Step::Claim => {
				self.judged.extend(try_claim(&self.other));
				Ok(())
			},
			Step::ClaimantAddsChip => Registry::add_chip(RuntimeOrigin::signed(claimant()), chip),
			Step::ClaimantLeaves => Registry::exit(RuntimeOrigin::signed(claimant())),
			Step::SetHot(who) => Registry::set_hot(owner, somebody(who).to_account_id()),
			Step::Rule(rule) => {
				let rules = [Some(FileRule::Allowed), Some(FileRule::Forbidden), None];
				let files = vec![sha256(b"bash")].try_into().expect("one");
				Policy::set_files(RuntimeOrigin::root(), files, rules[usize::from(rule % 3)])
			},
			Step::Audit(percent) => {
				audit(Perbill::from_percent(u32::from(percent)));
				Ok(())
			},
			Step::ValidatorBondsMore(who) => Validators::bond_more(signed(who), ALPHA),
			Step::ValidatorLeaves(who) => Validators::leave(signed(who)),
			Step::ValidatorWithdraws(who) => Validators::withdraw(signed(who)),
			Step::WorkerKey(who) => {
				let key = AccountId::new([who; 32]);
				Validators::set_worker(signed(who), key)
			},
			Step::Equivocate(who) => {
				equivocate(somebody(who), u32::from(who % 40));
				Ok(())
			},
			_ => Ok(()),
		};
	}

	fn answer(&mut self, garbage: bool) {
		let Some(host) = Attestation::host(chip(&self.machine)) else { return };
		let Some(open) = host.challenge.filter(|open| open.subject.is_none()) else { return };
		let mut context = self.machine.challenge(open.seq);
		context.challenge.nonce = open.nonce;
		context.boot = host.checkpoint;
		context.former = host.former;
		context.boot_profile = host.boot_profile;
		let mut evidence = self.machine.answer(&context);
		if garbage {
			evidence.tpms_attest.pop();
		}
		if submit(&evidence).is_ok() {
			assert!(!garbage, "garbage is not taken");
			self.judged.push((subject(&self.machine), evidence));
		}
	}

	fn vote(&mut self, who: u8, honestly: bool) {
		let Some((subject, evidence)) = self.judged.last() else { return };
		if Attestation::context(*subject).is_none() {
			return;
		}
		let finding = if honestly { found(*subject, evidence) } else { lie() };
		let _ = vote(somebody(who), *subject, &finding);
	}

	fn prove(&mut self, who: u8) {
		let at = usize::from(who) % self.judged.len().max(1);
		if let Some((subject, evidence)) = self.judged.get(at) {
			let _ = prove(&somebody(who).to_account_id(), *subject, evidence);
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
			for who in [Alice, Eve, Ferdie] {
				endow(&who.to_account_id());
			}
			let mut walk = Walk { machine, other: other_owner(), judged: Vec::new() };
			let mut issued = issued_before_eras();
			for step in steps {
				walk.step(*step);
				check();
				let now = issued_before_eras();
				assert!(now <= issued, "money was made by {step:?}");
				issued = now;
			}
		});
	});
}

/// Two days, with something done in every other block or so.
#[test]
fn days_of_blocks_leave_nothing_behind_but_records() {
	run(|machine| {
		let mut walk = Walk { machine, other: other_owner(), judged: Vec::new() };
		let mut chance = [0u8; 32];
		let last = System::block_number() + 2 * units::DAYS;
		let mut rounds = 0u32;
		while System::block_number() < last {
			chance = sp_io::hashing::blake2_256(&chance);
			let before = walk.judged.len();
			walk.step(if chance[0] < 8 { Step::AnswerWithGarbage } else { Step::Answer });
			if walk.judged.len() > before {
				rounds += 1;
				for who in 0..4u8 {
					walk.step(match chance[usize::from(who) + 1] {
						0..4 => Step::VoteLie(who),
						4..8 => continue,
						_ => Step::VoteAsFound(who),
					});
				}
			}
			if chance[6] < 2 {
				let at = walk.judged.len().saturating_sub(1) as u8;
				walk.step(Step::Prove(at));
			}
			walk.judged.truncate(200);
			block();
			if System::block_number().is_multiple_of(600) {
				Session::rotate_session();
				check();
			}
		}
		assert!(rounds > 1_000, "{rounds} rounds only");
		blocks(1_000);
		let states = (
			pallet_verdicts::Subjects::<Runtime>::iter().count(),
			pallet_attestation::Contexts::<Runtime>::iter().count(),
			pallet_verdicts::Closing::<Runtime>::iter().count(),
			pallet_verdicts::Agreed::<Runtime>::iter().count(),
		);
		// What was answered in the last moment may still be open; nothing older.
		assert!(states.0 <= 1 && states.1 <= 1 && states.2 <= 16 && states.3 == 0, "{states:?}");
	});
}
