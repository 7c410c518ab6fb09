//! Referenda change what they are for, and nothing else.

use frame_support::{
	assert_noop, assert_ok,
	dispatch::RawOrigin,
	traits::{schedule::DispatchTime, Bounded, Currency, Get, Hooks, StorePreimage},
};
use hcc_primitives::{
	units::{ALPHA, DAYS, HOURS},
	Conduct, Reputation as _,
};
use pallet_conviction_voting::{AccountVote, Conviction, Vote};
use pallet_policy::FileRule;
use sp_keyring::Sr25519Keyring::{Alice, Bob, Charlie};
use sp_runtime::{traits::Dispatchable, DispatchError::BadOrigin};

use super::genesis::chain;
use crate::{
	configs::parameters::{dynamic_params::reputation, ReputationRules, RuntimeParameters},
	governance::{tracks::Tracks, Origin},
	*,
};

const CHIP: [u8; 32] = [7; 32];
/// IMA's replay failed: the worst that a verdict can say.
const TAMPERED: u16 = 1102;

fn new_chain() -> sp_io::TestExternalities {
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

/// A proposal that nearly everybody who can vote is for.
fn approve(referendum: u32) {
	for who in sp_keyring::Sr25519Keyring::iter() {
		vote(who, referendum, true);
	}
}

fn harsher() -> RuntimeCall {
	let rules = pallet_reputation::Rules { tampered: 500, ..ReputationRules::get() };
	RuntimeCall::Parameters(pallet_parameters::Call::set_parameter {
		key_value: RuntimeParameters::Reputation(reputation::Parameters::Rules(
			reputation::Rules,
			Some(rules),
		)),
	})
}

fn score(chip: [u8; 32]) -> u16 {
	Reputation::record(chip).expect("it was noted").score.value
}

#[test]
fn a_referendum_changes_a_penalty_and_the_next_failure_is_punished_by_it() {
	new_chain().execute_with(|| {
		let before = ReputationRules::get();
		Reputation::note(&CHIP, &Alice.to_account_id(), 1, Conduct::Failed(TAMPERED));
		assert_eq!(score(CHIP), before.start - before.tampered);

		let number = propose(Origin::Penalties.into(), harsher());
		approve(number);
		// Prepared for an hour, confirmed for twelve, and in force no sooner than twelve later.
		blocks(HOURS + 12 * HOURS);
		assert_eq!(ReputationRules::get(), before, "it is not in force yet");
		blocks(12 * HOURS + 10);
		assert_eq!(ReputationRules::get().tampered, 500);

		let other = [8; 32];
		Reputation::note(&other, &Alice.to_account_id(), 1, Conduct::Failed(TAMPERED));
		assert_eq!(score(other), before.start - 500);
		assert_eq!(score(CHIP), before.start - before.tampered, "the past is judged as it was");
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
		for origin in [Origin::Tightening, Origin::Loosening, Origin::Penalties, Origin::Spending] {
			assert_noop!(call(origin, code.clone()).map_err(|error| error.error), BadOrigin);
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
