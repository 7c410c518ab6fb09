//! Violations of the numbered invariants, which `try_state` must find.

use frame_support::{
	assert_ok,
	storage::{with_transaction, TransactionOutcome::Rollback},
};
use hcc_evidence::vm::Receipt;
use sp_runtime::DispatchError;

use crate::{mock::*, Account, Accounts};

/// Corrupts the account of the VM.
fn corrupt_account(change: fn(&mut Account)) {
	Accounts::<Test>::mutate(VM, |account| account.iter_mut().for_each(change));
}

/// Corruptions of the state, each with the error that `try_state` must return.
const CORRUPTIONS: [(&str, fn()); 5] = [
	("1: intervals are out of order", || {
		corrupt_account(|account| account.entries[0].interval = 11)
	}),
	("1: intervals are out of order", || {
		corrupt_account(|account| account.entries[0].interval = 10)
	}),
	("1: an entry is later than the last interval", || corrupt_account(|account| account.last = 9)),
	("1: the last interval is not over", || corrupt_account(|account| account.last = 11)),
	("2: more time is lost than covered", || {
		corrupt_account(|account| account.entries[1].lost = account.entries[1].covered + 1);
	}),
];

#[test]
fn try_state_finds_each_violation() {
	run(|| {
		assert_ok!(submit_receipts(receipt()));
		go_to(11);
		assert_ok!(submit_receipts(Receipt { sequence: 2, interval: 10, ..receipt() }));
		corrupt_account(|account| account.entries[0].lost = account.entries[0].covered);
		assert_ok!(Usage::do_try_state());
		for (wanted, corrupt) in CORRUPTIONS {
			let found = with_transaction(|| {
				corrupt();
				Rollback(Ok::<_, DispatchError>(Usage::do_try_state()))
			});
			assert_eq!(found.expect("nothing fails"), Err(wanted.into()), "{wanted}");
		}
	});
}
