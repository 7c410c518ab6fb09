//! Tests of the pay for votes. The votes of one session must not receive the whole pay that was
//! minted for a day.

use hcc_evidence_testing::Machine;
use hccs_runtime::*;
use pallet_emission::CurrentEra;
use pallet_validators::Event;
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Charlie, Dave};

use super::{compute::shorten_proof_window, network::*};

/// Ends the current era with the next block. The end of the era mints the validators' part.
fn end_era() {
	CurrentEra::<Runtime>::mutate(|era| era.length = Clock::paid() + 1 - era.from);
	let before = Emission::era().index;
	block();
	assert_eq!(Emission::era().index, before + 1);
}

/// Runs a session with one subject, on which `voters` vote.
fn session(machine: &Machine, voters: &[Sr25519Keyring]) {
	recheck(machine);
	let (subject, evidence) = answer(machine);
	vote_all(voters, subject, &evaluate(subject, &evidence));
	while Verdicts::subject(subject).is_some() {
		block();
	}
	Session::rotate_session();
}

/// Returns all payments that a validator has received so far.
fn paid(validator: Sr25519Keyring) -> Vec<Balance> {
	let payment = |record: frame_system::EventRecord<RuntimeEvent, Hash>| match record.event {
		RuntimeEvent::Validators(Event::Paid { who, amount, .. })
			if who == validator.to_account_id() =>
		{
			Some(amount)
		},
		_ => None,
	};
	System::events().into_iter().filter_map(payment).collect()
}

#[test]
fn voter_of_one_session_is_paid_no_more_than_voter_of_all_others() {
	run(|machine| {
		shorten_proof_window();
		stop_draws();
		block();
		end_era();
		let minted = Balances::free_balance(Validators::pot());
		assert!(minted > 0, "the era paid into the pot");
		session(&machine, &[Bob, Charlie, Dave]);
		for _ in 0..23 {
			session(&machine, &[Alice, Charlie, Dave]);
		}
		let (steady, late) = (paid(Alice), paid(Bob));
		assert_eq!((steady.len(), late.len()), (23, 1));
		assert!(late[0] > 0 && late[0] <= minted / 24);
		assert!(steady.iter().sum::<Balance>() >= late[0], "{steady:?}, {late:?}");
	});
}
