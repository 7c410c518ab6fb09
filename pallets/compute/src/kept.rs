//! What a VM keeps while it is stopped, and what that costs: its disk stays with its miner and is paid for; its processors and memory are free for others.

use hcc_primitives::{
	units::{Balance, DAYS, HOURS},
	Oracle, Price, Tick, Ticks,
};
use sp_runtime::helpers_128bit::multiply_by_rational_with_rounding;

use crate::{
	price::{cost, rate},
	*,
};

impl<T: Config> Pallet<T> {
	/// What of its miner's room a VM has in its state.
	pub(crate) fn kept(vm: &VmOf<T>) -> Allotment {
		match vm.state {
			State::Stopped { .. } => vm.allotted.disk_alone(),
			_ => vm.allotted,
		}
	}

	/// What its disk alone costs: by the list, and never more than the whole VM.
	fn kept_rate(vm: &VmOf<T>) -> Rate {
		let list = rate(&vm.allotted.disk_alone(), &Self::rules().list, 1_000);
		vm.place.as_ref().map_or(0, |place| list.min(place.rate))
	}

	/// Until when a VM is kept that is stopped since that tick: as long as its escrow pays for the disk, for a day at the least, and no longer than any may be stopped.
	/// Where nobody knows what α is worth, that is as long: it is no fault of the tenant's.
	pub(crate) fn kept_until(vm: &VmOf<T>, since: Tick) -> Tick {
		let hour = |price: Price| cost(Self::kept_rate(vm), HOURS, price);
		let price = T::Oracle::for_leases().and_then(hour);
		let lasts = price.map_or(Tick::MAX, |hour| lasts(vm.escrow, hour));
		since.saturating_add(lasts.max(DAYS).min(Self::rules().stopped))
	}

	/// Whether its escrow pays for a VM's disk for as long as that is kept at the least; none where nobody knows what α is worth.
	pub(crate) fn lasts_a_day(vm: &VmOf<T>) -> Option<bool> {
		let day = cost(Self::kept_rate(vm), DAYS, T::Oracle::for_leases()?)?;
		Some(vm.escrow >= day)
	}

	/// Stops a VM.
	pub(crate) fn halt(id: Id, vm: &mut VmOf<T>, why: StopReason) {
		Self::pause(id, vm);
		let Some(place) = vm.place.clone() else { return };
		let since = T::Ticks::now();
		let until = Self::kept_until(vm, since);
		let before = Self::kept(vm);
		vm.state = State::Stopped { since, until };
		let kept = Self::kept(vm);
		Used::<T>::mutate(place.miner, |used| *used = used.minus(&before).plus(&kept));
		Self::deposit_event(Event::Stopped { vm: id, why });
	}

	/// What is owed for the disk of a VM that was stopped until now: no more than the escrow, and nothing to a miner that no chip vouches for.
	pub(crate) fn owed_for_disk(vm: &VmOf<T>) -> Balance {
		T::Oracle::for_leases().map_or(0, |price| Self::owed_for_disk_at(price, vm))
	}

	fn owed_for_disk_at(price: Price, vm: &VmOf<T>) -> Balance {
		let State::Stopped { since, .. } = vm.state else { return 0 };
		if !vm.place.as_ref().is_some_and(|place| Self::is_live(&place.miner)) {
			return 0;
		}
		let ticks = T::Ticks::now().saturating_sub(since);
		cost(Self::kept_rate(vm), ticks, price).unwrap_or_default().min(vm.escrow)
	}

	/// Pays that.
	pub(crate) fn pay_kept(id: Id, vm: &mut VmOf<T>) {
		let State::Stopped { since, until } = vm.state else { return };
		let (price, now) = (T::Oracle::for_leases(), T::Ticks::now());
		let amount = price.map_or(0, |price| Self::owed_for_disk_at(price, vm));
		vm.state = State::Stopped { since: now, until };
		let (Some(place), Some(price)) = (vm.place.clone().filter(|_| amount > 0), price) else {
			return;
		};
		let ticks = now.saturating_sub(since);
		vm.escrow = vm.escrow.saturating_sub(amount);
		Self::pay(&vm.tenant, &place.miner, amount);
		Self::deposit_event(Event::DiskPaid { vm: id, miner: place.miner, ticks, amount, price });
	}

	/// Takes its processors and memory again for a VM that was stopped.
	pub(crate) fn take_again(vm: &VmOf<T>) -> Result<(), Error<T>> {
		if !matches!(vm.state, State::Stopped { .. }) {
			return Ok(());
		}
		let place = vm.place.as_ref().ok_or(Error::<T>::WrongState)?;
		let room = Self::free(&place.miner).ok_or(Error::<T>::NoRoom)?.room;
		let more = vm.allotted.minus(&Self::kept(vm));
		frame_support::ensure!(more.fits(&room), Error::<T>::NoRoom);
		Used::<T>::mutate(&place.miner, |used| *used = used.plus(&more));
		Ok(())
	}
}

/// For how many ticks so much lasts, at what an hour costs.
pub fn lasts(amount: Balance, hour: Balance) -> Tick {
	if hour == 0 {
		return Tick::MAX;
	}
	let down = sp_runtime::Rounding::Down;
	let ticks = multiply_by_rational_with_rounding(amount, HOURS.into(), hour, down);
	ticks.and_then(|ticks| ticks.try_into().ok()).unwrap_or(Tick::MAX)
}
