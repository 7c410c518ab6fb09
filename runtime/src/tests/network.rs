//! A whole chain without nodes: four validators that judge as the runtime does or otherwise, and a miner whose machine can be made to lie.

use codec::Encode;
use frame_support::{
	assert_ok,
	pallet_prelude::DispatchResultWithPostInfo,
	traits::{fungible::InspectHold, Hooks, OnPoll},
	weights::{Weight, WeightMeter},
};
use hcc_evidence::host::{chip_hash, Context, HostEvidence};
use hcc_primitives::{units::ALPHA, ChipHash, EnrolledTpm, Evaluates, Finding, OnChip, SubjectId};
use pallet_policy::{FileRule, Role};
use pallet_verdicts::Vote;
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Charlie, Dave};
use sp_runtime::Perbill;

use super::{
	genesis::chain,
	machine::{miner_binary, sha256, Machine, GENESIS, MEASUREMENT, MINER, NOW},
	rules::set_rules,
};
use crate::{configs::INITIAL_VERDICTS_RULES, evidence_api::HostEvaluation, *};

pub(super) const VALIDATORS: [Sr25519Keyring; 4] = [Alice, Bob, Charlie, Dave];

/// The endorsement key of the machine's TPM.
pub(super) const EK: [u8; 32] = [0xee; 32];

/// How long the tests wait for anything, in blocks.
const PATIENCE: u32 = 100;

/// A chain with a miner that is enrolled, and its machine.
pub(super) fn new() -> (sp_io::TestExternalities, Machine) {
	let mut chain = chain(sp_genesis_builder::LOCAL_TESTNET_RUNTIME_PRESET);
	let machine = Machine::named("mallory");
	chain.execute_with(|| {
		System::set_block_number(1);
		frame_system::BlockHash::<Runtime>::insert(0, Hash::from(GENESIS));
		pallet_timestamp::Now::<Runtime>::put(NOW.0 * 1_000);
		audit(Perbill::zero());
		accept_machines();
		enlist(&machine);
	});
	(chain, machine)
}

/// Runs `test` on such a chain, and then checks the invariants.
pub(super) fn run(test: impl FnOnce(Machine)) {
	let (mut chain, machine) = new();
	chain.execute_with(|| {
		test(machine);
		check();
	});
}

/// Sets which part of the verdicts must be proven. None at all is read as one of a thousand.
pub(super) fn audit(part: Perbill) {
	let rules = pallet_verdicts::Rules { audit: part, ..INITIAL_VERDICTS_RULES };
	assert_ok!(set_rules(rules));
}

/// Policy that accepts what an honest machine runs.
fn accept_machines() {
	let root = RuntimeOrigin::root;
	assert_ok!(Policy::set_measurement(root(), MEASUREMENT, Some(Role::HostAgent)));
	let files = vec![miner_binary(), sha256(b"bash")].try_into().expect("few");
	assert_ok!(Policy::set_files(root(), files, Some(FileRule::Allowed)));
	let required = vec![vec![miner_binary()].try_into().expect("one")].try_into().expect("one");
	assert_ok!(Policy::set_required(root(), Some(required)));
}

pub(super) fn miner() -> AccountId {
	AccountId::new(MINER)
}

pub(super) fn chip(machine: &Machine) -> ChipHash {
	chip_hash(machine.vek.product, machine.chip.id())
}

/// Registers the machine. Only the activation of its TPM's credentials is left out.
fn enlist(machine: &Machine) {
	let origin = RuntimeOrigin::signed(miner());
	endow(&miner());
	let bond = Registry::rules().min_bond;
	assert_ok!(Registry::register(origin.clone(), bond, miner(), Default::default()));
	assert_ok!(Registry::add_chip(origin.clone(), chip(machine)));
	activate(&miner(), machine, EK);
	assert_ok!(Policy::register_vek(origin, vcek(machine)));
	<Attestation as OnChip<AccountId>>::on_ready(&chip(machine), &miner());
}

/// As if the credentials for the machine's TPM had been activated.
pub(super) fn activate(who: &AccountId, machine: &Machine, ek: [u8; 32]) {
	let tpm = EnrolledTpm {
		ek,
		ak: machine.ak_public().try_into().expect("short"),
		qualified_name: machine.signer().try_into().expect("short"),
		root: [0; 32],
	};
	pallet_registry::MinerOfEk::<Runtime>::insert(tpm.ek, who);
	pallet_registry::Tpms::<Runtime>::insert(who, tpm);
}

/// The certificate of the machine's chip.
pub(super) fn vcek(machine: &Machine) -> pallet_policy::Certificate {
	let der = insecure_sim::issue_vcek(&machine.chip).expect("the hierarchy issues");
	der.try_into().expect("short")
}

/// Gives an account enough for every deposit, as if it had had that from the start.
pub(super) fn endow(who: &AccountId) {
	use frame_support::traits::fungible::Mutate;
	let before = Balances::total_issuance();
	Balances::set_balance(who, 100_000 * ALPHA);
	let after = Balances::total_issuance();
	pallet_emission::Initial::<Runtime>::mutate(|all| *all = *all + after - before);
}

/// One block on: chance, time, statements of all validators, and what the pallets do by themselves.
pub(super) fn block() {
	block_by(Some(chance()));
}

/// A block whose parent's author left no randomness.
pub(super) fn block_by(randomness: Option<[u8; 32]>) {
	block_of(randomness, Weight::MAX);
}

/// A block with that much room for what the pallets do by themselves.
pub(super) fn block_within(room: Weight) {
	block_of(Some(chance()), room);
}

fn block_of(randomness: Option<[u8; 32]>, room: Weight) {
	begin(randomness);
	statements();
	let meter = &mut WeightMeter::with_limit(room);
	<AllPalletsWithSystem as OnPoll<BlockNumber>>::on_poll(System::block_number(), meter);
}

/// What the next block's parent has left.
fn chance() -> [u8; 32] {
	sp_io::hashing::blake2_256(&System::block_number().to_le_bytes())
}

/// What a block begins with.
pub(super) fn begin(randomness: Option<[u8; 32]>) {
	System::set_block_number(System::block_number() + 1);
	pallet_timestamp::Now::<Runtime>::mutate(|now| *now += units::MILLISECS_PER_BLOCK);
	pallet_babe::AuthorVrfRandomness::<Runtime>::put(randomness);
	Scheduler::on_initialize(System::block_number());
}

/// All validators state what they have seen finalised.
pub(super) fn statements() {
	for validator in VALIDATORS {
		// It may have left.
		let _ = file(validator, vec![]);
	}
}

pub(super) fn blocks(count: u32) {
	for _ in 0..count {
		block();
	}
}

/// The invariants of every pallet, and of all together: no money is anywhere else than in accounts.
pub(super) fn check() {
	Policy::do_try_state().expect("policy's invariants hold");
	Registry::do_try_state().expect("registry's invariants hold");
	Validators::do_try_state().expect("validators' invariants hold");
	Verdicts::do_try_state().expect("verdicts' invariants hold");
	Attestation::do_try_state().expect("attestation's invariants hold");
	Reputation::do_try_state().expect("reputation's invariants hold");
	Oracle::do_try_state().expect("the oracle's invariants hold");
	Compute::do_try_state().expect("compute's invariants hold");
	Usage::do_try_state().expect("usage's invariants hold");
	Compensation::do_try_state().expect("compensation's invariants hold");
	Emission::do_try_state().expect("emission's invariants hold");
	check_accounts();
	#[cfg(feature = "try-runtime")]
	check_the_sdks();
}

/// The invariants of the SDK's pallets as well: scripts/try-state.sh.
#[cfg(feature = "try-runtime")]
fn check_the_sdks() {
	use frame_support::traits::{TryState, TryStateSelect};
	let (now, all) = (System::block_number(), TryStateSelect::All);
	<AllPalletsWithSystem as TryState<BlockNumber>>::try_state(now, all).expect("they hold");
}

/// Whatever an account cannot spend is held or reserved for a reason, and all accounts have what was issued.
fn check_accounts() {
	let mut all: Balance = 0;
	for (who, account) in frame_system::Account::<Runtime>::iter() {
		let held: Balance =
			pallet_balances::Holds::<Runtime>::get(&who).iter().map(|hold| hold.amount).sum();
		let reserves = pallet_balances::Reserves::<Runtime>::get(&who);
		let named: Balance = reserves.iter().map(|reserve| reserve.amount).sum();
		// Referenda and multisigs reserve without a name.
		assert!(held + named <= account.data.reserved, "{who}: more is held than there is");
		all += account.data.free + account.data.reserved;
	}
	assert_eq!(all, Balances::total_issuance(), "accounts have other money than was issued");
}

/// The key that signs a validator's votes.
pub(super) fn worker(validator: Sr25519Keyring) -> AccountId {
	let who = validator.to_account_id();
	pallet_validators::WorkerOf::<Runtime>::get(&who).unwrap_or(who)
}

fn file(validator: Sr25519Keyring, votes: Vec<Vote>) -> DispatchResultWithPostInfo {
	let finalised = System::block_number() - 1;
	let votes = votes.try_into().expect("few");
	Verdicts::file(RuntimeOrigin::signed(worker(validator)), votes, finalised)
}

/// Waits for a challenge, as the machine takes it.
pub(super) fn challenge(machine: &Machine) -> Context {
	for _ in 0..PATIENCE {
		assert!(Attestation::host(chip(machine)).is_some(), "enlisted");
		if let Some(context) = asked(machine) {
			return context;
		}
		block();
	}
	panic!("no challenge within {PATIENCE} blocks");
}

/// What the machine is asked now and has not answered, as it takes it.
pub(super) fn asked(machine: &Machine) -> Option<Context> {
	let host = Attestation::host(chip(machine))?;
	let open = host.challenge.filter(|open| open.subject.is_none())?;
	let mut context = machine.challenge(open.seq);
	context.challenge.miner = host.miner.into();
	context.challenge.nonce = open.nonce;
	context.boot = host.checkpoint;
	context.former = host.former;
	context.boot_profile = host.boot_profile;
	Some(context)
}

pub(super) fn submit(evidence: &HostEvidence) -> DispatchResultWithPostInfo {
	Attestation::submit_evidence(RuntimeOrigin::signed(miner()), Box::new(evidence.clone()))
}

/// Waits for a challenge, answers it honestly, and gives what is to be judged.
pub(super) fn answer(machine: &Machine) -> (SubjectId, HostEvidence) {
	let evidence = machine.answer(&challenge(machine));
	assert_ok!(submit(&evidence));
	(subject(machine), evidence)
}

/// What is being judged of a machine.
pub(super) fn subject(machine: &Machine) -> SubjectId {
	let host = Attestation::host(chip(machine)).expect("enlisted");
	host.challenge.and_then(|open| open.subject).expect("evidence was included")
}

/// What an honest worker finds.
pub(super) fn found(subject: SubjectId, evidence: &HostEvidence) -> Finding {
	try_found(subject, evidence).expect("it can be judged")
}

/// The same; none where it cannot judge, as long as policy lacks something.
pub(super) fn try_found(subject: SubjectId, evidence: &HostEvidence) -> Option<Finding> {
	let hash = Hash::from(hcc_evidence::host::evidence_hash(evidence));
	Some(HostEvaluation::evaluate(subject, hash, &evidence.encode())?.finding)
}

/// A rejection that nobody honest has found.
pub(super) fn lie() -> Finding {
	Finding {
		code: hcc_evidence::RejectCode::ImaForbiddenFile.number(),
		claims: Default::default(),
	}
}

pub(super) fn vote(
	validator: Sr25519Keyring,
	subject: SubjectId,
	finding: &Finding,
) -> DispatchResultWithPostInfo {
	let hash = finding.hash(&hcc_primitives::genesis::<Runtime>());
	file(validator, vec![Vote { subject, hash, finding: Some(finding.clone()) }])
}

pub(super) fn vote_all(validators: &[Sr25519Keyring], subject: SubjectId, finding: &Finding) {
	for validator in validators {
		assert_ok!(vote(*validator, subject, finding));
	}
}

pub(super) fn prove(
	who: &AccountId,
	subject: SubjectId,
	evidence: &HostEvidence,
) -> DispatchResultWithPostInfo {
	let bytes = evidence.encode().try_into().expect("short");
	Verdicts::prove(RuntimeOrigin::signed(who.clone()), subject, bytes)
}

/// An honest round, from challenge to verdict.
pub(super) fn attest(machine: &Machine) -> Finding {
	let (subject, evidence) = answer(machine);
	let finding = found(subject, &evidence);
	vote_all(&VALIDATORS, subject, &finding);
	blocks(2);
	finding
}

pub(super) fn score(machine: &Machine) -> u16 {
	Reputation::record(chip(machine)).map_or(500, |record| record.score.value)
}

/// All the α there is, but for what eras have brought.
pub(super) fn issued_before_eras() -> Balance {
	let brought = Emission::brought();
	Balances::total_issuance() - brought.claimed - brought.validators - brought.treasury
}

/// What a validator has on hold.
pub(super) fn bond(validator: Sr25519Keyring) -> Balance {
	let reason = pallet_validators::HoldReason::Bond.into();
	Balances::balance_on_hold(&reason, &validator.to_account_id())
}
