//! Shares of tenants in a slash: pure integer arithmetic.

use hcc_primitives::units::Balance;
use sp_runtime::{helpers_128bit::multiply_by_rational_with_rounding, Perbill, Rounding};

/// Returns the part of `pot` for tenants that have paid `total` together.
///
/// It is at most `total`, and at most the part `most` of the pot, rounded down.
pub fn for_tenants(pot: Balance, total: Balance, most: Perbill) -> Balance {
	most.mul_floor(pot).min(total)
}

/// Returns the share of a tenant that has paid `paid` of `total`. It is rounded down, so that the
/// sum of all shares is at most `for_tenants`.
pub fn share(for_tenants: Balance, total: Balance, paid: Balance) -> Balance {
	if total == 0 {
		return 0;
	}
	let paid = paid.min(total);
	// The result is at most `for_tenants`, so it always fits.
	multiply_by_rational_with_rounding(for_tenants, paid, total, Rounding::Down)
		.unwrap_or_default()
		.min(paid)
}
