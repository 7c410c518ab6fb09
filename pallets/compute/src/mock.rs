use frame_support::{
	derive_impl, parameter_types,
	traits::{fungible::InspectHold, ConstU128, Hooks, Randomness},
	weights::{Weight, WeightMeter},
	BoundedVec,
};
use frame_system::EnsureRoot;
use hcc_evidence::vm::{
	config::{config_hash, config_revision_statement, ConfigRevision},
	confirmation_statement,
	image::ImageRow,
	Confirmation, SignedConfirmation, VmEvidence,
};
use hcc_primitives::{
	genesis,
	units::{Balance, ALPHA},
	ChipHash, EffectiveOffer, Interval, PaidTime, Price, Tier,
};
use hcc_testing::{
	CurrentInterval, Directory, Fit, MockImages, MockLiveness, MockMiners, MockOracle,
	MockTickSource, MockVms, Now, Offering, PriceForLeases, PriceForOrders,
};
use sp_core::{ed25519, Pair, H256};
use sp_runtime::{AccountId32, BuildStorage, DispatchResult, Perbill};

use crate as pallet_compute;
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
	pub type Compute = pallet_compute;
	#[runtime::pallet_index(3)]
	pub type Emission = pallet_emission;
	#[runtime::pallet_index(4)]
	pub type Issuance = pallet_issuance;
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
	type ExistentialDeposit = ConstU128<1_000>;
	type AccountStore = System;
	type DustRemoval = Issuance;
}

/// List prices that are easy to compute with: a vCPU costs one cent an hour.
pub const LIST: List = List { vcpu: 10_000, memory: 2_000, disk: 100, egress: 5_000 };
pub const RULES: Rules = Rules {
	list: LIST,
	boot_fee: 1_000,
	least_fee: 0,
	shares: Shares {
		validators: Perbill::from_percent(10),
		treasury: Perbill::from_percent(5),
		burned: Perbill::from_percent(5),
	},
	placement: 40,
	acceptance: 10,
	boot: 20,
	stopped: 600,
	rest: 50,
	reserve: 2,
	warning: 4,
	crashes: 2,
	lost: 3,
};
/// Emission rules with one era a day at ten ticks an hour. Some eras owe more than they pay.
pub const DAYS_OF_ERAS: pallet_emission::Rules = pallet_emission::Rules {
	era: 240,
	initial: 50 * ALPHA,
	halving: 90,
	cap: 21_000_000 * ALPHA,
	validators: Perbill::from_percent(20),
	treasury: Perbill::from_percent(10),
	bonus: Perbill::from_percent(10),
	trusted: Perbill::from_percent(100),
	regular: Perbill::from_percent(75),
	probation: Perbill::from_percent(50),
	payable: 3,
};
/// Half a dollar for one α.
pub const PRICE: Price = 500_000_000;
pub const DEPOSIT: Balance = 7_000;
pub const ENDOWMENT: Balance = 1_000_000 * ALPHA;
/// The length of an interval, in ticks.
pub const LENGTH: u32 = 100;
/// An escrow that lasts for days.
pub const ESCROW: Balance = 10 * ALPHA;
/// The only flavour at the start.
pub const SMALL: FlavourId = 1;

parameter_types! {
	/// The rules that a test has set.
	pub static MockRules: Rules = RULES;
	pub static EraRules: pallet_emission::Rules = DAYS_OF_ERAS;
	pub static SearchFee: Balance = 0;
	/// The nonce of the last order.
	pub static LastNonce: u64 = 0;
	pub static Seed: Option<H256> = Some(H256([3; 32]));
	pub Pot: AccountId32 = account(200);
	pub Treasury: AccountId32 = account(201);
}

pub struct Chosen;
impl Randomness<Option<H256>, u64> for Chosen {
	fn random(_: &[u8]) -> (Option<H256>, u64) {
		(Seed::get(), 0)
	}
}

impl hcc_primitives::StoreRules<Rules> for Chosen {
	fn store(rules: Rules) {
		MockRules::set(rules);
	}
}

impl Config for Test {
	type NativeBalance = Balances;
	type Burned = Issuance;
	type RuntimeHoldReason = RuntimeHoldReason;
	type AdminOrigin = EnsureRoot<AccountId32>;
	type Rules = MockRules;
	type StoreRules = Chosen;
	type Oracle = MockOracle;
	type TickSource = MockTickSource;
	type Miners = MockMiners;
	type Liveness = MockLiveness;
	type Images = MockImages;
	type Vms = MockVms;
	type Randomness = Chosen;
	type ValidatorsPot = Pot;
	type Treasury = Treasury;
	type OnSettled = (hcc_testing::MockOnSettled, Emission);
	type Usage = hcc_testing::MockUsage;
	type Deposit = ConstU128<DEPOSIT>;
	type SearchFee = SearchFee;
	type WeightInfo = ();
	#[cfg(feature = "runtime-benchmarks")]
	type World = hcc_testing::MockWorld;
}

impl hcc_primitives::StoreRules<pallet_emission::Rules> for Chosen {
	fn store(rules: pallet_emission::Rules) {
		EraRules::set(rules);
	}
}

impl pallet_issuance::Config for Test {
	type NativeBalance = Balances;
}

impl pallet_emission::Config for Test {
	type Minter = Issuance;
	type Rules = EraRules;
	type StoreRules = Chosen;
	type PaidTime = MockTickSource;
	type Shares = SharesOf<MockRules>;
	type Liveness = MockLiveness;
	type ValidatorsPot = Pot;
	type Treasury = Treasury;
	type WeightInfo = ();
}

pub fn account(number: u8) -> AccountId32 {
	AccountId32::new([number; 32])
}

pub fn signed(number: u8) -> RuntimeOrigin {
	RuntimeOrigin::signed(account(number))
}

pub fn chip_of(miner: u8) -> ChipHash {
	[miner; 32]
}

/// The tenant of every test.
pub const TENANT: u8 = 1;

/// The allotment of the flavour: half of a miner's capacity.
pub const ALLOTTED: Allotment = Allotment { vcpus: 4, memory: 8_192, disk: 100, egress: 1_024 };

/// Registers a miner that is its own hot key, with one chip and room for two small VMs.
pub fn enlist(miner: u8) {
	hcc_testing::register(account(miner), vec![chip_of(miner)], None);
	let offered = EffectiveOffer { region: 276, vcpus: 8, memory: 16_384, disk: 200, ask: 1_000 };
	Offering::mutate(|all| all.push((account(miner), offered)));
	Fit::mutate(|all| all.push((chip_of(miner), Tier::Regular)));
}

/// Changes the offer of a miner.
pub fn offer(miner: u8, change: impl Fn(&mut EffectiveOffer)) {
	Offering::mutate(|all| {
		for (_, offered) in all.iter_mut().filter(|(of, _)| *of == account(miner)) {
			change(offered);
		}
	});
}

/// The image of every order, and its configuration.
pub const IMAGE: [u8; 32] = [8; 32];
pub const CONFIG: &[u8] = b"{}";

/// Returns the key that signs the configurations of every order.
pub fn config_key() -> ed25519::Pair {
	ed25519::Pair::from_seed(&[9; 32])
}

/// Returns the key of every guest.
pub fn guest_key() -> ed25519::Pair {
	ed25519::Pair::from_seed(&[7; 32])
}

/// Returns a configuration, signed for an order of the tenant.
pub fn configured(
	tenant: &AccountId32,
	order_nonce: u64,
	revision: u32,
	bytes: &[u8],
) -> SignedConfig {
	let hash = config_hash(bytes).unwrap_or_default();
	let signed = ConfigRevision { tenant: tenant.clone().into(), order_nonce, revision, hash };
	let statement = config_revision_statement(&genesis::<Test>(), &signed);
	SignedConfig {
		bytes: BoundedVec::truncate_from(bytes.to_vec()),
		order_nonce,
		revision,
		signer: config_key().public().0,
		signature: config_key().sign(&statement).0,
	}
}

/// Returns the first revision for a new order of the tenant.
pub fn new_config(tenant: &AccountId32) -> SignedConfig {
	LastNonce::mutate(|nonce| *nonce += 1);
	configured(tenant, LastNonce::get(), 1, CONFIG)
}

/// Returns an order of the tenant of every test: a small VM that every miner can run.
pub fn small() -> OrderRequestOf<Test> {
	OrderRequest {
		flavour: SMALL,
		image: ImageDemand { id: IMAGE, rebuilds: 0, endorsed: false },
		config: new_config(&account(TENANT)),
		holders_root: [6; 32],
		egress: Egress::Open,
		max_price: 200_000,
		tier: Tier::Probation,
		reduced: false,
		region: None,
		miner: Choice::Drawn { except: BoundedVec::new() },
	}
}

pub fn order(what: OrderRequestOf<Test>) -> DispatchResult {
	order_by(TENANT, what, ESCROW)
}

/// Orders as this tenant, with a new configuration.
pub fn order_by(tenant: u8, what: OrderRequestOf<Test>, escrow: Balance) -> DispatchResult {
	order_as(&account(tenant), what, escrow)
}

pub fn order_as(
	tenant: &AccountId32,
	what: OrderRequestOf<Test>,
	escrow: Balance,
) -> DispatchResult {
	let what = OrderRequest { config: new_config(tenant), ..what };
	Compute::order(RuntimeOrigin::signed(tenant.clone()), Box::new(what), escrow)
}

/// Advances by one block and one tick, and runs the poll hook.
pub fn tick() {
	tick_within(Weight::MAX);
}

/// Advances by one block and one tick, and runs the poll hook with the weight `room`.
pub fn tick_within(room: Weight) {
	Now::mutate(|now| *now += 1);
	let next = System::block_number() + 1;
	System::set_block_number(next);
	let last = CurrentInterval::get();
	if Now::get() >= last.from + last.length {
		let (from, paid_from) = (Now::get(), MockTickSource::paid_slots());
		CurrentInterval::set(Interval { index: last.index + 1, from, paid_from, ..last });
	}
	Compute::on_poll(next, &mut WeightMeter::with_limit(room));
	Compute::do_try_state().expect("the invariants hold");
}

pub fn ticks(count: u32) {
	(0..count).for_each(|_| tick());
}

/// Advances by `count` intervals.
pub fn intervals(count: u32) {
	ticks(count * LENGTH);
}

pub fn vm(id: Id) -> VmOf<Test> {
	Compute::vm(id).expect("the VM exists")
}

pub fn state(id: Id) -> VmState {
	vm(id).state
}

/// Returns the boot evidence of a VM.
pub fn evidence(id: Id) -> VmEvidence {
	let vm = vm(id);
	VmEvidence {
		vm: id,
		generation: vm.generation,
		boot_counter: vm.boot_counter,
		snp_report: vec![0; 1184],
		guest_pk: guest_key().public().0,
		kem_pk: vec![8; 1216],
		ssh_host_key_hash: [9; 32],
	}
}

/// Returns the miner to which a VM is assigned.
pub fn miner_of(id: Id) -> u8 {
	let miner = vm(id).place.expect("the VM has a miner").miner;
	let bytes: &[u8; 32] = miner.as_ref();
	bytes[0]
}

/// Returns the guest's confirmation of a VM's boot.
pub fn confirmation(id: Id) -> Confirmation {
	let vm = vm(id);
	Confirmation {
		vm: id,
		generation: vm.generation,
		boot_counter: vm.boot_counter,
		key_commit: None,
		token_root: [0; 32],
		stamp: 0,
	}
}

/// Signs a confirmation by this key.
pub fn signed_by(key: &ed25519::Pair, confirmation: Confirmation) -> SignedConfirmation {
	let statement = confirmation_statement(&genesis::<Test>(), &confirmation);
	SignedConfirmation { confirmation, signature: key.sign(&statement).0 }
}

/// Submits the guest's confirmation.
pub fn confirm(miner: &RuntimeOrigin, id: Id) -> DispatchResult {
	let signed = signed_by(&guest_key(), confirmation(id));
	Compute::confirm(miner.clone(), Box::new(signed))
}

/// Submits valid evidence and the guest's confirmation.
pub fn show(miner: &RuntimeOrigin, id: Id) -> DispatchResult {
	Compute::attest(miner.clone(), Box::new(evidence(id)))?;
	confirm(miner, id)
}

/// Boots a VM: its miner begins the boot and submits valid evidence, and its guest confirms.
pub fn boot(id: Id) {
	let miner = miner_of(id);
	Compute::boot(signed(miner), id).expect("the VM is assigned to it");
	show(&signed(miner), id).expect("evidence and confirmation are valid");
}

/// Orders a small VM and boots it.
pub fn running() -> Id {
	order(small()).expect("the order is valid");
	let id = LastId::<Test>::get();
	ticks(2);
	boot(id);
	id
}

/// Returns the price of `count` ticks of a small VM.
pub fn worth(count: u32) -> Balance {
	let rate = price::rate(&ALLOTTED, &LIST, 1_000);
	price::cost(rate, count, PRICE).expect("there is a price")
}

pub fn boot_fee() -> Balance {
	price::in_alpha(RULES.boot_fee, PRICE).expect("there is a price")
}

pub fn free(who: u8) -> Balance {
	Balances::free_balance(account(who))
}

pub fn held(who: u8) -> Balance {
	Balances::total_balance_on_hold(&account(who))
}

/// Runs `test` with a tenant, one miner (number 10) and one flavour. Then checks the invariants and
/// the conservation of tokens.
pub fn run(test: impl FnOnce()) {
	hcc_testing::reset();
	MockRules::set(RULES);
	EraRules::set(DAYS_OF_ERAS);
	SearchFee::set(0);
	LastNonce::set(0);
	let row = |vcpus: u32| ImageRow { vcpus, measurement: [vcpus as u8; 48] };
	let rows = (1..=16).chain([u32::MAX]).map(row).collect();
	Directory::set(vec![(IMAGE, rows, false, 0)]);
	Seed::set(Some(H256([3; 32])));
	PriceForOrders::set(Some(PRICE));
	PriceForLeases::set(Some(PRICE));
	let accounts = [1, 2, 10, 11, 12, 200, 201];
	let storage = RuntimeGenesisConfig {
		balances: pallet_balances::GenesisConfig {
			balances: accounts.map(|number| (account(number), ENDOWMENT)).to_vec(),
			..Default::default()
		},
		..Default::default()
	}
	.build_storage()
	.expect("the mock genesis is sound");
	sp_io::TestExternalities::from(storage).execute_with(|| {
		System::set_block_number(1);
		enlist(10);
		let flavour =
			Flavour { name: b"small".to_vec().try_into().expect("short"), allotted: ALLOTTED };
		Compute::set_flavour(RuntimeOrigin::root(), SMALL, Some(flavour))
			.expect("root can set flavours");
		test();
		Compute::do_try_state().expect("the invariants hold");
		Emission::do_try_state().expect("the invariants hold");
		Issuance::do_try_state().expect("the issuance matches what was minted and burned");
		assert_eq!(Issuance::issuance().burned, Compute::paid().burned, "only the pallet burns");
	});
}

/// Sets the balance of an account, as if the account had received it at genesis.
pub fn endow(who: &AccountId32, amount: Balance) {
	use frame_support::traits::fungible::Mutate;
	let before = Balances::total_issuance();
	let _ = Balances::set_balance(who, amount);
	let after = Balances::total_issuance();
	pallet_issuance::Initial::<Test>::mutate(|all| *all = *all + after - before);
}

/// Transfers everything from the account `who` to the account `to`, so that `who` no longer exists.
pub fn leave(who: u8, to: u8) {
	Balances::transfer_all(signed(who), account(to), false).expect("the account can be emptied");
}

/// Returns the amount that eras have minted.
pub fn made() -> Balance {
	Issuance::issuance().minted
}

pub fn events() -> Vec<Event<Test>> {
	System::events()
		.into_iter()
		.filter_map(|record| match record.event {
			RuntimeEvent::Compute(event) => Some(event),
			_ => None,
		})
		.collect()
}
