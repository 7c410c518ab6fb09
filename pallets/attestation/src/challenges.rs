//! Challenges: made, kept, concluded.

use codec::Decode;
use frame_support::weights::{Weight, WeightMeter};
use hcc_evidence::host::{challenge_nonce, Claims, PinnedContext};
use hcc_primitives::{
	genesis, parent_hash, ChipHash, Conduct, Finding, Met, Miners, OnVerdict, Reputation,
	SubjectId, Ticks, Veks,
};

use crate::*;

/// How many ticks later a challenge may be due where too many are due at the same.
pub(crate) const SLACK: u32 = 16;
/// How many chips that wait are challenged in one block.
const RECHECKS_PER_BLOCK: usize = 8;

impl<T: Config> Pallet<T> {
	/// Challenges a chip, unless it has a challenge open. False where there is no room now.
	pub(crate) fn challenge(chip: &ChipHash) -> bool {
		let Some(mut host) = Hosts::<T>::get(chip) else { return true };
		if host.challenge.is_some() {
			return true;
		}
		let made = T::Ticks::now();
		let earliest = made.saturating_add(Self::rules().answer);
		let booked = (earliest..=earliest.saturating_add(SLACK)).find(|deadline| {
			// Deadlines are kept in the tick after.
			let kept = deadline.saturating_add(1);
			Due::<T>::try_append(kept, chip).is_ok()
		});
		let Some(deadline) = booked else { return false };
		let seq = host.seq.saturating_add(1);
		let nonce = challenge_nonce(
			&genesis::<T>(),
			&host.miner.clone().into(),
			chip,
			seq,
			&parent_hash::<T>(),
		);
		host.seq = seq;
		host.challenge = Some(OpenChallenge { seq, nonce, made, deadline, subject: None });
		Self::renew(chip, &mut host);
		let miner = host.miner.clone();
		Hosts::<T>::insert(chip, host);
		Self::note_challenge(chip, seq);
		Self::count(|counts| &mut counts.made);
		Self::deposit_event(Event::Challenged { chip: *chip, miner, seq, nonce, deadline });
		true
	}

	/// Counts challenges as missed whose deadline has passed without evidence. A tick without room for that is kept later.
	pub(crate) fn keep_deadlines(meter: &mut WeightMeter) {
		let now = T::Ticks::now();
		let mut kept = KeptUntil::<T>::get();
		while kept < now && meter.can_consume(T::WeightInfo::keep_deadlines(MAX_DUE)) {
			kept = kept.saturating_add(1);
			let due = Due::<T>::take(kept);
			meter.consume(T::WeightInfo::keep_deadlines(due.len() as u32));
			for chip in due {
				let Some(host) = Hosts::<T>::get(chip) else { continue };
				let missed =
					host.challenge.filter(|open| open.subject.is_none() && open.deadline < kept);
				if let Some(open) = missed {
					Self::keep_deadline(&chip, &host.miner, open.seq);
				}
			}
		}
		KeptUntil::<T>::put(kept);
	}

	/// A challenge was not answered in time: that is silence, unless no answer could have been judged since trust was withdrawn from what it would rest on.
	fn keep_deadline(chip: &ChipHash, miner: &AccountIdOf<T>, seq: u64) {
		let tpm_is_withdrawn =
			|| T::Miners::tpm(miner).is_some() && T::Miners::genuine_tpm(miner).is_none();
		let keys_are_withdrawn = T::Veks::is_withdrawn(chip);
		if keys_are_withdrawn || tpm_is_withdrawn() {
			// It says nothing of the chip; but nobody pays for what was not proven.
			Self::note_conduct(chip, seq, false, false);
			Self::void_unproven(chip, seq);
			if !keys_are_withdrawn {
				// Whoever wants to keep a chip that is claimed enrols another TPM.
				Self::note_contest(chip, seq, Conduct::Missed, None);
			}
		} else {
			Self::conclude(chip, seq, Conduct::Missed, None, None);
		}
	}

	/// Challenges chips that wait for it.
	pub(crate) fn challenge_rechecks(meter: &mut WeightMeter) {
		let mut waiting = Rechecks::<T>::get();
		if waiting.is_empty() {
			return;
		}
		let mut challenged = 0usize;
		for chip in waiting.iter().take(RECHECKS_PER_BLOCK) {
			if meter.try_consume(T::WeightInfo::challenge()).is_err() || !Self::challenge(chip) {
				break;
			}
			challenged = challenged.saturating_add(1);
		}
		waiting.drain(..challenged.min(waiting.len()));
		Rechecks::<T>::put(waiting);
	}

	/// Has a chip challenged at once. Where too many wait, the draw finds it.
	pub(crate) fn recheck(chip: &ChipHash) {
		Rechecks::<T>::mutate(|waiting| {
			if !waiting.contains(chip) {
				let _ = waiting.try_push(*chip);
			}
		});
	}

	/// Closes a chip's challenge with that conduct, of evidence that goes on from what was accepted at challenge `from`: its reputation changes, and whoever did not pass is
	/// challenged again at once.
	fn conclude(
		chip: &ChipHash,
		seq: u64,
		conduct: Conduct,
		from: Option<u64>,
		subject: Option<SubjectId>,
	) {
		let Some(mut host) = Hosts::<T>::get(chip) else { return };
		let made = host.challenge.as_ref().map_or_else(T::Ticks::now, |open| open.made);
		let met = Met { seq, made, conduct, from };
		let tier = T::Reputation::note(chip, &host.miner, met);
		// A chip that keeps failing is not challenged block after block: only the first failure calls for a check at once.
		let failed_before = core::mem::replace(&mut host.failing, conduct != Conduct::Passed);
		host.challenge = None;
		let miner = host.miner.clone();
		Hosts::<T>::insert(chip, host);
		Self::move_to(chip, tier);
		Self::count_conduct(conduct);
		Self::deposit_event(Event::Concluded { chip: *chip, miner, seq, conduct });
		Self::note_conduct(chip, seq, conduct == Conduct::Passed, subject.is_some());
		if conduct != Conduct::Passed && !failed_before {
			Self::recheck(chip);
		}
		Self::note_contest(chip, seq, conduct, subject);
	}

	/// Closes a chip's challenge, which counts for nothing.
	fn void(chip: &ChipHash, seq: u64) {
		Hosts::<T>::mutate(chip, |host| {
			if let Some(host) = host {
				host.challenge = None;
				let miner = host.miner.clone();
				Self::count(|counts| &mut counts.void);
				Self::deposit_event(Event::Void { chip: *chip, miner, seq });
			}
		});
	}

	/// The same of one that nothing was proven at: until something is, the chip gets no work.
	fn void_unproven(chip: &ChipHash, seq: u64) {
		Self::void(chip, seq);
		Hosts::<T>::mutate(chip, |host| {
			if let Some(host) = host {
				host.failing = true;
			}
		});
	}

	/// The same, and has the chip challenged again at once.
	fn recheck_void(chip: &ChipHash, seq: u64) {
		Self::void(chip, seq);
		Self::recheck(chip);
	}

	/// The context of a subject whose challenge is still open, and still this one's: a chip may have changed hands meanwhile.
	fn open_context(subject: SubjectId) -> Option<PinnedContext> {
		let pinned = Contexts::<T>::get(subject)?;
		let open = Hosts::<T>::get(pinned.chip)?.challenge?;
		(open.subject == Some(subject)).then_some(pinned)
	}

	/// Forgets what a subject was judged by: nobody can ask any more.
	fn forget_context(subject: SubjectId) {
		if let Some(pinned) = Contexts::<T>::take(subject) {
			Self::note_closed(&pinned.chip, pinned.seq);
			Self::forget_revision(pinned.revision);
		}
	}

	/// Undoes what a verdict has caused: its incident is taken back, and the log is taken up where it was before. What is being judged was pinned to what
	/// is void now: it counts for nothing, and the chip is checked at once.
	fn overturn(subject: SubjectId, pinned: &PinnedContext) {
		// One that came when its challenge counted for nothing any more has caused nothing.
		let Some(effect) = Effects::<T>::take(subject) else { return };
		let tier = T::Reputation::undo(&pinned.chip, pinned.seq);
		Self::note_overturned(&pinned.chip, pinned.seq, effect.passed);
		Self::move_to(&pinned.chip, tier);
		let miner = AccountIdOf::<T>::from(pinned.miner);
		let Some(mut host) = Hosts::<T>::get(pinned.chip).filter(|host| host.miner == miner) else {
			return;
		};
		// A rejection has moved nothing. Nor is there anything left of an acceptance where one before it was undone, and of another TPM's log nothing was taken.
		let moved = effect.passed && host.accepted.holds(pinned.seq);
		if moved && T::Miners::tpm(&miner).is_some_and(|tpm| tpm.ak == pinned.ak) {
			host.checkpoint = pinned.boot.clone();
			host.former = pinned.former.clone();
			host.boot_profile = pinned.boot_profile;
			host.accepted.go_back_to(effect.from);
			// By which list the log of then was judged is not remembered: if there was a stricter one ever, it is judged anew.
			host.judged = 0;
			host.attested = 0;
		}
		if host.challenge.as_ref().is_some_and(|open| open.subject.is_some()) {
			host.challenge = None;
		}
		host.failing = false;
		Hosts::<T>::insert(pinned.chip, host);
		Self::recheck(&pinned.chip);
		Self::deposit_event(Event::Overturned { chip: pinned.chip, miner, seq: pinned.seq });
	}
}

impl<T: Config> Pallet<T> {
	/// Has a challenge be met as was found of its evidence, which goes on from what was accepted at challenge `from`. Gives whether it was passed; none where that counts for nothing.
	fn take(
		subject: SubjectId,
		pinned: &PinnedContext,
		from: Option<u64>,
		finding: &Finding,
	) -> Option<bool> {
		let (chip, seq) = (pinned.chip, pinned.seq);
		match finding.code {
			Finding::ACCEPTED => {
				let Ok(claims) = Claims::decode(&mut &finding.claims[..]) else {
					// More than two thirds of the committee voted for what is no claims.
					Self::recheck_void(&chip, seq);
					return None;
				};
				Self::accept(pinned, claims);
				Self::conclude(&chip, seq, Conduct::Passed, from, Some(subject));
				Some(true)
			},
			// What the chain lacks it will lack in the next block as well: the draw comes back to it.
			Finding::UNDECIDED => {
				Self::note_conduct(&chip, seq, false, true);
				Self::void_unproven(&chip, seq);
				Some(false)
			},
			code => {
				Self::conclude(&chip, seq, Conduct::Failed(code), from, Some(subject));
				Some(false)
			},
		}
	}
}

impl<T: Config> OnVerdict for Pallet<T> {
	fn on_verdict(subject: SubjectId, finding: &Finding) {
		if Self::judge_claim(subject, finding) {
			return;
		}
		let Some(pinned) = Self::open_context(subject) else { return };
		let from = Hosts::<T>::get(pinned.chip).and_then(|host| host.accepted.last());
		if let Some(passed) = Self::take(subject, &pinned, from, finding) {
			Effects::<T>::insert(subject, Effect { passed, from });
		}
	}

	fn on_void(subject: SubjectId) {
		if let Some(pinned) = Contexts::<T>::get(subject) {
			Self::drop_claim(subject, &pinned);
		}
		if let Some(pinned) = Self::open_context(subject) {
			Self::recheck_void(&pinned.chip, pinned.seq);
		}
		Self::forget_context(subject);
	}

	fn on_overturned(subject: SubjectId) {
		let Some(pinned) = Contexts::<T>::get(subject) else { return };
		if !Self::drop_claim(subject, &pinned) {
			Self::overturn(subject, &pinned);
		}
	}

	fn on_closed(subject: SubjectId) {
		let pinned = Contexts::<T>::get(subject);
		Effects::<T>::remove(subject);
		Self::forget_context(subject);
		if let Some(pinned) = pinned {
			Self::close_claim(subject, &pinned);
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
