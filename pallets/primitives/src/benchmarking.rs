//! What a benchmark needs that other pallets keep. The runtime sets it up in those pallets, so that the weights hold all that a call causes
//! there; the mocks in their own.

use alloc::vec::Vec;

use hcc_evidence::{host::ChipHash, snp::Vek, vm::VmId, UnixSeconds};

use crate::{EnrolledTpm, Guest, IntervalIndex, Tick};

/// 2030-01-01: the certificates of the benchmarks are valid then.
pub const NOW: UnixSeconds = UnixSeconds(1_893_456_000);

/// The rest of the chain.
pub trait World<AccountId> {
	/// Puts that many validators in office; their workers' keys, in the same order.
	fn validators(count: u32) -> Vec<AccountId>;

	/// Sets the clock of deadlines, and the time to [`NOW`].
	fn set_tick(now: Tick);

	/// Opens so many subjects at this tick that the next one closes as late as any can.
	fn crowd();

	/// Has blocks draw by lot as they do on a chain that runs.
	fn set_randomness();

	/// Trusts a TPM vendor's certificate (DER), and as many more as there can be: each has to be read.
	fn trust_vendor(root: &[u8]);

	/// Registers a miner, its own hot key, with its chips and its TPM.
	fn register(miner: &AccountId, chips: &[ChipHash], tpm: EnrolledTpm);

	/// Stores a key of a chip.
	fn add_vek(chip: ChipHash, vek: Vek);

	/// Stores as many keys of a chip as there can be, for the last of which alone there is a revocation list that is current.
	fn add_veks(chip: ChipHash);

	/// Has miners, each its own hot key, that offer more than anybody orders, each with a live chip and as many keys of it as there can be; and a price of α.
	fn hosts(count: u32) -> Vec<AccountId>;

	/// Has a VM run with that guest, and an interval over in which it ran; the number of that.
	fn guest(vm: VmId, guest: Guest) -> IntervalIndex;

	/// Has a chip's miner about to lose of its bond for work up to that interval, and the VM's guest have told of as many intervals up to it as are kept, in which it lacked half.
	fn dispute(chip: &ChipHash, vm: VmId, last: IntervalIndex);

	/// Gives a chip all that other pallets keep of one: keys that others deposited for, an open challenge.
	fn engage(chip: &ChipHash, miner: &AccountId);
}
