use frame_support::{
	derive_impl, parameter_types,
	traits::{fungible::InspectHold, ConstU128, Hooks, Randomness},
	weights::{Weight, WeightMeter},
	BoundedVec,
};
use frame_system::EnsureRoot;
use hcc_evidence::vm::{config_statement, VmEvidence};
use hcc_primitives::{
	genesis,
	mock::{
		self, CurrentInterval, Fit, MockLiveness, MockMiners, MockOracle, MockTicks, MockVms, Now,
		Offering, PriceForLeases, PriceForOrders,
	},
	units::{Balance, ALPHA},
	ChipHash, Interval, Offered, Price, Tier,
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
	type DustRemoval = Emission;
}

/// Ten times what is on the list of many a cloud: a vCPU at a cent an hour.
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
/// A day of eras of ten ticks an hour; more is owed than they may bring, at times.
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
	claimable: 3,
};
/// Half a dollar for one α.
pub const PRICE: Price = 500_000_000;
pub const DEPOSIT: Balance = 7_000;
pub const ENDOWMENT: Balance = 1_000_000 * ALPHA;
/// How long an interval is.
pub const LENGTH: u32 = 100;
/// Enough for days.
pub const ESCROW: Balance = 10 * ALPHA;
/// The only flavour there is at first.
pub const SMALL: FlavourId = 1;

parameter_types! {
	/// What a test has made for itself.
	pub static MockRules: Rules = RULES;
	pub static EraRules: pallet_emission::Rules = DAYS_OF_ERAS;
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

impl StoreRules for Chosen {
	fn store(rules: Rules) {
		MockRules::set(rules);
	}
}

impl Config for Test {
	type NativeBalance = Balances;
	type Burned = Emission;
	type RuntimeHoldReason = RuntimeHoldReason;
	type AdminOrigin = EnsureRoot<AccountId32>;
	type Rules = MockRules;
	type StoreRules = Chosen;
	type Oracle = MockOracle;
	type Ticks = MockTicks;
	type Miners = MockMiners;
	type Liveness = MockLiveness;
	type Vms = MockVms;
	type Randomness = Chosen;
	type ValidatorsPot = Pot;
	type Treasury = Treasury;
	type OnSettled = (mock::MockOnSettled, Emission);
	type Usage = mock::MockUsage;
	type Deposit = ConstU128<DEPOSIT>;
	type WeightInfo = ();
	#[cfg(feature = "runtime-benchmarks")]
	type World = hcc_primitives::mock::MockWorld;
}

impl pallet_emission::StoreRules for Chosen {
	fn store(rules: pallet_emission::Rules) {
		EraRules::set(rules);
	}
}

impl pallet_emission::Config for Test {
	type NativeBalance = Balances;
	type Rules = EraRules;
	type StoreRules = Chosen;
	type Ticks = MockTicks;
	type Shares = Compute;
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

/// What a flavour gives that is half of what a miner has.
pub const ALLOTTED: Allotment = Allotment { vcpus: 4, memory: 8_192, disk: 100, egress: 1_024 };

/// Has a miner with one chip, its own hot key, and room for two small VMs.
pub fn enlist(miner: u8) {
	mock::register(account(miner), vec![chip_of(miner)], None);
	let offered = Offered { region: 276, vcpus: 8, memory: 16_384, disk: 200, ask: 1_000 };
	Offering::mutate(|all| all.push((account(miner), offered)));
	Fit::mutate(|all| all.push((chip_of(miner), Tier::Regular)));
}

/// Changes what a miner offers.
pub fn offer(miner: u8, change: impl Fn(&mut Offered)) {
	Offering::mutate(|all| {
		for (_, offered) in all.iter_mut().filter(|(of, _)| *of == account(miner)) {
			change(offered);
		}
	});
}

/// An order of a small VM that anybody may run.
pub fn small() -> OrderOf<Test> {
	let signer = ed25519::Pair::from_seed(&[9; 32]);
	let hash = [5; 32];
	let signature = signer.sign(&config_statement(&genesis::<Test>(), &hash));
	Order {
		flavour: SMALL,
		measurement: [1; 48],
		config: Configuration { hash, signer: signer.public().0, signature: signature.0 },
		holders_root: [6; 32],
		egress: Egress::Open,
		max_price: 200_000,
		tier: Tier::Probation,
		reduced: false,
		region: None,
		miner: Choice::Drawn { except: BoundedVec::new() },
	}
}

pub fn order(what: OrderOf<Test>) -> DispatchResult {
	Compute::order(signed(TENANT), Box::new(what), ESCROW)
}

/// Goes one block and one tick on, and polls.
pub fn tick() {
	tick_within(Weight::MAX);
}

/// The same with that much room for what the pallet does by itself.
pub fn tick_within(room: Weight) {
	Now::mutate(|now| *now += 1);
	let next = System::block_number() + 1;
	System::set_block_number(next);
	let last = CurrentInterval::get();
	if Now::get() >= last.from + last.length {
		CurrentInterval::set(Interval { index: last.index + 1, from: Now::get(), ..last });
	}
	Compute::on_poll(next, &mut WeightMeter::with_limit(room));
	Compute::do_try_state().expect("the invariants hold");
}

pub fn ticks(count: u32) {
	(0..count).for_each(|_| tick());
}

/// Goes on to the last tick of so many intervals from now.
pub fn intervals(count: u32) {
	ticks(count * LENGTH);
}

pub fn vm(id: Id) -> VmOf<Test> {
	Compute::vm(id).expect("it is there")
}

pub fn state(id: Id) -> State {
	vm(id).state
}

/// What the guest of that VM shows at its boot.
pub fn evidence(id: Id) -> VmEvidence {
	let vm = vm(id);
	VmEvidence {
		vm: id,
		generation: vm.generation,
		boot_counter: vm.boot_counter,
		snp_report: vec![0; 1184],
		guest_pk: [7; 32],
		kem_pk: vec![8; 1216],
		ssh_host_key_hash: [9; 32],
	}
}

/// The miner that the VM is with.
pub fn miner_of(id: Id) -> u8 {
	let miner = vm(id).place.expect("it is placed").miner;
	let bytes: &[u8; 32] = miner.as_ref();
	bytes[0]
}

/// Its miner boots it, and shows what it should.
pub fn boot(id: Id) {
	let miner = miner_of(id);
	Compute::boot(signed(miner), id).expect("it was given it");
	Compute::attest(signed(miner), Box::new(evidence(id))).expect("it is as ordered");
}

/// Orders a small VM, and has it running.
pub fn running() -> Id {
	order(small()).expect("it is ordered");
	let id = LastId::<Test>::get();
	tick();
	boot(id);
	id
}

/// What a small VM costs for so many ticks.
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

/// Runs `test` with a tenant, one miner (number 10) and one flavour; then checks the invariants, and that nothing was lost.
pub fn run(test: impl FnOnce()) {
	mock::reset();
	MockRules::set(RULES);
	EraRules::set(DAYS_OF_ERAS);
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
		Compute::set_flavour(RuntimeOrigin::root(), SMALL, Some(flavour)).expect("root may");
		test();
		Compute::do_try_state().expect("the invariants hold");
		Emission::do_try_state().expect("there is as much as was made and not destroyed");
		assert_eq!(Emission::issuance().destroyed, Compute::paid().burned, "nothing else is gone");
	});
}

/// Has somebody have that much, as if it had been so from the start.
pub fn endow(who: &AccountId32, amount: Balance) {
	use frame_support::traits::fungible::Mutate;
	let before = Balances::total_issuance();
	let _ = Balances::set_balance(who, amount);
	let after = Balances::total_issuance();
	pallet_emission::Initial::<Test>::mutate(|all| *all = *all + after - before);
}

/// Has an account give all it has to another, so that it is no more.
pub fn leave(who: u8, to: u8) {
	Balances::transfer_all(signed(who), account(to), false).expect("it can go");
}

/// The new α that eras have brought.
pub fn made() -> Balance {
	let brought = Emission::brought();
	brought.claimed + brought.validators + brought.treasury
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
