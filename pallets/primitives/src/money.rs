//! Payments of tenants, slashes of miners and the destinations of both.

use hcc_evidence::host::ChipHash;
use sp_runtime::Perbill;

use crate::{units::Balance, IntervalIndex, Tick};

/// The minimum part of a payment that does not return to a tenant that is also the miner and a
/// validator. It is the shares of the treasury and the burn, less the emission for the payment.
pub const MIN_UNRETURNED_SHARE: Perbill = Perbill::from_percent(5);

/// A tenant's payment for intervals in which its VM ran on a live chip.
#[derive(Debug)]
pub struct Payment<'a, AccountId> {
	pub tenant: &'a AccountId,
	pub miner: &'a AccountId,
	pub chip: ChipHash,
	pub first: IntervalIndex,
	pub last: IntervalIndex,
	/// The amount before its division among miner, validators, treasury and burn.
	pub amount: Balance,
}

/// Handles payments.
pub trait OnSettled<AccountId> {
	/// Handles a tenant's payment for a miner's work.
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

/// Mints α. Only one pallet implements this trait, so that everything minted is counted in one
/// place.
pub trait Minter<AccountId> {
	/// Mints `amount` to an account, or nothing if the account cannot receive it. Returns the
	/// minted amount.
	fn mint(to: &AccountId, amount: Balance) -> Balance;
}

/// Provides the division of payments.
pub trait SettlementShares {
	/// Returns the part of a payment that neither miner nor validators receive: the shares of the
	/// treasury and of the burn. At least [`MIN_UNRETURNED_SHARE`].
	fn lost() -> Perbill;
}

/// Opens and ends compensation cases for chips whose miners are about to be slashed.
pub trait CompensationCases {
	/// Opens a case, because the miner will be slashed for failures of the chip after tick `since`.
	/// `since` is the last tick at which the chip was known to be sound. Returns `false` if the
	/// chip has a case already.
	fn open(chip: &ChipHash, since: Tick) -> bool;
	/// Settles the case of a chip, because the slash was applied.
	fn settle(chip: &ChipHash);
	/// Dismisses the case of a chip, because the slash was cancelled.
	fn dismiss(chip: &ChipHash);
}

/// Keeps slashed funds for the compensation of tenants.
pub trait Compensator<Credit> {
	/// Takes the funds of a slash for the chip's failures. Returns the part that is not kept for
	/// tenants.
	fn compensate(chip: &ChipHash, lost: Credit) -> Credit;
}
