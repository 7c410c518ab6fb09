//! The pallet as seen from `pallet-session` and `pallet-offences`.

extern crate alloc;
use alloc::vec::Vec;

use frame_support::{traits::Get, weights::Weight, BoundedVec};
use pallet_session::historical;
use sp_runtime::Perbill;
use sp_staking::{
	offence::{OffenceDetails, OffenceSeverity, OnOffenceHandler},
	SessionIndex,
};

use crate::*;

impl<T: Config> Pallet<T> {
	/// The set that the bonds and rules of now give, if it is large enough to run the chain.
	fn selected() -> Option<BoundedVec<AccountIdOf<T>, T::MaxValidators>> {
		let mut able = Candidates::<T>::get().into_inner();
		// Keys can be purged at any time; a validator without them would leave its slots empty.
		able.retain(|candidate| pallet_session::NextKeys::<T>::contains_key(&candidate.who));
		let set = selection::largest_bonds(&able, Self::rules().max_active as usize);
		if set.len() < T::MinValidators::get() as usize {
			return None;
		}
		// The rules are clamped to `MaxValidators`.
		set.try_into().ok()
	}
}

impl<T: Config> pallet_session::SessionManager<AccountIdOf<T>> for Pallet<T> {
	/// Answers only when the set changes: a new set, even the same one, would enable disabled validators again.
	fn new_session(session: SessionIndex) -> Option<Vec<AccountIdOf<T>>> {
		let Some(set) = Self::selected() else {
			log::error!(target: "runtime::validators", "too few validators for session {session}: the set stays");
			return None;
		};
		if set == Planned::<T>::get() {
			return None;
		}
		Planned::<T>::put(&set);
		Self::deposit_event(Event::SetPlanned { session, validators: set.to_vec() });
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

	fn start_session(_: SessionIndex) {}

	fn end_session(_: SessionIndex) {}
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

	fn start_session(_: SessionIndex) {}

	/// Forgets the historical roots that no offence report can refer to any more.
	fn end_session(session: SessionIndex) {
		let kept = Self::rules().unbonding_sessions.saturating_add(2);
		historical::Pallet::<T>::prune_up_to(session.saturating_sub(kept));
	}
}

impl<T, Reporter> OnOffenceHandler<Reporter, historical::IdentificationTuple<T>, Weight>
	for Pallet<T>
where
	T: Config + historical::Config<FullIdentification = ()>,
{
	/// Disables who equivocated; `pallet-session` disables no more than a third at once.
	fn on_offence(
		offenders: &[OffenceDetails<Reporter, historical::IdentificationTuple<T>>],
		fractions: &[Perbill],
		session: SessionIndex,
	) -> Weight {
		for (details, fraction) in offenders.iter().zip(fractions) {
			let who = details.offender.0.clone();
			pallet_session::Pallet::<T>::report_offence(who.clone(), OffenceSeverity(*fraction));
			Self::deposit_event(Event::Offended { who, session });
		}
		let reports = offenders.len() as u64;
		T::DbWeight::get().reads_writes(reports.saturating_mul(3), reports)
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
