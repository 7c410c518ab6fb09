//! The guests whose receipts are valid: the guests of running VMs.

use hcc_primitives::{Guest, RunningGuests};

use crate::*;

impl<T: Config> RunningGuests for Pallet<T> {
	fn guest(id: Id) -> Option<Guest> {
		let vm = Vms::<T>::get(id).filter(|vm| matches!(vm.state, VmState::Running { .. }))?;
		let boot = Boots::<T>::get(id)?;
		Some(Guest {
			generation: boot.generation,
			boot_counter: boot.counter,
			guest_pk: boot.guest_pk,
			began: boot.interval,
			vcpus: vm.allotted.vcpus,
			memory: vm.allotted.memory,
			disk: vm.allotted.disk,
		})
	}
}
