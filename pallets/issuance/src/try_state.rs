#[cfg(any(feature = "try-runtime", feature = "std"))]
impl<T: crate::Config> crate::Pallet<T> {
	/// Checks the numbered invariants of the README.
	pub fn do_try_state() -> Result<(), sp_runtime::TryRuntimeError> {
		use frame_support::{ensure, traits::fungible::Inspect};

		ensure!(
			Self::issuance().total() == Some(T::NativeBalance::total_issuance()),
			"1: the total issuance differs from its parts"
		);
		Ok(())
	}
}
