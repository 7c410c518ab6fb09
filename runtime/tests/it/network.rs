//! Simulates a whole chain without nodes. It has four validators, which can vote honestly or
//! falsely, and a miner whose machine can be dishonest.

use codec::Encode;
use frame_support::{
	assert_ok,
	pallet_prelude::DispatchResultWithPostInfo,
	traits::{fungible::InspectHold, Hooks, OnPoll},
	weights::{Weight, WeightMeter},
};
use hcc_evidence::host::{chip_hash, Context, HostEvidence};
use hcc_evidence_testing::{miner_binary, sha256, Machine, GENESIS, MEASUREMENT, MINER, NOW};
use hcc_primitives::{
	units::{self, ALPHA},
	ChipHash, EnrolledTpm, Evaluator, Finding, OnChipChange, SubjectId,
};
use hccs_runtime::{configs::INITIAL_VERDICTS_RULES, evidence_api::HostEvaluation, *};
use pallet_policy::{FileRule, Role};
use pallet_verdicts::Vote;
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Charlie, Dave};
use sp_runtime::Perbill;

use super::{genesis::chain, rules::set_rules};

pub(super) const VALIDATORS: [Sr25519Keyring; 4] = [Alice, Bob, Charlie, Dave];

/// Hash of the endorsement key of the machine's TPM.
pub(super) const EK: [u8; 32] = [0xee; 32];

/// Maximum number of blocks that a test waits for a challenge.
const MAX_BLOCKS: u32 = 100;

/// Returns a chain with an enrolled miner, and the miner's machine.
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

/// Runs `test` on a chain with an enrolled miner. Checks the invariants afterwards.
pub(super) fn run(test: impl FnOnce(Machine)) {
	let (mut chain, machine) = new();
	chain.execute_with(|| {
		test(machine);
		check();
	});
}

/// Sets the share of audited verdicts. The pallet raises zero to its minimum of one in a thousand.
pub(super) fn audit(part: Perbill) {
	let rules = pallet_verdicts::Rules { audit: part, ..INITIAL_VERDICTS_RULES };
	assert_ok!(set_rules(rules));
}

/// Sets a policy by which an honest machine is accepted.
fn accept_machines() {
	let root = RuntimeOrigin::root;
	assert_ok!(Policy::set_measurement(root(), MEASUREMENT, Some(Role::HostAgent)));
	let files = vec![miner_binary(), sha256(b"bash")].try_into().expect("they fit");
	assert_ok!(Policy::set_files(root(), files, Some(FileRule::Allowed)));
	let required =
		vec![vec![miner_binary()].try_into().expect("it fits")].try_into().expect("it fits");
	assert_ok!(Policy::set_required(root(), Some(required)));
}

pub(super) fn miner() -> AccountId {
	AccountId::new(MINER)
}

pub(super) fn chip(machine: &Machine) -> ChipHash {
	chip_hash(machine.vek.product, machine.chip.id())
}

/// Registers the miner and its machine. Only skips the credential activation of the machine's TPM.
fn enlist(machine: &Machine) {
	let origin = RuntimeOrigin::signed(miner());
	endow(&miner());
	let bond = Registry::rules().min_bond;
	assert_ok!(Registry::register(origin.clone(), bond, miner(), Default::default()));
	assert_ok!(Registry::add_chip(origin.clone(), chip(machine)));
	activate(&miner(), machine, EK);
	assert_ok!(Policy::register_vek(origin, vcek(machine)));
	<Attestation as OnChipChange<AccountId>>::on_ready(&chip(machine), &miner());
}

/// Enrols the machine's TPM without credential activation.
pub(super) fn activate(who: &AccountId, machine: &Machine, ek: [u8; 32]) {
	let tpm = EnrolledTpm {
		ek,
		ak: machine.ak_public().try_into().expect("it fits"),
		qualified_name: machine.signer().try_into().expect("it fits"),
		root: [0; 32],
	};
	pallet_registry::MinerOfEk::<Runtime>::insert(tpm.ek, who);
	pallet_registry::Tpms::<Runtime>::insert(who, tpm);
}

/// Returns the VCEK certificate of the machine's chip.
pub(super) fn vcek(machine: &Machine) -> pallet_policy::Certificate {
	let der = insecure_sim::issue_vcek(&machine.chip).expect("the hierarchy issues certificates");
	der.try_into().expect("it fits")
}

/// Endows an account with enough funds for every deposit, and counts the amount as initial
/// issuance.
pub(super) fn endow(who: &AccountId) {
	use frame_support::traits::fungible::Mutate;
	let before = Balances::total_issuance();
	Balances::set_balance(who, 100_000 * ALPHA);
	let after = Balances::total_issuance();
	pallet_issuance::Initial::<Runtime>::mutate(|all| *all = *all + after - before);
}

/// Makes a block. It sets the randomness and the time, includes finality statements of all
/// validators, and runs the hooks.
pub(super) fn block() {
	block_by(Some(randomness()));
}

/// Makes a block whose parent has the given randomness.
pub(super) fn block_by(randomness: Option<[u8; 32]>) {
	block_of(randomness, Weight::MAX);
}

/// Makes a block whose hooks may use the weight `room`.
pub(super) fn block_within(room: Weight) {
	block_of(Some(randomness()), room);
}

fn block_of(randomness: Option<[u8; 32]>, room: Weight) {
	begin(randomness);
	state_finality();
	let meter = &mut WeightMeter::with_limit(room);
	<AllPalletsWithSystem as OnPoll<BlockNumber>>::on_poll(System::block_number(), meter);
}

/// Returns the randomness of the next block's parent.
fn randomness() -> [u8; 32] {
	sp_io::hashing::blake2_256(&System::block_number().to_le_bytes())
}

/// Lets a slot pass without a block.
pub(super) fn skip_slot() {
	pallet_timestamp::Now::<Runtime>::mutate(|now| *now += units::MILLISECS_PER_BLOCK);
}

/// Starts a block. The validators author blocks in turn.
pub(super) fn begin(randomness: Option<[u8; 32]>) {
	System::set_block_number(System::block_number() + 1);
	pallet_timestamp::Now::<Runtime>::mutate(|now| *now += units::MILLISECS_PER_BLOCK);
	pallet_babe::AuthorVrfRandomness::<Runtime>::put(randomness);
	note_author();
	Scheduler::on_initialize(System::block_number());
}

/// Records the next validator in turn as the author of the block.
fn note_author() {
	let set = Session::validators();
	if let Some(turn) = (System::block_number() as usize).checked_rem(set.len()) {
		Validators::note_author(&set[turn]);
	}
}

/// Submits the finality statements of all validators.
pub(super) fn state_finality() {
	for validator in VALIDATORS {
		// A validator that has left cannot submit a statement, so errors are ignored.
		let _ = send_votes(validator, vec![]);
	}
}

pub(super) fn blocks(count: u32) {
	for _ in 0..count {
		block();
	}
}

/// Checks the invariants of every pallet and between pallets. Also checks that the balances of all
/// accounts sum up to the total issuance.
pub(super) fn check() {
	Policy::do_try_state().expect("policy's invariants hold");
	Registry::do_try_state().expect("registry's invariants hold");
	Validators::do_try_state().expect("validators' invariants hold");
	Clock::do_try_state().expect("the clock's invariants hold");
	Verdicts::do_try_state().expect("verdicts' invariants hold");
	Attestation::do_try_state().expect("attestation's invariants hold");
	Reputation::do_try_state().expect("reputation's invariants hold");
	Oracle::do_try_state().expect("the oracle's invariants hold");
	Compute::do_try_state().expect("compute's invariants hold");
	Usage::do_try_state().expect("usage's invariants hold");
	Compensation::do_try_state().expect("compensation's invariants hold");
	Emission::do_try_state().expect("emission's invariants hold");
	Issuance::do_try_state().expect("everything minted and burned is counted");
	invariants::check().expect("the pallets agree");
	let totals = Emission::totals();
	let of_eras = totals.paid_out + totals.validators + totals.treasury;
	assert_eq!(Issuance::issuance().minted, of_eras, "only eras mint α");
	check_accounts();
	super::holds::check();
	#[cfg(feature = "try-runtime")]
	check_sdk_pallets();
}

/// Checks the invariants of the SDK's pallets, for `scripts/try-state.sh`.
#[cfg(feature = "try-runtime")]
fn check_sdk_pallets() {
	use frame_support::traits::{TryState, TryStateSelect};
	let (now, all) = (System::block_number(), TryStateSelect::All);
	<AllPalletsWithSystem as TryState<BlockNumber>>::try_state(now, all)
		.expect("the invariants of the SDK hold");
}

/// Checks that holds and named reserves do not exceed reserved balances, and that the balances of
/// all accounts sum up to the total issuance.
fn check_accounts() {
	let mut all: Balance = 0;
	for (who, account) in frame_system::Account::<Runtime>::iter() {
		let held: Balance =
			pallet_balances::Holds::<Runtime>::get(&who).iter().map(|hold| hold.amount).sum();
		let reserves = pallet_balances::Reserves::<Runtime>::get(&who);
		let named: Balance = reserves.iter().map(|reserve| reserve.amount).sum();
		// The sum may be lower, because referenda and multisigs reserve amounts without a name.
		assert!(held + named <= account.data.reserved, "{who}: holds exceed the reserved balance");
		all += account.data.free + account.data.reserved;
	}
	assert_eq!(all, Balances::total_issuance(), "the accounts do not sum up to the total issuance");
}

/// Returns the key that signs a validator's votes.
pub(super) fn worker(validator: Sr25519Keyring) -> AccountId {
	let who = validator.to_account_id();
	pallet_validators::WorkerOf::<Runtime>::get(&who).unwrap_or(who)
}

/// Returns a validator whose worker key is this account.
pub(super) fn validator_of(who: &AccountId) -> Option<AccountId> {
	VALIDATORS.into_iter().find(|of| worker(*of) == *who).map(|of| of.to_account_id())
}

fn send_votes(validator: Sr25519Keyring, votes: Vec<Vote>) -> DispatchResultWithPostInfo {
	let finalised = System::block_number() - 1;
	let votes = votes.try_into().expect("they fit");
	let origin = RuntimeOrigin::signed(worker(validator));
	Verdicts::vote(origin, validator.to_account_id(), votes, finalised)
}

/// Queues the machine's chip for a challenge in the next block.
pub(super) fn recheck(machine: &Machine) {
	pallet_attestation::Rechecks::<Runtime>::mutate(|waiting| {
		if !waiting.contains(&chip(machine)) {
			waiting.try_push(chip(machine)).expect("there is room");
		}
	});
}

/// Stops the draws of chips. From then on, chips are challenged only by [`recheck`].
pub(super) fn stop_draws() {
	pallet_attestation::DrawnUntil::<Runtime>::put(u32::MAX);
}

/// Waits until the machine's chip is challenged. Returns the context that the machine needs for its
/// answer.
pub(super) fn challenge(machine: &Machine) -> Context {
	for _ in 0..MAX_BLOCKS {
		assert!(Attestation::host(chip(machine)).is_some(), "the chip has a host");
		if let Some(context) = open_challenge(machine) {
			return context;
		}
		block();
	}
	panic!("no challenge within {MAX_BLOCKS} blocks");
}

/// Returns the context of the open challenge to the machine's chip, if the machine has not answered
/// it.
pub(super) fn open_challenge(machine: &Machine) -> Option<Context> {
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

/// Waits for a challenge, and answers it with honest evidence. Returns the subject and the
/// evidence.
pub(super) fn answer(machine: &Machine) -> (SubjectId, HostEvidence) {
	let evidence = machine.answer(&challenge(machine));
	assert_ok!(submit(&evidence));
	(subject(machine), evidence)
}

/// Returns the open subject of a machine.
pub(super) fn subject(machine: &Machine) -> SubjectId {
	let host = Attestation::host(chip(machine)).expect("the chip has a host");
	host.challenge.and_then(|open| open.subject).expect("evidence was included")
}

/// Returns the finding of an honest worker.
pub(super) fn evaluate(subject: SubjectId, evidence: &HostEvidence) -> Finding {
	try_evaluate(subject, evidence).expect("the evidence can be evaluated")
}

/// Returns the finding of an honest worker. Returns `None` if the runtime cannot evaluate the
/// evidence, for example because policy is incomplete.
pub(super) fn try_evaluate(subject: SubjectId, evidence: &HostEvidence) -> Option<Finding> {
	let hash = Hash::from(hcc_evidence::host::evidence_hash(evidence));
	Some(HostEvaluation::evaluate(subject, hash, &evidence.encode())?.finding)
}

/// Returns a rejection for which no honest validator votes.
pub(super) fn false_finding() -> Finding {
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
	send_votes(validator, vec![Vote { subject, hash, finding: Some(finding.clone()) }])
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
	let bytes = evidence.encode().try_into().expect("it fits");
	Verdicts::prove(RuntimeOrigin::signed(who.clone()), validator_of(who), subject, bytes)
}

/// Runs an honest round from challenge to verdict. Returns the finding.
pub(super) fn attest(machine: &Machine) -> Finding {
	let (subject, evidence) = answer(machine);
	let finding = evaluate(subject, &evidence);
	vote_all(&VALIDATORS, subject, &finding);
	blocks(2);
	finding
}

pub(super) fn score(machine: &Machine) -> u16 {
	Reputation::record(chip(machine)).map_or(500, |record| record.score.value)
}

/// Returns the total issuance without the α of emission eras.
pub(super) fn issued_before_eras() -> Balance {
	let totals = Emission::totals();
	Balances::total_issuance() - totals.paid_out - totals.validators - totals.treasury
}

/// Returns the bond of a validator.
pub(super) fn bond(validator: Sr25519Keyring) -> Balance {
	let reason = pallet_validators::HoldReason::Bond.into();
	Balances::balance_on_hold(&reason, &validator.to_account_id())
}
