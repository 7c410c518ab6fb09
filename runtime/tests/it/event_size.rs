//! Tests of the size of all events in one block. Clients read all events of a block as hexadecimal
//! text, and refuse answers that exceed their limit.

use codec::{Decode, Encode};
use frame_support::{
	assert_noop, assert_ok,
	dispatch::{DispatchClass, GetDispatchInfo},
	storage::storage_prefix,
	traits::GetCallMetadata,
	weights::Weight,
};
use hccs_runtime::{configs::EXISTENTIAL_DEPOSIT, *};
use sp_keyring::Sr25519Keyring::{Alice, Bob, Eve, Ferdie};
use sp_runtime::traits::Dispatchable;

use super::{
	author::{begin_by, include, transaction},
	governance::new_chain,
	network,
};

/// The lowest limit for the size of answers among clients, in bytes.
const CLIENT_LIMIT: u64 = 16 << 20;
/// The part of [`CLIENT_LIMIT`] that events may use in these tests. The rest is a margin for calls
/// that the tests do not cover.
const MOST: u64 = CLIENT_LIMIT / 4 * 3;
/// Number of calls in a batch.
const CALLS: u64 = 500;
/// Number of nested calls. The decoder of calls allows fewer than 256.
const DEPTH: u64 = 20;

/// The bytes of events that calls deposit, and the weight of these calls.
struct Cost {
	bytes: u64,
	weight: u64,
}

impl Cost {
	/// Returns the number of hexadecimal digits of events, if calls of this kind fill `weight`.
	fn hex_in(&self, weight: Weight) -> u64 {
		let bytes = u128::from(self.bytes) * u128::from(weight.ref_time());
		2 * u64::try_from(bytes / u128::from(self.weight)).expect("the number is small")
	}
}

/// Returns the weight that calls of a class may use in a block.
pub(super) fn room(class: DispatchClass) -> Weight {
	let weights = <Runtime as frame_system::Config>::BlockWeights::get();
	weights.get(class).max_total.unwrap_or(weights.max_block)
}

fn event_bytes() -> u64 {
	let events = sp_io::storage::get(&storage_prefix(b"System", b"Events"));
	events.map_or(0, |bytes| bytes.len() as u64)
}

/// Dispatches calls as Eve in one batch, and reverts their changes. Returns their cost.
fn cost_of_batch(calls: Vec<RuntimeCall>) -> Cost {
	sp_io::storage::start_transaction();
	let batch = RuntimeCall::from(pallet_utility::Call::<Runtime>::force_batch { calls });
	let (info, before) = (batch.get_dispatch_info(), event_bytes());
	let outcome = batch.dispatch(RuntimeOrigin::signed(Eve.to_account_id()));
	let post = outcome.expect("a forced batch succeeds");
	let cost =
		Cost { bytes: event_bytes() - before, weight: post.calc_actual_weight(&info).ref_time() };
	sp_io::storage::rollback_transaction();
	cost
}

/// Returns each call of the runtime whose arguments can be zero and empty.
pub(super) fn smallest_calls() -> Vec<RuntimeCall> {
	let mut bytes = [0; 4096];
	let mut calls = Vec::new();
	for pallet in 0..=u8::MAX {
		for call in 0..=u8::MAX {
			(bytes[0], bytes[1]) = (pallet, call);
			calls.extend(RuntimeCall::decode(&mut &bytes[..]));
		}
	}
	calls
}

fn remark_with_event() -> RuntimeCall {
	frame_system::Call::<Runtime>::remark_with_event { remark: vec![] }.into()
}

fn batch(calls: Vec<RuntimeCall>) -> RuntimeCall {
	pallet_utility::Call::<Runtime>::batch { calls }.into()
}

/// Returns calls that succeed and deposit large events for their weight.
fn largest_events() -> Vec<(&'static str, Vec<RuntimeCall>)> {
	let transfer = |number: u64| -> RuntimeCall {
		let dest = AccountId::decode(&mut &(0xabu8, number, [0u8; 23]).encode()[..]);
		let dest = dest.expect("an account has 32 bytes").into();
		let value = EXISTENTIAL_DEPOSIT;
		pallet_balances::Call::<Runtime>::transfer_keep_alive { dest, value }.into()
	};
	let multisig = || {
		let one_of = |call: RuntimeCall| -> RuntimeCall {
			let other_signatories = vec![Ferdie.to_account_id()];
			let call = Box::new(call);
			pallet_multisig::Call::<Runtime>::as_multi_threshold_1 { other_signatories, call }
				.into()
		};
		// The innermost call is a batch, which returns its actual weight. So the outer calls are
		// charged their actual weights.
		(0..DEPTH).fold(batch(vec![]), |call, _| one_of(call))
	};
	let note = |number: u64| -> RuntimeCall {
		pallet_preimage::Call::<Runtime>::note_preimage { bytes: number.encode() }.into()
	};
	let remark = || RuntimeCall::from(frame_system::Call::<Runtime>::remark { remark: vec![] });
	vec![
		("items", (0..CALLS).map(|_| remark()).collect()),
		("failed items", (0..CALLS).map(|_| remark_with_event()).collect()),
		("batches", (0..CALLS).map(|_| batch(vec![])).collect()),
		("new accounts", (0..CALLS).map(transfer).collect()),
		("multisigs", (0..CALLS / DEPTH).map(|_| multisig()).collect()),
		("preimages", (0..CALLS).map(note).collect()),
	]
}

#[test]
fn events_of_full_block_fit_clients() {
	new_chain().execute_with(|| {
		System::note_finished_initialize();
		let normal = room(DispatchClass::Normal);
		let smallest = smallest_calls();
		assert!(smallest.len() > 100, "{} calls", smallest.len());
		for call in smallest {
			let name = call.get_call_metadata();
			let weight = call.get_dispatch_info().total_weight().ref_time();
			let count = (normal.ref_time() / weight.max(1)).clamp(1, CALLS);
			let hex = cost_of_batch(vec![call; count as usize]).hex_in(normal);
			assert!(hex <= MOST, "{}.{}: {hex}", name.pallet_name, name.function_name);
		}
		for (name, calls) in largest_events() {
			let cost = cost_of_batch(calls);
			let hex = cost.hex_in(normal);
			println!("{name}: {hex} hexadecimal digits of events in a full block");
			assert!(cost.bytes > 0 && hex <= MOST, "{name}: {hex}");
		}
	});
}

/// Each transaction also deposits events that do not belong to its call, such as the payment of its
/// fee.
#[test]
fn events_of_single_transactions_fit_clients() {
	network::run(|_| {
		begin_by(Alice, 1);
		let cost = |class, extrinsic: UncheckedExtrinsic| {
			let used = || System::block_weight().get(class).ref_time();
			let (bytes, weight) = (event_bytes(), used());
			assert_ok!(include(extrinsic));
			Cost { bytes: event_bytes() - bytes, weight: used() - weight }
		};
		let remark = frame_system::Call::<Runtime>::remark { remark: vec![] };
		let normal = cost(DispatchClass::Normal, transaction(&Eve.pair(), remark, 1));
		let finalised = System::block_number() - 1;
		let (validator, votes) = (Bob.to_account_id(), Default::default());
		let vote = pallet_verdicts::Call::<Runtime>::vote { validator, votes, finalised };
		let vote = cost(DispatchClass::Operational, transaction(&Bob.pair(), vote, 1));
		let all = <Runtime as frame_system::Config>::BlockWeights::get().max_block;
		for cost in [normal, vote] {
			let hex = cost.hex_in(all);
			println!("{hex} hexadecimal digits of events in a block of such transactions");
			assert!(hex <= MOST, "{hex}");
		}
		Executive::finalize_block();
	});
}

#[test]
fn remark_with_event_is_filtered_inside_all_calls() {
	new_chain().execute_with(|| {
		let filtered = || frame_system::Error::<Runtime>::CallFiltered;
		let eve = || RuntimeOrigin::signed(Eve.to_account_id());
		let refused = |call: RuntimeCall| call.dispatch(eve()).map_err(|error| error.error);
		assert_noop!(refused(remark_with_event()), filtered());
		let boxed = || Box::new(remark_with_event());
		let nested: [RuntimeCall; 4] = [
			pallet_utility::Call::<Runtime>::batch_all {
				calls: vec![batch(vec![]), remark_with_event()],
			}
			.into(),
			pallet_utility::Call::<Runtime>::as_derivative { index: 0, call: boxed() }.into(),
			pallet_utility::Call::<Runtime>::if_else { main: boxed(), fallback: boxed() }.into(),
			pallet_utility::Call::<Runtime>::batch_all {
				calls: vec![pallet_utility::Call::<Runtime>::batch_all {
					calls: vec![remark_with_event()],
				}
				.into()],
			}
			.into(),
		];
		for call in nested {
			assert_noop!(refused(call), filtered());
		}
		// These calls report the failure of the inner call by an event, and have no other effect.
		let remarked = |record: &frame_system::EventRecord<RuntimeEvent, Hash>| {
			matches!(record.event, RuntimeEvent::System(frame_system::Event::Remarked { .. }))
		};
		let other_signatories = vec![Ferdie.to_account_id()];
		let multisig = pallet_multisig::Call::<Runtime>::as_multi_threshold_1 {
			other_signatories,
			call: boxed(),
		};
		let batched =
			pallet_utility::Call::<Runtime>::force_batch { calls: vec![remark_with_event()] };
		assert!(refused(RuntimeCall::from(multisig)).is_err());
		assert_ok!(refused(RuntimeCall::from(batched)));
		assert_ok!(refused(batch(vec![remark_with_event()])));
		assert!(!System::events().iter().any(remarked));
	});
}
