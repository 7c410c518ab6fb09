extern crate alloc;

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use hcc_evidence::{host::Hash256, vm::VmId};
use hcc_primitives::{units::Balance, ChipHash, IntervalIndex, Price, Tick, Tier};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_runtime::Debug;

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

/// The longest name of a flavour, in bytes.
pub const MAX_NAME: u32 = 32;
/// The most miners that an order excludes, and that are remembered as having not booted a VM.
pub const MAX_EXCLUDED: u32 = 8;
/// How many charges of a VM can be unsettled at once: one for each interval in which a verdict can be proven false, and [`BUSY`].
pub const MAX_CHARGES: u32 = 16;
/// How many settlements of a VM are remembered: a day's.
pub const MAX_SETTLED: u32 = 24;
/// With how many unsettled a tenant can have nothing done that makes another: what is unsettled is never more than there is room for.
pub const BUSY: usize = 4;
/// How often a miner is looked for until an order's deadline.
pub const ROUNDS: u32 = 4;
/// How many chips are drawn each time.
pub const SAMPLES: u32 = 16;
/// How many miners are given a VM that none has booted.
pub const MAX_GENERATIONS: u32 = 3;

/// What governance sets. Times are in ticks, money is in 10⁻⁶ USD.
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
	/// What a boot costs.
	pub boot_fee: u32,
	/// The least that a boot costs, in the smallest units of α: a miner has fees to pay for it.
	pub least_fee: Balance,
	pub shares: Shares,
	/// How long a miner is looked for.
	pub placement: Tick,
	/// How long a miner may take until it begins a boot.
	pub acceptance: Tick,
	/// How long a boot may take.
	pub boot: Tick,
	/// How long a VM may be stopped.
	pub stopped: Tick,
	/// How long a miner gets no work that has not booted what it was given.
	pub rest: Tick,
	/// For how many intervals the escrow must last where a VM is begun: two at the least.
	pub reserve: u8,
	/// For how many intervals it must last without a warning.
	pub warning: u8,
	/// How many crashes a miner may tell of a VM in a day.
	pub crashes: u8,
	/// After how many lapsed intervals in a row a VM is given up.
	pub lost: u8,
}

impl Rules {
	/// Every value within its bounds: deadlines that can be kept, and an escrow that covers what is owed before anybody looks.
	pub fn clamped(self) -> Self {
		// With less a VM would be stopped when it is looked after for the first time.
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

/// Where rules are kept.
pub trait StoreRules {
	/// Keeps these from now on.
	fn store(rules: Rules);
}

/// A flavour, as a chain spec has it.
#[derive(Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FlavourSpec {
	pub number: FlavourId,
	pub name: alloc::string::String,
	pub allotted: Allotment,
}

/// A kind of VM that can be ordered.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Flavour {
	/// UTF-8.
	pub name: BoundedVec<u8, ConstU32<MAX_NAME>>,
	pub allotted: Allotment,
}

impl From<&FlavourSpec> for Flavour {
	fn from(spec: &FlavourSpec) -> Self {
		// What does not fit is cut: a name is for people only.
		let name = spec.name.bytes().take(MAX_NAME as usize).collect::<alloc::vec::Vec<_>>();
		Self { name: BoundedVec::truncate_from(name), allotted: spec.allotted }
	}
}

/// What a VM may reach.
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
	/// Nothing.
	Closed,
	/// What its configuration lists.
	Listed,
	/// Everything.
	Open,
}

/// A VM's configuration: what its image reads of its host, and its tenant's signature.
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
	/// ed25519: whose configuration it is.
	pub signer: [u8; 32],
	/// By `signer` over [`hcc_evidence::vm::config_statement`].
	pub signature: [u8; 64],
}

/// Who may run a VM.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum Choice<AccountId> {
	/// Whoever is drawn, but these.
	Drawn { except: BoundedVec<AccountId, ConstU32<MAX_EXCLUDED>> },
	/// This miner, and no other.
	Named(AccountId),
}

/// What a tenant orders.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Order<AccountId> {
	pub flavour: FlavourId,
	/// The launch measurement of the image.
	pub measurement: [u8; 48],
	pub config: Configuration,
	/// The root over those who hold shares of the disk key.
	pub holders_root: Hash256,
	pub egress: Egress,
	/// The highest price, in 10⁻⁶ USD an hour.
	pub max_price: u64,
	/// The worst tier that will do.
	pub tier: Tier,
	/// Whether chips will do that are trusted less: [`hcc_evidence::host::GenerationTrust::Reduced`].
	pub reduced: bool,
	/// ISO 3166-1 numeric code of the country; none for any.
	pub region: Option<u16>,
	pub miner: Choice<AccountId>,
}

/// How far a VM has come.
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
pub enum State {
	/// A miner is looked for: next at tick `next`, and no longer than `until`.
	Pending { next: Tick, until: Tick },
	/// Its miner is to boot it, and has to begin by `until`.
	Assigned { until: Tick },
	/// Its miner boots it since tick `since`, and has to show its evidence by `until`. The fee has been taken from the escrow.
	Booting { nonce: Hash256, fee: Balance, since: Tick, until: Tick },
	/// It has shown its evidence at tick `since`; of what ran before its interval nothing is counted any more.
	Running { since: Tick },
	/// It is stopped, and given up after `until`; since tick `since` its disk is not paid for.
	Stopped { since: Tick, until: Tick },
	/// It is gone; what is unsettled will be settled.
	Terminated,
}

/// Why a VM was stopped.
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
	/// Its tenant wished it.
	Tenant,
	/// Its escrow would not last for another interval.
	Unfunded,
	/// Nobody knows what α is worth.
	NoPrice,
	/// Its miner did not boot it in time.
	NotBooted,
}

/// Why a VM is gone.
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
	/// Its tenant wished it.
	Tenant,
	/// No miner could take it in time.
	NotPlaced,
	/// As many miners as may try have not booted it.
	NotBooted,
	/// Its escrow would not last, at the price of α when a miner was found.
	Unfunded,
	/// It was stopped for too long.
	Abandoned,
	/// Its chip has left its miner, or has not been live for too long.
	HostLost,
}

/// What was found of a miner that was given a VM and did not boot it.
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
pub enum Failure {
	/// It has not begun.
	NotBegun,
	/// It has begun, and no evidence has come.
	NoEvidence,
}

/// What is owed for intervals, as long as it is not settled.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Charge<AccountId> {
	pub first: IntervalIndex,
	pub last: IntervalIndex,
	/// How long the VM ran in them.
	pub ticks: Tick,
	/// Taken from the escrow.
	pub amount: Balance,
	/// What one α was worth.
	pub price: Price,
	/// Whose work it was, and on which chip.
	pub miner: AccountId,
	pub chip: ChipHash,
}

/// What became of what was owed for intervals.
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
	/// How long the VM ran in them, and on which chip.
	pub ticks: Tick,
	pub chip: ChipHash,
	/// What one α was worth.
	pub price: Price,
	/// What was paid, before it was divided.
	pub paid: Balance,
	/// What was given back: all of it where the chip was not live.
	pub refunded: Balance,
}

/// What ran and is not owed yet.
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
	/// The first interval of it.
	pub interval: IntervalIndex,
	pub ticks: Tick,
}

/// Where a VM is.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Place<AccountId> {
	pub miner: AccountId,
	/// On which of its chips; none before it has booted there.
	pub chip: Option<ChipHash>,
	/// The price that was agreed: it stays, whatever becomes of lists and asks.
	pub rate: Rate,
}

/// A VM.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Vm<AccountId> {
	pub tenant: AccountId,
	pub state: State,
	pub allotted: Allotment,
	/// The highest price, in 10⁻⁶ USD an hour.
	pub max_price: u64,
	/// How many miners it was given to.
	pub generation: u32,
	/// How many boots were begun.
	pub boot_counter: u32,
	pub place: Option<Place<AccountId>>,
	/// What is held of the tenant and not owed.
	pub escrow: Balance,
	/// What is held of the tenant for the rows.
	pub deposit: Balance,
	pub run: Run,
	/// What is owed and can still be found not to be.
	pub charges: BoundedVec<Charge<AccountId>, ConstU32<MAX_CHARGES>>,
	/// The miners that have not booted it.
	pub tried: BoundedVec<AccountId, ConstU32<MAX_EXCLUDED>>,
	/// The day of the last crash, and how many there were on it.
	pub crashes: (u32, u8),
	/// How many intervals in a row have lapsed.
	pub lapses: u8,
	/// When the chain looks after it next.
	pub look: Tick,
}

/// A boot that has shown its evidence: what grants of disk keys rest on.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct BootRow {
	pub generation: u32,
	pub counter: u32,
	pub chip: ChipHash,
	/// ed25519.
	pub guest_pk: [u8; 32],
	/// SHA-256.
	pub ssh_host_key_hash: [u8; 32],
	/// The hash of the evidence, which lies in the block's body with the guest's X-Wing key.
	pub evidence: Hash256,
	/// When, and in which interval.
	pub at: Tick,
	pub interval: IntervalIndex,
}

/// All that was ever paid: for explorers, and to see that nothing is lost.
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
	/// What tenants have paid for intervals and boots.
	pub settled: Balance,
	/// What of it went to miners, validators, the treasury; what was burned.
	pub miners: Balance,
	pub validators: Balance,
	pub treasury: Balance,
	pub burned: Balance,
	/// What was owed for intervals that have lapsed, and given back.
	pub refunded: Balance,
}

/// A VM's number.
pub type Id = VmId;
