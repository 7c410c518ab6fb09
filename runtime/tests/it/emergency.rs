//! Tests of referenda in an emergency. No account can occupy the emergency track, which can enter
//! safe mode, for long.

use frame_support::{
	assert_noop, assert_ok,
	dispatch::RawOrigin,
	traits::{fungible::Mutate, schedule::DispatchTime, Get, StorePreimage},
};
use hcc_primitives::units::{ALPHA, DAYS, HOURS, MINUTES};
use hccs_runtime::{
	governance::{tracks::Tracks, Origin},
	*,
};
use pallet_referenda::{DecidingCount, ReferendumCount, TrackInfo, TrackQueue, TracksInfo};
use sp_keyring::Sr25519Keyring::Alice;
use sp_runtime::{DispatchError::BadOrigin, Perbill};

use super::governance::{approve, blocks, new_chain, propose};

/// Origins of all tracks except the emergency track.
const OTHERS: [OriginCaller; 6] = [
	OriginCaller::system(RawOrigin::Root),
	OriginCaller::Origins(Origin::Cancelling),
	OriginCaller::Origins(Origin::Tightening),
	OriginCaller::Origins(Origin::Loosening),
	OriginCaller::Origins(Origin::Penalties),
	OriginCaller::Origins(Origin::Spending),
];
const EMERGENCY: OriginCaller = OriginCaller::Origins(Origin::Emergency);
/// Number of referenda that are submitted in one block.
const PER_BLOCK: u32 = 50;

fn mallory() -> AccountId {
	AccountId::new([0x66; 32])
}

fn track_of(origin: &OriginCaller) -> (u16, TrackInfo<Balance, BlockNumber>) {
	let id = Tracks::track_for(origin).expect("the origin has a track");
	let track = Tracks::tracks().find(|track| track.id == id).expect("the track exists");
	(id, track.info.clone())
}

fn max_queued() -> u32 {
	<Runtime as pallet_referenda::Config>::MaxQueued::get()
}

/// Submits `count` referenda and places their deposits. These referenda receive no votes.
fn submit_junk(origin: &OriginCaller, count: u32) {
	let signed = RuntimeOrigin::signed(mallory());
	for number in 0..count {
		let remark = frame_system::Call::<Runtime>::remark { remark: vec![] };
		let proposal = <Preimage as StorePreimage>::bound(remark.into()).expect("it fits");
		let (index, at) = (ReferendumCount::<Runtime>::get(), DispatchTime::After(0));
		assert_ok!(Referenda::submit(signed.clone(), Box::new(origin.clone()), proposal, at));
		assert_ok!(Referenda::place_decision_deposit(signed.clone(), index));
		if number % PER_BLOCK == PER_BLOCK - 1 {
			blocks(1);
		}
	}
}

/// Fills the slots and the queues of all tracks except the emergency track. Fills `emergencies`
/// slots of the emergency track.
fn fill_tracks(emergencies: u32) {
	Balances::set_balance(&mallory(), 2_000_000 * ALPHA);
	for origin in &OTHERS {
		submit_junk(origin, track_of(origin).1.max_deciding + max_queued());
	}
	// Waits for the longest preparation period, which takes two hours.
	blocks(3 * HOURS);
	submit_junk(&EMERGENCY, emergencies);
	blocks(20 * MINUTES);
	for origin in &OTHERS {
		let (id, info) = track_of(origin);
		assert_eq!(DecidingCount::<Runtime>::get(id), info.max_deciding, "{:?}", info.name);
		assert_eq!(TrackQueue::<Runtime>::get(id).len() as u32, max_queued(), "{:?}", info.name);
	}
}

/// Proposes safe mode. All accounts except the attacker's account vote for it.
fn demand_safe_mode() {
	let call = pallet_safe_mode::Call::<Runtime>::force_enter {};
	approve(propose(EMERGENCY, call.into()));
}

#[test]
fn safe_mode_is_entered_within_two_hours_while_tracks_are_full() {
	new_chain().execute_with(|| {
		let (id, info) = track_of(&EMERGENCY);
		// The attacker leaves one slot free. In this track alone, it locks nearly half a million α.
		fill_tracks(info.max_deciding - 1);
		assert_eq!(DecidingCount::<Runtime>::get(id), info.max_deciding - 1);
		demand_safe_mode();
		assert!(!SafeMode::is_entered());
		blocks(2 * HOURS);
		assert!(SafeMode::is_entered());
	});
}

/// The queue is sorted by votes, so the first slot that becomes free goes to the real emergency.
#[test]
fn full_emergency_track_delays_safe_mode_by_one_decision_period() {
	new_chain().execute_with(|| {
		let (id, info) = track_of(&EMERGENCY);
		fill_tracks(info.max_deciding + max_queued());
		assert_eq!(DecidingCount::<Runtime>::get(id), info.max_deciding);
		assert_eq!(TrackQueue::<Runtime>::get(id).len() as u32, max_queued());
		demand_safe_mode();
		blocks(2 * HOURS);
		assert!(!SafeMode::is_entered(), "no slot is free yet");
		blocks(info.decision_period - HOURS);
		assert!(SafeMode::is_entered());
	});
}

#[test]
fn occupying_emergency_track_locks_half_a_million_alpha() {
	let (_, info) = track_of(&EMERGENCY);
	let locked = Balance::from(info.max_deciding) * info.decision_deposit;
	assert!(locked >= 500_000 * ALPHA);
	assert!(info.decision_period <= 6 * HOURS);
	let (_, root) = track_of(&RawOrigin::Root.into());
	assert!(root.max_deciding >= 5);
}

#[test]
fn cancelling_never_needs_less_support_than_root() {
	let (_, root) = track_of(&RawOrigin::Root.into());
	let (_, cancelling) = track_of(&Origin::Cancelling.into());
	let needed = |info: &TrackInfo<Balance, BlockNumber>, age: u32| {
		let at = Perbill::from_rational(age.min(info.decision_period), info.decision_period);
		(info.min_support.threshold(at), info.min_approval.threshold(at))
	};
	for age in (0..=15 * DAYS).step_by(HOURS as usize) {
		assert!(needed(&cancelling, age).0 >= needed(&root, age).0, "after {age} blocks");
	}
	assert_eq!(needed(&cancelling, 0), needed(&root, 0));
}

#[test]
fn cancelling_returns_deposits_and_only_root_kills() {
	new_chain().execute_with(|| {
		let junk = || {
			submit_junk(&Origin::Tightening.into(), 1);
			ReferendumCount::<Runtime>::get() - 1
		};
		Balances::set_balance(&mallory(), 1_000 * ALPHA);
		let free = || Balances::free_balance(mallory());
		let before = free();
		let (cancelled, killed) = (junk(), junk());
		for origin in [Origin::Emergency, Origin::Tightening] {
			assert_noop!(Referenda::cancel(origin.into(), cancelled), BadOrigin);
		}
		assert_noop!(Referenda::kill(Origin::Cancelling.into(), killed), BadOrigin);
		assert_ok!(Referenda::cancel(Origin::Cancelling.into(), cancelled));
		let alice = || RuntimeOrigin::signed(Alice.to_account_id());
		assert_ok!(Referenda::refund_decision_deposit(alice(), cancelled));
		assert_ok!(Referenda::refund_submission_deposit(alice(), cancelled));
		let deposits = before - free();
		assert_ok!(Referenda::kill(RuntimeOrigin::root(), killed));
		assert_eq!(before - free(), deposits, "the deposits of the other one are lost");
		assert!(deposits >= 100 * ALPHA);
	});
}
