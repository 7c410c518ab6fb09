//! From a miner's first word to a VM that runs, and back.

use frame_support::{ensure, pallet_prelude::DispatchResult, traits::Get, weights::Weight};
use hcc_evidence::{
	host::GenerationTrust,
	vm::{boot_nonce, vm_evidence_hash, Boot, VmEvidence},
};
use hcc_primitives::{
	genesis, parent_hash,
	units::{Balance, DAYS},
	ChipHash, ChipOwners, JudgesVms, Liveness, Miners, Oracle, Tick, Ticks,
};

use crate::{price::cost, *};

impl<T: Config> Pallet<T> {
	/// The miner for which `who` signs, and the VM, which is with it.
	fn with_miner(
		who: &AccountIdOf<T>,
		id: Id,
	) -> Result<(VmOf<T>, Place<AccountIdOf<T>>), Error<T>> {
		let miner = T::Miners::miner_of_hot(who).ok_or(Error::<T>::NotTheMiner)?;
		let vm = Vms::<T>::get(id).ok_or(Error::<T>::NoVm)?;
		let place = vm.place.clone().filter(|place| place.miner == miner);
		Ok((vm, place.ok_or(Error::<T>::NotTheMiner)?))
	}

	pub(crate) fn do_boot(who: AccountIdOf<T>, id: Id) -> DispatchResult {
		let (mut vm, place) = Self::with_miner(&who, id)?;
		ensure!(matches!(vm.state, State::Assigned { .. }), Error::<T>::WrongState);
		let order = Orders::<T>::get(id).ok_or(Error::<T>::NoVm)?;
		Self::check_bootable(&place, &order)?;
		let price = T::Oracle::for_leases().ok_or(Error::<T>::NoPrice)?;
		let rules = Self::rules();
		let fee = Self::boot_fee(price).ok_or(Error::<T>::NoPrice)?.min(vm.escrow);
		vm.escrow = vm.escrow.saturating_sub(fee);
		vm.boot_counter = vm.boot_counter.saturating_add(1);
		let counter = vm.boot_counter;
		let nonce = boot_nonce(&genesis::<T>(), id, vm.generation, counter, &parent_hash::<T>());
		let since = T::Ticks::now();
		let until = since.saturating_add(rules.boot);
		vm.state = State::Booting { nonce, fee, since, until };
		Self::store(id, vm);
		let miner = place.miner;
		Self::deposit_event(Event::BootBegun { vm: id, miner, counter, nonce, until, fee, price });
		Ok(())
	}

	pub(crate) fn do_attest(who: AccountIdOf<T>, evidence: &VmEvidence) -> DispatchResult {
		let id = evidence.vm;
		let (vm, place) = Self::with_miner(&who, id)?;
		let State::Booting { nonce, .. } = vm.state else {
			return Err(Error::<T>::WrongState.into());
		};
		let order = Orders::<T>::get(id).ok_or(Error::<T>::NoVm)?;
		let boot = Boot {
			vm: id,
			generation: vm.generation,
			counter: vm.boot_counter,
			nonce,
			config_hash: order.config.hash,
			holders_root: order.holders_root,
			measurement: order.measurement,
		};
		let claims = T::Vms::judge(evidence, &boot, &place.miner)
			.map_err(|_| Error::<T>::EvidenceRefused)?;
		Self::check_chip(&claims.chip, claims.trust, &place, &order)?;
		Self::run(vm, place, claims.chip, evidence)
	}

	/// What it costs that a miner has another chip, which is looked at as well: keys, trust, and how it stands. Those of the benchmarks have one.
	pub(crate) fn another_chip() -> Weight {
		T::DbWeight::get().reads(8)
	}

	/// Whether a VM may run on that chip, whose generation is trusted so far.
	fn check_chip(
		chip: &ChipHash,
		trust: GenerationTrust,
		place: &Place<AccountIdOf<T>>,
		order: &OrderOf<T>,
	) -> Result<(), Error<T>> {
		let trusted = match trust {
			GenerationTrust::Full => true,
			GenerationTrust::Reduced => order.reduced,
			GenerationTrust::Suspended => false,
		};
		ensure!(trusted, Error::<T>::TrustTooLow);
		let tier = T::Liveness::fit(chip).ok_or(Error::<T>::HostNotLive)?;
		// Where it ran before it may run on, whatever has become of the chip's tier.
		let there = place.chip == Some(*chip);
		ensure!(there || tier <= order.tier, Error::<T>::TierTooLow);
		Ok(())
	}

	/// Whether one of its miner's chips can have a VM run: a boot that could not succeed would cost its tenant. Where one of them may come to be able to, that is said.
	pub(crate) fn check_bootable(
		place: &Place<AccountIdOf<T>>,
		order: &OrderOf<T>,
	) -> Result<(), Error<T>> {
		let mut refusal = None;
		for chip in T::Miners::chips(&place.miner) {
			let Some(trust) = T::Vms::trust(&chip).filter(|_| T::Vms::vouches(&chip)) else {
				refusal = Some(Error::<T>::HostNotLive);
				continue;
			};
			match Self::check_chip(&chip, trust, place, order) {
				Ok(()) => return Ok(()),
				Err(Error::<T>::HostNotLive) => refusal = Some(Error::<T>::HostNotLive),
				Err(other) => refusal = refusal.or(Some(other)),
			}
		}
		Err(refusal.unwrap_or(Error::<T>::HostNotLive))
	}

	/// Has a VM run on that chip, which has shown its evidence.
	pub(crate) fn run(
		mut vm: VmOf<T>,
		mut place: Place<AccountIdOf<T>>,
		chip: ChipHash,
		evidence: &VmEvidence,
	) -> DispatchResult {
		let id = evidence.vm;
		let State::Booting { fee, .. } = vm.state else {
			return Err(Error::<T>::WrongState.into());
		};
		let burned = Self::burn_wait(&mut vm);
		if place.chip != Some(chip) {
			Self::charge_former_chip(id, &mut vm);
		}
		place.chip = Some(chip);
		Self::pay(&vm.tenant, &place.miner, fee);
		let now = T::Ticks::now();
		vm.place = Some(place);
		vm.state = State::Running { since: now };
		vm.lapses = 0;
		Self::account(id, &mut vm);
		let row = BootRow {
			generation: vm.generation,
			counter: vm.boot_counter,
			chip,
			guest_pk: evidence.guest_pk,
			ssh_host_key_hash: evidence.ssh_host_key_hash,
			evidence: vm_evidence_hash(evidence),
			at: now,
			interval: T::Liveness::interval().index,
		};
		Self::deposit_event(Event::Booted {
			vm: id,
			chip: row.chip,
			generation: row.generation,
			counter: row.counter,
			guest_pk: row.guest_pk,
			ssh_host_key_hash: row.ssh_host_key_hash,
			fee,
			burned,
		});
		Boots::<T>::insert(id, row);
		Self::store(id, vm);
		Ok(())
	}

	/// What ran on another chip in this interval is owed for that one. Where too much is unsettled for another charge it is not owed at all: to have it, the miner boots where the VM was.
	fn charge_former_chip(id: Id, vm: &mut VmOf<T>) {
		if vm.run.ticks > 0 && vm.charges.len() < BUSY {
			return Self::charge_run(id, vm);
		}
		Self::account(id, vm);
		vm.run.ticks = 0;
	}

	pub(crate) fn do_report_crash(who: AccountIdOf<T>, id: Id) -> DispatchResult {
		let (mut vm, _) = Self::with_miner(&who, id)?;
		ensure!(matches!(vm.state, State::Running { .. }), Error::<T>::WrongState);
		let rules = Self::rules();
		let now = T::Ticks::now();
		let today = now.checked_div(DAYS).unwrap_or_default();
		let before = if vm.crashes.0 == today { vm.crashes.1 } else { 0 };
		ensure!(before < rules.crashes, Error::<T>::TooManyCrashes);
		vm.crashes = (today, before.saturating_add(1));
		Self::pause(id, &mut vm);
		vm.state = State::Assigned { until: now.saturating_add(rules.acceptance) };
		Self::deposit_event(Event::Crashed { vm: id, today: vm.crashes.1 });
		Self::store(id, vm);
		Ok(())
	}

	/// Burns what the time costs that a VM has booted for: it may have run for as long. Nobody has it, so that neither a tenant nor a miner gains by a boot that is shown late.
	fn burn_wait(vm: &mut VmOf<T>) -> Balance {
		let (State::Booting { since, until, .. }, Some(place)) = (&vm.state, &vm.place) else {
			return 0;
		};
		// What is looked after late costs no more.
		let ticks = T::Ticks::now().min(*until).saturating_sub(*since);
		let costs = |ticks| {
			let costs = T::Oracle::for_leases().and_then(|price| cost(place.rate, ticks, price));
			costs.unwrap_or_default()
		};
		// What ran before is its miner's.
		let burned = costs(ticks).min(vm.escrow.saturating_sub(costs(vm.run.ticks)));
		vm.escrow = vm.escrow.saturating_sub(burned);
		Self::burn(&vm.tenant, burned);
		burned
	}

	/// A boot comes to nothing. Its fee and its time are burned where the miner's chip is live, so that images that never show their boot cost their tenant and no miner earns by not booting; else the fee is given back.
	pub(crate) fn drop_boot(id: Id, vm: &mut VmOf<T>) {
		let State::Booting { fee, .. } = vm.state else { return };
		let Some(place) = &vm.place else { return };
		if Self::is_live(&place.miner) {
			Self::burn(&vm.tenant, fee);
			let burned = Self::burn_wait(vm).saturating_add(fee);
			Self::deposit_event(Event::BootFailed { vm: id, refunded: 0, burned });
		} else {
			vm.escrow = vm.escrow.saturating_add(fee);
			Self::deposit_event(Event::BootFailed { vm: id, refunded: fee, burned: 0 });
		}
		vm.state = State::Assigned { until: T::Ticks::now() };
	}

	/// Whether a chip of that miner's has proven itself lately.
	pub(crate) fn is_live(miner: &AccountIdOf<T>) -> bool {
		T::Miners::chips(miner).iter().any(|chip| T::Liveness::fit(chip).is_some())
	}

	/// What has run of a VM and is not charged.
	fn ran(vm: &VmOf<T>) -> Tick {
		let since = match vm.state {
			State::Running { since } => T::Ticks::now().saturating_sub(since),
			_ => 0,
		};
		vm.run.ticks.saturating_add(since)
	}

	/// Whether a VM can go on: its chip is there, α has a price, its escrow lasts.
	pub(crate) fn check_running(id: Id, vm: &mut VmOf<T>) {
		let Some(place) = vm.place.clone() else { return };
		let rules = Self::rules();
		let owner = place.chip.and_then(|chip| T::Miners::owner_of(&chip));
		if owner.as_ref() != Some(&place.miner) {
			// The chip has lapsed for this miner, and what another has shown of it since says nothing of what ran: that is not paid.
			vm.run.ticks = 0;
			vm.state = State::Running { since: T::Ticks::now() };
			return Self::end(id, vm, EndReason::HostLost);
		}
		if vm.lapses >= rules.lost {
			return Self::end(id, vm, EndReason::HostLost);
		}
		let Some(price) = T::Oracle::for_leases() else {
			return Self::halt(id, vm, StopReason::NoPrice);
		};
		let costs = |intervals| Self::intervals(place.rate, intervals, price);
		// What it will owe when it is looked after next.
		let ahead = Self::ran(vm).saturating_add(T::Liveness::interval().length);
		let next = cost(place.rate, ahead, price);
		let (Some(interval), Some(next), Some(enough)) = (costs(1), next, costs(rules.warning))
		else {
			return Self::halt(id, vm, StopReason::NoPrice);
		};
		if vm.escrow < next {
			return Self::halt(id, vm, StopReason::Unfunded);
		}
		if vm.escrow < enough {
			Self::deposit_event(Event::EscrowLow { vm: id, escrow: vm.escrow, interval });
		}
	}
}
