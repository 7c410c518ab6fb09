extern crate alloc;

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
	traits::{ConstU32, Get},
	BoundedVec,
};
use hcc_evidence::{host::Hash256, vm::VmId};
use hcc_primitives::{
	units::Balance, ChipHash, IntervalIndex, PaidSlots, Price, SettlementShares, Tick, Tier,
};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_runtime::{traits::Saturating, Debug, Perbill};

use crate::price::{Allotment, List, Rate, Shares};

/// An account of the chain.
pub type AccountIdOf<T> = <T as frame_system::Config>::AccountId;
/// [`Order`] with the chain's accounts.
pub type OrderOf<T> = Order<AccountIdOf<T>>;
/// [`Vm`] with the chain's accounts.
pub type VmOf<T> = Vm<AccountIdOf<T>>;
/// [`Charge`] with the chain's accounts.
pub type ChargeOf<T> = Charge<AccountIdOf<T>>;
/// The number of a flavour.
pub type FlavourId = u16;

/// Maximum length of a flavour's name, in bytes.
pub const MAX_NAME: u32 = 32;
/// Maximum number of miners that an order excludes, and of miners that are recorded as having
/// failed to boot a VM.
pub const MAX_EXCLUDED: u32 = 8;
/// Maximum number of unsettled charges of a VM: one for each interval in which a verdict can still
/// be disproved, and [`BUSY`] more.
pub const MAX_CHARGES: u32 = 16;
/// Number of settlements that are stored for a VM. This suffices for the settlements of a day.
pub const MAX_SETTLED: u32 = 24;
/// If a VM has this number of unsettled charges, its tenant cannot make calls that add another
/// charge. The limit keeps the list of charges from overflowing.
pub const BUSY: usize = 4;
/// Number of searches for a miner before an order's deadline.
pub const ROUNDS: u32 = 4;
/// Number of chips that are drawn in each search.
pub const SAMPLES: u32 = 16;
/// Maximum number of miners to which a VM is assigned while none has booted it.
pub const MAX_GENERATIONS: u32 = 3;
/// Number of refused pieces of evidence that ends a boot.
pub const MAX_REFUSALS: u8 = 3;

/// The rules that governance sets. Times are in ticks, and amounts in 10⁻⁶ USD unless stated
/// otherwise.
#[derive(
	Clone,
	Copy,
	Eq,
	PartialEq,
	Debug,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
	Serialize,
	Deserialize,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rules {
	pub list: List,
	/// The price of a boot.
	pub boot_fee: u32,
	/// The minimum price of a boot, in the smallest units of α. It covers the miner's transaction
	/// fees for the boot.
	pub least_fee: Balance,
	pub shares: Shares,
	/// The time during which the chain searches for a miner.
	pub placement: Tick,
	/// The time within which a miner has to begin a boot.
	pub acceptance: Tick,
	/// The time within which boot evidence has to be accepted.
	pub boot: Tick,
	/// The maximum time for which a VM can be stopped.
	pub stopped: Tick,
	/// The rest of a miner that has missed a deadline: it receives no new VMs in this time.
	pub rest: Tick,
	/// The number of intervals that the escrow must cover when a VM is ordered or started; at least
	/// two.
	pub reserve: u8,
	/// The number of intervals that the escrow must cover to avoid a warning.
	pub warning: u8,
	/// The number of crashes of a VM that a miner can report in a day.
	pub crashes: u8,
	/// The number of consecutive lapsed intervals after which a VM is terminated.
	pub lost: u8,
}

impl Rules {
	/// Returns the rules with every value within its bounds. The bounds keep deadlines feasible,
	/// and ensure that the escrow covers all amounts that are due before the next review.
	pub fn clamped(self) -> Self {
		// With less than two, the first review would stop the VM.
		let reserve = self.reserve.clamp(2, 24);
		Self {
			shares: self.shares.clamped(),
			placement: self.placement.clamp(ROUNDS, 14_400),
			acceptance: self.acceptance.clamp(5, 600),
			boot: self.boot.clamp(10, 2_400),
			stopped: self.stopped.clamp(600, 1_000_000),
			rest: self.rest.min(14_400),
			reserve,
			warning: self.warning.clamp(reserve, 240),
			crashes: self.crashes.min(24),
			lost: self.lost.clamp(2, 240),
			..self
		}
	}
}

/// Reads the shares of settlements from rules `R`, so that emission depends on the rules only and
/// not on this pallet's state.
pub struct SharesOf<R>(core::marker::PhantomData<R>);

impl<R: Get<Rules>> SettlementShares for SharesOf<R> {
	fn lost() -> Perbill {
		let shares = R::get().clamped().shares;
		shares.treasury.saturating_add(shares.burned)
	}
}

/// A flavour in a chain specification.
#[derive(Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FlavourSpec {
	pub number: FlavourId,
	pub name: alloc::string::String,
	pub allotted: Allotment,
}

/// A named size of VM that can be ordered.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Flavour {
	/// The name, in UTF-8.
	pub name: BoundedVec<u8, ConstU32<MAX_NAME>>,
	pub allotted: Allotment,
}

impl From<&FlavourSpec> for Flavour {
	fn from(spec: &FlavourSpec) -> Self {
		// A longer name is truncated. The name is for display only.
		let name = spec.name.bytes().take(MAX_NAME as usize).collect::<alloc::vec::Vec<_>>();
		Self { name: BoundedVec::truncate_from(name), allotted: spec.allotted }
	}
}

/// The network destinations that a VM can reach.
#[derive(
	Clone,
	Copy,
	Eq,
	PartialEq,
	Debug,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub enum Egress {
	/// No destination.
	Closed,
	/// The destinations that the VM's configuration lists.
	Listed,
	/// All destinations.
	Open,
}

/// The hash of a VM's configuration and its tenant's signature. The image reads the configuration
/// from its host.
#[derive(
	Clone,
	Copy,
	Eq,
	PartialEq,
	Debug,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct Configuration {
	/// The hash of the configuration.
	pub hash: Hash256,
	/// The ed25519 public key that identifies the configuration's author.
	pub signer: [u8; 32],
	/// The signature of `signer` over [`hcc_evidence::vm::config_statement`].
	pub signature: [u8; 64],
}

/// Miners that are allowed to run a VM.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum Choice<AccountId> {
	/// A miner that is drawn at random among all miners except the listed ones.
	Drawn { except: BoundedVec<AccountId, ConstU32<MAX_EXCLUDED>> },
	/// Only this miner.
	Named(AccountId),
}

/// A tenant's request for a VM.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Order<AccountId> {
	pub flavour: FlavourId,
	/// The launch measurement of the image.
	pub measurement: [u8; 48],
	pub config: Configuration,
	/// The Merkle root over the holders of shares of the disk key.
	pub holders_root: Hash256,
	pub egress: Egress,
	/// The maximum price, in 10⁻⁶ USD an hour.
	pub max_price: u64,
	/// The worst tier that is accepted.
	pub tier: Tier,
	/// Accepts chips with [`hcc_evidence::host::GenerationTrust::Reduced`].
	pub reduced: bool,
	/// The ISO 3166-1 numeric code of the country. `None` accepts every country.
	pub region: Option<u16>,
	pub miner: Choice<AccountId>,
}

/// The state of a VM.
#[derive(
	Clone,
	Copy,
	Eq,
	PartialEq,
	Debug,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub enum VmState {
	/// The chain seeks a miner. The next search is at tick `next`; the search ends after `until`.
	Pending { next: Tick, until: Tick },
	/// A miner is assigned. It has to begin the boot by `until`.
	Assigned { until: Tick },
	/// The miner began the boot at the paid slot `since`. Evidence is due by tick `until`. `fee`
	/// has been taken from the escrow.
	Booting { nonce: Hash256, fee: Balance, since: PaidSlots, until: Tick },
	/// The VM runs. Its time since the paid slot `since` is not in [`Vm::run`] yet.
	Running { since: PaidSlots },
	/// The VM is stopped. Its disk rent is due since the paid slot `since`. It is terminated after
	/// tick `until`.
	Stopped { since: PaidSlots, until: Tick },
	/// The VM has ended. Its open charges are still to be settled.
	Terminated,
}

/// The reason why a VM was stopped.
#[derive(
	Clone,
	Copy,
	Eq,
	PartialEq,
	Debug,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub enum StopReason {
	/// The tenant's request.
	Tenant,
	/// The escrow does not cover the time until the next review.
	Unfunded,
	/// The price of α is unknown.
	NoPrice,
	/// The miner missed a boot deadline.
	NotBooted,
	/// The chain did not allow the boot, because of trust, tier or the price of α.
	NotAllowed,
}

/// The reason why a VM was terminated.
#[derive(
	Clone,
	Copy,
	Eq,
	PartialEq,
	Debug,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub enum EndReason {
	/// The tenant's request.
	Tenant,
	/// No suitable miner was found in time.
	NotPlaced,
	/// [`MAX_GENERATIONS`] miners failed to boot the VM.
	NotBooted,
	/// The escrow was too small for the price of α at which a miner was found.
	Unfunded,
	/// The VM was stopped for too long.
	Abandoned,
	/// The chip no longer belongs to the miner, or it was not live for too many intervals.
	HostLost,
}

/// The reason why an assignment ended without a running VM.
#[derive(
	Clone,
	Copy,
	Eq,
	PartialEq,
	Debug,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub enum AssignmentFailure {
	/// The miner did not begin the boot.
	NotBegun,
	/// The miner began the boot, but no evidence was accepted.
	NoEvidence,
	/// The chain did not allow the boot, because of trust, tier or the price of α. The miner is not
	/// at fault.
	NotAllowed,
}

/// An amount that was taken from an escrow for some intervals and is not settled yet.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Charge<AccountId> {
	pub first: IntervalIndex,
	pub last: IntervalIndex,
	/// The number of paid slots for which the VM ran in these intervals.
	pub slots: PaidSlots,
	/// The amount, taken from the escrow.
	pub amount: Balance,
	/// The price of α at the time of the charge.
	pub price: Price,
	/// The miner and the chip that did the work.
	pub miner: AccountId,
	pub chip: ChipHash,
	/// True if the run ended in these intervals, by a stop, a reboot or a crash.
	pub cut: bool,
}

/// The result of settling a charge.
#[derive(
	Clone,
	Copy,
	Eq,
	PartialEq,
	Debug,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct Settlement {
	pub first: IntervalIndex,
	pub last: IntervalIndex,
	/// The number of paid slots for which the VM ran, and the chip on which it ran.
	pub slots: PaidSlots,
	pub chip: ChipHash,
	/// The price of α at the time of the charge.
	pub price: Price,
	/// The amount paid, before its division.
	pub paid: Balance,
	/// The refunded amount. If the chip was not live, the whole charge is refunded.
	pub refunded: Balance,
	/// The amount burned because there was no receipt.
	pub burned: Balance,
}

/// Time for which a VM ran and that is not charged yet.
#[derive(
	Clone,
	Copy,
	Eq,
	PartialEq,
	Debug,
	Default,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct Run {
	/// The interval in which the uncharged time begins.
	pub interval: IntervalIndex,
	/// The number of paid slots.
	pub slots: PaidSlots,
	/// True if a run ended in this time, by a stop, a reboot or a crash.
	pub cut: bool,
}

/// The miner that has a VM, the chip, and the agreed price.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Place<AccountId> {
	pub miner: AccountId,
	/// The chip on which the VM runs. `None` before the first boot at this miner.
	pub chip: Option<ChipHash>,
	/// The agreed price. Later changes of list prices and asks do not affect it.
	pub rate: Rate,
}

/// The state and the accounts of a VM.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Vm<AccountId> {
	pub tenant: AccountId,
	pub state: VmState,
	pub allotted: Allotment,
	/// The maximum price, in 10⁻⁶ USD an hour.
	pub max_price: u64,
	/// The number of miners to which the VM was assigned so far.
	pub generation: u32,
	/// The number of boots that were begun.
	pub boot_counter: u32,
	pub place: Option<Place<AccountId>>,
	/// The tenant's funds on hold that are not charged yet.
	pub escrow: Balance,
	/// The tenant's funds on hold for the storage rows.
	pub deposit: Balance,
	pub run: Run,
	/// The charges that are not settled yet.
	pub charges: BoundedVec<Charge<AccountId>, ConstU32<MAX_CHARGES>>,
	/// The miners that failed to boot the VM.
	pub tried: BoundedVec<AccountId, ConstU32<MAX_EXCLUDED>>,
	/// The day of the last crash, and the number of crashes on that day.
	pub crashes: (u32, u8),
	/// The number of consecutive lapsed intervals.
	pub lapses: u8,
	/// True if the last settled interval through which the VM ran has no receipt.
	pub silent: bool,
	/// The tick of the next review.
	pub look: Tick,
}

/// A boot whose evidence was accepted. Grants of disk keys depend on this boot.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct BootRow {
	pub generation: u32,
	pub counter: u32,
	pub chip: ChipHash,
	/// The guest's ed25519 public key.
	pub guest_pk: [u8; 32],
	/// The SHA-256 digest of the guest's SSH host key.
	pub ssh_host_key_hash: [u8; 32],
	/// The hash of the evidence. The evidence itself is in the block body, together with the
	/// guest's X-Wing key.
	pub evidence: Hash256,
	/// The tick and the interval in which the evidence was accepted.
	pub at: Tick,
	pub interval: IntervalIndex,
}

/// Totals of all payments since genesis, for explorers and for the conservation check in
/// `try_state`.
#[derive(
	Clone,
	Copy,
	Eq,
	PartialEq,
	Debug,
	Default,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct Totals {
	/// The sum that tenants paid for intervals, searches, boots and disks.
	pub settled: Balance,
	/// The parts of that sum that miners, validators and the treasury received, and the part that
	/// was burned.
	pub miners: Balance,
	pub validators: Balance,
	pub treasury: Balance,
	pub burned: Balance,
	/// The sum of refunded charges and boot fees.
	pub refunded: Balance,
	/// The sum that was taken from escrows: for intervals, searches, boots and disks.
	pub charged: Balance,
}

/// The id of a VM.
pub type Id = VmId;
