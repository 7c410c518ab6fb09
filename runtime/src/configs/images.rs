//! Configuration of the directory of images.

use frame_support::traits::ConstU128;
use hcc_primitives::units::MILLI_ALPHA;

use crate::{
	governance::{Loosening, OrRoot, Tightening},
	*,
};

impl pallet_images::Config for Runtime {
	type NativeBalance = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type EndorseOrigin = OrRoot<Loosening>;
	type WithdrawOrigin = OrRoot<Tightening>;
	// A row takes up to 2.3 KiB.
	type ImageDeposit = ConstU128<{ 250 * MILLI_ALPHA }>;
	// A statement takes 144 bytes.
	type RebuildDeposit = ConstU128<{ 25 * MILLI_ALPHA }>;
	type WeightInfo = pallet_images::weights::SubstrateWeight<Runtime>;
}
