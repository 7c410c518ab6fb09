//! Referenda change what they are for, and nothing else.

use frame_support::{
	assert_noop, assert_ok,
	dispatch::RawOrigin,
	traits::{schedule::DispatchTime, Bounded, Currency, Get, Hooks, StorePreimage},
};
use hcc_evidence::RejectCode;
use hcc_primitives::{
	units::{ALPHA, DAYS, HOURS},
	Conduct, Met, Reputation as _,
};
use pallet_conviction_voting::{AccountVote, Conviction, Vote};
use pallet_policy::FileRule;
use sp_keyring::Sr25519Keyring::{Alice, Bob, Charlie};
use sp_runtime::{traits::Dispatchable, DispatchError::BadOrigin};

use super::{genesis::chain, hosts::forge, network, rules::Governed};
use crate::{
	configs::parameters::ReputationRules,
	governance::{tracks::Tracks, Origin},
	*,
};

const CHIP: [u8; 32] = [7; 32];
/// IMA's replay failed: the worst that a verdict can say.
const TAMPERED: u16 = 1102;

pub(super) fn new_chain() -> sp_io::TestExternalities {
	let mut chain = chain(sp_genesis_builder::LOCAL_TESTNET_RUNTIME_PRESET);
	chain.execute_with(|| System::set_block_number(1));
	chain
}

/// Goes on by so many blocks, from one for which something is scheduled to the next.
fn blocks(count: u32) {
	let last = System::block_number() + count;
	while let Some(next) = pallet_scheduler::Agenda::<Runtime>::iter_keys().min() {
		// What one block left over is for the next.
		let next = next.max(System::block_number() + 1);
		if next > last {
			break;
		}
		System::set_block_number(next);
		Scheduler::on_initialize(next);
	}
	System::set_block_number(last);
}

/// Submits a proposal for a track's origin, and has it decided on.
fn propose(origin: OriginCaller, call: RuntimeCall) -> u32 {
	let number = pallet_referenda::ReferendumCount::<Runtime>::get();
	let proposal = <Preimage as StorePreimage>::bound(call).expect("it is short");
	if let Bounded::Lookup { .. } = proposal {
		panic!("it should be short enough to need no preimage");
	}
	let alice = RuntimeOrigin::signed(Alice.to_account_id());
	assert_ok!(Referenda::submit(
		alice.clone(),
		Box::new(origin),
		proposal,
		DispatchTime::After(0)
	));
	assert_ok!(Referenda::place_decision_deposit(alice, number));
	number
}

fn vote(who: sp_keyring::Sr25519Keyring, referendum: u32, aye: bool) {
	let balance = Balances::free_balance(who.to_account_id()) / 10 * 9;
	let vote =
		AccountVote::Standard { vote: Vote { aye, conviction: Conviction::Locked1x }, balance };
	assert_ok!(ConvictionVoting::vote(
		RuntimeOrigin::signed(who.to_account_id()),
		referendum,
		vote
	));
}

/// Goes on until a proposal is approved, or ten blocks further: the block in which it was.
pub(super) fn wait_for_approval(referendum: u32) -> BlockNumber {
	use pallet_referenda::{ReferendumInfo, ReferendumInfoFor};

	for _ in 0..7 * DAYS / 10 {
		let info = ReferendumInfoFor::<Runtime>::get(referendum);
		if let Some(ReferendumInfo::Approved(at, ..)) = info {
			return at;
		}
		blocks(10);
	}
	panic!("not approved within a week");
}

/// Goes on until so long after a block.
pub(super) fn until(block: BlockNumber, later: u32) {
	blocks(block + later - System::block_number());
}

/// A proposal that nearly everybody who can vote is for.
pub(super) fn approve(referendum: u32) {
	for who in sp_keyring::Sr25519Keyring::iter() {
		vote(who, referendum, true);
	}
}

fn harsher() -> RuntimeCall {
	let rules = pallet_reputation::Rules { tampered: 450, ..ReputationRules::get() };
	RuntimeCall::Parameters(pallet_parameters::Call::set_parameter { key_value: rules.parameter() })
}

fn score(chip: [u8; 32]) -> u16 {
	Reputation::record(chip).expect("it was noted").score.value
}

#[test]
fn a_referendum_changes_a_penalty_and_the_next_failure_is_punished_by_it() {
	let (mut chain, mut machine) = network::new();
	chain.execute_with(|| {
		let before = ReputationRules::get();
		let met = Met { seq: 1, made: 0, conduct: Conduct::Failed(TAMPERED), from: None };
		Reputation::note(&CHIP, &Alice.to_account_id(), met);
		assert_eq!(score(CHIP), before.start - before.tampered);

		let number = propose(Origin::Penalties.into(), harsher());
		approve(number);
		// Prepared for an hour, confirmed for twelve, and in force no sooner than twelve later.
		blocks(HOURS + 12 * HOURS);
		assert_eq!(ReputationRules::get(), before, "it is not in force yet");
		blocks(12 * HOURS + 10);
		assert_eq!(ReputationRules::get().tampered, 450);

		// Nothing was judged in the blocks that were passed over.
		pallet_verdicts::AgreedFrom::<Runtime>::put(System::block_number());
		forge(&mut machine);
		assert_eq!(network::attest(&machine).code, RejectCode::ImaPcr.number());
		assert_eq!(network::score(&machine), before.start - 450);
		assert_eq!(score(CHIP), before.start - before.tampered, "the past is judged as it was");
		network::check();
	});
}

#[test]
fn a_referendum_that_most_are_against_changes_nothing() {
	new_chain().execute_with(|| {
		let before = ReputationRules::get();
		let number = propose(Origin::Penalties.into(), harsher());
		vote(Alice, number, true);
		vote(Bob, number, false);
		vote(Charlie, number, false);
		blocks(9 * DAYS);
		assert_eq!(ReputationRules::get(), before);
		assert!(matches!(
			pallet_referenda::ReferendumInfoFor::<Runtime>::get(number),
			Some(pallet_referenda::ReferendumInfo::Rejected(..))
		));
	});
}

#[test]
fn tightening_is_fast_and_can_only_tighten() {
	new_chain().execute_with(|| {
		let files = |rule| pallet_policy::Call::set_files {
			digests: vec![[9; 32]].try_into().expect("one"),
			rule: Some(rule),
		};
		let forbid = propose(Origin::Tightening.into(), files(FileRule::Forbidden).into());
		let allow = propose(Origin::Tightening.into(), files(FileRule::Allowed).into());
		approve(forbid);
		approve(allow);
		blocks(2 * HOURS);
		assert_eq!(Policy::file([9; 32]), Some(FileRule::Forbidden));
	});
}

#[test]
fn everybody_has_a_days_notice_before_more_is_accepted_than_was() {
	new_chain().execute_with(|| {
		let allow: RuntimeCall = pallet_policy::Call::set_files {
			digests: vec![[9; 32]].try_into().expect("one"),
			rule: Some(FileRule::Allowed),
		}
		.into();
		let number = propose(Origin::Loosening.into(), allow);
		approve(number);
		let approved = wait_for_approval(number);
		// Prepared for an hour, and confirmed for twelve.
		assert!(approved >= 13 * HOURS);
		until(approved, 23 * HOURS);
		assert_eq!(Policy::file([9; 32]), None);
		until(approved, 24 * HOURS - 1);
		assert_eq!(Policy::file([9; 32]), None);
		until(approved, 24 * HOURS + 10);
		assert_eq!(Policy::file([9; 32]), Some(FileRule::Allowed));
	});
}

#[test]
fn new_code_is_authorised_two_days_after_it_was_approved() {
	type Refused = frame_system::Error<Runtime>;

	new_chain().execute_with(|| {
		let code = vec![7; 100];
		let code_hash = Hash::from(sp_io::hashing::blake2_256(&code));
		let authorise: RuntimeCall =
			frame_system::Call::<Runtime>::authorize_upgrade { code_hash }.into();
		let apply = || {
			// Of other bytes it tells whether anything is authorised.
			System::apply_authorized_upgrade(RuntimeOrigin::signed(Bob.to_account_id()), vec![8])
		};
		let number = propose(RawOrigin::Root.into(), authorise);
		approve(number);
		let approved = wait_for_approval(number);
		assert!(approved >= 2 * HOURS + DAYS);
		until(approved, 47 * HOURS);
		assert_noop!(apply(), Refused::NothingAuthorized);
		until(approved, 2 * DAYS - 1);
		assert_noop!(apply(), Refused::NothingAuthorized);
		until(approved, 2 * DAYS + 10);
		assert_noop!(apply(), Refused::Unauthorized);
		System::assert_has_event(
			frame_system::Event::<Runtime>::UpgradeAuthorized { code_hash, check_version: true }
				.into(),
		);
	});
}

#[test]
fn a_track_may_do_nothing_of_another() {
	new_chain().execute_with(|| {
		let call = |origin: Origin, call: RuntimeCall| call.dispatch(origin.into());
		for origin in [Origin::Tightening, Origin::Loosening, Origin::Spending] {
			assert_noop!(call(origin, harsher()).map_err(|error| error.error), BadOrigin);
		}
		let allow: RuntimeCall = pallet_policy::Call::set_files {
			digests: vec![[9; 32]].try_into().expect("one"),
			rule: Some(FileRule::Allowed),
		}
		.into();
		for origin in [Origin::Tightening, Origin::Penalties, Origin::Spending] {
			assert_noop!(call(origin, allow.clone()).map_err(|error| error.error), BadOrigin);
		}
		assert_ok!(call(Origin::Loosening, allow));
		let code: RuntimeCall = frame_system::Call::set_code { code: vec![0] }.into();
		let upgrade: RuntimeCall =
			frame_system::Call::<Runtime>::authorize_upgrade { code_hash: Hash::zero() }.into();
		for origin in [Origin::Tightening, Origin::Loosening, Origin::Penalties, Origin::Spending] {
			assert_noop!(call(origin, code.clone()).map_err(|error| error.error), BadOrigin);
			assert_noop!(call(origin, upgrade.clone()).map_err(|error| error.error), BadOrigin);
		}
	});
}

#[test]
fn the_code_waits_at_least_two_days_for_everybody_to_see_it() {
	use pallet_referenda::TracksInfo;
	for track in Tracks::tracks() {
		if track.id == Tracks::track_for(&RawOrigin::Root.into()).expect("root has a track") {
			assert!(track.info.min_enactment_period >= 2 * DAYS);
		}
	}
	assert_ok!(Tracks::check_integrity());
}

#[test]
fn the_treasury_spends_what_a_referendum_says() {
	new_chain().execute_with(|| {
		let _ = Balances::deposit_creating(&Treasury::account_id(), 1_000 * ALPHA);
		let before = Balances::free_balance(Bob.to_account_id());
		let spend: RuntimeCall = pallet_treasury::Call::spend {
			asset_kind: Box::new(()),
			amount: 100 * ALPHA,
			beneficiary: Box::new(Bob.to_account_id()),
			valid_from: None,
		}
		.into();
		assert_noop!(
			spend.clone().dispatch(Origin::Penalties.into()).map_err(|error| error.error),
			BadOrigin
		);
		let number = propose(Origin::Spending.into(), spend);
		for who in [Alice, Charlie] {
			vote(who, number, true);
		}
		for who in
			sp_keyring::Sr25519Keyring::iter().filter(|who| ![Alice, Bob, Charlie].contains(who))
		{
			vote(who, number, true);
		}
		blocks(16 * HOURS);
		assert_ok!(Treasury::payout(RuntimeOrigin::signed(Bob.to_account_id()), 0));
		assert_eq!(Balances::free_balance(Bob.to_account_id()), before + 100 * ALPHA);
	});
}
