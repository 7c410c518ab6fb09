use frame_support::{derive_impl, traits::ConstU128, BoundedVec};
use frame_system::EnsureRoot;
use hcc_evidence::vm::{
	image::{ImageDigests, ImageId, ImageRow},
	rebuild_statement,
};
use hcc_primitives::{genesis, units::Balance};
use sp_core::{ed25519, Pair};
use sp_runtime::{AccountId32, BuildStorage, DispatchResult};

use crate as pallet_images;
use crate::*;

#[frame_support::runtime]
mod runtime {
	#[runtime::runtime]
	#[runtime::derive(
		RuntimeCall,
		RuntimeEvent,
		RuntimeError,
		RuntimeOrigin,
		RuntimeHoldReason,
		RuntimeFreezeReason,
		RuntimeTask
	)]
	pub struct Test;

	#[runtime::pallet_index(0)]
	pub type System = frame_system;
	#[runtime::pallet_index(1)]
	pub type Balances = pallet_balances;
	#[runtime::pallet_index(2)]
	pub type Images = pallet_images;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = frame_system::mocking::MockBlock<Test>;
	type AccountId = AccountId32;
	type Lookup = sp_runtime::traits::IdentityLookup<AccountId32>;
	type AccountData = pallet_balances::AccountData<Balance>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
	type Balance = Balance;
	type ExistentialDeposit = ConstU128<10>;
	type AccountStore = System;
}

pub const IMAGE_DEPOSIT: Balance = 5_000;
pub const REBUILD_DEPOSIT: Balance = 300;
pub const ENDOWMENT: Balance = 1_000_000;

impl Config for Test {
	type NativeBalance = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type EndorseOrigin = EnsureRoot<AccountId32>;
	type WithdrawOrigin = EnsureRoot<AccountId32>;
	type ImageDeposit = ConstU128<IMAGE_DEPOSIT>;
	type RebuildDeposit = ConstU128<REBUILD_DEPOSIT>;
	type WeightInfo = ();
}

/// The publisher of every test.
pub const PUBLISHER: u8 = 1;

pub fn account(number: u8) -> AccountId32 {
	AccountId32::new([number; 32])
}

pub fn signed(number: u8) -> RuntimeOrigin {
	RuntimeOrigin::signed(account(number))
}

pub fn label(text: &str) -> Name {
	text.as_bytes().to_vec().try_into().expect("the text is short")
}

pub fn digests() -> ImageDigests {
	ImageDigests {
		firmware: [1; 32],
		kernel: [2; 32],
		initrd: [3; 32],
		command_line: [4; 32],
		squashfs: [5; 32],
		verity: [6; 32],
	}
}

/// Returns rows with these numbers of vCPUs.
pub fn rows(vcpus: &[u32]) -> Rows {
	let row = |vcpus: &u32| ImageRow { vcpus: *vcpus, measurement: [*vcpus as u8; 48] };
	BoundedVec::truncate_from(vcpus.iter().map(row).collect())
}

pub fn locations(texts: &[&str]) -> Locations {
	let location = |text: &&str| BoundedVec::truncate_from(text.as_bytes().to_vec());
	BoundedVec::truncate_from(texts.iter().map(location).collect())
}

/// Registers an image with rows of 1 and 2 vCPUs.
pub fn register(who: u8, version: &str) -> DispatchResult {
	Images::register(
		signed(who),
		label("minimal"),
		label(version),
		digests(),
		rows(&[1, 2]),
		locations(&["https://images.example/minimal"]),
	)
}

/// Returns the id of the image that [`register`] registers.
pub fn id(version: &str) -> ImageId {
	let rows = rows(&[1, 2]);
	hcc_evidence::vm::image::image_id(b"minimal", version.as_bytes(), &digests(), &rows)
}

/// Publishes the statement of the key with this number, which covers the account `named`.
pub fn state_rebuild(who: u8, named: u8, image: ImageId, key: u8) -> DispatchResult {
	let pair = ed25519::Pair::from_seed(&[key; 32]);
	let statement = rebuild_statement(&genesis::<Test>(), &image, &[named; 32]);
	let signature = pair.sign(&statement).0;
	Images::state_rebuild(signed(who), image, pair.public().0, signature)
}

/// Returns the public key with this number.
pub fn key(number: u8) -> [u8; 32] {
	ed25519::Pair::from_seed(&[number; 32]).public().0
}

pub fn held(who: u8) -> Balance {
	use frame_support::traits::fungible::InspectHold;
	Balances::total_balance_on_hold(&account(who))
}

/// Runs `test` on a chain with these initial images, and checks the invariants.
pub fn run_with(images: Vec<ImageSpec>, test: impl FnOnce()) {
	let accounts = [1, 2, 3, 4];
	let storage = RuntimeGenesisConfig {
		balances: pallet_balances::GenesisConfig {
			balances: accounts.map(|number| (account(number), ENDOWMENT)).to_vec(),
			..Default::default()
		},
		images: pallet_images::GenesisConfig { images, ..Default::default() },
		..Default::default()
	}
	.build_storage()
	.expect("the mock genesis is sound");
	sp_io::TestExternalities::from(storage).execute_with(|| {
		System::set_block_number(1);
		test();
		Images::do_try_state().expect("the invariants hold");
	});
}

pub fn run(test: impl FnOnce()) {
	run_with(Vec::new(), test);
}
