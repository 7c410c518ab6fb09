//! What tenants are given of a slash: pure arithmetic on whole numbers.

use hcc_primitives::units::Balance;
use sp_runtime::{helpers_128bit::multiply_by_rational_with_rounding, Perbill, Rounding};

/// What of `pot` is for tenants who have paid `total` in all: no more than they paid, and no more than the part `most` of it, rounded down.
pub fn for_tenants(pot: Balance, total: Balance, most: Perbill) -> Balance {
	most.mul_floor(pot).min(total)
}

/// What of that one of them is given who has paid `paid`: rounded down, so that all of them together have no more than there is.
pub fn share(for_tenants: Balance, total: Balance, paid: Balance) -> Balance {
	if total == 0 {
		return 0;
	}
	let paid = paid.min(total);
	// No more than `for_tenants`: it always fits.
	multiply_by_rational_with_rounding(for_tenants, paid, total, Rounding::Down)
		.unwrap_or_default()
		.min(paid)
}
