//! Service of validators: votes, their pay, and the loss for absence.

extern crate alloc;
use alloc::vec::Vec;

use frame_support::{
	traits::{
		fungible::{Inspect, Mutate},
		tokens::{Fortitude, Preservation},
	},
	PalletId,
};
use hcc_primitives::{ServiceRecorder, VoteService};
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
					// There is more room than validators can be active in a session.
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

	/// Pays for the votes of a session, and slashes absent validators.
	pub(crate) fn settle_session() {
		let duties = Duties::<T>::take();
		let rules = Self::rules();
		for duty in duties.iter().filter(|duty| duty.neglected(rules.absence)) {
			Self::deposit_event(Event::Absent {
				who: duty.who.clone(),
				asked: duty.asked,
				voted: duty.voted,
			});
			Self::take_part(&duty.who, rules.absent_loss, None);
		}
		Self::pay(&duties);
	}

	/// Shares the pot in proportion to the votes that counted. Amounts are rounded down, and the
	/// remainder stays in the pot.
	fn pay(duties: &[Duty<AccountIdOf<T>>]) {
		let all = duties.iter().fold(0u32, |all, duty| all.saturating_add(duty.counted));
		let pot = Self::pot();
		let held =
			T::NativeBalance::reducible_balance(&pot, Preservation::Preserve, Fortitude::Polite);
		if all.is_zero() || held.is_zero() {
			return;
		}
		for duty in duties.iter().filter(|duty| duty.counted > 0) {
			let part = Perbill::from_rational(duty.counted, all);
			let amount = part.mul_floor(held);
			// An account that cannot receive its amount, for example because that is below the
			// existential deposit, goes without. The amount stays in the pot.
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
