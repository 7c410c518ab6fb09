//! Rules that governance can change.

/// Stores the rules that a chain starts with.
pub trait StoreRules<Rules> {
	/// Replaces the rules in force.
	fn store(rules: Rules);
}
