extern crate alloc;
use alloc::vec::Vec;

use frame_support::{ensure, pallet_prelude::DispatchResult, traits::Get, BoundedVec};
use frame_system::pallet_prelude::BlockNumberFor;
use hcc_primitives::{genesis, supermajority, ActiveValidators, Judges, SubjectId, Tick};
use sp_core::H256;
use sp_runtime::DispatchError;

use crate::*;

impl<T: Config> Judges for Pallet<T> {
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
				proven_early: false,
				stage: Stage::Open,
				until: CurrentTick::<T>::get().saturating_add(T::JudgingTicks::get()),
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
	/// Books the tick at which a subject closes.
	pub(crate) fn close_after(subject: SubjectId, ticks: Tick) -> Result<Tick, Error<T>> {
		let earliest = CurrentTick::<T>::get().saturating_add(ticks);
		for tick in earliest..=earliest.saturating_add(SLACK) {
			if Closing::<T>::try_append(tick, subject).is_ok() {
				return Ok(tick);
			}
		}
		Err(Error::<T>::TooManySubjects)
	}

	/// Keeps a subject for so many ticks from now on, if that is longer.
	pub(crate) fn keep_open(subject: SubjectId, row: &mut SubjectOf<T>, ticks: Tick) {
		// Where no tick has room, it closes when it would have. A booking that is passed over by then does no harm.
		if let Ok(closes) = Self::close_after(subject, ticks) {
			row.closes = row.closes.max(closes);
		}
	}

	/// The validator in office for which a worker files.
	///
	/// ## Errors
	/// [`Error::NotAWorker`].
	pub fn check_worker(worker: &AccountIdOf<T>) -> Result<AccountIdOf<T>, Error<T>> {
		let validator = T::Validators::validator_of(worker).ok_or(Error::<T>::NotAWorker)?;
		ensure!(T::Validators::active().contains(&validator), Error::<T>::NotAWorker);
		Ok(validator)
	}

	/// Takes a worker's votes and its statement. Tells whether that is free.
	pub(crate) fn do_file(
		worker: AccountIdOf<T>,
		votes: Vec<Vote>,
		finalised: BlockNumberFor<T>,
	) -> Result<bool, DispatchError> {
		let validator = Self::check_worker(&worker)?;
		let due = Self::note_finalised(&validator, finalised)?;
		let mut counted = 0u32;
		for vote in votes {
			if Self::count(&validator, vote)? {
				counted = counted.saturating_add(1);
			}
		}
		Ok(due || counted > 0)
	}

	/// Counts a vote; false where it makes no difference any more.
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
		// By then there is nothing to judge any more: only to copy.
		if row.proven.is_some() || CurrentTick::<T>::get() > row.until {
			return Ok(false);
		}
		let hash = vote.hash;
		let finding = Self::finding_of(&mut row, vote)?;
		row.votes.try_push(Cast { member, finding }).map_err(|_| Error::<T>::NotOnCommittee)?;
		Self::deposit_event(Event::Voted { subject, validator: validator.clone(), finding: hash });
		Self::decide(subject, row, finding)?;
		Ok(true)
	}

	/// The number of the finding that is voted for, taken in where it is shown for the first time.
	fn finding_of(row: &mut SubjectOf<T>, vote: Vote) -> Result<u8, Error<T>> {
		if let Some(at) = row.findings.iter().position(|shown| shown.hash == vote.hash) {
			return Ok(at as u8);
		}
		let finding = vote.finding.ok_or(Error::<T>::FindingMissing)?;
		ensure!(finding.hash(&genesis::<T>()) == vote.hash, Error::<T>::FindingMismatch);
		let at = row.findings.len() as u8;
		row.findings
			.try_push(Shown { hash: vote.hash, finding })
			.map_err(|_| Error::<T>::NotOnCommittee)?;
		Ok(at)
	}

	/// Stores the subject. Once more than two thirds agree on `finding`, that is its verdict, which takes effect if it is not drawn for audit.
	fn decide(subject: SubjectId, mut row: SubjectOf<T>, finding: u8) -> Result<(), Error<T>> {
		let agree = row.votes.iter().filter(|cast| cast.finding == finding).count() as u32;
		let decides =
			row.stage == Stage::Open && agree >= supermajority(row.committee.len() as u32);
		if decides {
			row.decided = Some(finding);
			row.stage = Stage::Agreed;
			Self::note_agreed(subject)?;
			let shown = row.findings.get(usize::from(finding));
			if let Some(Shown { hash, finding }) = shown {
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
			ensure!(Closing::<T>::get(subject.closes).contains(&id), "1: a subject never closes");
			ensure!(subject.closes > CurrentTick::<T>::get(), "1: a subject should have closed");
			let members = subject.committee.len();
			for (at, cast) in subject.votes.iter().enumerate() {
				ensure!(usize::from(cast.member) < members, "2: a vote of nobody");
				ensure!(
					usize::from(cast.finding) < subject.findings.len(),
					"2: a vote for nothing"
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
				"3: decided is not what more than two thirds agree on"
			);
			ensure!(
				(subject.stage == Stage::Open) == (decided.is_none() && subject.proven.is_none()),
				"5: a verdict of which nothing comes, or one out of nothing"
			);
		}
		for (block, agreed) in Agreed::<T>::iter() {
			ensure!(block >= AgreedFrom::<T>::get(), "5: a verdict was passed over");
			ensure!(!agreed.is_empty(), "5: an empty row");
		}
		for (tick, closing) in Closing::<T>::iter() {
			for id in closing {
				// A subject is booked anew with its verdict; it goes at the later tick.
				let closes = Subjects::<T>::get(id).map(|subject| subject.closes);
				ensure!(closes.is_some_and(|closes| tick <= closes), "1: what closes is not open");
			}
		}
		for (at, statement) in Statements::<T>::get().iter().enumerate() {
			let earlier = Statements::<T>::get().into_iter().take(at);
			ensure!(
				!earlier.into_iter().any(|earlier| earlier.validator == statement.validator),
				"4: a validator has two statements"
			);
		}
		Ok(())
	}
}
