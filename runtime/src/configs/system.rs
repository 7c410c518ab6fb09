//! Configuration of blocks, accounts and fees.

use frame_support::{
	derive_impl, parameter_types,
	traits::{
		fungible::{Balanced, Credit},
		ConstU32, ConstU8, Contains, Imbalance, InsideBoth, OnUnbalanced,
	},
	weights::{
		constants::{ParityDbWeight, WEIGHT_REF_TIME_PER_SECOND},
		ConstantMultiplier, IdentityFee, Weight,
	},
};
use frame_system::limits::{BlockLength, BlockWeights};
use hcc_primitives::units::MILLI_ALPHA;
use pallet_transaction_payment::{FungibleAdapter, TargetedFeeAdjustment};
use sp_runtime::{
	traits::{AccountIdLookup, One},
	FixedPointNumber, FixedU128, Perbill, Perquintill,
};
use sp_version::RuntimeVersion;

use crate::*;

/// Balance that an account needs to exist: 10⁻³ α.
pub const EXISTENTIAL_DEPOSIT: Balance = MILLI_ALPHA;

/// Share of a block that `Normal` transactions may fill. The rest is reserved for `Operational`
/// transactions, such as evidence and votes.
const NORMAL_DISPATCH_RATIO: Perbill = Perbill::from_percent(75);

/// Two seconds of computation in each block, which has six seconds. The proof size is unbounded,
/// because a solo chain proves its storage to no relay chain.
const MAXIMUM_BLOCK_WEIGHT: Weight =
	Weight::from_parts(WEIGHT_REF_TIME_PER_SECOND.saturating_mul(2), u64::MAX);

parameter_types! {
	/// Number of block hashes that the runtime stores. It is also the maximum lifetime of a mortal
	/// transaction, in blocks.
	pub const BlockHashCount: BlockNumber = 4096;
	pub const Version: RuntimeVersion = VERSION;
	pub RuntimeBlockWeights: BlockWeights =
		BlockWeights::with_sensible_defaults(MAXIMUM_BLOCK_WEIGHT, NORMAL_DISPATCH_RATIO);
	pub RuntimeBlockLength: BlockLength = BlockLength::builder()
		.max_length(5 * 1024 * 1024)
		.modify_max_length_for_class(frame_support::dispatch::DispatchClass::Normal, |most| {
			*most = NORMAL_DISPATCH_RATIO * *most
		})
		.build();
	/// Substrate's generic prefix, because the chain has not registered a prefix of its own.
	pub const SS58Prefix: u8 = 42;
}

/// Allows all calls except two. Rejects these two calls also inside other calls.
///
/// - `Balances::burn`, because it burns tokens without a record in the issuance pallet.
/// - `System::remark_with_event`, because it deposits more bytes of events for its weight than any
///   other call. A block full of such calls would have more events than clients can read.
pub struct AllowedCalls;
impl Contains<RuntimeCall> for AllowedCalls {
	fn contains(call: &RuntimeCall) -> bool {
		!matches!(
			call,
			RuntimeCall::Balances(pallet_balances::Call::burn { .. })
				| RuntimeCall::System(frame_system::Call::remark_with_event { .. })
		)
	}
}

#[derive_impl(frame_system::config_preludes::SolochainDefaultConfig)]
impl frame_system::Config for Runtime {
	type Block = Block;
	type BlockWeights = RuntimeBlockWeights;
	type BlockLength = RuntimeBlockLength;
	type AccountId = AccountId;
	type Lookup = AccountIdLookup<AccountId, ()>;
	type Nonce = Nonce;
	type Hash = Hash;
	type BlockHashCount = BlockHashCount;
	type DbWeight = ParityDbWeight;
	type Version = Version;
	type AccountData = pallet_balances::AccountData<Balance>;
	type SS58Prefix = SS58Prefix;
	type MaxConsumers = ConstU32<16>;
	type BaseCallFilter = InsideBoth<SafeMode, AllowedCalls>;
	type MultiBlockMigrator = MultiBlockMigrations;
	type SystemWeightInfo = frame_system::weights::SubstrateWeight<Runtime>;
}

impl pallet_balances::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type RuntimeHoldReason = RuntimeHoldReason;
	type RuntimeFreezeReason = RuntimeFreezeReason;
	type WeightInfo = pallet_balances::weights::SubstrateWeight<Runtime>;
	type Balance = Balance;
	// If the balance of an account falls below the existential deposit, the remaining balance is
	// burned.
	type DustRemoval = Issuance;
	type ExistentialDeposit = frame_support::traits::ConstU128<EXISTENTIAL_DEPOSIT>;
	type AccountStore = System;
	type ReserveIdentifier = [u8; 8];
	type FreezeIdentifier = RuntimeFreezeReason;
	type MaxLocks = ConstU32<50>;
	type MaxReserves = ConstU32<50>;
	type MaxFreezes = frame_support::traits::VariantCountOf<RuntimeFreezeReason>;
	type DoneSlashHandler = ();
}

/// Divides fees. Half of a fee goes to the author of the block, and half to the pot that pays for
/// votes. The author receives all tips.
pub struct ToAuthorAndVoters;
impl OnUnbalanced<Credit<AccountId, Balances>> for ToAuthorAndVoters {
	fn on_unbalanceds(mut fees_and_tips: impl Iterator<Item = Credit<AccountId, Balances>>) {
		if let Some(fees) = fees_and_tips.next() {
			let (to_author, to_voters) = fees.ration(1, 1);
			Self::on_unbalanced(to_author);
			// If the pot does not exist yet, it cannot receive less than the existential deposit.
			// Its half then goes to the author.
			if let Err(rest) = Balances::resolve(&Validators::pot(), to_voters) {
				Self::on_unbalanced(rest);
			}
		}
		fees_and_tips.for_each(Self::on_unbalanced);
	}

	fn on_nonzero_unbalanced(amount: Credit<AccountId, Balances>) {
		let left = match Authorship::author() {
			// If the author's account does not exist, it cannot receive less than the existential
			// deposit.
			Some(author) => Balances::resolve(&author, amount).err(),
			None => Some(amount),
		};
		left.into_iter().for_each(Issuance::on_unbalanced);
	}
}

parameter_types! {
	/// Fee of a byte. It equals the fee of a microsecond of computation.
	pub const TransactionByteFee: Balance = 1_000;
	/// Fullness of the normal class of a block at which fees neither rise nor fall.
	pub const TargetBlockFullness: Perquintill = Perquintill::from_percent(50);
	/// Relative change of fees in each block, per unit of fullness above the target. Fees double in
	/// 100 full blocks, which take ten minutes, and halve in 100 empty blocks.
	pub AdjustmentVariable: FixedU128 = FixedU128::saturating_from_rational(14, 1_000);
	/// The minimum multiplier is one, so fees never fall below the price of computation.
	pub MinimumMultiplier: FixedU128 = FixedU128::one();
	pub MaximumMultiplier: FixedU128 = FixedU128::saturating_from_integer(1_000);
}

/// Converts weight to a fee: 10⁻⁹ α for 1,000 units, so a second of computation costs one α.
pub struct WeightToFee;
impl sp_weights::WeightToFee for WeightToFee {
	type Balance = Balance;

	fn weight_to_fee(weight: &Weight) -> Balance {
		IdentityFee::<Balance>::weight_to_fee(weight) / 1_000
	}
}

impl pallet_transaction_payment::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type OnChargeTransaction = FungibleAdapter<Balances, ToAuthorAndVoters>;
	type OperationalFeeMultiplier = ConstU8<5>;
	type WeightToFee = WeightToFee;
	type LengthToFee = ConstantMultiplier<Balance, TransactionByteFee>;
	type FeeMultiplierUpdate = TargetedFeeAdjustment<
		Self,
		TargetBlockFullness,
		AdjustmentVariable,
		MinimumMultiplier,
		MaximumMultiplier,
	>;
	type WeightInfo = pallet_transaction_payment::weights::SubstrateWeight<Runtime>;
}
