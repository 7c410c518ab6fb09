//! People who send each other α, in blocks as authors make them, and pay for it.

use pallet_balances::Call;
use sp_core::{sr25519, Pair};

use super::*;
use crate::{configs::EXISTENTIAL_DEPOSIT, tests::author};

/// How many there are.
const TRADERS: u8 = 6;

fn key(number: u8) -> sr25519::Pair {
	let path = format!("//trader/{}", number % TRADERS);
	sr25519::Pair::from_string(&path, None).expect("a path")
}

fn account(number: u8) -> AccountId {
	AccountId::new(key(number).public().0)
}

/// Gives those something who have nothing.
pub(super) fn endow_all() {
	for number in 0..TRADERS {
		if Balances::free_balance(account(number)) < ALPHA {
			endow(&account(number));
		}
	}
}

/// Whom somebody sends something: one of them, or an account that may be new.
fn recipient(to: u8) -> AccountId {
	if to.is_multiple_of(3) {
		AccountId::new([to; 32])
	} else {
		account(to)
	}
}

/// What somebody does with his α: the numbers choose what.
fn call(from: u8, what: u8, to: u8) -> RuntimeCall {
	let dest = recipient(to).into();
	let value = Balances::free_balance(account(from)) / 256 * Balance::from(to);
	match what % 6 {
		0 | 1 => Call::transfer_allow_death { dest, value }.into(),
		2 => Call::transfer_keep_alive { dest, value: EXISTENTIAL_DEPOSIT }.into(),
		3 => Call::transfer_all { dest, keep_alive: to.is_multiple_of(2) }.into(),
		4 => Call::burn { value, keep_alive: false }.into(),
		_ => pallet_emission::Call::claim { era: u32::from(to), miner: miner() }.into(),
	}
}

/// Sends all but what is too little to keep the account: that is lost.
fn leave_dust(from: u8, to: u8) {
	let left = EXISTENTIAL_DEPOSIT / 256 * Balance::from(to);
	let value = Balances::free_balance(account(from)).saturating_sub(left);
	let origin = RuntimeOrigin::signed(account(from));
	let _ = Balances::transfer_allow_death(origin, recipient(to.wrapping_add(1)).into(), value);
}

/// A block in which some do something. Tells how many have paid for it.
pub(super) fn block(chance: &[u8; 32]) -> u32 {
	let some = chance[20..].chunks_exact(4).map(|lot| {
		let tip = if lot[3] < 64 { Balance::from(lot[3]) * EXISTENTIAL_DEPOSIT } else { 0 };
		author::transaction(&key(lot[0]), call(lot[0], lot[1], lot[2]), tip)
	});
	let results = author::block_of(some.collect());
	if chance[19] < 128 {
		leave_dust(chance[18], chance[17]);
	}
	// Who has nothing cannot send anything, nor two at once by the same number.
	results.iter().filter(|result| result.is_ok()).count() as u32
}
