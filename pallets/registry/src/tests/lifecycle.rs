//! Tests of registration, chips and exit.

use frame_support::{assert_noop, assert_ok};
use hcc_primitives::{ChipOwnership as _, Miners as _};
use hcc_testing::{Chips, Now};

use crate::{mock::*, *};

const CHIP: [u8; 32] = [0xc1; 32];

#[test]
fn register_holds_bond_and_stores_hot_key() {
	run(|| {
		registered(1);
		assert_eq!(held(1), MIN_BOND);
		assert_eq!(Registry::miner(account(1)).expect("registered").hot, account(101));
		assert_eq!(Registry::standing(account(1)), Some(Standing::WithoutChip));
	});
}

#[test]
fn register_rejects_duplicates_and_low_bond() {
	run(|| {
		registered(1);
		let register = |number, bond, hot| {
			Registry::register(signed(number), bond, account(hot), Offer::default())
		};
		assert_noop!(register(1, MIN_BOND, 109), Error::<Test>::AlreadyRegistered);
		assert_noop!(register(2, MIN_BOND - 1, 102), Error::<Test>::BondTooSmall);
		assert!(register(2, ENDOWMENT * 2, 102).is_err(), "the bond exceeds the balance");
		assert_noop!(Registry::bond_more(signed(2), 1), Error::<Test>::NotRegistered);
	});
}

#[test]
fn bond_hot_key_and_offer_can_change() {
	run(|| {
		registered(1);
		registered(2);
		assert_ok!(Registry::bond_more(signed(1), 50));
		assert_eq!(held(1), MIN_BOND + 50);
		assert_ok!(Registry::set_hot(signed(1), account(150)));
		assert!(Registry::is_hot_key(&account(150), &account(1)));
		assert!(!Registry::is_hot_key(&account(101), &account(1)), "the former key");
		let offer = Offer { region: 276, vcpus: 64, memory: 1 << 18, disk: 4_000, price: 1_000 };
		assert_ok!(Registry::set_offer(signed(1), offer));
		assert_eq!(Registry::miner(account(1)).expect("registered").offer, offer);
	});
}

#[test]
fn squatted_hot_key_acts_only_for_named_miner() {
	run(|| {
		// Miner 2 registers the hot key of miner 1 first, and gains nothing.
		assert_ok!(Registry::register(signed(2), MIN_BOND, account(101), Offer::default()));
		registered(1);
		assert_ok!(Registry::add_chip(signed(1), CHIP));
		assert!(Registry::is_hot_key(&account(101), &account(1)));
		assert!(Registry::acts_for(&account(101), &CHIP));
		assert!(!Registry::is_hot_key(&account(102), &account(1)));
		assert!(!Registry::acts_for(&account(2), &CHIP));
		assert_ok!(Registry::set_hot(signed(2), account(102)));
		assert!(Registry::is_hot_key(&account(101), &account(1)), "it is not the other's to move");
		assert_ok!(Registry::exit(signed(1)));
		assert!(!Registry::is_hot_key(&account(101), &account(1)), "the miner has left");
	});
}

#[test]
fn chip_has_one_miner_and_miner_two_chips() {
	run(|| {
		registered(1);
		registered(2);
		assert_ok!(Registry::add_chip(signed(1), CHIP));
		assert_noop!(Registry::add_chip(signed(1), CHIP), Error::<Test>::ChipInUse);
		assert_noop!(Registry::add_chip(signed(2), CHIP), Error::<Test>::ChipInUse);
		assert_ok!(Registry::add_chip(signed(1), [2; 32]));
		assert_noop!(Registry::add_chip(signed(1), [3; 32]), Error::<Test>::TooManyChips);
		assert_noop!(Registry::remove_chip(signed(2), CHIP), Error::<Test>::ChipNotFound);
		assert_ok!(Registry::remove_chip(signed(1), CHIP));
		assert_ok!(Registry::add_chip(signed(2), CHIP));
		assert_eq!(Chips::get(), [(CHIP, None)], "no chip is ready without a tpm");
		assert_eq!(Registry::standing(account(2)), Some(Standing::WithoutTpm));
	});
}

#[test]
fn exit_keeps_bond_until_withdrawal() {
	run(|| {
		registered(1);
		assert_ok!(Registry::add_chip(signed(1), CHIP));
		assert_noop!(Registry::withdraw(signed(1)), Error::<Test>::NotExiting);
		assert_ok!(Registry::exit(signed(1)));
		assert_eq!(held(1), MIN_BOND);
		assert_eq!(Chips::get(), [(CHIP, None)]);
		assert_noop!(Registry::exit(signed(1)), Error::<Test>::Exiting);
		assert_noop!(Registry::add_chip(signed(1), CHIP), Error::<Test>::Exiting);
		let again = Registry::register(signed(1), MIN_BOND, account(101), Offer::default());
		assert_noop!(again, Error::<Test>::Exiting);
		Now::set(UNBONDING);
		assert_noop!(Registry::withdraw(signed(1)), Error::<Test>::TooEarly);
		Now::set(UNBONDING + 1);
		assert_ok!(Registry::withdraw(signed(1)));
		assert_eq!(held(1), 0);
		registered(1);
	});
}
