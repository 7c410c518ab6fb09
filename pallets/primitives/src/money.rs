//! Where money goes that tenants pay, and that miners lose.

use hcc_evidence::host::ChipHash;
use sp_runtime::Perbill;

use crate::{units::Balance, IntervalIndex, Tick};

/// The least part of what is paid that nobody has back who buys from himself: what goes to neither miner nor validators, less the bonus on it.
pub const LEAST_LOSS: Perbill = Perbill::from_percent(5);

/// What a tenant has paid for intervals in which its VM ran on a live chip.
#[derive(Debug)]
pub struct Payment<'a, AccountId> {
	pub tenant: &'a AccountId,
	pub miner: &'a AccountId,
	pub chip: ChipHash,
	pub first: IntervalIndex,
	pub last: IntervalIndex,
	/// Before it was divided.
	pub amount: Balance,
}

/// Is told of payments.
pub trait OnSettled<AccountId> {
	/// A tenant has paid for a miner's work.
	fn on_settled(payment: &Payment<AccountId>);
}

impl<AccountId> OnSettled<AccountId> for () {
	fn on_settled(_: &Payment<AccountId>) {}
}

impl<AccountId, A: OnSettled<AccountId>, B: OnSettled<AccountId>> OnSettled<AccountId> for (A, B) {
	fn on_settled(payment: &Payment<AccountId>) {
		A::on_settled(payment);
		B::on_settled(payment);
	}
}

/// How payments are divided.
pub trait SettlementShares {
	/// The part that neither miner nor validators have: the treasury's, and what is burned. [`LEAST_LOSS`] at the least.
	fn lost() -> Perbill;
}

/// Finds out who has paid for the work of a chip whose miner is to be slashed.
pub trait OpensCases {
	/// The miner is to be slashed for what the chip did since that tick, when it was last known to be sound.
	fn open(chip: &ChipHash, since: Tick);
	/// It was.
	fn settle(chip: &ChipHash);
	/// It will not be.
	fn dismiss(chip: &ChipHash);
}

/// Keeps for tenants what their miners lose.
pub trait Compensates<Credit> {
	/// That was lost for what the chip did: what of it is not kept is given back.
	fn compensate(chip: &ChipHash, lost: Credit) -> Credit;
}
