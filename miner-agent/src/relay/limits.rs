//! Limits of open connections, for each VM and in all.

use std::{
	collections::BTreeMap,
	sync::{Arc, Mutex, MutexGuard},
};

use hcc_evidence::vm::VmId;
use hcc_guest_protocol::relay::Refusal;

/// Counts open connections.
pub(crate) struct Limits {
	all: usize,
	per_vm: usize,
	/// The number of connections of each VM that has some.
	open: Mutex<BTreeMap<VmId, usize>>,
}

impl Limits {
	pub(crate) fn new(all: usize, per_vm: usize) -> Arc<Self> {
		Arc::new(Self { all, per_vm, open: Mutex::default() })
	}

	fn open(&self) -> MutexGuard<'_, BTreeMap<VmId, usize>> {
		self.open.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
	}

	/// Takes a place for a connection to a VM, until it is dropped.
	pub(crate) fn take(self: &Arc<Self>, vm: VmId) -> Result<Place, Refusal> {
		let mut open = self.open();
		if open.values().sum::<usize>() >= self.all {
			return Err(Refusal::TooMany);
		}
		let of_vm = open.entry(vm).or_default();
		if *of_vm >= self.per_vm {
			return Err(Refusal::TooManyForVm);
		}
		*of_vm += 1;
		Ok(Place { limits: self.clone(), vm })
	}
}

/// The place of an open connection.
pub(crate) struct Place {
	limits: Arc<Limits>,
	vm: VmId,
}

impl Drop for Place {
	fn drop(&mut self) {
		let mut open = self.limits.open();
		if let Some(of_vm) = open.get_mut(&self.vm) {
			*of_vm = of_vm.saturating_sub(1);
			if *of_vm == 0 {
				open.remove(&self.vm);
			}
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn places_are_limited_and_free_again() {
		let limits = Limits::new(3, 2);
		let first = limits.take(1).expect("free");
		let second = limits.take(1).expect("free");
		assert_eq!(limits.take(1).err(), Some(Refusal::TooManyForVm));
		let _other = limits.take(2).expect("free");
		assert_eq!(limits.take(2).err(), Some(Refusal::TooMany));
		drop(first);
		let again = limits.take(1).expect("free again");
		drop((again, second));
		assert_eq!(limits.open().keys().collect::<Vec<_>>(), [&2], "only VMs with connections");
	}
}
