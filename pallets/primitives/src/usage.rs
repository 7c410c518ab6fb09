//! What VMs got of what they pay for, as their guests tell.

use hcc_evidence::{host::ChipHash, vm::VmId};
use sp_runtime::Perbill;

use crate::{IntervalIndex, Tick};

/// A guest that can tell: what its boot has shown, and what it was given.
#[derive(Clone, Copy, Eq, PartialEq, Debug)]
pub struct Guest {
	pub generation: u32,
	pub boot_counter: u32,
	/// ed25519.
	pub guest_pk: [u8; 32],
	/// When it has shown its boot, and in which interval.
	pub since: Tick,
	pub began: IntervalIndex,
	pub vcpus: u32,
	/// In MiB.
	pub memory: u32,
	/// In GiB.
	pub disk: u32,
}

/// Knows the guests that run.
pub trait Guests {
	/// The guest of a VM that runs.
	fn guest(vm: VmId) -> Option<Guest>;
}

/// Where and how long a VM ran that is to be paid for.
#[derive(Clone, Copy, Eq, PartialEq, Debug)]
pub struct Ran {
	pub vm: VmId,
	pub chip: ChipHash,
	pub first: IntervalIndex,
	pub last: IntervalIndex,
	pub ticks: Tick,
}

/// Knows what VMs got.
pub trait Usage {
	/// Whether guests can still tell of that interval.
	fn open(interval: IntervalIndex) -> bool;
	/// The part of what is owed for it that is given back for what the VM has not got; that counts for the chip. To be asked once.
	fn settle(ran: &Ran) -> Perbill;
	/// The VM is gone.
	fn forget(vm: VmId);
}
