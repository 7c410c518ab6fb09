//! Checks of the node, of the miner's accounts and of the clock.

use std::time::{SystemTime, UNIX_EPOCH};

use hcc_chain::{AccountId32, Chain, ChainError};
use hcc_evidence::UnixSeconds;

use super::{fail, pass, policy::ChainPolicy, skip, CheckResult};
use crate::{config::Config, register::hot_key_of};

const REACHED: &str = "a node of the chain";
const HOT: &str = "a hot key that signs for a miner";
const FEES: &str = "a hot key that can pay fees";
const BOND: &str = "an owner that can pay the bond";
const CLOCK: &str = "a clock that agrees with the chain";

/// The lowest balance of the hot key, in α. It suffices for the fees of some thousand calls.
const MIN_BALANCE: f64 = 1.0;
/// The maximum difference between this host's clock and the time of the best block, in seconds. It
/// covers several empty slots.
const MAX_DIFFERENCE: u64 = 60;
/// Units of the native token in one α.
const ALPHA: f64 = 1e9;

/// Checks the node and what it states.
pub(super) async fn check(
	config: &Config,
	node: Result<&Chain, &ChainError>,
	policy: Result<&ChainPolicy, &str>,
) -> Vec<CheckResult> {
	let chain = match node {
		Ok(chain) => chain,
		Err(error) => {
			let rest = [HOT, FEES, BOND, CLOCK].map(|what| skip(what, "needs a node", "see above"));
			let first = fail(REACHED, error, "start a node; correct node");
			return [vec![first], rest.into()].concat();
		},
	};
	let compatible = match chain.check_compatible().await {
		Ok(()) => pass(REACHED, config.node.clone()),
		Err(error) => fail(REACHED, error, "install the release for the node's runtime"),
	};
	let clock = match policy {
		Ok(policy) => clock(own_time(), policy.now),
		Err(reason) => skip(CLOCK, reason, "start a node"),
	};
	let [hot, fees, bond] = accounts(chain, config).await;
	vec![compatible, hot, fees, bond, clock]
}

/// Returns the time of this host's clock.
pub(super) fn own_time() -> UnixSeconds {
	UnixSeconds(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs())
}

/// Compares the clock with the time of the best block. Certificates and logs are judged by the
/// chain's time.
fn clock(own: UnixSeconds, chain: UnixSeconds) -> CheckResult {
	let (own, chain) = (own.0, chain.0);
	let seen = match own.checked_sub(chain) {
		Some(ahead) => format!("{ahead} s after the best block"),
		None => format!("{} s before the best block", chain.saturating_sub(own)),
	};
	if own.abs_diff(chain) <= MAX_DIFFERENCE {
		pass(CLOCK, seen)
	} else {
		fail(CLOCK, seen, "synchronise the clock (NTP); if the node lags behind, wait for it")
	}
}

/// The miner and its accounts.
struct Accounts {
	hot: AccountId32,
	miner: AccountId32,
	/// The registered hot key, if the miner is registered.
	known: Option<AccountId32>,
	/// The balances of the hot key and of the miner, in α.
	hot_balance: f64,
	miner_balance: f64,
}

impl Accounts {
	async fn read(chain: &Chain, config: &Config) -> anyhow::Result<Self> {
		let hot = config.hot()?;
		let miner = config.miner(&hot)?;
		let hot = hot.account();
		Ok(Self {
			hot,
			miner,
			known: hot_key_of(chain, &miner).await?,
			hot_balance: chain.balance(&hot).await?,
			miner_balance: chain.balance(&miner).await?,
		})
	}
}

async fn accounts(chain: &Chain, config: &Config) -> [CheckResult; 3] {
	match Accounts::read(chain, config).await {
		Ok(accounts) => [
			registration(&accounts, config.owner_key_file.is_some()),
			fees(accounts.hot_balance),
			bond(&accounts, config.bond),
		],
		Err(error) => [
			fail(HOT, format!("{error:#}"), "see the message"),
			skip(FEES, "needs the hot key", "see above"),
			skip(BOND, "needs the hot key", "see above"),
		],
	}
}

fn registration(accounts: &Accounts, has_owner_key: bool) -> CheckResult {
	match accounts.known {
		Some(known) if known == accounts.hot => pass(HOT, format!("of {}", accounts.miner)),
		_ if has_owner_key => {
			skip(HOT, "not registered yet", "hcc-miner run registers it with the owner's key")
		},
		_ => fail(
			HOT,
			"not the hot key of the miner",
			"sign the calls that hcc-miner run --print-call prints; correct miner",
		),
	}
}

fn fees(balance: f64) -> CheckResult {
	let seen = format!("{balance:.3} α");
	if balance >= MIN_BALANCE {
		pass(FEES, seen)
	} else {
		fail(FEES, seen, "send 1 α or more to the hot key's account")
	}
}

/// Checks the balance of a miner that must still register. `wanted` is the bond in the smallest
/// unit.
fn bond(accounts: &Accounts, wanted: u128) -> CheckResult {
	if accounts.known.is_some() {
		return pass(BOND, "the miner is registered");
	}
	// Rounding is harmless, because the account needs some α for fees beside the bond.
	let wanted = wanted as f64 / ALPHA + MIN_BALANCE;
	let seen = format!("{:.3} α, wanted {wanted:.3} α", accounts.miner_balance);
	if accounts.miner_balance >= wanted {
		pass(BOND, seen)
	} else {
		fail(BOND, seen, "send the bond and 1 α for fees to the owner's account")
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::preflight::Status;

	fn accounts(known: Option<AccountId32>, miner_balance: f64) -> Accounts {
		let (hot, miner) = (AccountId32([1; 32]), AccountId32([2; 32]));
		Accounts { hot, miner, known, hot_balance: 0.0, miner_balance }
	}

	#[test]
	fn clock_may_differ_by_a_minute() {
		let status = |own| clock(UnixSeconds(own), UnixSeconds(1_000)).status;
		assert_eq!([940, 1_000, 1_060].map(status), [Status::Pass; 3]);
		assert_eq!([939, 1_061].map(status), [Status::Fail; 2]);
		assert!(clock(UnixSeconds(900), UnixSeconds(1_000)).seen.contains("100 s before"));
	}

	#[test]
	fn empty_hot_account_fails() {
		let status = |balance| fees(balance).status;
		assert_eq!([0.0, 0.999].map(status), [Status::Fail; 2]);
		assert_eq!(status(1.0), Status::Pass);
	}

	#[test]
	fn bond_is_needed_until_registration() {
		let status = |known, balance| bond(&accounts(known, balance), 100_000_000_000).status;
		assert_eq!(status(None, 100.5), Status::Fail);
		assert_eq!(status(None, 101.0), Status::Pass);
		assert_eq!(status(Some(AccountId32([1; 32])), 0.0), Status::Pass);
	}

	#[test]
	fn unregistered_hot_key_fails_unless_owner_signs_here() {
		let status = |known, owner| registration(&accounts(known, 0.0), owner).status;
		assert_eq!(status(Some(AccountId32([1; 32])), false), Status::Pass);
		assert_eq!(status(Some(AccountId32([3; 32])), false), Status::Fail);
		assert_eq!(status(None, true), Status::Skip);
		assert_eq!(status(None, false), Status::Fail);
	}
}
