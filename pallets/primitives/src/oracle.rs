//! What α is worth.

/// USD for one α, in 10⁻⁹.
pub type Price = u64;

/// Knows what α is worth.
pub trait Oracle {
	/// The price at which something new is begun; none where there is no fresh one, or it moves faster than it may.
	fn for_orders() -> Option<Price>;
	/// The price at which what runs is paid; none where the last one is too old.
	fn for_leases() -> Option<Price>;
}
