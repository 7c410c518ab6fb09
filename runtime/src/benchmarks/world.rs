//! The state of other pallets that the benchmarks of a pallet need.

use alloc::{vec, vec::Vec};

use frame_support::traits::{
	fungible::{Mutate, MutateHold},
	Get,
};
use hcc_evidence::{
	crypto::P384Key,
	host::{BootState, GenerationTrust},
	snp::{ark_id, ArkId, ProductLine, TcbVersion, Vek, VekKind},
	vm::{
		image::{image_id, ImageDigests, ImageId, ImageRow, MAX_IMAGE_ROWS},
		VmId,
	},
};
use hcc_primitives::{
	benchmarking::{World as _, NOW},
	ChipHash, EnrolledTpm, Guest, Interval, IntervalIndex, OnChipChange, Tick, TickSource, Tier,
};
use sp_runtime::traits::{BlakeTwo256, Hash as _};

use crate::*;

/// The other pallets of the chain, around the pallet that is measured.
pub struct World;

/// Checks the result of a policy call. The call may fail if it changes nothing.
fn govern(set: frame_support::dispatch::DispatchResult) {
	let unchanged = pallet_policy::Error::<Runtime>::Unchanged;
	assert!(set.is_ok() || set == Err(unchanged.into()), "root may set policy");
}

/// Returns an account that has enough funds for every bond and deposit.
fn endowed(kind: &str, number: u32) -> AccountId {
	let who = AccountId::from(BlakeTwo256::hash_of(&(kind, number)).0);
	Balances::set_balance(&who, 1_000_000 * units::ALPHA);
	who
}

/// Returns the last trusted root, which takes a search the longest time to find.
fn root() -> ArkId {
	let roots = Policy::amd_roots().unwrap_or_default();
	ark_id(&roots.last().expect("the genesis trusts a root").ark)
}

/// Returns another trusted root, which has no revocation list.
fn unlisted() -> ArkId {
	let roots = Policy::amd_roots().unwrap_or_default();
	let unlisted = roots.iter().map(|roots| ark_id(&roots.ark)).find(|ark| *ark != root());
	unlisted.expect("the genesis trusts more than one root")
}

/// Stores a current revocation list of maximum length for the last root. The other roots have no
/// list.
fn list_revoked() {
	let revoked = vec![[0; 20]; pallet_policy::MAX_REVOKED as usize];
	let revoked = frame_support::BoundedVec::truncate_from(revoked);
	let row = pallet_policy::CrlRow { this_update: NOW, next_update: NOW, revoked };
	pallet_policy::Crls::<Runtime>::insert(root(), row);
	pallet_policy::RevocationGrace::<Runtime>::put(1);
}

/// Returns a VEK whose TCB version is distinct for each `number`.
fn vek(number: u8) -> Vek {
	let tcb = TcbVersion { fmc: None, boot_loader: number, tee: 0, snp: 0, microcode: 0 };
	Vek {
		product: ProductLine::Genoa,
		ark: root(),
		issuer: [8; 20],
		kind: VekKind::Vcek { hardware_id: [number; 64] },
		tcb,
		key: P384Key { x: [1; 48], y: [2; 48] },
		not_before: NOW,
		not_after: NOW,
	}
}

fn deposit_vek(chip: ChipHash, vek: Vek, depositor: AccountId) {
	let deposit = <Runtime as pallet_policy::Config>::VekDeposit::get();
	Balances::hold(&pallet_policy::HoldReason::Vek.into(), &depositor, deposit)
		.expect("the account has enough funds");
	let mut rows = pallet_policy::Veks::<Runtime>::get(chip);
	rows.try_push(pallet_policy::VekRow { vek, depositor, deposit }).expect("there is room");
	pallet_policy::Veks::<Runtime>::insert(chip, rows);
}

/// Registers a miner with more capacity than any order needs. The miner's chip was live in all
/// intervals.
fn host(number: u32) -> AccountId {
	let miner = endowed("host", number);
	let chip = BlakeTwo256::hash_of(&("chip", number)).0;
	let tpm = EnrolledTpm {
		ek: chip,
		ak: vec![0; 88].try_into().expect("a key is 88 bytes long"),
		qualified_name: vec![0; 34].try_into().expect("a qualified name is 34 bytes long"),
		root: [0; 32],
	};
	World::register(&miner, &[chip], tpm);
	pallet_registry::Miners::<Runtime>::mutate(&miner, |row| {
		if let Some(row) = row {
			row.offer = pallet_registry::Offer {
				region: 276,
				vcpus: 1_000,
				memory: 1 << 24,
				disk: 1 << 20,
				price: 1_000,
			};
		}
	});
	World::engage(&chip, &miner);
	pallet_attestation::Hosts::<Runtime>::mutate(chip, |host| {
		if let Some(host) = host {
			host.checkpoint = Some(BootState {
				reset_count: 0,
				restart_count: 0,
				pcr10: [0; 32],
				entries: 1,
				required_seen: vec![[0; 32]; 8],
			});
		}
	});
	pallet_attestation::LivenessRecords::<Runtime>::mutate(chip, |lives| {
		for interval in 1..=pallet_attestation::MAX_LIVENESS_RECORDS {
			let life = pallet_attestation::IntervalLiveness {
				interval,
				last_seq: u64::from(interval),
				open: 0,
				failed: Default::default(),
				lapsed: false,
				outcome: Some((u64::from(interval), true)),
			};
			if lives.is_full() {
				lives.remove(0);
			}
			lives.try_push(life).expect("there is room");
		}
	});
	miner
}

impl hcc_primitives::benchmarking::World<AccountId> for World {
	fn validators(count: u32) -> Vec<AccountId> {
		let pairs: Vec<_> = (0..count)
			.map(|number| (endowed("validator", number), endowed("worker", number)))
			.collect();
		for (validator, worker) in &pairs {
			let bond = Validators::rules().min_bond;
			Balances::hold(&pallet_validators::HoldReason::Bond.into(), validator, bond)
				.expect("the account has enough funds");
			let candidate = pallet_validators::Candidate { who: validator.clone(), bond };
			pallet_validators::Candidates::<Runtime>::try_append(candidate).expect("there is room");
			pallet_validators::WorkerOf::<Runtime>::insert(validator, worker);
		}
		let (validators, workers): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
		pallet_session::Validators::<Runtime>::put(validators);
		workers
	}

	fn statements() {
		let statements = pallet_session::Validators::<Runtime>::get()
			.into_iter()
			.map(|validator| pallet_clock::Statement { validator, finalised: 1, at: 1 })
			.collect();
		pallet_clock::Statements::<Runtime>::put(frame_support::BoundedVec::truncate_from(
			statements,
		));
	}

	fn set_tick(now: Tick) {
		pallet_clock::CurrentTick::<Runtime>::put(now);
		pallet_clock::PaidUntil::<Runtime>::put(now);
		pallet_timestamp::Now::<Runtime>::put(NOW.0.saturating_mul(1_000));
	}

	fn crowd() {
		let now = pallet_clock::CurrentTick::<Runtime>::get();
		let first = now.saturating_add(<Runtime as pallet_verdicts::Config>::JudgingTicks::get());
		let full = vec![Hash::zero(); pallet_verdicts::MAX_CLOSING as usize];
		for tick in first..first.saturating_add(hcc_primitives::tick_queue::SLACK) {
			let full = frame_support::BoundedVec::truncate_from(full.clone());
			pallet_verdicts::Closing::<Runtime>::insert(tick, full);
		}
	}

	fn set_randomness() {
		pallet_babe::AuthorVrfRandomness::<Runtime>::put(Some([7; 32]));
	}

	fn trust_vendor(root: &[u8]) {
		let certificate =
			|der: &[u8]| der.to_vec().try_into().expect("the certificate is short enough");
		let mut stored = vec![certificate(root)];
		stored.resize(pallet_policy::MAX_TPM_ROOTS as usize, certificate(root));
		Policy::set_tpm_roots(
			RuntimeOrigin::root(),
			Some(stored.try_into().expect("at most the maximum number of roots")),
		)
		.expect("root may set policy");
	}

	fn register(miner: &AccountId, chips: &[ChipHash], tpm: EnrolledTpm) {
		Balances::set_balance(miner, 1_000_000 * units::ALPHA);
		let bond = Registry::rules().min_bond;
		let origin = RuntimeOrigin::signed(miner.clone());
		Registry::register(origin.clone(), bond, miner.clone(), Default::default())
			.expect("the account has enough funds");
		for chip in chips {
			Registry::add_chip(origin.clone(), *chip).expect("the chip is not registered yet");
		}
		pallet_registry::MinerOfEk::<Runtime>::insert(tpm.ek, miner);
		pallet_registry::Tpms::<Runtime>::insert(miner, tpm);
	}

	fn add_vek(chip: ChipHash, vek: Vek) {
		let vek = Vek { ark: root(), ..vek };
		deposit_vek(chip, vek, endowed("depositor", 0));
	}

	fn add_veks(chip: ChipHash) {
		list_revoked();
		for number in 1..pallet_policy::MAX_VEKS {
			let vek = Vek { ark: unlisted(), ..vek(number as u8) };
			deposit_vek(chip, vek, endowed("depositor", number));
		}
		deposit_vek(chip, vek(0), endowed("depositor", 0));
	}

	fn hosts(count: u32) -> Vec<AccountId> {
		let rate = pallet_oracle::Rate {
			price: 500_000_000,
			at: pallet_clock::CurrentTick::<Runtime>::get(),
			beyond: None,
			mean: 500_000_000,
			hourly: Default::default(),
			hour: 0,
		};
		pallet_oracle::CurrentRate::<Runtime>::put(rate);
		let rules = pallet_policy::PlatformRules {
			guest_required: 0,
			guest_forbidden: 0,
			platform_required: 0,
			platform_allowed: 0,
		};
		govern(Policy::set_platform(RuntimeOrigin::root(), rules));
		let (line, trust) = (ProductLine::Genoa, Some(GenerationTrust::Full));
		govern(Policy::set_generation(RuntimeOrigin::root(), line, trust));
		let from = pallet_clock::CurrentTick::<Runtime>::get();
		let interval = Interval { index: 20, from, length: 600, paid_from: from };
		pallet_attestation::CurrentInterval::<Runtime>::put(interval);
		let hosts = (0..count).map(host).collect();
		pallet_attestation::DrawCounts::<Runtime>::mutate(|counts| {
			counts.before_parent = Tier::ALL.map(pallet_attestation::Population::<Runtime>::get);
		});
		hosts
	}

	fn image(vcpus: u32) -> ImageId {
		let label = vec![b'x'; 32];
		let digests = ImageDigests {
			firmware: [1; 32],
			kernel: [2; 32],
			initrd: [3; 32],
			command_line: [4; 32],
			squashfs: [5; 32],
			verity: [6; 32],
		};
		let row = |more| ImageRow { vcpus: vcpus.saturating_add(more), measurement: [7; 48] };
		let rows: Vec<_> = (0..MAX_IMAGE_ROWS as u32).map(row).collect();
		let id = image_id(&label, &label, &digests, &rows);
		let location = frame_support::BoundedVec::truncate_from(vec![
			b'a';
			pallet_images::MAX_LOCATION
				as usize
		]);
		let locations = vec![location; pallet_images::MAX_LOCATIONS as usize];
		let image = pallet_images::Image {
			publisher: Some(endowed("publisher", 0)),
			name: frame_support::BoundedVec::truncate_from(label.clone()),
			version: frame_support::BoundedVec::truncate_from(label),
			digests,
			rows: frame_support::BoundedVec::truncate_from(rows),
			locations: frame_support::BoundedVec::truncate_from(locations),
			deposit: 0,
			endorsed: true,
		};
		pallet_images::Images::<Runtime>::insert(id, image);
		let rebuild = pallet_images::Rebuild {
			signer: [1; 32],
			signature: [2; 64],
			account: endowed("rebuilder", 0),
			deposit: 0,
		};
		let rebuilds = vec![rebuild; pallet_images::MAX_REBUILDS as usize];
		let rebuilds = frame_support::BoundedVec::truncate_from(rebuilds);
		pallet_images::Rebuilds::<Runtime>::insert(id, rebuilds);
		id
	}

	fn guest(vm: VmId, guest: Guest) -> IntervalIndex {
		let chip = [0xcc; 32];
		let row = pallet_compute::Vm {
			tenant: endowed("tenant", 0),
			state: pallet_compute::VmState::Running { since: 1 },
			allotted: pallet_compute::Allotment {
				vcpus: guest.vcpus,
				memory: guest.memory,
				disk: guest.disk,
				egress: 0,
			},
			max_price: 0,
			generation: guest.generation,
			boot_counter: guest.boot_counter,
			place: Some(pallet_compute::Place {
				miner: endowed("miner", 0),
				chip: Some(chip),
				rate: 1,
			}),
			escrow: 0,
			deposit: 0,
			run: Default::default(),
			charges: Default::default(),
			tried: Default::default(),
			crashes: (0, 0),
			lapses: 0,
			silent: false,
			look: 0,
		};
		pallet_compute::Vms::<Runtime>::insert(vm, row);
		let boot = pallet_compute::BootRow {
			generation: guest.generation,
			counter: guest.boot_counter,
			nonce: [0; 32],
			chip,
			measurement: [0; 48],
			config_hash: [0; 32],
			holders_root: [0; 32],
			guest_pk: guest.guest_pk,
			ssh_host_key_hash: [0; 32],
			evidence: [0; 32],
			block: 1,
			at: 1,
			interval: guest.began,
			confirmed: Some(pallet_compute::Confirmed {
				block: 1,
				key_commit: None,
				token_root: [0; 32],
				stamp: 0,
			}),
		};
		pallet_compute::Boots::<Runtime>::insert(vm, boot);
		let now = Clock::now();
		pallet_attestation::CurrentInterval::<Runtime>::put(Interval {
			index: 10,
			from: now,
			length: 600,
			paid_from: now,
		});
		9
	}

	fn dispute(chip: &ChipHash, vm: VmId, last: IntervalIndex) {
		let case = pallet_compensation::Case {
			first: 0,
			last,
			total: units::ALPHA,
			pot: 0,
			given: 0,
			stage: pallet_compensation::Stage::Open,
		};
		pallet_compensation::Cases::<Runtime>::insert(chip, case);
		let first = last.saturating_add(1).saturating_sub(pallet_usage::MAX_KEPT);
		let lacked =
			|interval| pallet_usage::Entry { interval, covered: 3_600_000, lost: 1_800_000 };
		let entries = (first..=last).map(lacked).collect::<Vec<_>>();
		let account = pallet_usage::Account {
			generation: 1,
			boot_counter: 1,
			sequence: 1,
			last,
			settled: None,
			entries: frame_support::BoundedVec::truncate_from(entries),
		};
		pallet_usage::Accounts::<Runtime>::insert(vm, account);
	}

	fn engage(chip: &ChipHash, miner: &AccountId) {
		for number in 0..pallet_policy::MAX_VEKS {
			deposit_vek(*chip, vek(number as u8), endowed("depositor", number));
		}
		Attestation::on_ready(chip, miner);
		Attestation::challenge_now(chip);
	}
}
