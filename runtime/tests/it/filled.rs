//! Tests of blocks whose normal class is full. Calls with a deadline of minutes are nevertheless
//! included in these blocks.

use std::collections::BTreeSet;

use codec::Decode;
use frame_support::{
	assert_ok,
	dispatch::{DispatchClass, GetDispatchInfo},
	pallet_prelude::InvalidTransaction,
	traits::GetCallMetadata,
};
use hccs_runtime::*;
use pallet_compute::VmState;
use pallet_registry::{CredentialBytes, Enrolment, Member};
use sp_keyring::Sr25519Keyring::{self, Alice, Eve, Ferdie};
use sp_runtime::DispatchOutcome;

use super::{
	author::{begin_by, include, transaction},
	compute::{assign_vm, confirmation, evidence_of, ordered, PRICE},
	event_size::{room, smallest_calls},
	governance::new_chain,
	layout::OURS,
	network::*,
};

/// Calls that have deadlines of minutes. `submit_log` also belongs to them if it is due. It is not
/// listed, because the smallest call that this test makes is not due.
const OPERATIONAL: [(&str, &str); 9] = [
	("Attestation", "submit_evidence"),
	("Compute", "attest"),
	("Compute", "boot"),
	("Compute", "confirm"),
	("Oracle", "report"),
	("Registry", "answer_credentials"),
	("Registry", "post_credential"),
	("Registry", "reveal_seed"),
	("Verdicts", "prove"),
];

/// Starts a block in which normal transactions have used up the weight of their class.
fn begin_filled(author: Sr25519Keyring) {
	begin_by(author, 1);
	state_finality();
	Executive::inherents_applied();
	let used = *System::block_weight().get(DispatchClass::Normal);
	let rest = room(DispatchClass::Normal).saturating_sub(used);
	System::register_extra_weight_unchecked(rest, DispatchClass::Normal);
	let remark = frame_system::Call::<Runtime>::remark { remark: vec![] };
	let refused = Executive::apply_extrinsic(transaction(&Eve.pair(), remark, 0));
	assert_eq!(refused, Err(InvalidTransaction::ExhaustsResources.into()));
}

/// Includes a call in the current block.
fn send(who: Sr25519Keyring, call: impl Into<RuntimeCall>) -> DispatchOutcome {
	include(transaction(&who.pair(), call, 0))
}

/// Sets Ferdie's key as the miner's hot key, so that the test can sign for the miner.
pub(super) fn give_key_to_miner() {
	assert_ok!(Registry::set_hot(RuntimeOrigin::signed(miner()), Ferdie.to_account_id()));
}

#[test]
fn calls_with_deadlines_are_operational() {
	new_chain().execute_with(|| {
		let operational: BTreeSet<_> = smallest_calls()
			.into_iter()
			.filter(|call| call.get_dispatch_info().class == DispatchClass::Operational)
			.map(|call| call.get_call_metadata())
			.map(|call| (call.pallet_name, call.function_name))
			.filter(|(pallet, _)| OURS.contains(pallet))
			.collect();
		let vote = ("Verdicts", "vote");
		let wanted: BTreeSet<_> = OPERATIONAL.into_iter().chain([vote]).collect();
		assert_eq!(operational, wanted);
		let log = |due| {
			let records = Default::default();
			let call = pallet_attestation::Call::<Runtime>::submit_log {
				miner: miner(),
				from: 0,
				records,
				due,
			};
			call.get_dispatch_info().class
		};
		assert_eq!(log(true), DispatchClass::Operational);
		assert_eq!(log(false), DispatchClass::Normal, "in advance, or for a contest");
	});
}

/// If blocks had no room for calls of `boot`, each miner with a new VM would miss its deadline and
/// rest.
#[test]
fn no_miner_rests_while_normal_class_is_full() {
	run(|machine| {
		assign_vm(&machine);
		give_key_to_miner();
		let acceptance = Compute::rules().acceptance as usize;
		for turn in 0..acceptance + 3 {
			begin_filled(VALIDATORS[turn % VALIDATORS.len()]);
			if turn == 1 {
				let boot = pallet_compute::Call::<Runtime>::boot { vm: 1 };
				assert_ok!(send(Ferdie, boot));
			} else if turn == 2 {
				let evidence = evidence_of(1, &machine, &ordered()).expect("the VM is booting");
				let evidence = Box::new(evidence);
				assert_ok!(send(Ferdie, pallet_compute::Call::<Runtime>::attest { evidence }));
			} else if turn == 3 {
				let confirmed = Box::new(confirmation(1));
				assert_ok!(send(Ferdie, pallet_compute::Call::<Runtime>::confirm { confirmed }));
			}
			Executive::finalize_block();
		}
		let state = Compute::vm(1).map(|vm| vm.state);
		assert!(matches!(state, Some(VmState::Running { .. })), "{state:?}");
		assert_eq!(pallet_compute::RestingMiners::<Runtime>::iter().count(), 0);
	});
}

/// Opens an enrolment of the miner. The committee has only one member: Alice.
fn open_enrolment() {
	let zeros = [0u8; 1024];
	let mut open = Enrolment::<AccountId, Balance>::decode(&mut &zeros[..]).expect("empty fields");
	let member = Member { validator: Alice.to_account_id(), posted: None };
	open.committee = vec![member].try_into().expect("it fits");
	open.deadline = Clock::tick() + Registry::rules().enrolment;
	open.answers_until = open.deadline;
	pallet_registry::Enrolments::<Runtime>::insert(miner(), open);
}

#[test]
fn calls_with_deadlines_are_included_in_full_blocks() {
	run(|machine| {
		let evidence = machine.answer(&challenge(&machine));
		give_key_to_miner();
		open_enrolment();
		begin_filled(Alice);
		let records = machine.log[0].clone().try_into().expect("it fits");
		let log = pallet_attestation::Call::<Runtime>::submit_log {
			miner: miner(),
			from: 0,
			records,
			due: true,
		};
		assert_ok!(send(Ferdie, log));
		let boxed = Box::new(evidence.clone());
		let submission = pallet_attestation::Call::<Runtime>::submit_evidence { evidence: boxed };
		assert_ok!(send(Ferdie, submission));
		let (votes, finalised) = (Default::default(), System::block_number() - 1);
		assert_ok!(send(
			Alice,
			pallet_verdicts::Call::<Runtime>::vote {
				validator: Alice.to_account_id(),
				votes,
				finalised
			}
		));
		let report = pallet_oracle::Call::<Runtime>::report {
			validator: Alice.to_account_id(),
			price: PRICE,
			block: System::block_number() - 1,
		};
		assert_ok!(send(Alice, report));
		let credential = CredentialBytes {
			id_object: vec![1].try_into().expect("it fits"),
			encrypted_secret: vec![1].try_into().expect("it fits"),
		};
		let post = pallet_registry::Call::<Runtime>::post_credential {
			validator: Alice.to_account_id(),
			miner: miner(),
			seed_hash: [0; 32],
			credential,
		};
		assert_ok!(send(Alice, post));
		let answers = vec![(0u8, [0; 32])].try_into().expect("it fits");
		assert_ok!(send(
			Ferdie,
			pallet_registry::Call::<Runtime>::answer_credentials { miner: miner(), answers }
		));
		// The block also includes the next two calls, although they fail: the seed is wrong, and
		// the proof contradicts no vote.
		let reveal = pallet_registry::Call::<Runtime>::reveal_seed {
			validator: Alice.to_account_id(),
			miner: miner(),
			seed: [0; 32],
		};
		assert!(send(Alice, reveal).is_err());
		let evidence = codec::Encode::encode(&evidence).try_into().expect("it fits");
		let prove = pallet_verdicts::Call::<Runtime>::prove {
			validator: None,
			subject: subject(&machine),
			evidence,
		};
		let _ = send(Alice, prove);
		Executive::finalize_block();
		pallet_registry::Enrolments::<Runtime>::remove(miner());
	});
}
