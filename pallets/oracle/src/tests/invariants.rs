//! Violations of the numbered invariants, which `try_state` must find.

use frame_support::{
	assert_ok,
	storage::{with_transaction, TransactionOutcome::Rollback},
};
use hcc_testing::Now;
use sp_runtime::DispatchError;

use crate::{mock::*, *};

fn all_report() {
	for by in 1..=7 {
		assert_ok!(report(by, PRICE));
	}
}

/// Corrupts the first report.
fn corrupt_report(change: fn(&mut ReportOf<Test>)) {
	Reports::<Test>::mutate(|reports| reports.iter_mut().take(1).for_each(change));
}

/// Corrupts the current price.
fn corrupt_rate(change: fn(&mut Rate)) {
	CurrentRate::<Test>::mutate(|rate| rate.iter_mut().for_each(change));
}

/// Corruptions of the state, each with the error that `try_state` must return.
const CORRUPTIONS: [(&str, fn()); 9] = [
	("1: a feeder has two reports", || corrupt_report(|report| report.feeder = feeder(7))),
	("1: a report is for a future block", || corrupt_report(|report| report.block += 1)),
	("2: a price of zero", || corrupt_report(|report| report.price = 0)),
	("2: a price of zero", || corrupt_rate(|rate| rate.price = 0)),
	("2: a price of zero", || corrupt_rate(|rate| rate.mean = 0)),
	("2: a price of zero", || corrupt_rate(|rate| rate.hourly[0] = 0)),
	("3: the price equals the median outside the limit", || {
		corrupt_rate(|rate| rate.beyond = Some(rate.price))
	}),
	("4: a price is in the future", || corrupt_rate(|rate| rate.at = Now::get() + 1)),
	("4: a price is in the future", || corrupt_rate(|rate| rate.hour = rate.at + 1)),
];

#[test]
fn try_state_finds_each_violation() {
	run(|| {
		all_report();
		blocks(5);
		all_report();
		assert_ok!(Oracle::do_try_state());
		for (wanted, corrupt) in CORRUPTIONS {
			let found = with_transaction(|| {
				corrupt();
				Rollback(Ok::<_, DispatchError>(Oracle::do_try_state()))
			});
			assert_eq!(found.expect("nothing fails"), Err(wanted.into()), "{wanted}");
		}
	});
}
