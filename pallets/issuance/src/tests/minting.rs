//! Minting.

use frame_support::{assert_ok, traits::fungible::Balanced};
use hcc_primitives::{
	units::{Balance, ALPHA},
	Minter,
};
use sp_runtime::AccountId32;

use crate::{mock::*, *};

fn mint(to: u8, amount: Balance) -> Balance {
	<Issued as Minter<AccountId32>>::mint(&account(to), amount)
}

#[test]
fn genesis_balances_are_the_initial_issuance() {
	run(|| {
		let issuance = Issued::issuance();
		assert_eq!(issuance, Issuance { initial: 5 * ALPHA, minted: 0, burned: 0 });
		assert_eq!(issuance.total(), Some(Balances::total_issuance()));
	});
}

#[test]
fn mint_is_counted() {
	run(|| {
		assert_eq!(mint(1, 700), 700);
		assert_eq!(free(1), ALPHA + 700);
		assert_eq!(mint(9, EXISTENTIAL_DEPOSIT), EXISTENTIAL_DEPOSIT);
		assert_eq!(free(9), EXISTENTIAL_DEPOSIT);
		assert_eq!(Issued::issuance().minted, 700 + EXISTENTIAL_DEPOSIT);
		assert_eq!(Issued::issuance().total(), Some(Balances::total_issuance()));
	});
}

#[test]
fn mint_below_existential_deposit_mints_nothing() {
	run(|| {
		assert_eq!(mint(9, EXISTENTIAL_DEPOSIT - 1), 0);
		assert_eq!(free(9), 0);
		assert_eq!(Issued::issuance().minted, 0);
	});
}

#[test]
fn mint_above_maximum_issuance_mints_nothing() {
	run(|| {
		assert_eq!(mint(1, Balance::MAX), 0);
		assert_eq!(Issued::issuance().minted, 0);
	});
}

#[test]
fn issuance_made_elsewhere_breaks_invariant() {
	run(|| {
		let issued = Balances::issue(1_000);
		assert_eq!(
			Issued::do_try_state(),
			Err("1: the total issuance differs from its parts".into())
		);
		drop(issued);
		assert_ok!(Issued::do_try_state());
	});
}
