//! Tests of referenda on long calls. A proposal contains the hash of its call, and an account
//! stores the bytes of the call as a preimage.

use codec::Encode;
use frame_support::{
	assert_noop, assert_ok,
	traits::{
		fungible::InspectHold, schedule::DispatchTime, Bounded, BoundedInline, QueryPreimage,
	},
};
use hcc_evidence_testing::sha256;
use hcc_primitives::units::{DAYS, MILLI_ALPHA};
use hccs_runtime::{governance::Origin, *};
use pallet_policy::{FileRule, Role};
use sp_keyring::Sr25519Keyring::{self, Alice, Bob};

use super::governance::{approve, new_chain, run_until, wait_for_approval};

/// Launch measurement of a release that governance allows.
const RELEASED: [u8; 48] = [0x2e; 48];
/// Number of files in the release.
const FILES: u32 = 100;

fn signed(who: Sr25519Keyring) -> RuntimeOrigin {
	RuntimeOrigin::signed(who.to_account_id())
}

fn file(number: u32) -> [u8; 32] {
	sha256(&number.to_le_bytes())
}

/// Returns a batch that allows a whole release.
fn release() -> RuntimeCall {
	let digests: Vec<_> = (0..FILES).map(file).collect();
	let digests = digests.try_into().expect("at most the maximum number of files");
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

/// Returns `true` if policy allows the whole release. Panics if policy allows only a part of the
/// release.
fn is_released() -> bool {
	let allowed = (0..FILES).filter(|number| Policy::file(file(*number)).is_some()).count() as u32;
	let measured = Policy::measurement(RELEASED).is_some();
	assert_eq!(allowed, if measured { FILES } else { 0 }, "only a part is allowed");
	measured
}

/// Returns the bytes of a call that is too long for a proposal, with its hash and length.
fn long_call(call: &RuntimeCall) -> (Vec<u8>, Hash, u32) {
	let bytes = call.encode();
	assert!(BoundedInline::try_from(bytes.clone()).is_err(), "the call fits into a proposal");
	let hash = Hash::from(sp_io::hashing::blake2_256(&bytes));
	let len = bytes.len() as u32;
	(bytes, hash, len)
}

/// Proposes the call with the given hash and length, and places the decision deposit.
fn propose(hash: Hash, len: u32) -> u32 {
	let number = pallet_referenda::ReferendumCount::<Runtime>::get();
	let origin: OriginCaller = Origin::Loosening.into();
	let proposal = Bounded::Lookup { hash, len };
	let moment = DispatchTime::After(0);
	assert_ok!(Referenda::submit(signed(Alice), Box::new(origin), proposal, moment));
	assert_ok!(Referenda::place_decision_deposit(signed(Alice), number));
	number
}

fn is_requested(hash: Hash) -> bool {
	<Preimage as QueryPreimage>::is_requested(&hash)
}

fn is_stored(hash: Hash) -> bool {
	<Preimage as QueryPreimage>::len(&hash).is_some()
}

/// Returns the amount that an account has on hold for preimages.
fn deposit(of: Sr25519Keyring) -> Balance {
	let reason = pallet_preimage::HoldReason::Preimage.into();
	Balances::balance_on_hold(&reason, &of.to_account_id())
}

#[test]
fn long_referendum_uses_preimage() {
	new_chain().execute_with(|| {
		let free = Balances::free_balance(Bob.to_account_id());
		let (bytes, hash, len) = long_call(&release());
		assert_ok!(Preimage::note_preimage(signed(Bob), bytes));
		// The deposit is for two rows, 64 bytes, and the bytes of the call.
		let wanted = 20 * MILLI_ALPHA + Balance::from(64 + len) * MILLI_ALPHA / 10;
		assert_eq!(deposit(Bob), wanted);
		assert_eq!(Balances::free_balance(Bob.to_account_id()), free - wanted);
		let number = propose(hash, len);
		approve(number);
		assert!(!is_requested(hash));
		let approved = wait_for_approval(number);
		assert!(is_requested(hash) && !is_released(), "it is not enacted yet");
		run_until(approved, DAYS - 1);
		assert!(!is_released());
		run_until(approved, DAYS + 10);
		assert!(is_released(), "the release is allowed");
		// The chain no longer needs the preimage. Only the account that stored the preimage can
		// remove it, and then regains its deposit.
		assert!(is_stored(hash) && !is_requested(hash));
		let not_authorized = pallet_preimage::Error::<Runtime>::NotAuthorized;
		assert_noop!(Preimage::unnote_preimage(signed(Alice), hash), not_authorized);
		assert_eq!(deposit(Bob), wanted);
		assert_ok!(Preimage::unnote_preimage(signed(Bob), hash));
		assert!(!is_stored(hash));
		assert_eq!(deposit(Bob), 0);
		assert_eq!(Balances::free_balance(Bob.to_account_id()), free);
		assert!(is_released(), "the release stays allowed");
	});
}

#[test]
fn approved_referendum_without_preimage_fails() {
	new_chain().execute_with(|| {
		let (_, hash, len) = long_call(&release());
		let number = propose(hash, len);
		approve(number);
		let approved = wait_for_approval(number);
		assert!(is_requested(hash), "the chain requests the preimage");
		run_until(approved, DAYS + 10);
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
