extern crate alloc;
use alloc::vec::Vec;

use frame_support::{ensure, pallet_prelude::DispatchResult, traits::Get, BoundedVec};
use frame_system::pallet_prelude::BlockNumberFor;
use hcc_primitives::{
	book, genesis, supermajority, ActiveValidators, Adjudicator, FinalityStatements, SubjectId,
	Tick, TickSource,
};
use sp_core::H256;
use sp_runtime::DispatchError;

use crate::*;

impl<T: Config> Adjudicator for Pallet<T> {
	fn open(subject: SubjectId, lot: H256, evidence: H256) -> DispatchResult {
		ensure!(!Subjects::<T>::contains_key(subject), Error::<T>::AlreadyOpen);
		let committee = Self::appoint(lot)?;
		let closes = Self::close_after(subject, T::JudgingTicks::get())?;
		Subjects::<T>::insert(
			subject,
			Subject {
				evidence,
				committee,
				findings: BoundedVec::new(),
				votes: BoundedVec::new(),
				decided: None,
				proven: None,
				stage: Stage::Open,
				until: T::TickSource::now().saturating_add(T::JudgingTicks::get()),
				closes,
			},
		);
		Self::deposit_event(Event::Opened { subject, evidence, closes });
		Ok(())
	}

	fn longest() -> Tick {
		T::JudgingTicks::get().saturating_add(Self::rules().window)
	}
}

impl<T: Config> Pallet<T> {
	/// Books a subject to close after `ticks`, and returns the tick. If that tick is full, books a
	/// later tick.
	pub(crate) fn close_after(subject: SubjectId, ticks: Tick) -> Result<Tick, Error<T>> {
		let earliest = T::TickSource::now().saturating_add(ticks);
		book(earliest, |tick| Closing::<T>::try_append(tick, subject))
			.ok_or(Error::<T>::TooManySubjects)
	}

	/// Keeps a subject open for at least `ticks` from now.
	pub(crate) fn keep_open(subject: SubjectId, row: &mut SubjectOf<T>, ticks: Tick) {
		// If no tick has room, the subject closes as booked before. The earlier booking remains,
		// and is ignored if the subject closes later.
		if let Ok(closes) = Self::close_after(subject, ticks) {
			row.closes = row.closes.max(closes);
		}
	}

	/// Checks that a worker key signs for a validator, and that the validator is active.
	///
	/// ## Errors
	/// [`Error::NotAWorker`].
	pub fn check_worker(
		worker: &AccountIdOf<T>,
		validator: &AccountIdOf<T>,
	) -> Result<(), Error<T>> {
		ensure!(T::Validators::is_worker(worker, validator), Error::<T>::NotAWorker);
		ensure!(T::Validators::active().contains(validator), Error::<T>::NotAWorker);
		Ok(())
	}

	/// Records the votes and the statement of a worker. Returns `true` if the transaction is free
	/// of charge.
	pub(crate) fn do_vote(
		worker: &AccountIdOf<T>,
		validator: AccountIdOf<T>,
		votes: Vec<Vote>,
		finalised: BlockNumberFor<T>,
	) -> Result<bool, DispatchError> {
		Self::check_worker(worker, &validator)?;
		let due = T::Finality::state(&validator, finalised)?;
		let mut counted = 0u32;
		for vote in votes {
			if Self::count(&validator, vote)? {
				counted = counted.saturating_add(1);
			}
		}
		Ok(due || counted > 0)
	}

	/// Records a vote. Returns `false` if the vote is ignored because it no longer makes a
	/// difference.
	fn count(validator: &AccountIdOf<T>, vote: Vote) -> Result<bool, DispatchError> {
		let subject = vote.subject;
		let Some(mut row) = Subjects::<T>::get(subject) else { return Ok(false) };
		let member =
			row.committee.iter().position(|of| of == validator).ok_or(Error::<T>::NotOnCommittee)?
				as u8;
		if let Some(cast) = row.votes.iter().find(|cast| cast.member == member) {
			let former = row.findings.get(usize::from(cast.finding)).map(|shown| shown.hash);
			ensure!(former == Some(vote.hash), Error::<T>::VotedDifferently);
			return Ok(false);
		}
		// A vote that comes this late could only copy the result.
		if row.proven.is_some() || T::TickSource::now() > row.until {
			return Ok(false);
		}
		let hash = vote.hash;
		let finding = Self::finding_of(&mut row, vote)?;
		row.votes
			.try_push(RecordedVote { member, finding })
			.map_err(|_| Error::<T>::NotOnCommittee)?;
		Self::deposit_event(Event::Voted { subject, validator: validator.clone(), finding: hash });
		Self::decide(subject, row, finding)?;
		Ok(true)
	}

	/// Returns the index of the finding that a vote names. Stores the finding if it is disclosed
	/// for the first time.
	fn finding_of(row: &mut SubjectOf<T>, vote: Vote) -> Result<u8, Error<T>> {
		if let Some(at) = row.findings.iter().position(|shown| shown.hash == vote.hash) {
			return Ok(at as u8);
		}
		let finding = vote.finding.ok_or(Error::<T>::FindingMissing)?;
		ensure!(finding.hash(&genesis::<T>()) == vote.hash, Error::<T>::FindingMismatch);
		let at = row.findings.len() as u8;
		row.findings
			.try_push(DisclosedFinding { hash: vote.hash, finding })
			.map_err(|_| Error::<T>::NotOnCommittee)?;
		Ok(at)
	}

	/// Stores the subject. If more than two thirds agree on `finding`, it becomes the verdict,
	/// which then waits for the draw.
	fn decide(subject: SubjectId, mut row: SubjectOf<T>, finding: u8) -> Result<(), Error<T>> {
		let agree = row.votes.iter().filter(|cast| cast.finding == finding).count() as u32;
		let decides =
			row.stage == Stage::Open && agree >= supermajority(row.committee.len() as u32);
		if decides {
			row.decided = Some(finding);
			row.stage = Stage::Agreed;
			Self::note_agreed(subject)?;
			let shown = row.findings.get(usize::from(finding));
			if let Some(DisclosedFinding { hash, finding }) = shown {
				let (finding, code) = (*hash, finding.code);
				Self::deposit_event(Event::Decided { subject, code, finding });
			}
		}
		Subjects::<T>::insert(subject, row);
		Ok(())
	}
}

#[cfg(any(feature = "try-runtime", feature = "std"))]
impl<T: Config> Pallet<T> {
	/// Checks the numbered invariants of the README.
	pub fn do_try_state() -> Result<(), sp_runtime::TryRuntimeError> {
		for (id, subject) in Subjects::<T>::iter() {
			ensure!(
				Closing::<T>::get(subject.closes).contains(&id),
				"1: no closing tick is booked for a subject"
			);
			ensure!(subject.closes > ClosedUntil::<T>::get(), "1: an overdue subject is open");
			let members = subject.committee.len();
			for (at, cast) in subject.votes.iter().enumerate() {
				ensure!(usize::from(cast.member) < members, "2: a vote is not from a member");
				ensure!(
					usize::from(cast.finding) < subject.findings.len(),
					"2: a vote names an undisclosed finding"
				);
				ensure!(
					!subject.votes.iter().take(at).any(|earlier| earlier.member == cast.member),
					"2: a member voted twice"
				);
			}
			let enough = supermajority(members as u32) as usize;
			let agreed = (0..subject.findings.len()).find(|at| {
				subject.votes.iter().filter(|cast| usize::from(cast.finding) == *at).count()
					>= enough
			});
			let decided = subject.decided.map(usize::from);
			ensure!(
				agreed == decided || (decided.is_none() && subject.proven.is_some()),
				"3: the decision differs from what more than two thirds agree on"
			);
			ensure!(
				(subject.stage == Stage::Open) == (decided.is_none() && subject.proven.is_none()),
				"4: the stage does not match the verdict"
			);
		}
		for (block, agreed) in Agreed::<T>::iter() {
			ensure!(block >= AgreedFrom::<T>::get(), "4: the draw skipped a verdict");
			ensure!(!agreed.is_empty(), "4: a row of agreed subjects is empty");
		}
		for (tick, closing) in Closing::<T>::iter() {
			for id in closing {
				// A subject whose verdict takes effect is booked again, and closes at the later
				// tick.
				let closes = Subjects::<T>::get(id).map(|subject| subject.closes);
				ensure!(
					closes.is_some_and(|closes| tick <= closes),
					"1: a booked subject does not exist"
				);
			}
		}
		Ok(())
	}
}
