//! Interface to `pallet-session`.

extern crate alloc;
use alloc::vec::Vec;

use frame_support::{traits::Get, BoundedVec};
use pallet_session::historical;
use sp_staking::SessionIndex;

use crate::*;

impl<T: Config> Pallet<T> {
	/// Returns the set that the current bonds and rules give, or `None` if it is smaller than the
	/// minimum.
	fn selected() -> Option<BoundedVec<AccountIdOf<T>, T::MaxValidators>> {
		let mut able = Candidates::<T>::get().into_inner();
		// Keys can be purged at any time. A validator without keys would leave its slots empty.
		able.retain(|candidate| pallet_session::NextKeys::<T>::contains_key(&candidate.who));
		let rules = Self::rules();
		// A candidate that was slashed below the minimum bond has too little to lose. It leaves the
		// set only when another candidate takes its place. If the set shrank with each slash, few
		// validators would control the chain. The smallest bonds leave first.
		let has_min_bond = |candidate: &CandidateOf<T>| candidate.bond >= rules.min_bond;
		let deficient: Vec<_> = able.iter().filter(|c| !has_min_bond(c)).cloned().collect();
		let current = Planned::<T>::get().len().max(T::MinValidators::get() as usize);
		let places = current.saturating_sub(able.len().saturating_sub(deficient.len()));
		let stay = selection::largest_bonds(&deficient, places);
		able.retain(|candidate| has_min_bond(candidate) || stay.contains(&candidate.who));
		let set = selection::largest_bonds(&able, rules.max_active as usize);
		if set.len() < T::MinValidators::get() as usize {
			return None;
		}
		// The rules are clamped to `MaxValidators`, so the set fits.
		set.try_into().ok()
	}
}

impl<T: Config> Pallet<T> {
	/// Returns `true` if an active validator has other keys for the next sessions.
	fn have_keys_changed() -> bool {
		let next = pallet_session::NextKeys::<T>::get;
		pallet_session::QueuedKeys::<T>::get()
			.iter()
			.any(|(who, keys)| next(who).as_ref() != Some(keys))
	}
}

impl<T: Config> pallet_session::SessionManager<AccountIdOf<T>> for Pallet<T> {
	/// Returns the set if it changes, or if the keys of a member change. Offences are reported by a
	/// historical root, which `pallet-session` computes from the returned set.
	fn new_session(session: SessionIndex) -> Option<Vec<AccountIdOf<T>>> {
		let Some(set) = Self::selected() else {
			log::error!(target: "runtime::validators", "too few validators for session {session}: the current set stays");
			return None;
		};
		if set != Planned::<T>::get() {
			Planned::<T>::put(&set);
			Self::deposit_event(Event::SetPlanned { session, validators: set.to_vec() });
		} else if !Self::have_keys_changed() {
			return None;
		}
		Some(set.into_inner())
	}

	fn new_session_genesis(session: SessionIndex) -> Option<Vec<AccountIdOf<T>>> {
		// At genesis, `pallet-session` requests the set before it has stored any keys. The
		// candidates come from the chain spec.
		let candidates = Candidates::<T>::get();
		let set = selection::largest_bonds(&candidates, Self::rules().max_active as usize);
		let planned: BoundedVec<_, T::MaxValidators> = set.clone().try_into().ok()?;
		Planned::<T>::put(planned);
		(session == 0).then_some(set)
	}

	fn start_session(session: SessionIndex) {
		Self::update_disabled(session);
	}

	fn end_session(_: SessionIndex) {
		Self::settle_session();
	}
}

impl<T: Config + historical::Config<FullIdentification = ()>>
	historical::SessionManager<AccountIdOf<T>, ()> for Pallet<T>
{
	fn new_session(session: SessionIndex) -> Option<Vec<(AccountIdOf<T>, ())>> {
		<Self as pallet_session::SessionManager<_>>::new_session(session)
			.map(|set| set.into_iter().map(|who| (who, ())).collect())
	}

	fn new_session_genesis(session: SessionIndex) -> Option<Vec<(AccountIdOf<T>, ())>> {
		<Self as pallet_session::SessionManager<_>>::new_session_genesis(session)
			.map(|set| set.into_iter().map(|who| (who, ())).collect())
	}

	fn start_session(session: SessionIndex) {
		<Self as pallet_session::SessionManager<_>>::start_session(session);
	}

	/// Removes historical roots to which no offence report can refer, and the cost of offences in
	/// these sessions.
	fn end_session(session: SessionIndex) {
		<Self as pallet_session::SessionManager<_>>::end_session(session);
		let kept = Self::rules().unbonding_sessions.saturating_add(2);
		if let Some(oldest) = session.checked_sub(kept) {
			Self::prune_offences(oldest);
			historical::Pallet::<T>::prune_up_to(oldest);
		}
	}
}

impl<T: Config> hcc_primitives::ActiveValidators<AccountIdOf<T>> for Pallet<T> {
	fn active() -> Vec<AccountIdOf<T>> {
		pallet_session::Validators::<T>::get()
	}

	fn is_worker(who: &AccountIdOf<T>, validator: &AccountIdOf<T>) -> bool {
		WorkerOf::<T>::get(validator).as_ref() == Some(who)
	}
}
