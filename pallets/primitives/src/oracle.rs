//! The price of α.

/// The value of one α in 10⁻⁹ USD.
pub type Price = u64;

/// Provides the price of α.
pub trait Oracle {
	/// Returns the price for new orders. Returns `None` if there is no recent price, or if the
	/// price moves faster than the daily limit permits.
	fn for_orders() -> Option<Price>;
	/// Returns the price for running VMs, or `None` if the last price is too old.
	fn for_leases() -> Option<Price>;
}
