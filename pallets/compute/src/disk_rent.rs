//! Stopped VMs: the disk stays with the miner and is paid for; vCPUs and memory become free.

use hcc_primitives::{
	units::{Balance, DAYS, HOURS},
	Oracle, PaidSlots, PaidTime, Price, Tick, TickSource,
};
use sp_runtime::helpers_128bit::multiply_by_rational_with_rounding;

use crate::{
	price::{cost, rate},
	*,
};

impl<T: Config> Pallet<T> {
	/// Returns the part of its miner's capacity that a VM occupies in its current state.
	pub(crate) fn occupied(vm: &VmOf<T>) -> Allotment {
		match vm.state {
			VmState::Stopped { .. } => vm.allotted.disk_alone(),
			_ => vm.allotted,
		}
	}

	/// Returns the price of the disk alone: the list price, but at most the price of the whole VM.
	fn disk_rate(vm: &VmOf<T>) -> Rate {
		let list = rate(&vm.allotted.disk_alone(), &Self::rules().list, 1_000);
		vm.place.as_ref().map_or(0, |place| list.min(place.rate))
	}

	/// Returns the tick after which a VM that is stopped since the paid slot `since` is terminated.
	///
	/// The VM stays for as long as its escrow covers the disk rent, for at least a day, and for at
	/// most [`Rules::stopped`] slots. While the price of α is unknown, the maximum applies, since
	/// the tenant is not at fault. The result assumes that no slot from now on is empty.
	pub(crate) fn stop_deadline(vm: &VmOf<T>, since: PaidSlots) -> Tick {
		let hour = |price: Price| cost(Self::disk_rate(vm), HOURS, price);
		let price = T::Oracle::for_leases().and_then(hour);
		let covered = price.map_or(Tick::MAX, |hour| ticks_covered(vm.escrow, hour));
		let limit = covered.max(DAYS).min(Self::rules().stopped);
		let elapsed = T::TickSource::paid_slots().saturating_sub(since);
		T::TickSource::now().saturating_add(limit.saturating_sub(elapsed))
	}

	/// Returns `true` if the escrow covers a day of disk rent, which is the minimum time for which
	/// a disk is kept. Returns `None` if the price of α is unknown.
	pub(crate) fn covers_a_day(vm: &VmOf<T>) -> Option<bool> {
		let day = cost(Self::disk_rate(vm), DAYS, T::Oracle::for_leases()?)?;
		Some(vm.escrow >= day)
	}

	/// Stops a VM: charges its time up to now and frees its vCPUs and memory.
	pub(crate) fn halt(id: Id, vm: &mut VmOf<T>, why: StopReason) {
		Self::pause(id, vm);
		let Some(place) = vm.place.clone() else { return };
		let since = T::TickSource::paid_slots();
		let until = Self::stop_deadline(vm, since);
		let before = Self::occupied(vm);
		vm.state = VmState::Stopped { since, until };
		let occupied = Self::occupied(vm);
		AllottedCapacity::<T>::mutate(place.miner, |used| {
			*used = used.minus(&before).plus(&occupied)
		});
		Self::deposit_event(Event::Stopped { vm: id, why });
	}

	/// Returns the disk rent that is due now, at most the escrow. Returns zero if no chip of the
	/// miner is live or the price of α is unknown.
	pub(crate) fn disk_rent_due(vm: &VmOf<T>) -> Balance {
		T::Oracle::for_leases().map_or(0, |price| Self::disk_rent_due_at(price, vm))
	}

	fn disk_rent_due_at(price: Price, vm: &VmOf<T>) -> Balance {
		let VmState::Stopped { since, .. } = vm.state else { return 0 };
		if !vm.place.as_ref().is_some_and(|place| Self::is_live(&place.miner)) {
			return 0;
		}
		let slots = T::TickSource::paid_slots().saturating_sub(since);
		cost(Self::disk_rate(vm), slots, price).unwrap_or_default().min(vm.escrow)
	}

	/// Pays the disk rent that is due now.
	pub(crate) fn pay_disk_rent(id: Id, vm: &mut VmOf<T>) {
		let VmState::Stopped { since, until } = vm.state else { return };
		let (price, now) = (T::Oracle::for_leases(), T::TickSource::paid_slots());
		let amount = price.map_or(0, |price| Self::disk_rent_due_at(price, vm));
		vm.state = VmState::Stopped { since: now, until };
		let (Some(place), Some(price)) = (vm.place.clone().filter(|_| amount > 0), price) else {
			return;
		};
		let slots = now.saturating_sub(since);
		Self::take(vm, amount);
		Self::pay(&vm.tenant, &place.miner, amount);
		Self::deposit_event(Event::DiskPaid { vm: id, miner: place.miner, slots, amount, price });
	}

	/// Takes vCPUs and memory again for a stopped VM that starts. Fails if the miner has no room
	/// for them.
	pub(crate) fn take_room(vm: &VmOf<T>) -> Result<(), Error<T>> {
		if !matches!(vm.state, VmState::Stopped { .. }) {
			return Ok(());
		}
		let place = vm.place.as_ref().ok_or(Error::<T>::WrongState)?;
		let room = Self::free(&place.miner).ok_or(Error::<T>::NoRoom)?.room;
		let more = vm.allotted.minus(&Self::occupied(vm));
		frame_support::ensure!(more.fits(&room), Error::<T>::NoRoom);
		AllottedCapacity::<T>::mutate(&place.miner, |used| *used = used.plus(&more));
		Ok(())
	}
}

/// Returns the number of ticks that `amount` covers at the hourly price `hour`, rounded down.
pub fn ticks_covered(amount: Balance, hour: Balance) -> Tick {
	if hour == 0 {
		return Tick::MAX;
	}
	let down = sp_runtime::Rounding::Down;
	let ticks = multiply_by_rational_with_rounding(amount, HOURS.into(), hour, down);
	ticks.and_then(|ticks| ticks.try_into().ok()).unwrap_or(Tick::MAX)
}
