//! Challenges: creation, deadlines, rechecks.

use frame_support::weights::WeightMeter;
use hcc_evidence::host::challenge_nonce;
use hcc_primitives::{
	book, catch_up, genesis, parent_hash, ChallengeOutcome, ChipHash, Miners, Tick, TickSource,
	Veks,
};

use crate::*;

/// Number of queued chips that are challenged in one block.
const RECHECKS_PER_BLOCK: usize = 8;

impl<T: Config> Pallet<T> {
	/// Challenges a chip without an open challenge. Returns false if no deadline has room.
	pub(crate) fn challenge(chip: &ChipHash) -> bool {
		let Some(host) = Hosts::<T>::get(chip) else { return true };
		if host.challenge.is_some() {
			return true;
		}
		Self::make_challenge(chip, host, Self::rules().answer).is_some()
	}

	/// Challenges a chip, whose miner has `time` ticks to answer. Returns the deadline, or `None`
	/// if no deadline has room.
	pub(crate) fn make_challenge(chip: &ChipHash, mut host: HostOf<T>, time: Tick) -> Option<Tick> {
		let made = T::TickSource::now();
		let earliest = made.saturating_add(time);
		// A deadline is processed in the tick after it.
		let append =
			|deadline: Tick| DeadlineQueue::<T>::try_append(deadline.saturating_add(1), chip);
		let deadline = book(earliest, append)?;
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
		Self::require_whole_log(chip, &mut host);
		let miner = host.miner.clone();
		Hosts::<T>::insert(chip, host);
		Self::note_challenge(chip, seq);
		Self::count(|counts| &mut counts.made);
		Self::deposit_event(Event::Challenged { chip: *chip, miner, seq, nonce, deadline });
		Some(deadline)
	}

	/// Processes the deadlines of all ticks that have passed. If the block has no room, a later
	/// block continues.
	pub(crate) fn keep_deadlines(meter: &mut WeightMeter) {
		let now = T::TickSource::now();
		let processed = catch_up(KeptUntil::<T>::get(), now, Tick::MAX, |tick| {
			if !meter.can_consume(T::WeightInfo::keep_deadlines(MAX_DUE)) {
				return false;
			}
			let due = DeadlineQueue::<T>::take(tick);
			meter.consume(T::WeightInfo::keep_deadlines(due.len() as u32));
			for chip in due {
				Self::process_deadline(&chip, tick);
			}
			true
		});
		KeptUntil::<T>::put(processed);
	}

	/// Concludes a challenge that was not answered before `tick`.
	///
	/// The challenge counts as missed, unless no answer could be accepted because trust in the
	/// chip's keys or in its TPM was withdrawn.
	fn process_deadline(chip: &ChipHash, tick: Tick) {
		let Some(mut host) = Hosts::<T>::get(chip) else { return };
		let overdue = |open: &&OpenChallenge| open.subject.is_none() && open.deadline < tick;
		let Some(seq) = host.challenge.as_ref().filter(overdue).map(|open| open.seq) else {
			return;
		};
		let keys_are_withdrawn = T::Veks::is_withdrawn(chip);
		let tpm_is_withdrawn = || {
			T::Miners::tpm(&host.miner).is_some() && T::Miners::genuine_tpm(&host.miner).is_none()
		};
		if keys_are_withdrawn || tpm_is_withdrawn() {
			// The missing answer says nothing about the chip. Tenants still do not pay for an
			// interval without a proof.
			Self::note_outcome(chip, seq, false, false);
			Self::void_unproven(chip, &mut host, seq);
			if !keys_are_withdrawn {
				// A holder whose TPM lost trust must enrol another TPM to keep a contested chip.
				Self::note_contest_outcome(chip, seq, ChallengeOutcome::Missed, None);
			}
		} else {
			Self::conclude(chip, &mut host, seq, ChallengeOutcome::Missed, None, None);
		}
		Hosts::<T>::insert(chip, host);
	}

	/// Challenges the chips in the recheck queue, a limited number per block.
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

	/// Queues a chip for a challenge in the next blocks. If the queue is full, the chip waits until
	/// the draw selects it.
	pub(crate) fn recheck(chip: &ChipHash) {
		Rechecks::<T>::mutate(|waiting| {
			if !waiting.contains(chip) {
				let _ = waiting.try_push(*chip);
			}
		});
	}
}
