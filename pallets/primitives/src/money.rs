//! Where money goes that tenants pay.

use hcc_evidence::host::ChipHash;
use sp_runtime::Perbill;

use crate::units::Balance;

/// Is told of payments for intervals in which a VM ran on a live chip.
pub trait OnSettled<AccountId> {
	/// A tenant has paid so much for a miner's work on that chip, before it was divided.
	fn on_settled(miner: &AccountId, chip: &ChipHash, paid: Balance);
}

impl<AccountId> OnSettled<AccountId> for () {
	fn on_settled(_: &AccountId, _: &ChipHash, _: Balance) {}
}

/// How payments are divided.
pub trait SettlementShares {
	/// The part that neither miner nor validators have: the treasury's, and what is burned.
	fn lost() -> Perbill;
}
