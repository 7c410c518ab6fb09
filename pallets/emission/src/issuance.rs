//! How much α there is, and why.

use frame_support::{
	ensure,
	traits::{
		fungible::{Credit, Inspect},
		Imbalance, OnUnbalanced,
	},
};
use sp_runtime::TryRuntimeError;

use crate::*;

impl<T: Config> Pallet<T> {
	pub(crate) fn issuance_now() -> Issuance {
		let Totals { claimed, validators, treasury, .. } = Brought::<T>::get();
		Issuance {
			initial: Initial::<T>::get(),
			made: claimed.saturating_add(validators).saturating_add(treasury),
			destroyed: Destroyed::<T>::get(),
		}
	}

	/// Whether there is as much as the chain started with and eras have brought, less what was destroyed.
	pub(crate) fn check_issuance() -> Result<(), TryRuntimeError> {
		let issued = T::NativeBalance::total_issuance();
		ensure!(
			Self::issuance_now().left() == Some(issued),
			"5: there is other α than was made and not destroyed"
		);
		Ok(())
	}
}

impl<T: Config> OnUnbalanced<Credit<AccountIdOf<T>, T::NativeBalance>> for Pallet<T> {
	fn on_nonzero_unbalanced(credit: Credit<AccountIdOf<T>, T::NativeBalance>) {
		Destroyed::<T>::mutate(|all| *all = all.saturating_add(credit.peek()));
		// As it is dropped, issuance falls by it.
	}
}
