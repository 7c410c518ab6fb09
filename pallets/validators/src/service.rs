//! Service of validators: votes, their pay, blocks, and the loss for absence.

extern crate alloc;
use alloc::vec::Vec;

use frame_support::{
	traits::{
		fungible::{Inspect, Mutate},
		tokens::{Fortitude, Preservation},
		Get,
	},
	weights::Weight,
	PalletId,
};
use hcc_primitives::{counted_slots, ServiceRecorder, VoteService};
use sp_runtime::{
	traits::{AccountIdConversion, Zero},
	Perbill,
};

use crate::*;

/// The account from which votes are paid.
const POT: PalletId = PalletId(*b"hcc/vote");

impl<T: Config> ServiceRecorder<AccountIdOf<T>> for Pallet<T> {
	fn served(members: &[(AccountIdOf<T>, VoteService)]) {
		Duties::<T>::mutate(|duties| {
			for (who, service) in members {
				let at = duties.iter().position(|duty| duty.who == *who).or_else(|| {
					// The list has room for all validators that can be active in a session.
					duties.try_push(Duty::new(who.clone())).ok()?;
					duties.len().checked_sub(1)
				});
				if let Some(duty) = at.and_then(|at| duties.get_mut(at)) {
					duty.note(*service);
				}
			}
		});
	}
}

impl<AccountId> Duty<AccountId> {
	fn new(who: AccountId) -> Self {
		Self { who, asked: 0, voted: 0, counted: 0 }
	}

	fn note(&mut self, service: VoteService) {
		let (voted, counted) = match service {
			VoteService::Absent => (0, 0),
			VoteService::Voted => (1, 0),
			VoteService::Counted => (1, 1),
		};
		self.asked = self.asked.saturating_add(1);
		self.voted = self.voted.saturating_add(voted);
		self.counted = self.counted.saturating_add(counted);
	}

	/// Returns `true` if the validator missed more than the tolerated part of at least
	/// [`MIN_ASKED`] required votes. The tolerated number is rounded down.
	fn neglected(&self, tolerated: Perbill) -> bool {
		let absent = self.asked.saturating_sub(self.voted);
		self.asked >= MIN_ASKED && absent > tolerated.mul_floor(self.asked)
	}
}

impl<T: Config> Pallet<T> {
	/// Returns the account from which votes are paid.
	pub fn pot() -> AccountIdOf<T> {
		POT.into_account_truncating()
	}

	/// Records the author of the current block. Returns the weight of this work.
	pub fn note_author(author: &AccountIdOf<T>) -> Weight {
		let slot = T::Slot::get();
		SessionSlots::<T>::mutate(|slots| {
			let counted = counted_slots(slots.last, slot);
			*slots = SlotCount { last: slot, count: slots.count.saturating_add(counted) };
		});
		let mut authors = Authors::<T>::get();
		// The list has room for all validators that can be active in a session.
		if !authors.contains(author) && authors.try_push(author.clone()).is_ok() {
			Authors::<T>::put(authors);
		}
		T::DbWeight::get().reads_writes(3, 2)
	}

	/// Pays for the votes of a session, and slashes absent validators.
	pub(crate) fn settle_session() {
		let duties = Duties::<T>::take();
		let rules = Self::rules();
		let neglected = |duty: &&Duty<_>| duty.neglected(rules.absence);
		for duty in duties.iter().filter(neglected) {
			Self::deposit_event(Event::Absent {
				who: duty.who.clone(),
				asked: duty.asked,
				voted: duty.voted,
			});
			Self::take_part(&duty.who, rules.absent_loss, None);
		}
		// A validator that misses both votes and blocks loses the part only once.
		let (idle, expected) = Self::take_idle();
		let lost =
			|who: &AccountIdOf<T>| duties.iter().filter(neglected).any(|duty| duty.who == *who);
		for who in idle.iter().filter(|who| !lost(who)) {
			Self::deposit_event(Event::Idle { who: who.clone(), expected });
			Self::take_part(who, rules.absent_loss, None);
		}
		Self::pay(&duties);
	}

	/// Returns the active validators that authored no block in this session, and the number of
	/// blocks that were expected of each validator. If that number is below [`MIN_EXPECTED`], no
	/// validator is returned. Resets the counts of blocks.
	///
	/// Disabled validators may not author, so they are excused.
	fn take_idle() -> (Vec<AccountIdOf<T>>, u32) {
		let (authors, active) = (Authors::<T>::take(), pallet_session::Validators::<T>::get());
		let slots = SessionSlots::<T>::mutate(|slots| core::mem::take(&mut slots.count));
		let expected = slots.checked_div(active.len() as u32).unwrap_or_default();
		if expected < MIN_EXPECTED {
			return (Vec::new(), expected);
		}
		let disabled = pallet_session::Pallet::<T>::disabled_validators();
		let idle = |(at, who): &(usize, AccountIdOf<T>)| {
			!disabled.contains(&(*at as u32)) && !authors.contains(who)
		};
		let idle = active.into_iter().enumerate().filter(idle).map(|(_, who)| who).collect();
		(idle, expected)
	}

	/// Shares a part of the pot among validators, in proportion to their votes that matched the
	/// verdict. Amounts are rounded down, and the remainder stays in the pot.
	fn pay(duties: &[Duty<AccountIdOf<T>>]) {
		let all = duties.iter().fold(0u32, |all, duty| all.saturating_add(duty.counted));
		let pot = Self::pot();
		let held =
			T::NativeBalance::reducible_balance(&pot, Preservation::Preserve, Fortitude::Polite);
		let share = Perbill::from_rational(1, T::PayoutSessions::get()).mul_floor(held);
		if all.is_zero() || share.is_zero() {
			return;
		}
		for duty in duties.iter().filter(|duty| duty.counted > 0) {
			let part = Perbill::from_rational(duty.counted, all);
			let amount = part.mul_floor(share);
			// If an account cannot receive its amount, the amount stays in the pot. For example,
			// the amount may be below the existential deposit.
			let paid = T::NativeBalance::transfer(&pot, &duty.who, amount, Preservation::Preserve);
			if paid.is_ok() {
				Self::deposit_event(Event::Paid {
					who: duty.who.clone(),
					votes: duty.counted,
					amount,
				});
			}
		}
	}

	/// Returns the service of a validator in this session.
	pub(crate) fn duties_of(who: &AccountIdOf<T>) -> Option<Duty<AccountIdOf<T>>> {
		let duties: Vec<_> = Duties::<T>::get().into_inner();
		duties.into_iter().find(|duty| duty.who == *who)
	}
}
