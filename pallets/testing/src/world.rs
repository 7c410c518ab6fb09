//! The rest of the chain for benchmarks that run against mocks.

use hcc_evidence::{
	snp::Vek,
	vm::{
		image::{ImageId, ImageRow},
		VmId,
	},
};
use hcc_primitives::{
	benchmarking::World, ChipHash, EffectiveOffer, EnrolledTpm, Guest, Interval, IntervalIndex,
	Tick, Tier,
};
use sp_runtime::AccountId32;

use crate::state::{
	add_vek, register, Active, CurrentInterval, Directory, Fit, Now, Offering, PriceForLeases,
	PriceForOrders, Roots, Running,
};

/// Sets the state of the mocks as a benchmark needs it.
pub struct MockWorld;
impl World<AccountId32> for MockWorld {
	fn validators(count: u32) -> Vec<AccountId32> {
		let account = |number: u32| {
			let mut bytes = [0xba; 32];
			bytes[..4].copy_from_slice(&number.to_le_bytes());
			AccountId32::new(bytes)
		};
		Active::set((0..count).map(account).collect());
		Active::get()
	}

	fn statements() {}

	fn set_tick(now: Tick) {
		Now::set(now);
	}

	fn crowd() {}

	fn set_randomness() {}

	fn trust_vendor(root: &[u8]) {
		Roots::mutate(|roots| roots.push(root.to_vec()));
	}

	fn register(miner: &AccountId32, chips: &[ChipHash], tpm: EnrolledTpm) {
		register(miner.clone(), chips.to_vec(), Some(tpm));
	}

	fn add_vek(chip: ChipHash, vek: Vek) {
		add_vek(chip, vek);
	}

	fn add_veks(_: ChipHash) {}

	fn hosts(count: u32) -> Vec<AccountId32> {
		PriceForOrders::set(Some(500_000_000));
		PriceForLeases::set(Some(500_000_000));
		let host = |number: u32| {
			let mut bytes = [0xcc; 32];
			bytes[..4].copy_from_slice(&number.to_le_bytes());
			let miner = AccountId32::new(bytes);
			register(miner.clone(), vec![bytes], None);
			let offered = EffectiveOffer {
				region: 276,
				vcpus: 1_000,
				memory: 1 << 24,
				disk: 1 << 20,
				ask: 1_000,
			};
			Offering::mutate(|all| all.push((miner.clone(), offered)));
			Fit::mutate(|fit| fit.push((bytes, Tier::Trusted)));
			miner
		};
		(0..count).map(host).collect()
	}

	fn image(vcpus: u32) -> ImageId {
		let id = [0xdd; 32];
		let row = |vcpus| ImageRow { vcpus, measurement: [1; 48] };
		Directory::set(vec![(id, vec![row(vcpus), row(vcpus + 1)], true, 16)]);
		id
	}

	fn guest(vm: VmId, guest: Guest) -> IntervalIndex {
		Running::mutate(|all| all.push((vm, guest)));
		let now = Now::get();
		CurrentInterval::set(Interval { index: 10, from: now, length: 600, paid_from: now });
		9
	}

	fn dispute(_: &ChipHash, _: VmId, _: IntervalIndex) {}

	fn engage(_: &ChipHash, _: &AccountId32) {}
}
