use frame_support::traits::{
	fungible::{Balanced, Credit},
	tokens::Precision,
	Imbalance, OnUnbalanced,
};
use hcc_primitives::{units::Balance, Minter};

use crate::*;

impl<T: Config> Minter<AccountIdOf<T>> for Pallet<T> {
	fn mint(to: &AccountIdOf<T>, amount: Balance) -> Balance {
		// An account that does not exist cannot receive less than the existential deposit.
		let Ok(debt) = T::NativeBalance::deposit(to, amount, Precision::Exact) else { return 0 };
		let minted = debt.peek();
		Minted::<T>::mutate(|all| *all = all.saturating_add(minted));
		minted
	}
}

impl<T: Config> OnUnbalanced<Credit<AccountIdOf<T>, T::NativeBalance>> for Pallet<T> {
	fn on_nonzero_unbalanced(credit: Credit<AccountIdOf<T>, T::NativeBalance>) {
		Burned::<T>::mutate(|all| *all = all.saturating_add(credit.peek()));
		// The total issuance falls when the credit is dropped here.
	}
}
