//! Simulates a chain with many miners and validators. In every block, machines answer challenges
//! and workers vote.

use codec::Encode;
use frame_support::{assert_ok, traits::OnPoll, weights::WeightMeter, BoundedVec};
use hcc_evidence::{
	host::HostEvidence,
	snp::{Report, Vek, VekKind},
};
use hcc_evidence_testing::Machine;
use hcc_primitives::{ChipHash, Finding, SubjectId, Tick, Tier};
use hccs_runtime::{
	configs::{INITIAL_ATTESTATION_RULES, INITIAL_VERDICTS_RULES},
	*,
};
use insecure_sim::{Chip, ReportFields};
use pallet_attestation::{DrawCounts, DrawPool, Host, Hosts, Population, Rechecks, MAX_RECHECKS};
use pallet_policy::VekRow;
use pallet_verdicts::{Vote, MAX_VOTES};
use sp_core::{sr25519, Pair};
use sp_io::hashing::blake2_256;
use sp_runtime::Perbill;

use super::{
	author::transaction,
	contests::enrol,
	network::{self, chip, evaluate, open_challenge, VALIDATORS},
	rules::set_rules,
};

/// Proof window, in ticks. As on a production chain, it is longer than the voting time. So each
/// subject is booked twice: at the end of the voting time, which does not close it, and at the end
/// of the window.
pub(super) const WINDOW: Tick = 60;

/// A miner and its machine.
pub(super) struct Miner {
	key: sr25519::Pair,
	pub(super) machine: Machine,
}

impl Miner {
	/// Registers and enrols a miner. Its chip has the VEK of `like`, because issuing and verifying
	/// a separate VEK would dominate the run time.
	fn new(number: u32, like: &Machine) -> Self {
		let name = format!("crowd {number}");
		let seed = blake2_256(name.as_bytes());
		let chip = Chip::named(&name);
		let vek = Vek { kind: VekKind::Vcek { hardware_id: *chip.id() }, ..like.vek.clone() };
		let miner = Self {
			key: sr25519::Pair::from_seed(&seed),
			machine: Machine { chip, vek, ..like.clone() },
		};
		let who = account(&miner.key);
		enrol(&who, &miner.machine, seed);
		assert_ok!(Registry::add_chip(RuntimeOrigin::signed(who.clone()), miner.chip()));
		let (vek, deposit) = (miner.machine.vek.clone(), Balance::default());
		let rows = BoundedVec::truncate_from(vec![VekRow { vek, depositor: who, deposit }]);
		pallet_policy::Veks::<Runtime>::insert(miner.chip(), rows);
		miner
	}

	pub(super) fn chip(&self) -> ChipHash {
		chip(&self.machine)
	}

	/// Answers the open challenge. The chip of `like` signs the report.
	fn answer(&self, like: &Machine) -> HostEvidence {
		let context = open_challenge(&self.machine).expect("a challenge is open");
		let mut evidence = self.machine.answer(&context);
		let report = Report::parse(&evidence.snp_report).expect("the report parses");
		let fields = ReportFields {
			report_data: report.report_data,
			host_data: report.host_data,
			..self.machine.fields.clone()
		};
		let signed = fields.sign_as(&self.machine.chip, &like.chip).expect("the chip signs");
		evidence.snp_report = signed.to_vec();
		self.machine.sign(&mut evidence);
		evidence
	}
}

/// Evidence that was included, with its finding.
pub(super) struct Included {
	pub(super) subject: SubjectId,
	finding: Finding,
}

/// The validators of the chain, and the data that its miners share.
pub(super) struct Crowd {
	/// The machine whose VEK all chips have.
	like: Machine,
	/// The keys of the active validators, which also sign their votes.
	validators: Vec<sr25519::Pair>,
	/// The subjects that reached a verdict in the last round.
	agreed: Vec<SubjectId>,
}

impl Crowd {
	/// Creates a crowd of `validators` validators, without miners.
	pub(super) fn new(validators: u32, like: Machine) -> Self {
		set_production_rules();
		Self { like, validators: activate_validators(validators), agreed: Vec::new() }
	}

	/// Registers `count` miners. Removes them from the draw, and from the rechecks of new chips.
	pub(super) fn enlist(&self, count: u32) -> Vec<Miner> {
		let miners = (0..count).map(|number| Miner::new(number, &self.like)).collect();
		Rechecks::<Runtime>::kill();
		Tier::ALL.into_iter().for_each(Population::<Runtime>::remove);
		miners
	}

	/// Makes `count` blocks. In each block, all validators state finality.
	pub(super) fn blocks(&self, count: u32) {
		for _ in 0..count {
			System::reset_events();
			network::block_by(Some(self.randomness()));
			self.submit_votes(&[]);
		}
	}

	/// Returns randomness that draws none of the last verdicts for an audit. So all of these
	/// verdicts take effect at the same time.
	fn randomness(&self) -> [u8; 32] {
		let mut randomness = blake2_256(&System::block_number().to_le_bytes());
		while self.agreed.iter().any(|subject| is_drawn(subject, &randomness)) {
			randomness = blake2_256(&randomness);
		}
		randomness
	}

	/// Submits `votes` for all validators, in as few transactions as possible. Without votes, the
	/// validators only state finality.
	fn submit_votes(&self, votes: &[Vote]) {
		let finalised = System::block_number() - 1;
		let parts_to_send: Vec<_> =
			if votes.is_empty() { vec![votes] } else { parts(votes).collect() };
		for key in &self.validators {
			for part in &parts_to_send {
				let origin = RuntimeOrigin::signed(account(key));
				let votes = part.to_vec().try_into().expect("at most the maximum number of votes");
				assert_ok!(Verdicts::vote(origin, account(key), votes, finalised));
			}
		}
	}

	/// Submits the answers of the given miners. Returns the evidence with its findings.
	pub(super) fn submit(&self, miners: &[Miner]) -> Vec<Included> {
		let include = |miner: &Miner| {
			let evidence = miner.answer(&self.like);
			let origin = RuntimeOrigin::signed(account(&miner.key));
			assert_ok!(Attestation::submit_evidence(origin, Box::new(evidence.clone())));
			let subject = network::subject(&miner.machine);
			let finding = evaluate(subject, &evidence);
			assert!(finding.is_accepted(), "{}", finding.code);
			Included { subject, finding }
		};
		miners.iter().map(include).collect()
	}

	/// Submits the votes of all validators. All validators vote for the same findings.
	pub(super) fn vote(&mut self, included: &[Included]) {
		self.submit_votes(&votes(included));
		self.agreed = included.iter().map(|included| included.subject).collect();
	}

	/// Challenges the given miners, submits their answers and votes on them, all in the current
	/// block.
	pub(super) fn round(&mut self, miners: &[Miner]) -> Vec<SubjectId> {
		challenge(miners);
		let included = self.submit(miners);
		self.vote(&included);
		self.agreed.clone()
	}

	/// Returns the transactions of the next block: the answers of the given miners, and all votes
	/// on the evidence that is `included` in the current block.
	pub(super) fn send(&self, miners: &[Miner], included: &[Included]) -> Vec<Vec<u8>> {
		let answer = |miner: &Miner| {
			let evidence = Box::new(miner.answer(&self.like));
			let call = pallet_attestation::Call::<Runtime>::submit_evidence { evidence };
			transaction(&miner.key, call, 0).encode()
		};
		let mut sent: Vec<_> = miners.iter().map(answer).collect();
		let votes = votes(included);
		for key in &self.validators {
			sent.extend(vote_transactions(key, &votes));
		}
		sent
	}
}

fn account(key: &sr25519::Pair) -> AccountId {
	AccountId::new(key.public().0)
}

/// Sets the challenge rules of a production chain, and a short proof window.
fn set_production_rules() {
	let audit = Perbill::zero();
	let rules = pallet_verdicts::Rules { window: WINDOW, audit, ..INITIAL_VERDICTS_RULES };
	assert_ok!(set_rules(INITIAL_ATTESTATION_RULES));
	assert_ok!(set_rules(rules));
}

/// Activates `count` validators. Four of them make blocks, and the others only judge.
fn activate_validators(count: u32) -> Vec<sr25519::Pair> {
	let of = |number: u32| sr25519::Pair::from_seed(&blake2_256(&number.to_le_bytes()));
	let others: Vec<_> = (VALIDATORS.len() as u32..count).map(of).collect();
	let mut active = Session::validators();
	for key in &others {
		let who = account(key);
		network::endow(&who);
		pallet_validators::WorkerOf::<Runtime>::insert(&who, &who);
		active.push(who);
	}
	pallet_session::Validators::<Runtime>::put(active);
	VALIDATORS.into_iter().map(|name| name.pair()).chain(others).collect()
}

/// Challenges the given miners immediately, as a recheck does.
pub(super) fn challenge(miners: &[Miner]) {
	for some in miners.chunks(MAX_RECHECKS as usize) {
		let chips = some.iter().map(Miner::chip).collect();
		Rechecks::<Runtime>::put(BoundedVec::truncate_from(chips));
		while !Rechecks::<Runtime>::get().is_empty() {
			let now = System::block_number();
			<Attestation as OnPoll<BlockNumber>>::on_poll(now, &mut WeightMeter::new());
		}
	}
}

/// Enables the draw of the existing chips, and of `trusted` additional chips. The additional chips
/// have the same state as the chip of `like`.
pub(super) fn populate(trusted: u32, like: &Miner) {
	for tier in Tier::ALL {
		let count = DrawPool::<Runtime>::iter_prefix(tier).count() as u32;
		Population::<Runtime>::insert(tier, count);
	}
	let like = Attestation::host(like.chip()).expect("the chip has a host");
	for position in 0..trusted {
		let chip = blake2_256(&(b"trusted", position).encode());
		let tier = Tier::Trusted;
		let host = Host { seq: 1, challenge: None, tier, position, ..like.clone() };
		Hosts::<Runtime>::insert(chip, host);
		DrawPool::<Runtime>::insert(tier, position, chip);
	}
	Population::<Runtime>::insert(Tier::Trusted, trusted);
	// The next block draws from these numbers.
	DrawCounts::<Runtime>::mutate(|counts| {
		counts.before_this = Tier::ALL.map(Population::<Runtime>::get);
	});
}

/// Returns `true` if this randomness draws a verdict for an audit.
fn is_drawn(subject: &SubjectId, randomness: &[u8; 32]) -> bool {
	let draw = blake2_256(&[(b"audit", subject).encode(), randomness.to_vec()].concat());
	let draw = u32::from_le_bytes([draw[0], draw[1], draw[2], draw[3]]);
	Perbill::from_rational(draw, u32::MAX) < Verdicts::rules().audit
}

/// Returns the votes of an honest worker on the included evidence.
fn votes(included: &[Included]) -> Vec<Vote> {
	let genesis = hcc_primitives::genesis::<Runtime>();
	let vote = |of: &Included| {
		let (subject, hash) = (of.subject, of.finding.hash(&genesis));
		Vote { subject, hash, finding: Some(of.finding.clone()) }
	};
	included.iter().map(vote).collect()
}

/// Splits votes into the parts of transactions. Each part has at most the maximum number of votes.
fn parts(votes: &[Vote]) -> impl Iterator<Item = &[Vote]> {
	votes.chunks(MAX_VOTES as usize)
}

/// Returns the transactions by which a worker submits votes in the next block. They have
/// consecutive nonces.
fn vote_transactions(key: &sr25519::Pair, votes: &[Vote]) -> Vec<Vec<u8>> {
	let (who, finalised) = (account(key), System::block_number());
	let next = System::account_nonce(&who);
	let transactions = parts(votes).map(|part| {
		let votes = part.to_vec().try_into().expect("at most the maximum number of votes");
		let validator = who.clone();
		let call = pallet_verdicts::Call::<Runtime>::vote { validator, votes, finalised };
		let sent = transaction(key, call, 0).encode();
		System::inc_account_nonce(&who);
		sent
	});
	let transactions = transactions.collect();
	// Restores the nonce, because no transaction is included yet.
	frame_system::Account::<Runtime>::mutate(&who, |account| account.nonce = next);
	transactions
}
