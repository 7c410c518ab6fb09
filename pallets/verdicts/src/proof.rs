//! What the chain finds itself, and who was wrong.

extern crate alloc;
use alloc::vec::Vec;

use frame_support::{
	ensure,
	traits::{
		fungible::{Balanced, Credit, Inspect},
		tokens::{Fortitude, Precision, Preservation},
		Get, OnUnbalanced,
	},
};
use hcc_primitives::{
	genesis, ActiveValidators, Evaluated, Evaluates, Finding, OnVerdict, Slashes, SubjectId,
};
use sp_core::H256;
use sp_io::hashing::blake2_256;
use sp_runtime::DispatchError;

use crate::*;

/// What somebody risks with a proof.
type StakeOf<T> = Credit<AccountIdOf<T>, <T as Config>::NativeBalance>;

impl<T: Config> Pallet<T> {
	/// What can be told of a proof at once: whether there is something to prove, by whom, and with the right bytes.
	///
	/// ## Errors
	/// As `prove`.
	pub fn check_proof(
		who: &AccountIdOf<T>,
		subject: SubjectId,
		evidence: &[u8],
	) -> Result<(), Error<T>> {
		let row = Subjects::<T>::get(subject).ok_or(Error::<T>::NotOpen)?;
		ensure!(row.proven.is_none(), Error::<T>::AlreadyProven);
		ensure!(Self::judges(who, &row) || Self::can_lose_deposit(who), Error::<T>::DepositMissing);
		ensure!(H256(blake2_256(evidence)) == row.evidence, Error::<T>::EvidenceMismatch);
		Ok(())
	}

	fn judges(who: &AccountIdOf<T>, row: &SubjectOf<T>) -> bool {
		T::Validators::validator_of(who).is_some_and(|validator| row.committee.contains(&validator))
	}

	fn can_lose_deposit(who: &AccountIdOf<T>) -> bool {
		let free =
			T::NativeBalance::reducible_balance(who, Preservation::Preserve, Fortitude::Polite);
		free >= Self::rules().deposit
	}

	/// Proves a subject. Tells whether that is free.
	pub(crate) fn do_prove(
		who: AccountIdOf<T>,
		subject: SubjectId,
		evidence: &[u8],
	) -> Result<bool, DispatchError> {
		let row = Subjects::<T>::get(subject).ok_or(Error::<T>::NotOpen)?;
		ensure!(row.proven.is_none(), Error::<T>::AlreadyProven);
		let stake = Self::stake(&who, &row)?;
		let evaluated = T::Evaluates::evaluate(subject, row.evidence, evidence)
			.ok_or(Error::<T>::EvidenceMismatch)?;
		Ok(Self::settle(who, subject, row, stake, &evaluated))
	}

	/// Draws the consequences of what the chain has found. Tells whether that is free.
	pub(crate) fn settle(
		who: AccountIdOf<T>,
		subject: SubjectId,
		row: SubjectOf<T>,
		stake: Option<StakeOf<T>>,
		evaluated: &Evaluated,
	) -> bool {
		let hash = evaluated.finding.hash(&genesis::<T>());
		// Another version of the verifier may only put its claims otherwise.
		let agrees = |shown: &Shown| {
			shown.hash == hash
				|| (!evaluated.same_version && shown.finding.code == evaluated.finding.code)
		};
		let wrong = wrong_votes(&row, agrees);
		// What was drawn, and what nobody may decide in time, waits for somebody to prove it.
		let free = !wrong.is_empty() || row.stage == Stage::Audited || Self::is_late(&row);
		let groundless = !free && CurrentTick::<T>::get() <= row.until;
		if free {
			Self::give_back(&who, stake);
		} else if let Some(stake) = stake {
			T::Burned::on_unbalanced(stake);
		}
		if groundless {
			// Votes go on to count: whoever proved all at once would else be the only one that is paid for having voted.
			Self::deposit_event(Event::Groundless { subject, by: who });
			return false;
		}
		if evaluated.same_version {
			Self::punish(&wrong, &who);
		}
		let decided = row.decided.and_then(|at| row.findings.get(usize::from(at)));
		let otherwise = decided.is_some_and(|shown| !agrees(shown));
		Self::conclude(subject, row, &evaluated.finding, hash, who, wrong, otherwise);
		free
	}

	/// Whether a subject has no verdict in the last third of its time: so a minority cannot have bad evidence void by not voting.
	fn is_late(row: &SubjectOf<T>) -> bool {
		row.stage == Stage::Open && Self::in_last_third(row)
	}

	/// Whether two thirds of the time to vote are over.
	fn in_last_third(row: &SubjectOf<T>) -> bool {
		let rest = row.until.saturating_sub(CurrentTick::<T>::get());
		rest <= T::JudgingTicks::get() / 3
	}

	/// What somebody risks who does not judge the subject: gone unless it is given back.
	pub(crate) fn stake(
		who: &AccountIdOf<T>,
		row: &SubjectOf<T>,
	) -> Result<Option<StakeOf<T>>, Error<T>> {
		if Self::judges(who, row) {
			return Ok(None);
		}
		T::NativeBalance::withdraw(
			who,
			Self::rules().deposit,
			Precision::Exact,
			Preservation::Preserve,
			Fortitude::Polite,
		)
		.map(Some)
		.map_err(|_| Error::<T>::DepositMissing)
	}

	fn give_back(who: &AccountIdOf<T>, stake: Option<StakeOf<T>>) {
		if let Some(stake) = stake {
			// It was withdrawn from an account that was kept alive: it can be put back.
			let put_back = T::NativeBalance::resolve(who, stake);
			debug_assert!(put_back.is_ok(), "the account is alive");
		}
	}

	fn punish(wrong: &[AccountIdOf<T>], prover: &AccountIdOf<T>) {
		let rules = Self::rules();
		// Whoever proves himself wrong is not paid for it.
		let own = T::Validators::validator_of(prover);
		for validator in wrong {
			let reporter = (own.as_ref() != Some(validator)).then_some((prover, rules.reward));
			T::Slashes::slash(validator, rules.false_vote, reporter);
		}
	}

	/// Has the subject be what was proven.
	fn conclude(
		subject: SubjectId,
		mut row: SubjectOf<T>,
		finding: &Finding,
		hash: H256,
		by: AccountIdOf<T>,
		wrong: Vec<AccountIdOf<T>>,
		otherwise: bool,
	) {
		let first = row.stage != Stage::Effective;
		let overturned = otherwise && !first;
		row.proven = Some(hash);
		row.proven_early = !Self::in_last_third(&row);
		row.stage = Stage::Effective;
		if first {
			Self::keep_open(subject, &mut row, Self::rules().window);
		}
		Subjects::<T>::insert(subject, row);
		let code = finding.code;
		Self::deposit_event(Event::Proven { subject, code, finding: hash, by, overturned, wrong });
		if overturned {
			T::OnVerdict::on_overturned(subject);
		} else if first {
			T::OnVerdict::on_verdict(subject, finding);
		}
	}
}

/// The members of the committee that voted for something else.
fn wrong_votes<AccountId: Clone>(
	row: &Subject<AccountId>,
	agrees: impl Fn(&Shown) -> bool,
) -> Vec<AccountId> {
	row.votes
		.iter()
		.filter(|cast| {
			row.findings.get(usize::from(cast.finding)).is_none_or(|shown| !agrees(shown))
		})
		.filter_map(|cast| row.committee.get(usize::from(cast.member)).cloned())
		.collect()
}
