//! Offences of validators: the loss of bond, and the ban from authoring blocks.

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
use hcc_primitives::push_evicting;

impl<T: Config> Pallet<T> {
	/// Bans a validator from authoring blocks for the number of unbonding sessions. A change of the
	/// set or of keys does not end the ban. `pallet-session` disables at most a third of the set at
	/// a time.
	///
	/// An account without a bond is not active and cannot author blocks, so it is not banned.
	pub(crate) fn disable(who: &AccountIdOf<T>, part: Perbill) {
		if !WorkerOf::<T>::contains_key(who) {
			return;
		}
		let until = pallet_session::CurrentIndex::<T>::get()
			.saturating_add(Self::rules().unbonding_sessions);
		Offenders::<T>::mutate(|offenders| {
			let former = offenders.iter().position(|offender| offender.who == *who);
			let worst = former.map_or(part, |at| offenders.remove(at).part.max(part));
			push_evicting(offenders, Offender { who: who.clone(), part: worst, until });
		});
		Self::disable_now(who, part);
	}

	fn disable_now(who: &AccountIdOf<T>, part: Perbill) {
		pallet_session::Pallet::<T>::report_offence(who.clone(), OffenceSeverity(part));
	}

	/// Updates the disabled validators at the start of a session, and drops bans that have ended.
	/// `pallet-session` clears its list only if the set or any keys change. So this function
	/// disables banned validators again, and enables validators whose ban has ended.
	pub(crate) fn update_disabled(session: SessionIndex) {
		let mut offenders = Offenders::<T>::get();
		let validators = pallet_session::Validators::<T>::get();
		offenders.retain(|offender| {
			let is_banned = session < offender.until;
			let place = validators.iter().position(|who| *who == offender.who);
			if let (false, Some(place)) = (is_banned, place) {
				pallet_session::Pallet::<T>::reenable_index(place as u32);
			}
			is_banned
		});
		for Offender { who, part, .. } in &offenders {
			Self::disable_now(who, *part);
		}
		Offenders::<T>::put(offenders);
	}
}

impl<T: Config + historical::Config<FullIdentification = ()>> Pallet<T> {
	/// Removes the stored cost of offences in sessions before `oldest`, which can no longer be
	/// reported. Sessions are found by their historical roots, so call this before the roots are
	/// pruned.
	pub(crate) fn prune_offences(oldest: SessionIndex) {
		let Some((first, _)) = historical::StoredRange::<T>::get() else { return };
		for session in first..oldest {
			let _ = OffencesOf::<T>::clear_prefix(session, T::MaxCandidates::get(), None);
		}
	}
}

impl<T: Config> Pallet<T> {
	/// Slashes the amount by which an offence costs more than the worst earlier offence in the same
	/// session. `part` is a part of the bond before the first offence of the session.
	fn slash_increase(who: &AccountIdOf<T>, session: SessionIndex, part: Perbill) {
		let reason = HoldReason::Bond.into();
		let former = OffencesOf::<T>::get(session, who).unwrap_or_else(|| Offence {
			part: Perbill::zero(),
			bond: T::NativeBalance::balance_on_hold(&reason, who),
		});
		if part > former.part {
			let increase = part.saturating_sub(former.part);
			Self::take(who, increase.mul_floor(former.bond), None);
			OffencesOf::<T>::insert(session, who, Offence { part, ..former });
		}
	}
}

impl<T, Reporter> OnOffenceHandler<Reporter, historical::IdentificationTuple<T>, Weight>
	for Pallet<T>
where
	T: Config + historical::Config<FullIdentification = ()>,
{
	/// Slashes validators that equivocated, and bans them from authoring. Of several offences in
	/// one session, the worst determines the loss.
	fn on_offence(
		offenders: &[OffenceDetails<Reporter, historical::IdentificationTuple<T>>],
		fractions: &[Perbill],
		session: SessionIndex,
	) -> Weight {
		for (details, fraction) in offenders.iter().zip(fractions) {
			let who = details.offender.0.clone();
			Self::slash_increase(&who, session, *fraction);
			Self::disable(&who, *fraction);
			Self::deposit_event(Event::Offended { who, session });
		}
		let reports = offenders.len() as u64;
		T::DbWeight::get().reads_writes(reports.saturating_mul(8), reports.saturating_mul(5))
	}
}
