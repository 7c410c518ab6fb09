//! How much α there is, and why.

use frame_support::{
	assert_ok,
	traits::{fungible::Balanced, OnUnbalanced},
};
use hcc_primitives::units::ALPHA;

use crate::{mock::*, *};

fn transfer(from: u8, to: u8, amount: hcc_primitives::units::Balance) {
	let origin = RuntimeOrigin::signed(account(from));
	assert_ok!(Balances::transfer_allow_death(origin, account(to), amount));
}

#[test]
fn what_there_is_at_the_start_is_counted() {
	run(|| {
		let issuance = Emission::issuance();
		assert_eq!(issuance, Issuance { initial: 5 * ALPHA, made: 0, destroyed: 0 });
		assert_eq!(issuance.left(), Some(Balances::total_issuance()));
	});
}

#[test]
fn what_is_too_little_to_keep_an_account_is_destroyed_and_counted() {
	run(|| {
		transfer(10, 11, ALPHA - EXISTENTIAL_DEPOSIT + 1);
		assert_eq!(free(10), 0);
		assert_eq!(Emission::issuance().destroyed, EXISTENTIAL_DEPOSIT - 1);
		assert_eq!(Emission::issuance().left(), Some(Balances::total_issuance()));
	});
}

#[test]
fn what_is_taken_and_belongs_to_nobody_is_destroyed_and_counted() {
	run(|| {
		let (taken, missing) = {
			use frame_support::traits::tokens::{
				Fortitude::Polite, Precision::Exact, Preservation::Preserve,
			};
			let credit = Balances::withdraw(&account(10), 700, Exact, Preserve, Polite);
			(credit.expect("it is there"), Emission::issuance().destroyed)
		};
		// As long as somebody has it, it is there.
		assert_eq!((Balances::total_issuance(), missing), (5 * ALPHA, 0));
		<Emission as OnUnbalanced<_>>::on_unbalanced(taken);
		assert_eq!(Balances::total_issuance(), 5 * ALPHA - 700);
		assert_eq!(Emission::issuance().destroyed, 700);
	});
}

#[test]
fn what_is_made_or_destroyed_by_anybody_else_is_found() {
	run(|| {
		let issued = Balances::issue(1_000);
		assert_eq!(
			Emission::do_try_state(),
			Err("5: there is other α than was made and not destroyed".into())
		);
		drop(issued);
		assert_ok!(Emission::do_try_state());
	});
}

#[test]
fn more_cannot_be_destroyed_than_there_was() {
	let issuance = Issuance { initial: 5, made: 2, destroyed: 8 };
	assert_eq!(issuance.left(), None);
	assert_eq!(Issuance { destroyed: 7, ..issuance }.left(), Some(0));
}
