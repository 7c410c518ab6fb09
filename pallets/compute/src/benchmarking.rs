//! Benchmarks: each call in its most expensive case.

extern crate alloc;
use alloc::{boxed::Box, vec};

use frame_benchmarking::v2::*;
use frame_support::{
	traits::{fungible::Balanced, tokens::Precision, EnsureOrigin, Get},
	BoundedVec,
};
use frame_system::{pallet_prelude::BlockNumberFor, RawOrigin};
use hcc_evidence::vm::{
	config::MAX_CONFIG, Boot, Confirmation, SignedConfirmation, VmEvidence, KEM_KEY_LEN,
};
use hcc_primitives::{
	benchmarking::World,
	draw::DRAWN_AFTER,
	units::{Balance, ALPHA},
	Liveness, Miners, TickSource, Tier,
};
use sp_runtime::traits::Zero;

use super::*;

/// The tick of every benchmark: late enough for every earlier event.
const NOW: u32 = 100_000;
const ESCROW: Balance = 10_000 * ALPHA;
const FLAVOUR: FlavourId = 1;
/// The flavour to which VMs are resized.
const OTHER_FLAVOUR: FlavourId = 3;
/// The number of vCPUs of [`FLAVOUR`]. That of [`OTHER_FLAVOUR`] is one higher.
const VCPUS: u32 = 4;
/// An ed25519 key, and its signatures on a chain whose genesis hash is zero. It signs the first and
/// the second revision of the configuration in the first order of the account "tenant". As the key
/// of a guest, it signs the confirmation of the second boot of VM 1.
const SIGNER: [u8; 32] = hex(b"fd1724385aa0c75b64fb78cd602fa1d991fdebf76b13c58ed702eac835e9f618");
const FIRST_REVISION: [u8; 64] = hex(
	b"f01685309374d1503cc8086aeda8d182bddbe3318f2c4a7c11aee9c30f8337951cc5cfc1d4f817cc84b826bbe7c55c92790ec01f69c151a3956c5413558f2e08",
);
const SECOND_REVISION: [u8; 64] = hex(
	b"740ba0496fe62b78b1dcbb760c1dc452872504390fdd5c87188737eab03f9f888f57071f5ff9823e9d5be9def22655a906dc432b274fb540c89dd03e0a3b1009",
);
const CONFIRMATION: [u8; 64] = hex(
	b"6bb9ffebe22536f0002954695600658c9d37777555bd4c9d8612a3806afe42ee4b95e421a0c10f69f24a03751f59f32ee636d34428d5ac3f47d38f83f5aeef0f",
);

const fn hex<const N: usize>(digits: &[u8]) -> [u8; N] {
	const fn digit(digit: u8) -> u8 {
		if digit <= b'9' {
			digit - b'0'
		} else {
			digit - b'a' + 10
		}
	}
	let mut bytes = [0; N];
	let mut at = 0;
	while at < N {
		bytes[at] = digit(digits[2 * at]) << 4 | digit(digits[2 * at + 1]);
		at += 1;
	}
	bytes
}

fn account<T: Config>(name: &'static str) -> AccountIdOf<T> {
	let who: AccountIdOf<T> = frame_benchmarking::account(name, 0, 0);
	let credit = T::NativeBalance::issue(1_000_000 * ALPHA);
	let _ = T::NativeBalance::resolve(&who, credit);
	who
}

fn config_bytes() -> ConfigBytes {
	BoundedVec::truncate_from(vec![b' '; MAX_CONFIG])
}

/// Returns an order that excludes the maximum number of miners.
fn wanted<T: Config>(region: Option<u16>) -> OrderRequestOf<T> {
	let other = |number| frame_benchmarking::account("excluded", number, 0);
	let except = (0..MAX_EXCLUDED).map(other).collect::<alloc::vec::Vec<_>>();
	OrderRequest {
		flavour: FLAVOUR,
		image: ImageDemand { id: T::World::image(VCPUS), rebuilds: 16, endorsed: true },
		config: SignedConfig {
			bytes: config_bytes(),
			order_nonce: 1,
			revision: 1,
			signer: SIGNER,
			signature: FIRST_REVISION,
		},
		holders_root: [6; 32],
		egress: Egress::Open,
		max_price: 1_000_000,
		tier: Tier::Probation,
		reduced: true,
		region,
		miner: Choice::Drawn { except: BoundedVec::truncate_from(except) },
	}
}

/// Sets up sixteen miners, a flavour and a tenant. Returns the tenant.
fn market<T: Config>() -> AccountIdOf<T> {
	T::World::set_tick(NOW);
	T::World::set_randomness();
	T::World::hosts(SAMPLES);
	frame_system::BlockHash::<T>::insert(BlockNumberFor::<T>::zero(), T::Hash::default());
	for (flavour, vcpus) in [(FLAVOUR, VCPUS), (OTHER_FLAVOUR, VCPUS + 1)] {
		let allotted = Allotment { vcpus, memory: 8_192, disk: 100, egress: 1_024 };
		let row = Flavour { name: BoundedVec::truncate_from(vec![b'x'; 32]), allotted };
		Flavours::<T>::insert(flavour, row);
	}
	AttendedUntil::<T>::put(NOW);
	// The accounts that receive payments exist.
	for who in [T::ValidatorsPot::get(), T::Treasury::get()] {
		let _ = T::NativeBalance::deposit(&who, ALPHA, Precision::Exact);
	}
	account::<T>("tenant")
}

fn ordered<T: Config>(region: Option<u16>) -> Result<(AccountIdOf<T>, Id), BenchmarkError> {
	let tenant = market::<T>();
	Pallet::<T>::do_order(tenant.clone(), wanted::<T>(region), ESCROW)?;
	Ok((tenant, LastId::<T>::get()))
}

/// Sets up a VM that is assigned to a miner. Returns its tenant, its id and its miner.
fn assigned<T: Config>() -> Result<(AccountIdOf<T>, Id, AccountIdOf<T>), BenchmarkError> {
	let (tenant, id) = ordered::<T>(None)?;
	T::World::set_tick(NOW + DRAWN_AFTER);
	Pallet::<T>::attend(id);
	let place = Vms::<T>::get(id).and_then(|vm| vm.place);
	let place = place.ok_or(BenchmarkError::Stop("no miner was found"))?;
	Ok((tenant, id, place.miner))
}

fn evidence<T: Config>(id: Id) -> VmEvidence {
	let vm = Vms::<T>::get(id).expect("the VM exists");
	VmEvidence {
		vm: id,
		generation: vm.generation,
		boot_counter: vm.boot_counter,
		snp_report: vec![0; 1184],
		guest_pk: SIGNER,
		kem_pk: vec![8; KEM_KEY_LEN],
		ssh_host_key_hash: [9; 32],
	}
}

/// Accepts the evidence of a VM that boots.
fn accept<T: Config>(id: Id) -> Result<(), BenchmarkError> {
	let vm = Vms::<T>::get(id).ok_or(BenchmarkError::Stop("no vm"))?;
	let order = Orders::<T>::get(id).ok_or(BenchmarkError::Stop("no order"))?;
	let VmState::Booting { nonce, .. } = vm.state else {
		return Err(BenchmarkError::Stop("no boot"));
	};
	let place = vm.place.clone().ok_or(BenchmarkError::Stop("no place"))?;
	let chip = T::Miners::chips(&place.miner).first().copied();
	let chip = chip.ok_or(BenchmarkError::Stop("no chip"))?;
	let boot = Boot {
		vm: id,
		generation: vm.generation,
		counter: vm.boot_counter,
		nonce,
		config_hash: order.config.hash,
		holders_root: order.holders_root,
		measurement: order.measurement,
	};
	Ok(Pallet::<T>::accept(vm, chip, &boot, &evidence::<T>(id))?)
}

fn confirmation<T: Config>(id: Id) -> Result<Confirmation, BenchmarkError> {
	let vm = Vms::<T>::get(id).ok_or(BenchmarkError::Stop("no vm"))?;
	Ok(Confirmation {
		vm: id,
		generation: vm.generation,
		boot_counter: vm.boot_counter,
		key_commit: Some([4; 32]),
		token_root: [5; 32],
		stamp: 6,
	})
}

/// Accepts the evidence of a VM that boots, and confirms the boot.
fn show<T: Config>(id: Id) -> Result<(), BenchmarkError> {
	accept::<T>(id)?;
	let vm = Vms::<T>::get(id).ok_or(BenchmarkError::Stop("no vm"))?;
	let place = vm.place.clone().ok_or(BenchmarkError::Stop("no place"))?;
	let boot = Boots::<T>::get(id).ok_or(BenchmarkError::Stop("no boot"))?;
	Ok(Pallet::<T>::run(vm, place, boot, &confirmation::<T>(id)?)?)
}

/// Sets up a running VM with `charges` open charges. Returns its tenant, its id and its miner.
fn running<T: Config>(
	charges: u32,
) -> Result<(AccountIdOf<T>, Id, AccountIdOf<T>), BenchmarkError> {
	let (tenant, id, miner) = assigned::<T>()?;
	Pallet::<T>::do_boot(miner.clone(), id)?;
	show::<T>(id)?;
	Vms::<T>::mutate(id, |vm| {
		let vm = vm.as_mut().expect("the VM exists");
		let chip = vm.place.as_ref().and_then(|place| place.chip).expect("the VM has booted");
		for interval in 0..charges {
			let charge = Charge {
				first: interval + 2,
				last: interval + 2,
				slots: 600,
				amount: ALPHA,
				price: 1,
				miner: miner.clone(),
				chip,
				cut: false,
			};
			vm.charges.try_push(charge).expect("there is room");
			vm.escrow -= ALPHA;
		}
		// An interval has ended since the VM started.
		let interval = T::Liveness::interval().index.saturating_sub(1);
		vm.run = Run { interval, slots: 100, cut: false };
	});
	Ok((tenant, id, miner))
}

/// Changes a stopped VM so that its disk rent is due for a long time.
fn keep_for_a_while<T: Config>(id: Id) {
	Vms::<T>::mutate(id, |vm| {
		if let Some(VmState::Stopped { since, .. }) = vm.as_mut().map(|vm| &mut vm.state) {
			*since = since.saturating_sub(500);
		}
	});
}

/// Gives a stopped VM uncharged time, in addition to its charges.
fn refill<T: Config>(id: Id) {
	Vms::<T>::mutate(id, |vm| {
		let vm = vm.as_mut().expect("the VM exists");
		let last = vm.charges.last().cloned().expect("the VM has a charge");
		while vm.charges.try_push(last.clone()).is_ok() {
			vm.escrow -= last.amount;
		}
		let interval = T::Liveness::interval().index.saturating_sub(1);
		vm.run = Run { interval, slots: 100, cut: false };
	});
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn set_flavour() -> Result<(), BenchmarkError> {
		market::<T>();
		let row = Flavours::<T>::get(FLAVOUR);
		let origin =
			T::AdminOrigin::try_successful_origin().map_err(|()| BenchmarkError::Weightless)?;

		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, 2, row.clone());

		assert_eq!(Flavours::<T>::get(2), row);
		Ok(())
	}

	#[benchmark]
	fn order() -> Result<(), BenchmarkError> {
		let tenant = market::<T>();
		let wanted = wanted::<T>(None);

		#[extrinsic_call]
		_(RawOrigin::Signed(tenant), Box::new(wanted), ESCROW);

		assert!(Vms::<T>::contains_key(1));
		Ok(())
	}

	#[benchmark]
	fn top_up() -> Result<(), BenchmarkError> {
		let (tenant, id, _) = running::<T>(3)?;
		let before = Vms::<T>::get(id).map(|vm| vm.escrow);

		#[extrinsic_call]
		_(RawOrigin::Signed(tenant), id, ALPHA);

		assert_eq!(Vms::<T>::get(id).map(|vm| vm.escrow), before.map(|escrow| escrow + ALPHA));
		Ok(())
	}

	#[benchmark]
	fn stop() -> Result<(), BenchmarkError> {
		let (tenant, id, _) = running::<T>(MAX_CHARGES)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(tenant), id);

		assert!(matches!(Vms::<T>::get(id).map(|vm| vm.state), Some(VmState::Stopped { .. })));
		Ok(())
	}

	#[benchmark]
	fn start() -> Result<(), BenchmarkError> {
		let (tenant, id, _) = running::<T>(MAX_CHARGES)?;
		Pallet::<T>::do_stop(tenant.clone(), id)?;
		keep_for_a_while::<T>(id);
		refill::<T>(id);

		#[extrinsic_call]
		_(RawOrigin::Signed(tenant), id);

		assert!(matches!(Vms::<T>::get(id).map(|vm| vm.state), Some(VmState::Assigned { .. })));
		Ok(())
	}

	#[benchmark]
	fn reboot() -> Result<(), BenchmarkError> {
		let (tenant, id, _) = running::<T>(MAX_CHARGES)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(tenant), id);

		assert!(matches!(Vms::<T>::get(id).map(|vm| vm.state), Some(VmState::Assigned { .. })));
		Ok(())
	}

	#[benchmark]
	fn resize() -> Result<(), BenchmarkError> {
		let (tenant, id, _) = running::<T>(0)?;
		Pallet::<T>::do_stop(tenant.clone(), id)?;
		keep_for_a_while::<T>(id);

		#[extrinsic_call]
		_(RawOrigin::Signed(tenant), id, OTHER_FLAVOUR, 1_000_000);

		assert_eq!(Vms::<T>::get(id).map(|vm| vm.allotted.vcpus), Some(VCPUS + 1));
		Ok(())
	}

	#[benchmark]
	fn set_reduced() -> Result<(), BenchmarkError> {
		let (tenant, id, _) = running::<T>(MAX_CHARGES)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(tenant), id, false);

		assert_eq!(Orders::<T>::get(id).map(|row| row.reduced), Some(false));
		Ok(())
	}

	#[benchmark]
	fn set_config() -> Result<(), BenchmarkError> {
		let (tenant, id, _) = running::<T>(MAX_CHARGES)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(tenant), id, config_bytes(), 2, SECOND_REVISION);

		assert_eq!(Orders::<T>::get(id).map(|row| row.config.revision), Some(2));
		Ok(())
	}

	#[benchmark]
	fn terminate() -> Result<(), BenchmarkError> {
		let (tenant, id, _) = running::<T>(MAX_CHARGES)?;
		Pallet::<T>::do_stop(tenant.clone(), id)?;
		keep_for_a_while::<T>(id);
		refill::<T>(id);

		#[extrinsic_call]
		_(RawOrigin::Signed(tenant), id);

		assert_eq!(Vms::<T>::get(id).map(|vm| vm.state), Some(VmState::Terminated));
		Ok(())
	}

	#[benchmark]
	fn boot() -> Result<(), BenchmarkError> {
		let (_, id, miner) = assigned::<T>()?;

		#[extrinsic_call]
		_(RawOrigin::Signed(miner), id);

		assert!(matches!(Vms::<T>::get(id).map(|vm| vm.state), Some(VmState::Booting { .. })));
		Ok(())
	}

	/// The disk is on the miner's host, and an interval has ended.
	#[benchmark]
	fn give_back() -> Result<(), BenchmarkError> {
		let (tenant, id, _) = running::<T>(MAX_CHARGES)?;
		Pallet::<T>::do_reboot(tenant, id)?;
		refill::<T>(id);
		let vm = Vms::<T>::get(id).ok_or(BenchmarkError::Stop("the VM does not exist"))?;

		#[block]
		{
			Pallet::<T>::give_back(id, vm);
		}

		assert!(matches!(Vms::<T>::get(id).map(|vm| vm.state), Some(VmState::Stopped { .. })));
		Ok(())
	}

	/// The evidence itself is not included: its weight is [`hcc_primitives::VmVerifier::weight`].
	#[benchmark]
	fn attest() -> Result<(), BenchmarkError> {
		let (tenant, id, miner) = running::<T>(BUSY as u32 - 2)?;
		Pallet::<T>::do_reboot(tenant, id)?;
		Pallet::<T>::do_boot(miner, id)?;

		#[block]
		{
			accept::<T>(id)?;
		}

		assert!(matches!(Vms::<T>::get(id).map(|vm| vm.state), Some(VmState::Attested { .. })));
		Ok(())
	}

	/// The VM boots on a chip that differs from the previous one, some time after the boot began.
	#[benchmark]
	fn confirm() -> Result<(), BenchmarkError> {
		let (tenant, id, miner) = running::<T>(BUSY as u32 - 2)?;
		Pallet::<T>::do_reboot(tenant, id)?;
		let hot = miner.clone();
		Pallet::<T>::do_boot(miner, id)?;
		T::World::set_tick(NOW + 9);
		Vms::<T>::mutate(id, |vm| {
			let vm = vm.as_mut().expect("the VM exists");
			vm.place.as_mut().expect("the VM has a place").chip = Some([0xee; 32]);
			vm.run.slots = 100;
		});
		accept::<T>(id)?;
		let confirmation = confirmation::<T>(id)?;
		let signed = SignedConfirmation { confirmation, signature: CONFIRMATION };

		#[extrinsic_call]
		_(RawOrigin::Signed(hot), Box::new(signed));

		assert!(matches!(Vms::<T>::get(id).map(|vm| vm.state), Some(VmState::Running { .. })));
		Ok(())
	}

	#[benchmark]
	fn report_crash() -> Result<(), BenchmarkError> {
		let (_, id, miner) = running::<T>(MAX_CHARGES - 1)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(miner), id);

		assert!(matches!(Vms::<T>::get(id).map(|vm| vm.state), Some(VmState::Assigned { .. })));
		Ok(())
	}

	/// No miner is in the region of the order, which is checked last.
	#[benchmark]
	fn attend_pending() -> Result<(), BenchmarkError> {
		let (_, id) = ordered::<T>(Some(1))?;
		T::World::set_tick(NOW + DRAWN_AFTER);

		#[block]
		{
			Pallet::<T>::attend(id);
		}

		let vm = Vms::<T>::get(id);
		assert!(vm.is_some_and(|vm| vm.look > T::TickSource::now() && vm.place.is_none()));
		Ok(())
	}

	/// No evidence was submitted for the boot, and the disk is on the miner's host.
	#[benchmark]
	fn attend_booting() -> Result<(), BenchmarkError> {
		let (tenant, id, miner) = running::<T>(MAX_CHARGES - 1)?;
		Pallet::<T>::do_reboot(tenant, id)?;
		Pallet::<T>::do_boot(miner, id)?;
		let place = Vms::<T>::get(id).and_then(|vm| vm.place?.chip);
		let chip = place.ok_or(BenchmarkError::Stop("the VM has not booted"))?;
		T::World::dispute(&chip, id, MAX_CHARGES + 1);
		T::World::set_tick(NOW + Pallet::<T>::rules().boot + 9);

		#[block]
		{
			Pallet::<T>::attend(id);
		}

		let vm = Vms::<T>::get(id).ok_or(BenchmarkError::Stop("the VM does not exist"))?;
		assert!(matches!(vm.state, VmState::Stopped { .. }) && vm.charges.len() <= 1);
		Ok(())
	}

	#[benchmark]
	fn attend_running() -> Result<(), BenchmarkError> {
		let (_, id, _) = running::<T>(MAX_CHARGES - 1)?;
		let place = Vms::<T>::get(id).and_then(|vm| vm.place?.chip);
		let chip = place.ok_or(BenchmarkError::Stop("the VM has not booted"))?;
		T::World::dispute(&chip, id, MAX_CHARGES + 1);

		#[block]
		{
			Pallet::<T>::attend(id);
		}

		assert!(Vms::<T>::get(id).is_some_and(|vm| vm.charges.len() <= 1));
		Ok(())
	}
}
