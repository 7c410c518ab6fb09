//! What validators are proven to have done: what it costs, and for how long they author no more.

use frame_support::{
	traits::{fungible::InspectHold, Get},
	weights::Weight,
};
use pallet_session::historical;
use sp_runtime::{traits::Saturating, Perbill};
use sp_staking::{
	offence::{OffenceDetails, OffenceSeverity, OnOffenceHandler},
	SessionIndex,
};

use crate::*;

impl<T: Config> Pallet<T> {
	/// Has a validator author no more for as many sessions as bonds are held, however often the set or its keys change meanwhile. `pallet-session` disables no more than a
	/// third at once.
	pub(crate) fn disable(who: &AccountIdOf<T>, part: Perbill) {
		let until = pallet_session::CurrentIndex::<T>::get()
			.saturating_add(Self::rules().unbonding_sessions);
		Offenders::<T>::mutate(|offenders| {
			let former = offenders.iter().position(|offender| offender.who == *who);
			let worst = former.map_or(part, |at| offenders.remove(at).part.max(part));
			if offenders.is_full() {
				offenders.remove(0);
			}
			// There is room.
			let _ = offenders.try_push(Offender { who: who.clone(), part: worst, until });
		});
		Self::disable_now(who, part);
	}

	fn disable_now(who: &AccountIdOf<T>, part: Perbill) {
		pallet_session::Pallet::<T>::report_offence(who.clone(), OffenceSeverity(part));
	}

	/// `pallet-session` forgets who is disabled when the set or anybody's keys change, and nobody otherwise: it is told again, and of those whose time is over.
	pub(crate) fn disable_again(session: SessionIndex) {
		let mut offenders = Offenders::<T>::get();
		let validators = pallet_session::Validators::<T>::get();
		offenders.retain(|offender| {
			let goes_on = session < offender.until;
			let place = validators.iter().position(|who| *who == offender.who);
			if let (false, Some(place)) = (goes_on, place) {
				pallet_session::Pallet::<T>::reenable_index(place as u32);
			}
			goes_on
		});
		for Offender { who, part, .. } in &offenders {
			Self::disable_now(who, *part);
		}
		Offenders::<T>::put(offenders);
	}
}

impl<T: Config + historical::Config<FullIdentification = ()>> Pallet<T> {
	/// Forgets what offences have cost of which no report is taken any more: those of sessions before `oldest`, as long as their historical roots are there.
	pub(crate) fn forget_offences(oldest: SessionIndex) {
		let Some((first, _)) = historical::StoredRange::<T>::get() else { return };
		for session in first..oldest {
			let _ = OffencesOf::<T>::clear_prefix(session, T::MaxCandidates::get(), None);
		}
	}
}

impl<T: Config> Pallet<T> {
	/// Takes by how much an offence is worse than those of the same session before.
	fn slash_the_rise(who: &AccountIdOf<T>, session: SessionIndex, part: Perbill) {
		let reason = HoldReason::Bond.into();
		let former = OffencesOf::<T>::get(session, who).unwrap_or_else(|| Offence {
			part: Perbill::zero(),
			bond: T::NativeBalance::balance_on_hold(&reason, who),
		});
		if part > former.part {
			let rise = part.saturating_sub(former.part);
			Self::take(who, rise.mul_floor(former.bond), None);
			OffencesOf::<T>::insert(session, who, Offence { part, ..former });
		}
	}
}

impl<T, Reporter> OnOffenceHandler<Reporter, historical::IdentificationTuple<T>, Weight>
	for Pallet<T>
where
	T: Config + historical::Config<FullIdentification = ()>,
{
	/// Who equivocated loses a part of its bond, and is disabled. Where several
	/// offences of one session are reported, the worst is what it costs.
	fn on_offence(
		offenders: &[OffenceDetails<Reporter, historical::IdentificationTuple<T>>],
		fractions: &[Perbill],
		session: SessionIndex,
	) -> Weight {
		for (details, fraction) in offenders.iter().zip(fractions) {
			let who = details.offender.0.clone();
			Self::slash_the_rise(&who, session, *fraction);
			Self::disable(&who, *fraction);
			Self::deposit_event(Event::Offended { who, session });
		}
		let reports = offenders.len() as u64;
		T::DbWeight::get().reads_writes(reports.saturating_mul(8), reports.saturating_mul(5))
	}
}
