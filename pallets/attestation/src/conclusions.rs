//! Conclusions: the effects of verdicts, of missed deadlines and of overturned verdicts on a host.
//!
//! Each handler loads the host once, changes it in memory and stores it once.

use codec::Decode;
use frame_support::weights::Weight;
use hcc_evidence::host::{Claims, PinnedContext};
use hcc_primitives::{
	ChallengeOutcome, ChallengeRecord, ChipHash, Finding, Miners, OnVerdict, Reputation, SubjectId,
	TickSource,
};

use crate::*;

impl<T: Config> Pallet<T> {
	/// Concludes a chip's challenge: updates its reputation, its tier and its liveness record.
	///
	/// `from` is the challenge from whose accepted evidence this challenge's evidence continues.
	/// The first failure in a row causes a recheck. After further failures, the chip waits for the
	/// draw.
	pub(crate) fn conclude(
		chip: &ChipHash,
		host: &mut HostOf<T>,
		seq: u64,
		outcome: ChallengeOutcome,
		from: Option<u64>,
		subject: Option<SubjectId>,
	) {
		let made = host.challenge.as_ref().map_or_else(T::TickSource::now, |open| open.made);
		let tier =
			T::Reputation::note(chip, &host.miner, ChallengeRecord { seq, made, outcome, from });
		let passed = outcome == ChallengeOutcome::Passed;
		let failed_before = core::mem::replace(&mut host.failing, !passed);
		host.challenge = None;
		Self::move_to(chip, host, tier);
		Self::count_outcome(outcome);
		let miner = host.miner.clone();
		Self::deposit_event(Event::Concluded { chip: *chip, miner, seq, outcome });
		Self::note_outcome(chip, seq, passed, subject.is_some());
		let is_pause_over = Self::note_pause_outcome(host, seq, passed);
		if (!passed && !failed_before) || is_pause_over {
			Self::recheck(chip);
		}
		Self::note_contest_outcome(chip, seq, outcome, subject);
	}

	/// Closes a chip's challenge without an outcome.
	pub(crate) fn void(chip: &ChipHash, host: &mut HostOf<T>, seq: u64) {
		host.challenge = None;
		Self::count(|counts| &mut counts.void);
		let miner = host.miner.clone();
		Self::deposit_event(Event::Void { chip: *chip, miner, seq });
	}

	/// Closes a chip's challenge without an outcome. The chip receives no work until it passes a
	/// challenge.
	pub(crate) fn void_unproven(chip: &ChipHash, host: &mut HostOf<T>, seq: u64) {
		Self::void(chip, host, seq);
		host.failing = true;
	}

	/// Closes a chip's challenge without an outcome and queues a recheck.
	fn recheck_void(chip: &ChipHash, host: &mut HostOf<T>, seq: u64) {
		Self::void(chip, host, seq);
		Self::recheck(chip);
	}

	/// Returns the context of a subject and the chip's host, if the evidence answers the open
	/// challenge of the host.
	///
	/// Returns `None` otherwise. For example, the chip may have another miner by now.
	fn open_context(subject: SubjectId) -> Option<(PinnedContext, HostOf<T>)> {
		let pinned = Contexts::<T>::get(subject)?;
		let host = Hosts::<T>::get(pinned.chip)?;
		let answers = host.challenge.as_ref()?.subject == Some(subject);
		answers.then_some((pinned, host))
	}

	/// Removes the context of a subject that can no longer change.
	fn remove_context(subject: SubjectId) {
		if let Some(pinned) = Contexts::<T>::take(subject) {
			Self::note_closed(&pinned.chip, pinned.seq);
			Self::release_revision(pinned.revision);
		}
	}

	/// Undoes the effects of a verdict that was proven false, and queues a recheck.
	///
	/// The incident is undone and the checkpoint is restored. If other evidence of the chip is
	/// being judged, it depends on a state that is no longer valid. Its challenge therefore closes
	/// without an outcome.
	fn overturn(subject: SubjectId, pinned: &PinnedContext) {
		// If the challenge was void already, its verdict had no effect.
		let Some(effect) = Effects::<T>::take(subject) else { return };
		let chip = pinned.chip;
		let tier = T::Reputation::undo(&chip, pinned.seq);
		Self::note_overturned(&chip, pinned.seq, effect.passed);
		let Some(mut host) = Hosts::<T>::get(chip) else { return };
		Self::move_to(&chip, &mut host, tier);
		if host.miner == AccountIdOf::<T>::from(pinned.miner) {
			Self::restore_checkpoint(&mut host, pinned, &effect);
			if host.challenge.as_ref().is_some_and(|open| open.subject.is_some()) {
				host.challenge = None;
			}
			host.failing = false;
			Self::recheck(&chip);
			let miner = host.miner.clone();
			Self::deposit_event(Event::Overturned { chip, miner, seq: pinned.seq });
		}
		Hosts::<T>::insert(chip, host);
	}

	/// Restores the checkpoint from before an acceptance that was proven false.
	///
	/// A rejection did not change the checkpoint, so nothing is restored. Nothing is restored
	/// either if the acceptance was undone together with an earlier acceptance, or if the miner has
	/// enrolled another TPM since.
	fn restore_checkpoint(host: &mut HostOf<T>, pinned: &PinnedContext, effect: &Effect) {
		let moved = effect.passed && host.accepted.holds(pinned.seq);
		if !moved || T::Miners::tpm(&host.miner).is_none_or(|tpm| tpm.ak != pinned.ak) {
			return;
		}
		host.checkpoint = pinned.boot.clone();
		host.former = pinned.former.clone();
		host.boot_profile = pinned.boot_profile;
		host.accepted.revert_to(effect.from);
		// The revision by which the restored log was judged is unknown, so any tightening requires
		// a new log.
		host.judged = 0;
		host.attested = 0;
	}

	/// Applies a finding to the challenge that the evidence answers.
	///
	/// Returns `true` for a pass, `false` for a failure, and `None` if the finding has no effect.
	fn apply(
		subject: SubjectId,
		pinned: &PinnedContext,
		host: &mut HostOf<T>,
		from: Option<u64>,
		finding: &Finding,
	) -> Option<bool> {
		let (chip, seq) = (pinned.chip, pinned.seq);
		match finding.code {
			Finding::ACCEPTED => {
				let Ok(claims) = Claims::decode(&mut &finding.claims[..]) else {
					// More than two thirds of the committee voted for malformed claims.
					Self::recheck_void(&chip, host, seq);
					return None;
				};
				Self::accept(host, pinned, claims);
				Self::conclude(&chip, host, seq, ChallengeOutcome::Passed, from, Some(subject));
				Some(true)
			},
			// The missing data will still be missing in the next block. So the chip gets no
			// recheck, and waits for the draw.
			Finding::UNDECIDED => {
				Self::note_outcome(&chip, seq, false, true);
				Self::void_unproven(&chip, host, seq);
				Some(false)
			},
			code => {
				Self::conclude(
					&chip,
					host,
					seq,
					ChallengeOutcome::Failed(code),
					from,
					Some(subject),
				);
				Some(false)
			},
		}
	}
}

impl<T: Config> OnVerdict for Pallet<T> {
	fn on_verdict(subject: SubjectId, finding: &Finding) {
		if Self::conclude_contest(subject, finding) {
			return;
		}
		let Some((pinned, mut host)) = Self::open_context(subject) else { return };
		let from = host.accepted.last();
		let passed = Self::apply(subject, &pinned, &mut host, from, finding);
		Hosts::<T>::insert(pinned.chip, host);
		if let Some(passed) = passed {
			Effects::<T>::insert(subject, Effect { passed, from });
		}
	}

	fn on_void(subject: SubjectId) {
		if let Some(pinned) = Contexts::<T>::get(subject) {
			Self::drop_contest(subject, &pinned);
		}
		if let Some((pinned, mut host)) = Self::open_context(subject) {
			Self::recheck_void(&pinned.chip, &mut host, pinned.seq);
			Hosts::<T>::insert(pinned.chip, host);
		}
		Self::remove_context(subject);
	}

	fn on_overturned(subject: SubjectId) {
		let Some(pinned) = Contexts::<T>::get(subject) else { return };
		if !Self::drop_contest(subject, &pinned) {
			Self::overturn(subject, &pinned);
		}
	}

	fn on_closed(subject: SubjectId) {
		let pinned = Contexts::<T>::get(subject);
		Effects::<T>::remove(subject);
		Self::remove_context(subject);
		if let Some(pinned) = pinned {
			Self::close_contest(subject, &pinned);
		}
	}

	fn weight() -> Weight {
		T::WeightInfo::conclude_accepted()
			.max(T::WeightInfo::conclude_rejected())
			.max(T::WeightInfo::overturn())
	}

	fn closing_weight() -> Weight {
		T::WeightInfo::void().max(T::WeightInfo::close())
	}
}
