extern crate alloc;
use alloc::vec::Vec;

use frame_support::{ensure, traits::Get, weights::WeightMeter};
use frame_system::pallet_prelude::BlockNumberFor;
use hcc_primitives::{
	counted_slots, supermajority, ActiveValidators, FinalityStatements, PaidSlots, PaidTime, Tick,
	TickSource,
};
use sp_runtime::{
	traits::{Saturating, Zero},
	DispatchError,
};

use crate::*;

impl<T: Config> TickSource for Pallet<T> {
	fn now() -> Tick {
		CurrentTick::<T>::get()
	}
}

impl<T: Config> PaidTime for Pallet<T> {
	fn paid_slots() -> PaidSlots {
		PaidUntil::<T>::get()
	}
}

impl<T: Config> FinalityStatements<AccountIdOf<T>, BlockNumberFor<T>> for Pallet<T> {
	fn state(
		validator: &AccountIdOf<T>,
		finalised: BlockNumberFor<T>,
	) -> Result<bool, DispatchError> {
		Ok(Self::do_state(validator, finalised)?)
	}
}

impl<T: Config> Pallet<T> {
	/// Advances the clock by one tick, unless the clock must stop or the block has no room. Adds
	/// the slots since the last tick to the paid slots, at most
	/// [`hcc_primitives::MAX_COUNTED_SLOTS`]. A standstill therefore costs almost nothing.
	pub(crate) fn advance(now: BlockNumberFor<T>, meter: &mut WeightMeter) {
		if meter.try_consume(T::WeightInfo::advance()).is_err() || Self::is_stopped(now) {
			return;
		}
		CurrentTick::<T>::mutate(|tick| *tick = tick.saturating_add(1));
		let slot = T::Slot::get();
		// The first tick adds one paid slot.
		let last = LastSlot::<T>::get().unwrap_or_else(|| slot.saturating_sub(1));
		let counted = counted_slots(last, slot);
		PaidUntil::<T>::mutate(|paid| *paid = paid.saturating_add(counted));
		LastSlot::<T>::put(slot);
	}

	/// Returns `true` if deadlines must not move: the clock is paused, finality lags, or too few
	/// validators have stated a block.
	fn is_stopped(now: BlockNumberFor<T>) -> bool {
		let seen = FinalisedSeen::<T>::get();
		T::Paused::get()
			|| seen.is_zero()
			|| now.saturating_sub(seen) > T::MaxFinalityLag::get().into()
	}

	/// Records a validator's statement. Returns `true` if the statement is free of charge, because
	/// the validator's last free statement is old enough.
	pub(crate) fn do_state(
		validator: &AccountIdOf<T>,
		finalised: BlockNumberFor<T>,
	) -> Result<bool, Error<T>> {
		let now = frame_system::Pallet::<T>::block_number();
		ensure!(finalised < now, Error::<T>::BadStatement);
		let active = T::Validators::active();
		ensure!(active.contains(validator), Error::<T>::NotInOffice);
		let mut statements = Statements::<T>::get();
		// Statements of validators that are no longer active do not count.
		statements.retain(|statement| active.contains(&statement.validator));
		let due = match statements.iter_mut().find(|former| former.validator == *validator) {
			Some(former) => {
				ensure!(finalised >= former.finalised, Error::<T>::BadStatement);
				let due = now.saturating_sub(former.at) >= T::StatementInterval::get().into();
				if due || finalised > former.finalised {
					former.finalised = finalised;
				}
				if due {
					former.at = now;
				}
				due
			},
			None => {
				let first = Statement { validator: validator.clone(), finalised, at: now };
				// The list has a place for each active validator, so the push cannot fail.
				statements.try_push(first).map_err(|_| Error::<T>::NotInOffice)?;
				true
			},
		};
		let mut numbers: Vec<_> = statements.iter().map(|statement| statement.finalised).collect();
		numbers.sort_unstable_by(|a, b| b.cmp(a));
		let enough = supermajority(active.len() as u32).saturating_sub(1) as usize;
		let seen = numbers.get(enough).copied().unwrap_or_default();
		Statements::<T>::put(statements);
		// A change of the active set can lower the finalised number. The tick never decreases.
		if seen != FinalisedSeen::<T>::get() {
			FinalisedSeen::<T>::put(seen);
			Self::deposit_event(Event::FinalisedSeen { number: seen });
		}
		Ok(due)
	}
}
