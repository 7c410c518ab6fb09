//! Maintenance pauses: challenges that a miner requests itself, with a longer deadline.
//!
//! A paused chip is not challenged again and receives no work until the miner answers. The nonce is
//! known during the whole pause, so the answer may be as old as the pause. The chip therefore
//! receives work again only once it has passed an ordinary challenge, which follows immediately.

use frame_support::{ensure, pallet_prelude::DispatchResult, traits::Get};
use hcc_primitives::{ChipHash, Miners, PaidTime, Pause, Reputation, TickSource};

use crate::*;

impl<T: Config> Pallet<T> {
	pub(crate) fn do_pause(hot: &AccountIdOf<T>, miner: &AccountIdOf<T>) -> DispatchResult {
		ensure!(T::Miners::is_hot_key(hot, miner), Error::<T>::NotTheMiner);
		let chips = T::Miners::chips(miner);
		ensure!(!chips.is_empty(), Error::<T>::NothingToPause);
		chips.iter().try_for_each(Self::pause_chip)?;
		Ok(())
	}

	fn pause_chip(chip: &ChipHash) -> Result<(), Error<T>> {
		let mut host = Hosts::<T>::get(chip).ok_or(Error::<T>::NothingToPause)?;
		Self::check_pausable(chip, &host)?;
		let (from, miner) = (T::TickSource::now(), host.miner.clone());
		host.paused = Some(host.seq.saturating_add(1));
		let until = Self::make_challenge(chip, host, Self::rules().pause)
			.ok_or(Error::<T>::TooManyChallenges)?;
		let paid_from = T::TickSource::paid_slots();
		LastPauses::<T>::insert(chip, Pause { from, paid_from, until });
		Self::deposit_event(Event::Paused { chip: *chip, miner, until });
		Ok(())
	}

	/// Checks that no challenge, failure, contest or slash of the chip is open, so that a pause
	/// postpones no consequence.
	fn check_pausable(chip: &ChipHash, host: &HostOf<T>) -> Result<(), Error<T>> {
		let waits = Rechecks::<T>::get().contains(chip);
		ensure!(host.challenge.is_none() && !waits, Error::<T>::ChallengeOpen);
		let proven = host.checkpoint.is_some() || host.former.is_some();
		ensure!(proven && !host.failing && host.paused.is_none(), Error::<T>::Failing);
		ensure!(!OpenContests::<T>::contains_key(chip), Error::<T>::AlreadyContested);
		ensure!(!T::Reputation::has_pending_slash(chip), Error::<T>::SlashPending);
		let next = LastPauses::<T>::get(chip)
			.map_or(0, |last| last.from.saturating_add(T::PauseInterval::get()));
		ensure!(T::TickSource::now() >= next, Error::<T>::PausedRecently);
		Ok(())
	}

	/// Notes the outcome of a chip's challenge for its pause. Returns `true` if the chip must pass
	/// an ordinary challenge now, because it passed the challenge of the pause.
	pub(crate) fn note_pause_outcome(host: &mut HostOf<T>, seq: u64, passed: bool) -> bool {
		let Some(pause) = host.paused else { return false };
		if passed && seq > pause {
			host.paused = None;
		}
		passed && seq == pause
	}

	/// Ends a pause that is not answered yet, because the holder must prove a contested chip now.
	/// An ordinary challenge follows.
	pub(crate) fn end_pause(chip: &ChipHash) {
		let Some(mut host) = Hosts::<T>::get(chip) else { return };
		let open = host.challenge.as_ref().filter(|open| open.subject.is_none());
		let Some(seq) = open.map(|open| open.seq).filter(|seq| host.paused == Some(*seq)) else {
			return;
		};
		Self::note_closed(chip, seq);
		Self::void(chip, &mut host, seq);
		Hosts::<T>::insert(chip, host);
	}
}
