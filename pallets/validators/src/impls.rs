use frame_support::{
	ensure,
	pallet_prelude::DispatchResult,
	traits::{
		fungible::{InspectHold, MutateHold},
		tokens::Precision,
		Get,
	},
};
use sp_runtime::traits::Saturating;

use crate::*;

impl<T: Config> Pallet<T> {
	pub(crate) fn do_join(
		who: AccountIdOf<T>,
		bond: BalanceOf<T>,
		worker: AccountIdOf<T>,
	) -> DispatchResult {
		ensure!(!Unbonding::<T>::contains_key(&who), Error::<T>::StillUnbonding);
		ensure!(pallet_session::NextKeys::<T>::contains_key(&who), Error::<T>::NoSessionKeys);
		ensure!(bond >= Self::rules().min_bond, Error::<T>::BondTooSmall);
		Self::do_insert(&who, bond, &worker)?;
		Self::deposit_event(Event::Joined { who, bond, worker });
		Ok(())
	}

	/// Adds a candidate. Genesis calls it directly, because the session keys are set afterwards.
	pub(crate) fn do_insert(
		who: &AccountIdOf<T>,
		bond: BalanceOf<T>,
		worker: &AccountIdOf<T>,
	) -> DispatchResult {
		ensure!(!WorkerOf::<T>::contains_key(who), Error::<T>::AlreadyJoined);
		T::NativeBalance::hold(&HoldReason::Bond.into(), who, bond)?;
		Candidates::<T>::try_append(Candidate { who: who.clone(), bond })
			.map_err(|()| Error::<T>::TooManyCandidates)?;
		WorkerOf::<T>::insert(who, worker);
		Ok(())
	}

	pub(crate) fn do_bond_more(who: AccountIdOf<T>, extra: BalanceOf<T>) -> DispatchResult {
		let bond = Candidates::<T>::try_mutate(|candidates| {
			let candidate =
				candidates.iter_mut().find(|c| c.who == who).ok_or(Error::<T>::NotJoined)?;
			T::NativeBalance::hold(&HoldReason::Bond.into(), &who, extra)?;
			// The hold succeeded, so the sum is below the total issuance and cannot saturate.
			candidate.bond = candidate.bond.saturating_add(extra);
			Ok::<_, sp_runtime::DispatchError>(candidate.bond)
		})?;
		Self::deposit_event(Event::BondRaised { who, bond });
		Ok(())
	}

	pub(crate) fn do_set_worker(who: AccountIdOf<T>, worker: AccountIdOf<T>) -> DispatchResult {
		ensure!(WorkerOf::<T>::contains_key(&who), Error::<T>::NotJoined);
		WorkerOf::<T>::insert(&who, &worker);
		Self::deposit_event(Event::WorkerSet { who, worker });
		Ok(())
	}

	pub(crate) fn do_leave(who: AccountIdOf<T>) -> DispatchResult {
		Candidates::<T>::try_mutate(|candidates| {
			let at = candidates.iter().position(|c| c.who == who).ok_or(Error::<T>::NotJoined)?;
			ensure!(
				candidates.len() > T::MinValidators::get() as usize,
				Error::<T>::TooFewValidators
			);
			candidates.remove(at);
			Ok::<_, Error<T>>(())
		})?;
		// The account may be active in this session and in the next one, for which it is queued.
		// The bond stays on hold for the unbonding sessions after both.
		let withdrawable = pallet_session::CurrentIndex::<T>::get()
			.saturating_add(2)
			.saturating_add(Self::rules().unbonding_sessions);
		Unbonding::<T>::insert(&who, withdrawable);
		Self::deposit_event(Event::Left { who, withdrawable });
		Ok(())
	}

	/// Returns `true` if the bond of an account that left must stay on hold: the account is banned,
	/// or still active because too few candidates can take its place.
	fn is_liable(who: &AccountIdOf<T>) -> bool {
		pallet_session::Validators::<T>::get().contains(who)
			|| pallet_session::QueuedKeys::<T>::get().iter().any(|(queued, _)| queued == who)
			|| Offenders::<T>::get().iter().any(|offender| offender.who == *who)
	}

	pub(crate) fn do_withdraw(who: AccountIdOf<T>) -> DispatchResult {
		let withdrawable = Unbonding::<T>::get(&who).ok_or(Error::<T>::NotUnbonding)?;
		ensure!(pallet_session::CurrentIndex::<T>::get() >= withdrawable, Error::<T>::TooEarly);
		ensure!(!Self::is_liable(&who), Error::<T>::TooEarly);
		let reason = HoldReason::Bond.into();
		let held = T::NativeBalance::balance_on_hold(&reason, &who);
		let bond = T::NativeBalance::release(&reason, &who, held, Precision::Exact)?;
		Unbonding::<T>::remove(&who);
		WorkerOf::<T>::remove(&who);
		Self::deposit_event(Event::Withdrawn { who, bond });
		Ok(())
	}
}

#[cfg(any(feature = "try-runtime", feature = "std"))]
impl<T: Config> Pallet<T> {
	/// Checks the numbered invariants of the README.
	pub fn do_try_state() -> Result<(), sp_runtime::TryRuntimeError> {
		let candidates = Candidates::<T>::get();
		let reason = HoldReason::Bond.into();
		for (at, candidate) in candidates.iter().enumerate() {
			ensure!(
				!candidates.iter().take(at).any(|earlier| earlier.who == candidate.who),
				"1: an account is a candidate twice"
			);
			ensure!(!Unbonding::<T>::contains_key(&candidate.who), "1: a candidate is unbonding");
			ensure!(
				T::NativeBalance::balance_on_hold(&reason, &candidate.who) == candidate.bond,
				"2: a bond differs from the amount on hold"
			);
			ensure!(
				WorkerOf::<T>::contains_key(&candidate.who),
				"3: a candidate has no worker key"
			);
		}
		let bonded = candidates.len().saturating_add(Unbonding::<T>::iter_keys().count());
		ensure!(
			WorkerOf::<T>::iter().count() == bonded,
			"3: an account without a bond has a worker key"
		);
		let planned = Planned::<T>::get();
		for (at, who) in planned.iter().enumerate() {
			ensure!(
				!planned.iter().take(at).any(|earlier| earlier == who),
				"4: an account is planned twice"
			);
		}
		let offenders = Offenders::<T>::get();
		for (at, offender) in offenders.iter().enumerate() {
			let mut earlier = offenders.iter().take(at);
			ensure!(
				!earlier.any(|other| other.who == offender.who),
				"5: an account is an offender twice"
			);
			ensure!(WorkerOf::<T>::contains_key(&offender.who), "6: an offender has no bond");
		}
		for who in pallet_session::Validators::<T>::get() {
			ensure!(WorkerOf::<T>::contains_key(&who), "6: an active validator has no bond");
		}
		Ok(())
	}
}
