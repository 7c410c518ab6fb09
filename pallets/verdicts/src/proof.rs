//! Proofs: the runtime evaluates evidence itself, and slashes validators that voted otherwise.

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
	genesis, ActiveValidators, Evaluation, Evaluator, Finding, OnVerdict, SubjectId, TickSource,
	ValidatorSlasher,
};
use sp_core::H256;
use sp_io::hashing::blake2_256;
use sp_runtime::DispatchError;

use crate::*;

/// The deposit of a prover outside the committee, withdrawn from its account.
type DepositOf<T> = Credit<AccountIdOf<T>, <T as Config>::NativeBalance>;

impl<T: Config> Pallet<T> {
	/// Checks a proof without evaluating the evidence: the subject, the deposit and the hash of the
	/// bytes.
	///
	/// ## Errors
	/// The same errors as `prove`.
	pub fn check_proof(
		who: &AccountIdOf<T>,
		validator: Option<&AccountIdOf<T>>,
		subject: SubjectId,
		evidence: &[u8],
	) -> Result<(), Error<T>> {
		let row = Self::open_subject(subject)?;
		ensure!(row.proven.is_none(), Error::<T>::AlreadyProven);
		ensure!(
			Self::is_on_committee(who, validator, &row) || Self::can_pay_deposit(who),
			Error::<T>::DepositMissing
		);
		ensure!(H256(blake2_256(evidence)) == row.evidence, Error::<T>::EvidenceMismatch);
		Ok(())
	}

	/// Returns `true` if the named validator is on the committee and the prover is its worker.
	fn is_on_committee(
		who: &AccountIdOf<T>,
		validator: Option<&AccountIdOf<T>>,
		row: &SubjectOf<T>,
	) -> bool {
		validator.is_some_and(|validator| {
			row.committee.contains(validator) && T::Validators::is_worker(who, validator)
		})
	}

	fn can_pay_deposit(who: &AccountIdOf<T>) -> bool {
		let free =
			T::NativeBalance::reducible_balance(who, Preservation::Preserve, Fortitude::Polite);
		free >= Self::rules().deposit
	}

	/// Evaluates the evidence of a subject. Returns `true` if the proof is free of charge.
	pub(crate) fn do_prove(
		who: AccountIdOf<T>,
		validator: Option<AccountIdOf<T>>,
		subject: SubjectId,
		evidence: &[u8],
	) -> Result<bool, DispatchError> {
		let row = Self::open_subject(subject)?;
		ensure!(row.proven.is_none(), Error::<T>::AlreadyProven);
		let member = validator.filter(|named| Self::is_on_committee(&who, Some(named), &row));
		let deposit = if member.is_some() { None } else { Some(Self::withdraw_deposit(&who)?) };
		let evaluated = T::Evaluator::evaluate(subject, row.evidence, evidence)
			.ok_or(Error::<T>::EvidenceMismatch)?;
		Ok(Self::settle(who, member, subject, row, deposit, &evaluated))
	}

	/// Applies the result of an evaluation. `member` is the committee member for which the prover
	/// signs. Returns `true` if the proof is free of charge.
	pub(crate) fn settle(
		who: AccountIdOf<T>,
		member: Option<AccountIdOf<T>>,
		subject: SubjectId,
		row: SubjectOf<T>,
		deposit: Option<DepositOf<T>>,
		evaluated: &Evaluation,
	) -> bool {
		let hash = evaluated.finding.hash(&genesis::<T>());
		// Another version of the verifier may encode the same claims differently.
		let agrees = |shown: &DisclosedFinding| {
			shown.hash == hash
				|| (!evaluated.same_version && shown.finding.code == evaluated.finding.code)
		};
		let wrong = wrong_votes(&row, agrees);
		// An audited verdict needs a proof, and so does a subject that may end without a verdict.
		let free = !wrong.is_empty() || row.stage == Stage::Audited || Self::is_late(&row);
		let groundless = !free && T::TickSource::now() <= row.until;
		if free {
			Self::refund(&who, deposit);
		} else if let Some(deposit) = deposit {
			T::Burned::on_unbalanced(deposit);
		}
		if groundless {
			// The proof has no effect, and votes continue to count. Otherwise a validator that
			// proves every subject immediately would be the only one that is paid for voting.
			Self::deposit_event(Event::Groundless { subject, by: who });
			return false;
		}
		if evaluated.same_version {
			Self::slash_wrong_votes(&wrong, &who, member.as_ref());
		}
		let decided = row.decided.and_then(|at| row.findings.get(usize::from(at)));
		let otherwise = decided.is_some_and(|shown| !agrees(shown));
		// If the committee agreed on the same result, the hash that its votes name is stored,
		// because another version of the verifier may encode the claims differently.
		let hash = decided.filter(|shown| agrees(shown)).map_or(hash, |shown| shown.hash);
		Self::conclude(subject, row, &evaluated.finding, hash, who, wrong, otherwise);
		free
	}

	/// Returns `true` if a subject has no verdict in the last third of its voting time. Such a
	/// subject can be proven free of charge, so that a minority cannot void bad evidence by not
	/// voting.
	fn is_late(row: &SubjectOf<T>) -> bool {
		row.stage == Stage::Open && Self::in_last_third(row)
	}

	/// Returns `true` in the last third of the voting time, which is rounded down.
	fn in_last_third(row: &SubjectOf<T>) -> bool {
		let rest = row.until.saturating_sub(T::TickSource::now());
		rest <= T::JudgingTicks::get() / 3
	}

	/// Withdraws the deposit of a prover that is not on the committee. The deposit is burned unless
	/// it is refunded.
	pub(crate) fn withdraw_deposit(who: &AccountIdOf<T>) -> Result<DepositOf<T>, Error<T>> {
		T::NativeBalance::withdraw(
			who,
			Self::rules().deposit,
			Precision::Exact,
			Preservation::Preserve,
			Fortitude::Polite,
		)
		.map_err(|_| Error::<T>::DepositMissing)
	}

	fn refund(who: &AccountIdOf<T>, deposit: Option<DepositOf<T>>) {
		if let Some(deposit) = deposit {
			// The withdrawal kept the account alive, so the deposit can return to the account.
			let refunded = T::NativeBalance::resolve(who, deposit);
			debug_assert!(refunded.is_ok(), "the account of a prover exists");
		}
	}

	fn slash_wrong_votes(
		wrong: &[AccountIdOf<T>],
		prover: &AccountIdOf<T>,
		member: Option<&AccountIdOf<T>>,
	) {
		let rules = Self::rules();
		for validator in wrong {
			// A validator that proves its own vote false receives no reward for the proof.
			let reporter = (member != Some(validator)).then_some((prover, rules.reward));
			T::ValidatorSlasher::slash(validator, rules.false_vote, reporter);
		}
	}

	/// Makes the proven finding the verdict of the subject.
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

/// Returns the committee members that voted for another finding.
fn wrong_votes<AccountId: Clone>(
	row: &Subject<AccountId>,
	agrees: impl Fn(&DisclosedFinding) -> bool,
) -> Vec<AccountId> {
	row.votes
		.iter()
		.filter(|cast| {
			row.findings.get(usize::from(cast.finding)).is_none_or(|shown| !agrees(shown))
		})
		.filter_map(|cast| row.committee.get(usize::from(cast.member)).cloned())
		.collect()
}
