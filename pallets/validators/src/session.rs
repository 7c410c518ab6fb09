//! The pallet as seen from `pallet-session`.

extern crate alloc;
use alloc::vec::Vec;

use frame_support::{traits::Get, BoundedVec};
use pallet_session::historical;
use sp_staking::SessionIndex;

use crate::*;

impl<T: Config> Pallet<T> {
	/// The set that the bonds and rules of now give, if it is large enough to run the chain.
	fn selected() -> Option<BoundedVec<AccountIdOf<T>, T::MaxValidators>> {
		let mut able = Candidates::<T>::get().into_inner();
		// Keys can be purged at any time; a validator without them would leave its slots empty.
		able.retain(|candidate| pallet_session::NextKeys::<T>::contains_key(&candidate.who));
		let rules = Self::rules();
		// Who was slashed below what others must bring has too little to lose, and goes as soon as there is somebody in its place: a set that shrinks with each
		// slash would leave the chain to fewer and fewer. Those with the smallest bonds go first.
		let is_sound = |candidate: &CandidateOf<T>| candidate.bond >= rules.min_bond;
		let unsound: Vec<_> = able.iter().filter(|c| !is_sound(c)).cloned().collect();
		let in_office = Planned::<T>::get().len().max(T::MinValidators::get() as usize);
		let places = in_office.saturating_sub(able.len().saturating_sub(unsound.len()));
		let stay = selection::largest_bonds(&unsound, places);
		able.retain(|candidate| is_sound(candidate) || stay.contains(&candidate.who));
		let set = selection::largest_bonds(&able, rules.max_active as usize);
		if set.len() < T::MinValidators::get() as usize {
			return None;
		}
		// The rules are clamped to `MaxValidators`.
		set.try_into().ok()
	}
}

impl<T: Config> Pallet<T> {
	/// Whether one of those in office has other keys for the next sessions.
	fn have_keys_changed() -> bool {
		let next = pallet_session::NextKeys::<T>::get;
		pallet_session::QueuedKeys::<T>::get()
			.iter()
			.any(|(who, keys)| next(who).as_ref() != Some(keys))
	}
}

impl<T: Config> pallet_session::SessionManager<AccountIdOf<T>> for Pallet<T> {
	/// Answers where the set changes, or the keys of one of it: of the set that is answered the historical root is made, by which offences are reported.
	fn new_session(session: SessionIndex) -> Option<Vec<AccountIdOf<T>>> {
		let Some(set) = Self::selected() else {
			log::error!(target: "runtime::validators", "too few validators for session {session}: the set stays");
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
		// At genesis `pallet-session` asks before it has stored any keys, and the candidates are part of the chain spec.
		let candidates = Candidates::<T>::get();
		let set = selection::largest_bonds(&candidates, Self::rules().max_active as usize);
		let planned: BoundedVec<_, T::MaxValidators> = set.clone().try_into().ok()?;
		Planned::<T>::put(planned);
		(session == 0).then_some(set)
	}

	fn start_session(session: SessionIndex) {
		Self::disable_again(session);
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

	/// Forgets the historical roots that no offence report can refer to any more, and what offences of then have cost.
	fn end_session(session: SessionIndex) {
		<Self as pallet_session::SessionManager<_>>::end_session(session);
		let kept = Self::rules().unbonding_sessions.saturating_add(2);
		if let Some(oldest) = session.checked_sub(kept) {
			Self::forget_offences(oldest);
			historical::Pallet::<T>::prune_up_to(oldest);
		}
	}
}

impl<T: Config> hcc_primitives::ActiveValidators<AccountIdOf<T>> for Pallet<T> {
	fn active() -> Vec<AccountIdOf<T>> {
		pallet_session::Validators::<T>::get()
	}

	fn validator_of(worker: &AccountIdOf<T>) -> Option<AccountIdOf<T>> {
		ValidatorOf::<T>::get(worker)
	}
}
