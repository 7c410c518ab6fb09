//! The numbered invariants: each is found where it does not hold.

use frame_support::{
	assert_ok,
	storage::{with_transaction, TransactionOutcome::Rollback},
};
use hcc_primitives::mock::Now;
use sp_runtime::DispatchError;

use crate::{mock::*, *};

fn all_report() {
	for by in 1..=7 {
		assert_ok!(report(by, PRICE));
	}
}

/// Spoils the first report.
fn report_is(change: fn(&mut ReportOf<Test>)) {
	Reports::<Test>::mutate(|reports| reports.iter_mut().take(1).for_each(change));
}

/// Spoils the price in force.
fn rate_is(change: fn(&mut Rate)) {
	CurrentRate::<Test>::mutate(|rate| rate.iter_mut().for_each(change));
}

/// What a state that only a bug can lead to is found to be.
const SPOILED: [(&str, fn()); 9] = [
	("1: a feeder has two reports", || report_is(|report| report.feeder = feeder(7))),
	("1: a report of a block to come", || report_is(|report| report.block += 1)),
	("2: a price of zero", || report_is(|report| report.price = 0)),
	("2: a price of zero", || rate_is(|rate| rate.price = 0)),
	("2: a price of zero", || rate_is(|rate| rate.mean = 0)),
	("2: a price of zero", || rate_is(|rate| rate.hourly[0] = 0)),
	("3: a price beyond itself", || rate_is(|rate| rate.beyond = Some(rate.price))),
	("4: a price to come", || rate_is(|rate| rate.at = Now::get() + 1)),
	("4: a price to come", || rate_is(|rate| rate.hour = rate.at + 1)),
];

#[test]
fn whatever_should_not_be_is_found() {
	run(|| {
		all_report();
		blocks(5);
		all_report();
		assert_ok!(Oracle::do_try_state());
		for (wanted, spoil) in SPOILED {
			let found = with_transaction(|| {
				spoil();
				Rollback(Ok::<_, DispatchError>(Oracle::do_try_state()))
			});
			assert_eq!(found.expect("nothing fails"), Err(wanted.into()), "{wanted}");
		}
	});
}
