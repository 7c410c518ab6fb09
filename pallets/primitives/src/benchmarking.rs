//! The state of other pallets that the benchmarks of a pallet need. The runtime stores this state
//! in the real pallets, so that the weight of a call includes its effects there. Mocks store their
//! own state.

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

	/// Stores a statement of each active validator. Each statement names block 1 as final, and was
	/// made in block 1.
	fn statements();

	/// Sets the tick to `now` and the time to [`NOW`].
	fn set_tick(now: Tick);

	/// Fills the closing queue, so that the next subject that is opened at this tick closes as late
	/// as possible.
	fn crowd();

	/// Sets the randomness from which blocks draw. On a running chain, each block has randomness.
	fn set_randomness();

	/// Adds a TPM vendor's certificate (DER) to the trusted ones, and fills the list of vendors,
	/// because enrolment reads each entry.
	fn trust_vendor(root: &[u8]);

	/// Registers a miner that is its own hot key, with its chips and its TPM.
	fn register(miner: &AccountId, chips: &[ChipHash], tpm: EnrolledTpm);

	/// Stores a VEK of a chip.
	fn add_vek(chip: ChipHash, vek: Vek);

	/// Stores the maximum number of VEKs for a chip. Only the last VEK has a current revocation
	/// list.
	fn add_veks(chip: ChipHash);

	/// Registers `count` miners and sets a price of α. Each miner is its own hot key, offers more
	/// than any order needs, and has a live chip with the maximum number of VEKs.
	fn hosts(count: u32) -> Vec<AccountId>;

	/// Stores an endorsed image with the maximum numbers of rows and rebuild statements. The first
	/// row is for this number of vCPUs, and the second one for one more.
	fn image(vcpus: u32) -> ImageId;

	/// Stores a running VM with this guest. Returns the index of a completed interval in which the
	/// VM ran.
	fn guest(vm: VmId, guest: Guest) -> IntervalIndex;

	/// Opens a compensation case on a chip for the intervals up to `last`. Also stores the maximum
	/// number of receipts of the VM's guest, the newest for interval `last`. Each states a
	/// shortfall of one half.
	fn dispute(chip: &ChipHash, vm: VmId, last: IntervalIndex);

	/// Fills the rows that other pallets store for a chip: VEKs with deposits of other accounts,
	/// and an open challenge.
	fn engage(chip: &ChipHash, miner: &AccountId);
}
