#[cfg(any(feature = "try-runtime", feature = "std"))]
impl<T: crate::Config> crate::Pallet<T> {
	/// Checks the numbered invariants of the README.
	pub fn do_try_state() -> Result<(), sp_runtime::TryRuntimeError> {
		use frame_support::ensure;

		let now = frame_system::Pallet::<T>::block_number();
		let statements = crate::Statements::<T>::get();
		for (at, statement) in statements.iter().enumerate() {
			ensure!(
				!statements.iter().take(at).any(|earlier| earlier.validator == statement.validator),
				"1: a validator has two statements"
			);
			ensure!(statement.at <= now, "2: a statement was made in a later block");
			ensure!(
				statement.finalised < now,
				"2: a statement names a block that is not in the past"
			);
		}
		let most = crate::CurrentTick::<T>::get().saturating_mul(hcc_primitives::MAX_COUNTED_SLOTS);
		ensure!(crate::PaidUntil::<T>::get() <= most, "3: a tick paid too many slots");
		Ok(())
	}
}
