//! Benchmarks: receipts of distinct VMs.

extern crate alloc;
use alloc::vec::Vec;

use frame_benchmarking::v2::*;
use frame_support::BoundedVec;
use frame_system::RawOrigin;
use hcc_evidence::vm::{receipt_statement, Receipt, SignedReceipt};
use hcc_primitives::{benchmarking::World, genesis, Guest};
use sp_core::{crypto::KeyTypeId, ed25519};

use super::*;

const NOW: u32 = 100_000;
const KEYS: KeyTypeId = KeyTypeId(*b"gues");

/// Sets up a running VM and returns a signed receipt for it.
fn signed<T: Config>(vm: u64, key: &ed25519::Public) -> SignedReceipt {
	let guest = Guest {
		generation: 1,
		boot_counter: 1,
		guest_pk: key.0,
		began: 1,
		vcpus: 4,
		memory: 8_192,
		disk: 100,
	};
	let interval = T::World::guest(vm, guest);
	let receipt = Receipt {
		vm,
		generation: 1,
		boot_counter: 1,
		sequence: 1,
		interval,
		elapsed: 60_000,
		cpu_time: 100_000,
		steal: 50_000,
		memory: 8_192,
		disk: 100,
		egress: 1,
	};
	let statement = receipt_statement(&genesis::<T>(), &receipt);
	let signature = sp_io::crypto::ed25519_sign(KEYS, key, &statement).unwrap();
	SignedReceipt { receipt, signature: signature.0 }
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn submit_receipts(n: Linear<1, MAX_RECEIPTS>) {
		T::World::set_tick(NOW);
		let key = sp_io::crypto::ed25519_generate(KEYS, None);
		let receipts = (1..=n).map(|vm| signed::<T>(vm.into(), &key)).collect::<Vec<_>>();
		let caller: AccountIdOf<T> = whitelisted_caller();

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), BoundedVec::truncate_from(receipts));

		assert_eq!(Accounts::<T>::iter().count() as u32, n);
	}
}
