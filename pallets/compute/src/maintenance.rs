//! Maintenance pauses of hosts. A VM that was booted before a pause of its chip no longer runs, and
//! leaves `Running` at its next review.

use hcc_primitives::{Liveness, Miners, PaidSlots, Pause, Tick, TickSource};

use crate::*;

impl<T: Config> Pallet<T> {
	/// Returns the pause of the VM's chip, if it began after the VM was booted.
	fn pause_since_boot(id: Id, vm: &VmOf<T>) -> Option<Pause> {
		let chip = vm.place.as_ref()?.chip?;
		let boot = Boots::<T>::get(id)?;
		T::Liveness::last_pause(&chip).filter(|pause| pause.from >= boot.at)
	}

	/// Returns the paid slot until which a running VM ran. It is `now`, or the beginning of a pause
	/// if a pause began before `now`.
	pub(crate) fn ran_until(id: Id, vm: &VmOf<T>, now: PaidSlots) -> PaidSlots {
		Self::pause_since_boot(id, vm).map_or(now, |pause| pause.paid_from.min(now))
	}

	/// Returns the deadline by which a miner must begin a boot. If a chip of the miner is paused,
	/// the time begins after the pause.
	pub(crate) fn acceptance_deadline(miner: &AccountIdOf<T>) -> Tick {
		let chips = T::Miners::chips(miner);
		let pauses = chips.iter().filter_map(T::Liveness::last_pause);
		let from = pauses.map(|pause| pause.until).fold(T::TickSource::now(), Tick::max);
		from.saturating_add(Self::rules().acceptance)
	}

	/// Stops a running VM whose chip was paused. Its miner has to boot it again. Returns `false`
	/// and changes nothing if the chip was not paused since the boot.
	pub(crate) fn leave_paused(id: Id, vm: &mut VmOf<T>) -> bool {
		let runs = matches!(vm.state, VmState::Running { .. });
		let miner = vm.place.as_ref().map(|place| place.miner.clone());
		let Some(miner) = miner.filter(|_| runs && Self::pause_since_boot(id, vm).is_some()) else {
			return false;
		};
		Self::pause(id, vm);
		let until = Self::acceptance_deadline(&miner);
		vm.state = VmState::Assigned { until };
		Self::deposit_event(Event::HostPaused { vm: id, until });
		true
	}
}
