//! Referenda on calls that are longer than what is stored of a proposal: they name them by their hashes, and somebody notes the bytes.

use codec::Encode;
use frame_support::{
	assert_noop, assert_ok,
	traits::{
		fungible::InspectHold, schedule::DispatchTime, Bounded, BoundedInline, QueryPreimage,
	},
};
use hcc_primitives::units::{DAYS, MILLI_ALPHA};
use pallet_policy::{FileRule, Role};
use sp_keyring::Sr25519Keyring::{self, Alice, Bob};

use super::{
	governance::{approve, new_chain, until, wait_for_approval},
	machine::sha256,
};
use crate::{governance::Origin, *};

/// A guest that is released with its files.
const RELEASED: [u8; 48] = [0x2e; 48];
/// How many files it has.
const FILES: u32 = 100;

fn signed(who: Sr25519Keyring) -> RuntimeOrigin {
	RuntimeOrigin::signed(who.to_account_id())
}

fn file(number: u32) -> [u8; 32] {
	sha256(&number.to_le_bytes())
}

/// Allows all of a release at once.
fn release() -> RuntimeCall {
	let digests: Vec<_> = (0..FILES).map(file).collect();
	let digests = digests.try_into().expect("as many as there may be");
	let (measurement, role) = (RELEASED, Some(Role::HostAgent));
	let calls = vec![
		RuntimeCall::Policy(pallet_policy::Call::set_files {
			digests,
			rule: Some(FileRule::Allowed),
		}),
		RuntimeCall::Policy(pallet_policy::Call::set_measurement { measurement, role }),
	];
	RuntimeCall::Utility(pallet_utility::Call::batch_all { calls })
}

/// Whether all of it is allowed; panics where a part is.
fn is_released() -> bool {
	let allowed = (0..FILES).filter(|number| Policy::file(file(*number)).is_some()).count() as u32;
	let measured = Policy::measurement(RELEASED).is_some();
	assert_eq!(allowed, if measured { FILES } else { 0 }, "a part of it is allowed");
	measured
}

/// The bytes of a call that no proposal has room for, and by what it is named.
fn long(call: &RuntimeCall) -> (Vec<u8>, Hash, u32) {
	let bytes = call.encode();
	assert!(BoundedInline::try_from(bytes.clone()).is_err(), "it is short");
	let hash = Hash::from(sp_io::hashing::blake2_256(&bytes));
	let len = bytes.len() as u32;
	(bytes, hash, len)
}

/// Alice proposes what has that hash and that length, and has it decided on.
fn propose(hash: Hash, len: u32) -> u32 {
	let number = pallet_referenda::ReferendumCount::<Runtime>::get();
	let origin: OriginCaller = Origin::Loosening.into();
	let proposal = Bounded::Lookup { hash, len };
	let at_once = DispatchTime::After(0);
	assert_ok!(Referenda::submit(signed(Alice), Box::new(origin), proposal, at_once));
	assert_ok!(Referenda::place_decision_deposit(signed(Alice), number));
	number
}

fn is_requested(hash: Hash) -> bool {
	<Preimage as QueryPreimage>::is_requested(&hash)
}

fn is_stored(hash: Hash) -> bool {
	<Preimage as QueryPreimage>::len(&hash).is_some()
}

/// What somebody has on hold for bytes that he has noted.
fn deposit(of: Sr25519Keyring) -> Balance {
	let reason = pallet_preimage::HoldReason::Preimage.into();
	Balances::balance_on_hold(&reason, &of.to_account_id())
}

#[test]
fn a_referendum_longer_than_a_row_goes_by_preimage() {
	new_chain().execute_with(|| {
		let free = Balances::free_balance(Bob.to_account_id());
		let (bytes, hash, len) = long(&release());
		assert_ok!(Preimage::note_preimage(signed(Bob), bytes));
		// Two rows, 64 bytes, and its own.
		let wanted = 20 * MILLI_ALPHA + Balance::from(64 + len) * MILLI_ALPHA / 10;
		assert_eq!(deposit(Bob), wanted);
		assert_eq!(Balances::free_balance(Bob.to_account_id()), free - wanted);
		let number = propose(hash, len);
		approve(number);
		assert!(!is_requested(hash));
		let approved = wait_for_approval(number);
		assert!(is_requested(hash) && !is_released(), "it waits for its day");
		until(approved, DAYS - 1);
		assert!(!is_released());
		until(approved, DAYS + 10);
		assert!(is_released(), "all of it");
		// The chain needs it no more: whoever noted it has his deposit back, and nobody else.
		assert!(is_stored(hash) && !is_requested(hash));
		let refused = pallet_preimage::Error::<Runtime>::NotAuthorized;
		assert_noop!(Preimage::unnote_preimage(signed(Alice), hash), refused);
		assert_eq!(deposit(Bob), wanted);
		assert_ok!(Preimage::unnote_preimage(signed(Bob), hash));
		assert!(!is_stored(hash));
		assert_eq!(deposit(Bob), 0);
		assert_eq!(Balances::free_balance(Bob.to_account_id()), free);
		assert!(is_released(), "it stays as decided");
	});
}

#[test]
fn what_was_decided_and_nobody_has_noted_comes_to_nothing() {
	new_chain().execute_with(|| {
		let (_, hash, len) = long(&release());
		let number = propose(hash, len);
		approve(number);
		let approved = wait_for_approval(number);
		assert!(is_requested(hash), "whoever notes it now pays no deposit");
		until(approved, DAYS + 10);
		assert!(!is_released() && !is_requested(hash));
		let is_missing = |record: &frame_system::EventRecord<RuntimeEvent, Hash>| {
			matches!(
				record.event,
				RuntimeEvent::Scheduler(pallet_scheduler::Event::CallUnavailable { .. })
			)
		};
		assert!(System::events().iter().any(is_missing));
	});
}
