//! The clock, and what stops it.

extern crate alloc;
use alloc::vec::Vec;

use frame_support::{ensure, traits::Get, weights::WeightMeter};
use frame_system::pallet_prelude::BlockNumberFor;
use hcc_primitives::{
	supermajority, ActiveValidators, OnVerdict, Serves, Service, SubjectId, Tick, Ticks,
};
use sp_runtime::traits::{Saturating, Zero};

use crate::*;

impl<T: Config> Ticks for Pallet<T> {
	fn now() -> Tick {
		CurrentTick::<T>::get()
	}
}

impl<T: Config> Pallet<T> {
	/// Moves the clock by one, unless it must stand still, and closes what closes then. A block without room for that moves no clock.
	pub(crate) fn advance(now: BlockNumberFor<T>, meter: &mut WeightMeter) {
		let tick = CurrentTick::<T>::get().saturating_add(1);
		let count = Closing::<T>::decode_len(tick).unwrap_or_default() as u32;
		let weight = T::WeightInfo::advance(count)
			.saturating_add(T::OnVerdict::closing_weight().saturating_mul(count.into()));
		if !meter.can_consume(weight) || Self::stands_still(now) {
			return;
		}
		CurrentTick::<T>::put(tick);
		let closing = Closing::<T>::take(tick);
		let active = T::Validators::active();
		meter.consume(T::WeightInfo::advance(closing.len() as u32));
		for subject in closing {
			let Some(row) = Subjects::<T>::get(subject).filter(|row| row.closes <= tick) else {
				continue;
			};
			meter.consume(T::OnVerdict::closing_weight());
			Self::close(subject, row, &active);
		}
	}

	/// Ends a subject, unless it is just between its verdict and the draw.
	fn close(subject: SubjectId, mut row: SubjectOf<T>, active: &[AccountIdOf<T>]) {
		if row.stage == Stage::Agreed {
			if let Ok(closes) = Self::close_after(subject, T::JudgingTicks::get()) {
				row.closes = closes;
				return Subjects::<T>::insert(subject, row);
			}
		}
		Subjects::<T>::remove(subject);
		T::Serves::served(&service(&row, active));
		if row.stage == Stage::Effective {
			T::OnVerdict::on_closed(subject);
		} else {
			Self::deposit_event(Event::Void { subject });
			T::OnVerdict::on_void(subject);
		}
	}

	/// Whether deadlines must not move: the chain is in need, finality lags, or nobody has said yet how far it is.
	fn stands_still(now: BlockNumberFor<T>) -> bool {
		let seen = FinalisedSeen::<T>::get();
		T::Paused::get()
			|| seen.is_zero()
			|| now.saturating_sub(seen) > T::MaxFinalityLag::get().into()
	}

	/// Takes a validator's statement down. Tells whether the last one is old enough for this one to be free.
	pub(crate) fn note_finalised(
		validator: &AccountIdOf<T>,
		finalised: BlockNumberFor<T>,
	) -> Result<bool, Error<T>> {
		let now = frame_system::Pallet::<T>::block_number();
		ensure!(finalised < now, Error::<T>::BadStatement);
		let active = T::Validators::active();
		let mut statements = Statements::<T>::get();
		// Whoever is in office no more has no say.
		statements.retain(|statement| active.contains(&statement.validator));
		let due = match statements.iter_mut().find(|former| former.validator == *validator) {
			Some(former) => {
				ensure!(finalised >= former.finalised, Error::<T>::BadStatement);
				let due = now.saturating_sub(former.at) >= T::StatementInterval::get().into();
				if due || finalised > former.finalised {
					former.finalised = finalised;
				}
				if due {
					former.at = now;
				}
				due
			},
			None => {
				let first = Statement { validator: validator.clone(), finalised, at: now };
				statements.try_push(first).map_err(|_| Error::<T>::NotAWorker)?;
				true
			},
		};
		let mut numbers: Vec<_> = statements.iter().map(|statement| statement.finalised).collect();
		numbers.sort_unstable_by(|a, b| b.cmp(a));
		let enough = supermajority(active.len() as u32).saturating_sub(1) as usize;
		let seen = numbers.get(enough).copied().unwrap_or_default();
		Statements::<T>::put(statements);
		// A change of the set can take the number back; deadlines count ticks, which never go back.
		if seen != FinalisedSeen::<T>::get() {
			FinalisedSeen::<T>::put(seen);
			Self::deposit_event(Event::FinalisedSeen { number: seen });
		}
		Ok(due)
	}
}

/// Which members of the committee voted, and whose votes count: none do where there is no verdict, and what was proven is what counts. Nobody need vote any more once
/// something is proven, but who lets it come to that by not voting was absent. Who went out of office meanwhile could not vote.
fn service<AccountId: Clone + PartialEq>(
	row: &Subject<AccountId>,
	active: &[AccountId],
) -> Vec<(AccountId, Service)> {
	let right = match (row.stage, row.proven) {
		(Stage::Effective, Some(proven)) => Some(proven),
		(Stage::Effective, None) => {
			row.decided.and_then(|at| row.findings.get(usize::from(at))).map(|shown| shown.hash)
		},
		_ => None,
	};
	let voted = |member| row.votes.iter().find(|cast| usize::from(cast.member) == member);
	let finding = |cast: &Cast| row.findings.get(usize::from(cast.finding)).map(|shown| shown.hash);
	let rate = |member, who| match voted(member) {
		None if row.proven_early || !active.contains(who) => None,
		None => Some(Service::Absent),
		Some(cast) if right.is_some() && finding(cast) == right => Some(Service::Counted),
		Some(_) => Some(Service::Voted),
	};
	let members = row.committee.iter().enumerate();
	members.filter_map(|(member, who)| Some((who.clone(), rate(member, who)?))).collect()
}
