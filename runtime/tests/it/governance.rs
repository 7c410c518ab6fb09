//! Tests of referenda. Each track can change only what it is intended for.

use frame_support::{
	assert_noop, assert_ok,
	dispatch::RawOrigin,
	traits::{schedule::DispatchTime, Bounded, Currency, Get, Hooks, StorePreimage},
};
use hcc_evidence::RejectCode;
use hcc_primitives::{
	units::{ALPHA, DAYS, HOURS},
	ChallengeOutcome, ChallengeRecord, Reputation as _,
};
use hccs_runtime::{
	configs::parameters::ReputationRules,
	governance::{tracks::Tracks, Origin},
	*,
};
use pallet_conviction_voting::{AccountVote, Conviction, Vote};
use pallet_policy::FileRule;
use sp_keyring::Sr25519Keyring::{Alice, Bob, Charlie};
use sp_runtime::{traits::Dispatchable, DispatchError::BadOrigin};

use super::{genesis::chain, hosts::corrupt_log, network, rules::Governed};

const CHIP: [u8; 32] = [7; 32];
/// The reject code of a failed IMA replay, which is one of the most severe rejections.
const TAMPERED: u16 = 1102;

pub(super) fn new_chain() -> sp_io::TestExternalities {
	let mut chain = chain(sp_genesis_builder::LOCAL_TESTNET_RUNTIME_PRESET);
	chain.execute_with(|| System::set_block_number(1));
	chain
}

/// Advances by `count` blocks, but runs only the blocks that have scheduled calls.
pub(super) fn blocks(count: u32) {
	let last = System::block_number() + count;
	while let Some(next) = pallet_scheduler::Agenda::<Runtime>::iter_keys().min() {
		// Calls for which a block has no weight left run in the next block.
		let next = next.max(System::block_number() + 1);
		if next > last {
			break;
		}
		System::set_block_number(next);
		Scheduler::on_initialize(next);
	}
	System::set_block_number(last);
}

/// Submits a referendum with the origin of a track, and places the decision deposit.
pub(super) fn propose(origin: OriginCaller, call: RuntimeCall) -> u32 {
	let number = pallet_referenda::ReferendumCount::<Runtime>::get();
	let proposal = <Preimage as StorePreimage>::bound(call).expect("the call can be bound");
	if let Bounded::Lookup { .. } = proposal {
		panic!("the call is too long to be inline");
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

/// Runs until a proposal is approved, in steps of ten blocks. Returns the block of the approval.
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

/// Runs until `later` blocks after `block`.
pub(super) fn run_until(block: BlockNumber, later: u32) {
	blocks(block + later - System::block_number());
}

/// Votes for a proposal with nearly all tokens.
pub(super) fn approve(referendum: u32) {
	for who in sp_keyring::Sr25519Keyring::iter() {
		vote(who, referendum, true);
	}
}

fn harsher_penalty() -> RuntimeCall {
	let rules = pallet_reputation::Rules { tampered: 450, ..ReputationRules::get() };
	RuntimeCall::Parameters(pallet_parameters::Call::set_parameter { key_value: rules.parameter() })
}

fn score(chip: [u8; 32]) -> u16 {
	Reputation::record(chip).expect("the chip has a record").score.value
}

#[test]
fn referendum_changes_penalty_of_next_failure() {
	let (mut chain, mut machine) = network::new();
	chain.execute_with(|| {
		let before = ReputationRules::get();
		let record = ChallengeRecord {
			seq: 1,
			made: 0,
			outcome: ChallengeOutcome::Failed(TAMPERED),
			from: None,
		};
		Reputation::note(&CHIP, &Alice.to_account_id(), record);
		assert_eq!(score(CHIP), before.start - before.tampered);

		let number = propose(Origin::Penalties.into(), harsher_penalty());
		approve(number);
		// Preparation takes one hour, confirmation twelve hours, and enactment follows after at
		// least twelve further hours.
		blocks(HOURS + 12 * HOURS);
		assert_eq!(ReputationRules::get(), before, "the change is not enacted yet");
		blocks(12 * HOURS + 10);
		assert_eq!(ReputationRules::get().tampered, 450);

		// The skipped blocks had no verdicts, so their draws of audits are skipped as well.
		pallet_verdicts::AgreedFrom::<Runtime>::put(System::block_number());
		corrupt_log(&mut machine);
		assert_eq!(network::attest(&machine).code, RejectCode::ImaPcr.number());
		assert_eq!(network::score(&machine), before.start - 450);
		assert_eq!(score(CHIP), before.start - before.tampered, "earlier outcomes are unchanged");
		network::check();
	});
}

#[test]
fn rejected_referendum_changes_nothing() {
	new_chain().execute_with(|| {
		let before = ReputationRules::get();
		let number = propose(Origin::Penalties.into(), harsher_penalty());
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
fn tightening_track_is_fast_and_cannot_loosen() {
	new_chain().execute_with(|| {
		let files = |rule| pallet_policy::Call::set_files {
			digests: vec![[9; 32]].try_into().expect("it fits"),
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
fn loosening_takes_effect_after_a_day() {
	new_chain().execute_with(|| {
		let allow: RuntimeCall = pallet_policy::Call::set_files {
			digests: vec![[9; 32]].try_into().expect("it fits"),
			rule: Some(FileRule::Allowed),
		}
		.into();
		let number = propose(Origin::Loosening.into(), allow);
		approve(number);
		let approved = wait_for_approval(number);
		// Preparation takes one hour, and confirmation twelve hours.
		assert!(approved >= 13 * HOURS);
		run_until(approved, 23 * HOURS);
		assert_eq!(Policy::file([9; 32]), None);
		run_until(approved, 24 * HOURS - 1);
		assert_eq!(Policy::file([9; 32]), None);
		run_until(approved, 24 * HOURS + 10);
		assert_eq!(Policy::file([9; 32]), Some(FileRule::Allowed));
	});
}

#[test]
fn upgrade_is_authorised_two_days_after_approval() {
	type SystemError = frame_system::Error<Runtime>;

	new_chain().execute_with(|| {
		let code = vec![7; 100];
		let code_hash = Hash::from(sp_io::hashing::blake2_256(&code));
		let authorise: RuntimeCall =
			frame_system::Call::<Runtime>::authorize_upgrade { code_hash }.into();
		let apply = || {
			// This code differs from the code of the authorised upgrade, so the call fails in any
			// case. The error reveals if an upgrade is authorised.
			System::apply_authorized_upgrade(RuntimeOrigin::signed(Bob.to_account_id()), vec![8])
		};
		let number = propose(RawOrigin::Root.into(), authorise);
		approve(number);
		let approved = wait_for_approval(number);
		assert!(approved >= 2 * HOURS + DAYS);
		run_until(approved, 47 * HOURS);
		assert_noop!(apply(), SystemError::NothingAuthorized);
		run_until(approved, 2 * DAYS - 1);
		assert_noop!(apply(), SystemError::NothingAuthorized);
		run_until(approved, 2 * DAYS + 10);
		assert_noop!(apply(), SystemError::Unauthorized);
		System::assert_has_event(
			frame_system::Event::<Runtime>::UpgradeAuthorized { code_hash, check_version: true }
				.into(),
		);
	});
}

#[test]
fn tracks_cannot_make_calls_of_others() {
	new_chain().execute_with(|| {
		let call = |origin: Origin, call: RuntimeCall| call.dispatch(origin.into());
		let others = [Origin::Emergency, Origin::Cancelling, Origin::Tightening, Origin::Spending];
		for origin in others.into_iter().chain([Origin::Loosening]) {
			assert_noop!(call(origin, harsher_penalty()).map_err(|error| error.error), BadOrigin);
		}
		let allow: RuntimeCall = pallet_policy::Call::set_files {
			digests: vec![[9; 32]].try_into().expect("it fits"),
			rule: Some(FileRule::Allowed),
		}
		.into();
		for origin in others.into_iter().chain([Origin::Penalties]) {
			assert_noop!(call(origin, allow.clone()).map_err(|error| error.error), BadOrigin);
		}
		assert_ok!(call(Origin::Loosening, allow));
		let code: RuntimeCall = frame_system::Call::set_code { code: vec![0] }.into();
		let upgrade: RuntimeCall =
			frame_system::Call::<Runtime>::authorize_upgrade { code_hash: Hash::zero() }.into();
		for origin in others.into_iter().chain([Origin::Loosening, Origin::Penalties]) {
			assert_noop!(call(origin, code.clone()).map_err(|error| error.error), BadOrigin);
			assert_noop!(call(origin, upgrade.clone()).map_err(|error| error.error), BadOrigin);
		}
	});
}

#[test]
fn root_enactment_takes_at_least_two_days() {
	use pallet_referenda::TracksInfo;
	for track in Tracks::tracks() {
		if track.id == Tracks::track_for(&RawOrigin::Root.into()).expect("root has a track") {
			assert!(track.info.min_enactment_period >= 2 * DAYS);
		}
	}
	assert_ok!(Tracks::check_integrity());
}

#[test]
fn treasury_spends_by_referendum() {
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
