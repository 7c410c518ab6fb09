//! A chain with as many miners and validators as there are to be: machines that answer, workers that vote, as they do in every block.

use codec::Encode;
use frame_support::{assert_ok, traits::OnPoll, weights::WeightMeter, BoundedVec};
use hcc_evidence::{
	host::HostEvidence,
	snp::{Report, Vek, VekKind},
};
use hcc_primitives::{ChipHash, Finding, SubjectId, Tick, Tier};
use insecure_sim::{Chip, ReportFields};
use pallet_attestation::{Drawn, Host, Hosts, Population, Rechecks, MAX_RECHECKS};
use pallet_policy::VekRow;
use pallet_verdicts::{Vote, MAX_VOTES};
use sp_core::{sr25519, Pair};
use sp_io::hashing::blake2_256;
use sp_runtime::Perbill;

use super::{
	author::transaction,
	claims::enrol,
	machine::Machine,
	network::{self, asked, chip, found, VALIDATORS},
	rules::set_rules,
};
use crate::{
	configs::{INITIAL_ATTESTATION_RULES, INITIAL_VERDICTS_RULES},
	*,
};

/// How long a verdict can be proven false here, in ticks. Longer than a subject is judged, as it is on a chain: so each is booked twice, and passed over once.
pub(super) const WINDOW: Tick = 60;

/// A miner, and its machine.
pub(super) struct Miner {
	key: sr25519::Pair,
	pub(super) machine: Machine,
}

impl Miner {
	/// Registered and enrolled. Its chip has the key of another one: to certify a key of its own, and to verify that, would take longer than all else.
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

	/// The answer to what it is asked, which `like` signs as the chip.
	fn answer(&self, like: &Machine) -> HostEvidence {
		let context = asked(&self.machine).expect("it is asked");
		let mut evidence = self.machine.answer(&context);
		let report = Report::parse(&evidence.snp_report).expect("as chips make them");
		let fields =
			ReportFields { report_data: report.report_data, ..self.machine.fields.clone() };
		let signed = fields.sign_as(&self.machine.chip, &like.chip).expect("it signs");
		evidence.snp_report = signed.to_vec();
		self.machine.sign(&mut evidence);
		evidence
	}
}

/// Evidence that was included, and what is found of it.
pub(super) struct Included {
	pub(super) subject: SubjectId,
	finding: Finding,
}

/// All of them.
pub(super) struct Crowd {
	/// The machine whose key all chips have.
	like: Machine,
	/// The keys of those in office, which sign their votes as well.
	validators: Vec<sr25519::Pair>,
	/// What was agreed on last.
	agreed: Vec<SubjectId>,
}

impl Crowd {
	/// So many validators, and no miner yet.
	pub(super) fn new(validators: u32, like: Machine) -> Self {
		as_a_chain_has_them();
		Self { like, validators: elect(validators), agreed: Vec::new() }
	}

	/// So many miners, once for all. None of them is asked by lot, or since it is new.
	pub(super) fn enlist(&self, count: u32) -> Vec<Miner> {
		let miners = (0..count).map(|number| Miner::new(number, &self.like)).collect();
		Rechecks::<Runtime>::kill();
		Tier::ALL.into_iter().for_each(Population::<Runtime>::remove);
		miners
	}

	/// So many blocks, in which all validators state what is final.
	pub(super) fn blocks(&self, count: u32) {
		for _ in 0..count {
			System::reset_events();
			network::block_by(Some(self.chance()));
			self.each_files(&[]);
		}
	}

	/// Chance by which nothing of what was agreed on last must be proven: so all of it takes effect at the same time.
	fn chance(&self) -> [u8; 32] {
		let mut chance = blake2_256(&System::block_number().to_le_bytes());
		while self.agreed.iter().any(|subject| is_drawn(subject, &chance)) {
			chance = blake2_256(&chance);
		}
		chance
	}

	/// What validators file: these votes, as many at once as can be, or what is final alone.
	fn each_files(&self, votes: &[Vote]) {
		let finalised = System::block_number() - 1;
		let filed: Vec<_> = if votes.is_empty() { vec![votes] } else { parts(votes).collect() };
		for key in &self.validators {
			for part in &filed {
				let origin = RuntimeOrigin::signed(account(key));
				let votes = part.to_vec().try_into().expect("as many as there may be");
				assert_ok!(Verdicts::file(origin, votes, finalised));
			}
		}
	}

	/// These answer what they are asked.
	pub(super) fn submit(&self, miners: &[Miner]) -> Vec<Included> {
		let include = |miner: &Miner| {
			let evidence = miner.answer(&self.like);
			let origin = RuntimeOrigin::signed(account(&miner.key));
			assert_ok!(Attestation::submit_evidence(origin, Box::new(evidence.clone())));
			let subject = network::subject(&miner.machine);
			let finding = found(subject, &evidence);
			assert!(finding.is_accepted(), "{}", finding.code);
			Included { subject, finding }
		};
		miners.iter().map(include).collect()
	}

	/// All validators vote, and agree.
	pub(super) fn vote(&mut self, included: &[Included]) {
		self.each_files(&votes(included));
		self.agreed = included.iter().map(|included| included.subject).collect();
	}

	/// These are asked, answer, and are judged, all in this block.
	pub(super) fn round(&mut self, miners: &[Miner]) -> Vec<SubjectId> {
		challenge(miners);
		let included = self.submit(miners);
		self.vote(&included);
		self.agreed.clone()
	}

	/// What is sent in the next block: the answers of these, and all validators' votes on what was `included` in this one.
	pub(super) fn send(&self, miners: &[Miner], included: &[Included]) -> Vec<Vec<u8>> {
		let answer = |miner: &Miner| {
			let evidence = Box::new(miner.answer(&self.like));
			let call = pallet_attestation::Call::<Runtime>::submit_evidence { evidence };
			transaction(&miner.key, call, 0).encode()
		};
		let mut sent: Vec<_> = miners.iter().map(answer).collect();
		let votes = votes(included);
		for key in &self.validators {
			sent.extend(file(key, &votes));
		}
		sent
	}
}

fn account(key: &sr25519::Pair) -> AccountId {
	AccountId::new(key.public().0)
}

/// Challenges as a chain has them that is no test chain, and a short window.
fn as_a_chain_has_them() {
	let audit = Perbill::zero();
	let rules = pallet_verdicts::Rules { window: WINDOW, audit, ..INITIAL_VERDICTS_RULES };
	assert_ok!(set_rules(INITIAL_ATTESTATION_RULES));
	assert_ok!(set_rules(rules));
}

/// So many validators in office: the four that make blocks, and others that only judge.
fn elect(count: u32) -> Vec<sr25519::Pair> {
	let of = |number: u32| sr25519::Pair::from_seed(&blake2_256(&number.to_le_bytes()));
	let others: Vec<_> = (VALIDATORS.len() as u32..count).map(of).collect();
	let mut in_office = Session::validators();
	for key in &others {
		let who = account(key);
		network::endow(&who);
		pallet_validators::WorkerOf::<Runtime>::insert(&who, &who);
		pallet_validators::ValidatorOf::<Runtime>::insert(&who, &who);
		in_office.push(who);
	}
	pallet_session::Validators::<Runtime>::put(in_office);
	VALIDATORS.into_iter().map(|name| name.pair()).chain(others).collect()
}

/// Has these asked at once, as whoever waits for it is.
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

/// From now on chips are drawn: those that there are, and so many that are trusted, which know as much of themselves as `like`.
pub(super) fn populate(trusted: u32, like: &Miner) {
	for tier in Tier::ALL {
		let count = Drawn::<Runtime>::iter_prefix(tier).count() as u32;
		Population::<Runtime>::insert(tier, count);
	}
	let like = Attestation::host(like.chip()).expect("it is enrolled");
	for position in 0..trusted {
		let chip = blake2_256(&(b"trusted", position).encode());
		let tier = Tier::Trusted;
		let host = Host { seq: 1, challenge: None, tier, position, ..like.clone() };
		Hosts::<Runtime>::insert(chip, host);
		Drawn::<Runtime>::insert(tier, position, chip);
	}
	Population::<Runtime>::insert(Tier::Trusted, trusted);
}

/// Whether a verdict must be proven where that is what the parent of the block has left.
fn is_drawn(subject: &SubjectId, chance: &[u8; 32]) -> bool {
	let lot = blake2_256(&[(b"audit", subject).encode(), chance.to_vec()].concat());
	let lot = u32::from_le_bytes([lot[0], lot[1], lot[2], lot[3]]);
	Perbill::from_rational(lot, u32::MAX) < Verdicts::rules().audit
}

/// What an honest worker votes.
fn votes(included: &[Included]) -> Vec<Vote> {
	let genesis = hcc_primitives::genesis::<Runtime>();
	let vote = |of: &Included| {
		let (subject, hash) = (of.subject, of.finding.hash(&genesis));
		Vote { subject, hash, finding: Some(of.finding.clone()) }
	};
	included.iter().map(vote).collect()
}

/// Votes as a worker files them: as many in one transaction as there may be.
fn parts(votes: &[Vote]) -> impl Iterator<Item = &[Vote]> {
	votes.chunks(MAX_VOTES as usize)
}

/// The transactions by which a worker files these votes, one after another, in the next block.
fn file(key: &sr25519::Pair, votes: &[Vote]) -> Vec<Vec<u8>> {
	let (who, finalised) = (account(key), System::block_number());
	let next = System::account_nonce(&who);
	let transactions = parts(votes).map(|part| {
		let votes = part.to_vec().try_into().expect("as many as there may be");
		let call = pallet_verdicts::Call::<Runtime>::file { votes, finalised };
		let sent = transaction(key, call, 0).encode();
		System::inc_account_nonce(&who);
		sent
	});
	let transactions = transactions.collect();
	// None of them is included yet.
	frame_system::Account::<Runtime>::mutate(&who, |account| account.nonce = next);
	transactions
}
