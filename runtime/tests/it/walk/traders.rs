//! Traders that send α to each other and pay fees, in blocks as authors make them.

use hccs_runtime::configs::EXISTENTIAL_DEPOSIT;
use pallet_balances::Call;
use sp_core::{sr25519, Pair};

use super::*;
use crate::author;

/// Number of traders.
const TRADERS: u8 = 6;

fn key(number: u8) -> sr25519::Pair {
	let path = format!("//trader/{}", number % TRADERS);
	sr25519::Pair::from_string(&path, None).expect("the path is valid")
}

fn account(number: u8) -> AccountId {
	AccountId::new(key(number).public().0)
}

/// Endows all traders that have no funds.
pub(super) fn endow_all() {
	for number in 0..TRADERS {
		if Balances::free_balance(account(number)) < ALPHA {
			endow(&account(number));
		}
	}
}

/// Returns a recipient: a trader, or an account that may be new.
fn recipient(to: u8) -> AccountId {
	if to.is_multiple_of(3) {
		AccountId::new([to; 32])
	} else {
		account(to)
	}
}

/// Returns a call of a trader. The numbers choose the call.
fn call(from: u8, what: u8, to: u8) -> RuntimeCall {
	let dest = recipient(to).into();
	let value = Balances::free_balance(account(from)) / 256 * Balance::from(to);
	match what % 6 {
		0 | 1 => Call::transfer_allow_death { dest, value }.into(),
		2 => Call::transfer_keep_alive { dest, value: EXISTENTIAL_DEPOSIT }.into(),
		3 => Call::transfer_all { dest, keep_alive: to.is_multiple_of(2) }.into(),
		4 => Call::burn { value, keep_alive: false }.into(),
		_ => pallet_emission::Call::payout { era: u32::from(to), miner: miner() }.into(),
	}
}

/// Sends all funds of a trader except an amount below the existential deposit. The chain burns this
/// rest.
fn leave_dust(from: u8, to: u8) {
	let left = EXISTENTIAL_DEPOSIT / 256 * Balance::from(to);
	let value = Balances::free_balance(account(from)).saturating_sub(left);
	let origin = RuntimeOrigin::signed(account(from));
	let _ = Balances::transfer_allow_death(origin, recipient(to.wrapping_add(1)).into(), value);
}

/// Makes a block with transactions of traders. Returns the number of transactions that paid a fee.
pub(super) fn block(random: &[u8; 32]) -> u32 {
	let transactions = random[20..].chunks_exact(4).map(|bits| {
		let tip = if bits[3] < 64 { Balance::from(bits[3]) * EXISTENTIAL_DEPOSIT } else { 0 };
		author::transaction(&key(bits[0]), call(bits[0], bits[1], bits[2]), tip)
	});
	let results = author::block_of(transactions.collect());
	if random[19] < 128 {
		leave_dust(random[18], random[17]);
	}
	// Transactions of traders without funds fail, and so do transactions with the same nonce.
	results.iter().filter(|result| result.is_ok()).count() as u32
}
