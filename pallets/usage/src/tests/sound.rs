//! The numbered invariants: each is found where it does not hold.

use frame_support::{
	assert_ok,
	storage::{with_transaction, TransactionOutcome::Rollback},
};
use hcc_evidence::vm::Receipt;
use sp_runtime::DispatchError;

use crate::{mock::*, Account, Accounts};

/// Spoils what was told of the VM.
fn account_is(change: fn(&mut Account)) {
	Accounts::<Test>::mutate(VM, |account| account.iter_mut().for_each(change));
}

/// What a state that only a bug can lead to is found to be.
const SPOILED: [(&str, fn()); 5] = [
	("1: intervals are out of order", || account_is(|account| account.entries[0].interval = 11)),
	("1: intervals are out of order", || account_is(|account| account.entries[0].interval = 10)),
	("1: a later interval", || account_is(|account| account.last = 9)),
	("1: an interval that is not over", || account_is(|account| account.last = 11)),
	("2: more is lost than was told of", || {
		account_is(|account| account.entries[1].lost = account.entries[1].covered + 1);
	}),
];

#[test]
fn whatever_should_not_be_is_found() {
	run(|| {
		assert_ok!(tell(receipt()));
		go_to(11);
		assert_ok!(tell(Receipt { sequence: 2, interval: 10, ..receipt() }));
		account_is(|account| account.entries[0].lost = account.entries[0].covered);
		assert_ok!(Usage::do_try_state());
		for (wanted, spoil) in SPOILED {
			let found = with_transaction(|| {
				spoil();
				Rollback(Ok::<_, DispatchError>(Usage::do_try_state()))
			});
			assert_eq!(found.expect("nothing fails"), Err(wanted.into()), "{wanted}");
		}
	});
}
