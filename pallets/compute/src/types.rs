extern crate alloc;

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use hcc_evidence::{
	host::Hash256,
	vm::{config::MAX_CONFIG, image::ImageId, VmId},
};
use hcc_primitives::{
	units::{Balance, BlockNumber},
	ChipHash, IntervalIndex, PaidSlots, Price, Tick, Tier,
};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_runtime::Debug;

use crate::price::{Allotment, Rate};

/// An account of the chain.
pub type AccountIdOf<T> = <T as frame_system::Config>::AccountId;
/// [`OrderRequest`] with the chain's accounts.
pub type OrderRequestOf<T> = OrderRequest<AccountIdOf<T>>;
/// [`VmContext`] with the chain's accounts.
pub type VmContextOf<T> = VmContext<AccountIdOf<T>>;
/// The bytes of a configuration.
pub type ConfigBytes = BoundedVec<u8, ConstU32<{ MAX_CONFIG as u32 }>>;
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

/// A revision of a VM's configuration, as its tenant sends it.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct SignedConfig {
	/// The bytes, which the image reads from its host. The chain does not parse them.
	pub bytes: ConfigBytes,
	/// The number that distinguishes the orders of a tenant.
	pub order_nonce: u64,
	/// The number of the revision. Each later revision has a higher one.
	pub revision: u32,
	/// The ed25519 public key that signs all revisions of the order.
	pub signer: [u8; 32],
	/// The signature of `signer` over [`hcc_evidence::vm::config::config_revision_statement`].
	pub signature: [u8; 64],
}

/// The current revision of a VM's configuration. Its bytes are in the body of a block.
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
	/// The hash of the bytes.
	pub hash: Hash256,
	/// The number that distinguishes the orders of a tenant.
	pub order_nonce: u64,
	pub revision: u32,
	/// The ed25519 public key that signs all revisions.
	pub signer: [u8; 32],
	/// The signature of `signer` over [`hcc_evidence::vm::config::config_revision_statement`].
	pub signature: [u8; 64],
	/// The number of the block whose body contains the bytes.
	pub block: BlockNumber,
}

/// The requirements of an order on its image.
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
pub struct ImageDemand {
	/// The id of the image in the directory.
	pub id: ImageId,
	/// The minimum number of statements that the image was rebuilt from its sources.
	pub rebuilds: u32,
	/// Governance must endorse the image.
	pub endorsed: bool,
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
pub struct OrderRequest<AccountId> {
	pub flavour: FlavourId,
	pub image: ImageDemand,
	pub config: SignedConfig,
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

/// The order of a VM: everything that its host must not change.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Order<AccountId> {
	pub flavour: FlavourId,
	/// The id of the image. The directory may no longer contain it.
	pub image: ImageId,
	/// The launch measurement of the image with the VM's number of vCPUs, from the directory.
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
	/// The miner has booted the VM since the paid slot `since`. Evidence and its confirmation are
	/// due by tick `until`. `fee` has been taken from the escrow.
	Booting { nonce: Hash256, fee: Balance, since: PaidSlots, until: Tick },
	/// Evidence of the boot was accepted. The guest has to confirm the boot by tick `until`. The
	/// boot began at the paid slot `since`, and `fee` has been taken from the escrow.
	Attested { fee: Balance, since: PaidSlots, until: Tick },
	/// The VM runs. Its time since the paid slot `since` is not in [`Vm::run`] yet.
	Running { since: PaidSlots },
	/// The VM is stopped. Its disk rent is due since the paid slot `since`. It is terminated after
	/// tick `until`.
	Stopped { since: PaidSlots, until: Tick },
	/// The VM has ended. Its open charges are still to be settled.
	Terminated,
}

/// The payment and the times of a boot that has begun and is not confirmed.
#[derive(Clone, Copy, Eq, PartialEq, Debug)]
pub(crate) struct OpenBoot {
	pub(crate) fee: Balance,
	pub(crate) since: PaidSlots,
	pub(crate) until: Tick,
}

impl VmState {
	/// Returns the boot that has begun and is not confirmed.
	pub(crate) fn open_boot(&self) -> Option<OpenBoot> {
		match *self {
			Self::Booting { fee, since, until, .. } | Self::Attested { fee, since, until } => {
				Some(OpenBoot { fee, since, until })
			},
			Self::Pending { .. }
			| Self::Assigned { .. }
			| Self::Running { .. }
			| Self::Stopped { .. }
			| Self::Terminated => None,
		}
	}
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
	/// Evidence was accepted, but the guest did not confirm the boot.
	NotConfirmed,
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

/// A guest's confirmation of its boot.
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
pub struct Confirmed {
	/// The number of the block that contains the confirmation.
	pub block: BlockNumber,
	/// The commitment to a new disk key.
	pub key_commit: Option<Hash256>,
	/// The root over the tokens of the disk key, or zeroes without a disk key.
	pub token_root: Hash256,
	/// The stamp of the volume, or zero without a disk key.
	pub stamp: u64,
}

/// A boot whose evidence was accepted, with everything that the evidence was judged by except the
/// policy. Grants of disk keys depend on it.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct BootRow {
	pub generation: u32,
	pub counter: u32,
	pub nonce: Hash256,
	pub chip: ChipHash,
	/// The launch measurement of the guest.
	pub measurement: [u8; 48],
	/// The hash of the configuration with which the guest booted.
	pub config_hash: Hash256,
	/// The Merkle root over the holders of shares of the disk key at this boot.
	pub holders_root: Hash256,
	/// The guest's ed25519 public key.
	pub guest_pk: [u8; 32],
	/// The SHA-256 digest of the guest's SSH host key.
	pub ssh_host_key_hash: [u8; 32],
	/// The hash of the evidence, and the number of the block whose body contains it together with
	/// the guest's X-Wing key.
	pub evidence: Hash256,
	pub block: BlockNumber,
	/// The tick and the interval in which the evidence was accepted.
	pub at: Tick,
	pub interval: IntervalIndex,
	/// The guest's confirmation. A boot without one counts as never booted.
	pub confirmed: Option<Confirmed>,
}

/// The rows of a VM that a verifier or a holder of key shares needs, from one state.
#[derive(Clone, Eq, PartialEq, Debug, Encode, Decode, TypeInfo)]
pub struct VmContext<AccountId> {
	pub vm: Vm<AccountId>,
	pub order: Order<AccountId>,
	/// The last boot whose evidence was accepted, confirmed or not.
	pub boot: Option<BootRow>,
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
