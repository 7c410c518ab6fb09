//! Burning.

use frame_support::{
	assert_ok,
	traits::{
		fungible::Balanced,
		tokens::{Fortitude::Polite, Precision::Exact, Preservation::Preserve},
		OnUnbalanced,
	},
};
use hcc_primitives::units::ALPHA;

use crate::mock::*;

#[test]
fn dust_is_burned_and_counted() {
	run(|| {
		let origin = RuntimeOrigin::signed(account(1));
		let amount = ALPHA - EXISTENTIAL_DEPOSIT + 1;
		assert_ok!(Balances::transfer_allow_death(origin, account(2), amount));
		assert_eq!(free(1), 0);
		assert_eq!(Issued::issuance().burned, EXISTENTIAL_DEPOSIT - 1);
		assert_eq!(Issued::issuance().total(), Some(Balances::total_issuance()));
	});
}

#[test]
fn dropped_credit_is_burned_and_counted() {
	run(|| {
		let credit = Balances::withdraw(&account(1), 700, Exact, Preserve, Polite);
		let credit = credit.expect("the account has enough");
		// The α exists until the credit is dropped.
		assert_eq!((Balances::total_issuance(), Issued::issuance().burned), (5 * ALPHA, 0));
		<Issued as OnUnbalanced<_>>::on_unbalanced(credit);
		assert_eq!(Balances::total_issuance(), 5 * ALPHA - 700);
		assert_eq!(Issued::issuance().burned, 700);
	});
}
