use frame_support::{derive_impl, parameter_types, traits::ConstU64};
use hcc_evidence::{
	ima::Limits,
	snp::{GuestPolicy, PlatformInfo},
};
use hcc_testing::MockMiners;
use sp_core::{Bytes, H256};
use sp_runtime::{AccountId32, BuildStorage};

use crate as pallet_policy;
use crate::*;

/// Returns an arbitrary SHA-256 digest.
pub fn digest(of: u8) -> FileHash {
	[of; 32]
}

pub const VEK_DEPOSIT: u64 = 10;
pub const VOUCHER_DEPOSIT: u64 = 3;
pub const VOUCH_INTERVAL: u64 = 20;
/// The initial balance of accounts 1 to 4.
pub const ENDOWMENT: u64 = 1_000;
/// 2026-06-01, in milliseconds: within the validity of the test hierarchy.
pub const NOW: u64 = 1_780_272_000_000;

/// Returns an account by its number.
pub fn account(number: u8) -> AccountId32 {
	AccountId32::new([number; 32])
}

pub const MEASUREMENT: LaunchMeasurement = [0x6d; 48];

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
	pub type Policy = pallet_policy;
	#[runtime::pallet_index(2)]
	pub type Balances = pallet_balances;
	#[runtime::pallet_index(3)]
	pub type Timestamp = pallet_timestamp;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = frame_system::mocking::MockBlock<Test>;
	type AccountId = AccountId32;
	type Lookup = sp_runtime::traits::IdentityLookup<AccountId32>;
	type AccountData = pallet_balances::AccountData<u64>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
	type AccountStore = System;
}

#[derive_impl(pallet_timestamp::config_preludes::TestDefaultConfig)]
impl pallet_timestamp::Config for Test {}

parameter_types! {
	pub static OldestNeeded: Revision = 0;
	/// The account that may tighten.
	pub const TightenAccount: AccountId32 = AccountId32::new([0x77; 32]);
	pub const ImaLimits: Limits = Limits { bytes: 64 << 10, entries: 512 };
}

/// The accounts that may tighten.
pub struct TightenAccounts;
impl frame_support::traits::SortedMembers<AccountId32> for TightenAccounts {
	fn sorted_members() -> Vec<AccountId32> {
		vec![TightenAccount::get()]
	}
}

impl Config for Test {
	type AdminOrigin = frame_system::EnsureRoot<AccountId32>;
	type TightenOrigin = frame_system::EnsureSignedBy<TightenAccounts, AccountId32>;
	type OldestNeeded = OldestNeeded;
	type ImaLimits = ImaLimits;
	type NativeBalance = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type VekDeposit = ConstU64<VEK_DEPOSIT>;
	type VoucherDeposit = ConstU64<VOUCHER_DEPOSIT>;
	type VouchInterval = ConstU64<VOUCH_INTERVAL>;
	type Chips = MockMiners;
	type Time = Timestamp;
	type WeightInfo = ();
	#[cfg(feature = "runtime-benchmarks")]
	type World = hcc_testing::MockWorld;
}

pub fn platform() -> PlatformRules {
	PlatformRules {
		guest_required: GuestPolicy::RESERVED_ONE,
		guest_forbidden: GuestPolicy::DEBUG,
		platform_required: PlatformInfo::ALIAS_CHECK_COMPLETE,
		platform_allowed: 0xff,
	}
}

pub fn cpu() -> CpuSpec {
	let tcb = insecure_sim::TCB.version;
	CpuSpec {
		family: insecure_sim::CPU.family,
		model: insecure_sim::CPU.model,
		stepping: insecure_sim::CPU.stepping,
		floor: TcbSpec {
			fmc: tcb.fmc,
			boot_loader: tcb.boot_loader,
			tee: tcb.tee,
			snp: tcb.snp,
			microcode: tcb.microcode,
		},
		mitigations: 0,
	}
}

pub fn genesis() -> GenesisConfig<Test> {
	let roots = insecure_sim::roots();
	GenesisConfig {
		platform: Some(platform()),
		cpus: vec![cpu()],
		measurements: vec![(Bytes(MEASUREMENT.to_vec()), Role::HostAgent)],
		files: vec![
			FileSpec { digest: H256(digest(1)), rule: FileRule::Allowed },
			FileSpec { digest: H256(digest(2)), rule: FileRule::Forbidden },
		],
		required: vec![vec![H256(digest(1))]],
		generations: [("Genoa".into(), GenerationTrustSpec::Full)].into(),
		amd_roots: vec![AmdHierarchySpec {
			product: roots.product.name().into(),
			ark: Bytes(roots.ark),
			ask: Bytes(roots.ask),
		}],
		trust_amd: true,
		tpm_roots: vec![Bytes(vec![0x30, 0x00])],
		..Default::default()
	}
}

/// Runs `test` on a fresh chain at block 1 and then checks the invariants.
pub fn run(test: impl FnOnce()) {
	hcc_testing::reset();
	let balances = pallet_balances::GenesisConfig {
		balances: (1..5).map(|number| (account(number), ENDOWMENT)).collect(),
		..Default::default()
	};
	let storage = RuntimeGenesisConfig { policy: genesis(), balances, ..Default::default() }
		.build_storage()
		.expect("the mock genesis must be valid");
	sp_io::TestExternalities::from(storage).execute_with(|| {
		System::set_block_number(1);
		Timestamp::set_timestamp(NOW);
		test();
		Policy::do_try_state().expect("all invariants must hold");
	});
}
