//! State of other pallets that benchmarks need. The runtime sets it up in those pallets, so that
//! weights include all effects of a call there. Mocks set up their own state.

use alloc::vec::Vec;

use hcc_evidence::{
	host::ChipHash,
	snp::Vek,
	vm::{image::ImageId, VmId},
	UnixSeconds,
};

use crate::{EnrolledTpm, Guest, IntervalIndex, Tick};

/// 2030-01-01, a time at which the certificates of the benchmarks are valid.
pub const NOW: UnixSeconds = UnixSeconds(1_893_456_000);

/// The other pallets of the chain, from a benchmark's point of view.
pub trait World<AccountId> {
	/// Makes `count` validators active. Returns their workers' keys in the same order.
	fn validators(count: u32) -> Vec<AccountId>;

	/// Stores a statement of each active validator: it has seen block 1 finalised, and stated that
	/// in block 1.
	fn statements();

	/// Sets the tick to `now` and the time to [`NOW`].
	fn set_tick(now: Tick);

	/// Opens subjects at this tick, so that the next one closes as late as possible.
	fn crowd();

	/// Sets the randomness that blocks of a running chain have for their draws.
	fn set_randomness();

	/// Trusts a TPM vendor's certificate (DER), and fills the list of vendors: each entry has to be
	/// read.
	fn trust_vendor(root: &[u8]);

	/// Registers a miner that is its own hot key, with its chips and its TPM.
	fn register(miner: &AccountId, chips: &[ChipHash], tpm: EnrolledTpm);

	/// Stores a VEK of a chip.
	fn add_vek(chip: ChipHash, vek: Vek);

	/// Stores the maximum number of VEKs for a chip. Only the last one has a current revocation
	/// list.
	fn add_veks(chip: ChipHash);

	/// Registers `count` miners, each its own hot key, and sets a price of α. Each offers more than
	/// any order needs, and has a live chip with the maximum number of VEKs.
	fn hosts(count: u32) -> Vec<AccountId>;

	/// Stores an endorsed image with the maximum numbers of rows and rebuild statements. The first
	/// row is for this number of vCPUs, and the second one for one more.
	fn image(vcpus: u32) -> ImageId;

	/// Stores a running VM with this guest. Returns the index of a completed interval in which it
	/// ran.
	fn guest(vm: VmId, guest: Guest) -> IntervalIndex;

	/// Opens a compensation case on a chip, up to the interval `last`. The VM's guest has reported
	/// a shortfall of one half for the maximum number of intervals up to `last`.
	fn dispute(chip: &ChipHash, vm: VmId, last: IntervalIndex);

	/// Fills the rows that other pallets store for a chip: VEKs with deposits of other accounts,
	/// and an open challenge.
	fn engage(chip: &ChipHash, miner: &AccountId);
}
