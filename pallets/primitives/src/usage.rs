//! The resources that VMs receive, according to receipts of their guests.

use hcc_evidence::{host::ChipHash, vm::VmId};
use sp_runtime::Perbill;

use crate::{IntervalIndex, PaidSlots};

/// A running guest: its boot, its key and its allotted resources.
#[derive(Clone, Copy, Eq, PartialEq, Debug)]
pub struct Guest {
	pub generation: u32,
	pub boot_counter: u32,
	/// The guest's public key (ed25519), which signs receipts.
	pub guest_pk: [u8; 32],
	/// The interval in which the guest's boot evidence was accepted.
	pub began: IntervalIndex,
	pub vcpus: u32,
	/// Memory in MiB.
	pub memory: u32,
	/// Disk in GiB.
	pub disk: u32,
}

/// Provides the running guests.
pub trait RunningGuests {
	/// Returns the guest of a VM, or `None` if the VM does not run.
	fn guest(vm: VmId) -> Option<Guest>;
}

/// The place and duration of a VM's run for which a charge is settled.
#[derive(Clone, Copy, Eq, PartialEq, Debug)]
pub struct ServicePeriod {
	pub vm: VmId,
	pub chip: ChipHash,
	pub first: IntervalIndex,
	pub last: IntervalIndex,
	/// The number of paid slots for which the VM ran.
	pub slots: PaidSlots,
}

/// The receipts for a service period.
#[derive(Clone, Copy, Eq, PartialEq, Debug)]
pub enum UsageReport {
	/// There are receipts for the period. The part `refund` of the charge returns to the tenant
	/// because of the VM's shortfall.
	Received { refund: Perbill },
	/// There is no receipt for the period. Receipts could cause a refund of at most the part `most`
	/// of the charge.
	Missing { most: Perbill },
}

/// Provides the shortfall of VMs from their guests' receipts.
pub trait Usage {
	/// Returns `true` if receipts for the interval are still accepted.
	fn open(interval: IntervalIndex) -> bool;
	/// Returns the result of the receipts for a charge. If there are receipts, also records the
	/// usage of the chip. Must be called only once for a charge.
	fn settle(ran: &ServicePeriod) -> UsageReport;
	/// Removes all data of a VM that no longer exists.
	fn forget(vm: VmId);
}
