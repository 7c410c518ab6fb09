//! Who has voted, what that is paid, and what it costs not to.

extern crate alloc;
use alloc::vec::Vec;

use frame_support::{
	traits::{
		fungible::{Inspect, Mutate},
		tokens::{Fortitude, Preservation},
	},
	PalletId,
};
use hcc_primitives::{Serves, Service};
use sp_runtime::{
	traits::{AccountIdConversion, Zero},
	Perbill,
};

use crate::*;

/// What votes are paid from.
const POT: PalletId = PalletId(*b"hcc/vote");

impl<T: Config> Serves<AccountIdOf<T>> for Pallet<T> {
	fn served(members: &[(AccountIdOf<T>, Service)]) {
		Duties::<T>::mutate(|duties| {
			for (who, service) in members {
				let at = duties.iter().position(|duty| duty.who == *who).or_else(|| {
					// There is room for more than can be in office in a session.
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

	fn note(&mut self, service: Service) {
		let (voted, counted) = match service {
			Service::Absent => (0, 0),
			Service::Voted => (1, 0),
			Service::Counted => (1, 1),
		};
		self.asked = self.asked.saturating_add(1);
		self.voted = self.voted.saturating_add(voted);
		self.counted = self.counted.saturating_add(counted);
	}

	/// Whether it was asked often enough for that to say anything, and was absent more often than is tolerated.
	fn neglected(&self, tolerated: Perbill) -> bool {
		let absent = self.asked.saturating_sub(self.voted);
		self.asked >= MIN_ASKED && absent > tolerated.mul_floor(self.asked)
	}
}

impl<T: Config> Pallet<T> {
	/// The account that votes are paid from.
	pub fn pot() -> AccountIdOf<T> {
		POT.into_account_truncating()
	}

	/// Pays for the votes of a session, and punishes who was absent.
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

	/// Shares what is in the pot by the votes that counted. What does not divide stays there.
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
			// An account that cannot take it, as one that the amount would not open, goes without: it stays in the pot.
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

	/// Who has served how much in this session.
	pub(crate) fn duties_of(who: &AccountIdOf<T>) -> Option<Duty<AccountIdOf<T>>> {
		let duties: Vec<_> = Duties::<T>::get().into_inner();
		duties.into_iter().find(|duty| duty.who == *who)
	}
}
