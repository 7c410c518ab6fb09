//! Closing of subjects at the tick for which they are booked.

extern crate alloc;
use alloc::vec::Vec;

use frame_support::{
	traits::Get,
	weights::{Weight, WeightMeter},
};
use hcc_primitives::{
	catch_up, OnVerdict, ServiceRecorder, SubjectId, Tick, TickSource, VoteService,
};

use crate::*;

impl<T: Config> Pallet<T> {
	/// Closes the subjects of all ticks up to the current one. If this block has no room for a
	/// tick, the tick waits for the next block. Proofs treat the subjects of that tick as closed
	/// already.
	pub(crate) fn close_due(meter: &mut WeightMeter) {
		if meter.try_consume(T::DbWeight::get().reads_writes(2, 1)).is_err() {
			return;
		}
		let now = T::TickSource::now();
		let closed = catch_up(ClosedUntil::<T>::get(), now, Tick::MAX, |tick| {
			let has_room = meter.can_consume(Self::closing_weight(tick));
			if has_room {
				Self::close_at(tick, meter);
			}
			has_room
		});
		ClosedUntil::<T>::put(closed);
	}

	/// Returns the maximum weight of closing the subjects that are due at a tick.
	fn closing_weight(tick: Tick) -> Weight {
		let count = Closing::<T>::decode_len(tick).unwrap_or_default() as u32;
		T::WeightInfo::close_subjects(count)
			.saturating_add(T::OnVerdict::closing_weight().saturating_mul(count.into()))
	}

	/// Closes the subjects that are due at a tick.
	pub(crate) fn close_at(tick: Tick, meter: &mut WeightMeter) {
		let closing = Closing::<T>::take(tick);
		meter.consume(T::WeightInfo::close_subjects(closing.len() as u32));
		for subject in closing {
			let Some(row) = Subjects::<T>::get(subject).filter(|row| row.closes <= tick) else {
				continue;
			};
			meter.consume(T::OnVerdict::closing_weight());
			Self::close(subject, row);
		}
	}

	/// Returns the row of a subject that is open at the current tick.
	pub(crate) fn open_subject(subject: SubjectId) -> Result<SubjectOf<T>, Error<T>> {
		let now = T::TickSource::now();
		Subjects::<T>::get(subject).filter(|row| row.closes > now).ok_or(Error::<T>::NotOpen)
	}

	/// Closes a subject. A subject whose verdict still waits for the draw is booked again.
	fn close(subject: SubjectId, mut row: SubjectOf<T>) {
		if row.stage == Stage::Agreed {
			if let Ok(closes) = Self::close_after(subject, T::JudgingTicks::get()) {
				row.closes = closes;
				return Subjects::<T>::insert(subject, row);
			}
		}
		Subjects::<T>::remove(subject);
		T::ServiceRecorder::served(&service(&row));
		if row.stage == Stage::Effective {
			T::OnVerdict::on_closed(subject);
		} else {
			Self::deposit_event(Event::Void { subject });
			T::OnVerdict::on_void(subject);
		}
	}
}

/// Rates the service of each committee member for a subject.
///
/// A vote counts if it is for the proven finding. Without a proof, a vote counts if it is for the
/// effective verdict. If the subject is void, no vote counts, and members that have not voted are
/// excused. If it is not void, such members are absent, because they had time until the others had
/// decided.
fn service<AccountId: Clone>(row: &Subject<AccountId>) -> Vec<(AccountId, VoteService)> {
	let right = match (row.stage, row.proven) {
		(Stage::Effective, Some(proven)) => Some(proven),
		(Stage::Effective, None) => {
			row.decided.and_then(|at| row.findings.get(usize::from(at))).map(|shown| shown.hash)
		},
		_ => None,
	};
	let voted = |member| row.votes.iter().find(|cast| usize::from(cast.member) == member);
	let finding =
		|cast: &RecordedVote| row.findings.get(usize::from(cast.finding)).map(|shown| shown.hash);
	let rate = |member| match voted(member) {
		None if row.stage != Stage::Effective => None,
		None => Some(VoteService::Absent),
		Some(cast) if right.is_some() && finding(cast) == right => Some(VoteService::Counted),
		Some(_) => Some(VoteService::Voted),
	};
	let members = row.committee.iter().enumerate();
	members.filter_map(|(member, who)| Some((who.clone(), rate(member)?))).collect()
}
