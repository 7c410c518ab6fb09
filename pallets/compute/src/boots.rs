//! The boots of a VM, from the call `boot` to the running VM, and crashes.

use frame_support::{ensure, pallet_prelude::DispatchResult, traits::Get, weights::Weight};
use hcc_evidence::{
	host::GenerationTrust,
	vm::{
		boot_nonce, confirmation_statement, vm_evidence_hash, Boot, Confirmation,
		SignedConfirmation, VmEvidence,
	},
};
use hcc_primitives::{
	genesis, parent_hash,
	units::{Balance, DAYS},
	ChipHash, ChipOwnership, Liveness, Miners, Oracle, PaidSlots, PaidTime, Price, TickSource,
	VmVerifier,
};
use sp_core::ed25519;

use crate::{configuration::this_block, price::cost, *};

impl<T: Config> Pallet<T> {
	/// Returns the VM and its place, if `who` is the hot key of the miner to which it is assigned.
	fn with_miner(
		who: &AccountIdOf<T>,
		id: Id,
	) -> Result<(VmOf<T>, Place<AccountIdOf<T>>), Error<T>> {
		let vm = Vms::<T>::get(id).ok_or(Error::<T>::NoVm)?;
		let place = vm.place.clone().filter(|place| T::Miners::is_hot_key(who, &place.miner));
		Ok((vm, place.ok_or(Error::<T>::NotTheMiner)?))
	}

	/// Returns the VM, its place and its order, if `who` has to begin a boot.
	fn assigned(
		who: &AccountIdOf<T>,
		id: Id,
	) -> Result<(VmOf<T>, Place<AccountIdOf<T>>, OrderOf<T>), Error<T>> {
		let (vm, place) = Self::with_miner(who, id)?;
		ensure!(matches!(vm.state, VmState::Assigned { .. }), Error::<T>::WrongState);
		let order = Orders::<T>::get(id).ok_or(Error::<T>::NoVm)?;
		Ok((vm, place, order))
	}

	/// Checks that `boot` would succeed. Returns generation and boot counter of the VM. An
	/// assignment allows one boot, which changes the counter.
	///
	/// ## Errors
	/// The same errors as the call `boot`.
	pub fn check_boot(who: &AccountIdOf<T>, id: Id) -> Result<(u32, u32), Error<T>> {
		let (vm, place, order) = Self::assigned(who, id)?;
		match Self::boot_terms(&place, &order) {
			Err(Error::<T>::HostNotLive) => Err(Error::<T>::HostNotLive),
			// If the chain does not allow the boot now, the call succeeds and ends the assignment.
			Ok(_) | Err(_) => Ok((vm.generation, vm.boot_counter)),
		}
	}

	/// Checks that a VM waits for evidence of this boot, and that the miner has a chip on which the
	/// VM can run. Returns generation and boot counter of the VM.
	///
	/// These checks are cheap enough for the transaction pool. Inclusion verifies the evidence.
	///
	/// ## Errors
	/// The same errors as the call `attest`.
	pub fn check_attest(
		who: &AccountIdOf<T>,
		evidence: &VmEvidence,
	) -> Result<(u32, u32), Error<T>> {
		let (vm, place) = Self::with_miner(who, evidence.vm)?;
		ensure!(matches!(vm.state, VmState::Booting { .. }), Error::<T>::WrongState);
		let boot = (vm.generation, vm.boot_counter);
		let shown = (evidence.generation, evidence.boot_counter);
		ensure!(shown == boot, Error::<T>::EvidenceRefused);
		let order = Orders::<T>::get(evidence.vm).ok_or(Error::<T>::NoVm)?;
		Self::check_bootable(&place, &order)?;
		Ok(boot)
	}

	/// Counts a refused `attest` of a VM that boots. Refusal number [`MAX_REFUSALS`] ends the boot,
	/// as a missed deadline does.
	///
	/// The runtime calls this after the refused call, whose own changes are reverted.
	pub fn note_refusal(id: Id) {
		let Some(mut vm) = Vms::<T>::get(id) else { return };
		if !matches!(vm.state, VmState::Booting { .. }) {
			return;
		}
		let boot = vm.boot_counter;
		let before = Refusals::<T>::get(id).filter(|(of, _)| *of == boot);
		let count = before.map_or(0, |(_, count)| count).saturating_add(1);
		Refusals::<T>::insert(id, (boot, count));
		Self::deposit_event(Event::AttestRefused { vm: id, refusals: count });
		if count >= MAX_REFUSALS {
			Self::fail(id, &mut vm, AssignmentFailure::NoEvidence);
			Self::store(id, vm);
		}
	}

	/// Returns the weight of [`Self::note_refusal`].
	pub fn refusal_weight() -> Weight {
		T::WeightInfo::attend_booting()
			.saturating_add(Self::extra_chip_weight())
			.saturating_add(T::DbWeight::get().reads_writes(2, 1))
	}

	pub(crate) fn do_boot(who: AccountIdOf<T>, id: Id) -> DispatchResult {
		let (mut vm, place, order) = Self::assigned(&who, id)?;
		let (price, fee) = match Self::boot_terms(&place, &order) {
			Ok(terms) => terms,
			// The miner can still make its host live, and then repeat the call.
			Err(Error::<T>::HostNotLive) => return Err(Error::<T>::HostNotLive.into()),
			Err(_) => {
				Self::give_back(id, vm);
				return Ok(());
			},
		};
		let rules = Self::rules();
		let fee = fee.min(vm.escrow);
		Self::take(&mut vm, fee);
		vm.boot_counter = vm.boot_counter.saturating_add(1);
		let counter = vm.boot_counter;
		let nonce = boot_nonce(&genesis::<T>(), id, vm.generation, counter, &parent_hash::<T>());
		let since = T::TickSource::paid_slots();
		let until = T::TickSource::now().saturating_add(rules.boot);
		vm.state = VmState::Booting { nonce, fee, since, until };
		Self::store(id, vm);
		let miner = place.miner;
		Self::deposit_event(Event::BootBegun { vm: id, miner, counter, nonce, until, fee, price });
		Ok(())
	}

	/// Returns the price of α and the boot fee, if the chain allows a boot now.
	fn boot_terms(
		place: &Place<AccountIdOf<T>>,
		order: &OrderOf<T>,
	) -> Result<(Price, Balance), Error<T>> {
		Self::check_bootable(place, order)?;
		let price = T::Oracle::for_leases().ok_or(Error::<T>::NoPrice)?;
		Ok((price, Self::boot_fee(price).ok_or(Error::<T>::NoPrice)?))
	}

	pub(crate) fn do_attest(who: AccountIdOf<T>, evidence: &VmEvidence) -> DispatchResult {
		let id = evidence.vm;
		let (vm, place) = Self::with_miner(&who, id)?;
		let VmState::Booting { nonce, .. } = vm.state else {
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
		Self::accept(vm, claims.chip, &boot, evidence)
	}

	/// Stores a boot whose evidence was accepted. The guest has to confirm it.
	pub(crate) fn accept(
		mut vm: VmOf<T>,
		chip: ChipHash,
		boot: &Boot,
		evidence: &VmEvidence,
	) -> DispatchResult {
		let id = evidence.vm;
		let OpenBoot { fee, since, until } = vm.state.open_boot().ok_or(Error::<T>::WrongState)?;
		vm.state = VmState::Attested { fee, since, until };
		let row = BootRow {
			generation: boot.generation,
			counter: boot.counter,
			nonce: boot.nonce,
			chip,
			measurement: boot.measurement,
			config_hash: boot.config_hash,
			holders_root: boot.holders_root,
			guest_pk: evidence.guest_pk,
			ssh_host_key_hash: evidence.ssh_host_key_hash,
			evidence: vm_evidence_hash(evidence),
			block: this_block::<T>(),
			at: T::TickSource::now(),
			interval: T::Liveness::interval().index,
			confirmed: None,
		};
		Self::deposit_event(Event::Attested {
			vm: id,
			chip,
			generation: row.generation,
			counter: row.counter,
			evidence: row.evidence,
			until,
		});
		Boots::<T>::insert(id, row);
		Self::store(id, vm);
		Ok(())
	}

	/// Checks that `confirm` would succeed. Returns generation and boot counter of the VM. A boot
	/// is confirmed once.
	///
	/// ## Errors
	/// Those of the call `confirm`.
	pub fn check_confirm(
		who: &AccountIdOf<T>,
		signed: &SignedConfirmation,
	) -> Result<(u32, u32), Error<T>> {
		let (vm, _, _) = Self::attested(who, signed)?;
		Ok((vm.generation, vm.boot_counter))
	}

	/// Returns the VM, its place and its boot, if the confirmation is of this boot and signed by
	/// the key of its guest.
	fn attested(
		who: &AccountIdOf<T>,
		signed: &SignedConfirmation,
	) -> Result<(VmOf<T>, Place<AccountIdOf<T>>, BootRow), Error<T>> {
		let confirmation = &signed.confirmation;
		let (vm, place) = Self::with_miner(who, confirmation.vm)?;
		ensure!(matches!(vm.state, VmState::Attested { .. }), Error::<T>::WrongState);
		let boot = Boots::<T>::get(confirmation.vm).ok_or(Error::<T>::WrongState)?;
		let shown = (confirmation.generation, confirmation.boot_counter);
		ensure!(shown == (boot.generation, boot.counter), Error::<T>::ConfirmationRefused);
		let holds = sp_io::crypto::ed25519_verify(
			&ed25519::Signature::from_raw(signed.signature),
			&confirmation_statement(&genesis::<T>(), confirmation),
			&ed25519::Public::from_raw(boot.guest_pk),
		);
		ensure!(holds, Error::<T>::ConfirmationRefused);
		Ok((vm, place, boot))
	}

	pub(crate) fn do_confirm(who: AccountIdOf<T>, signed: &SignedConfirmation) -> DispatchResult {
		let (vm, place, boot) = Self::attested(&who, signed)?;
		Self::run(vm, place, boot, &signed.confirmation)
	}

	/// Returns the weight of checking one more chip of the miner: its keys, its trust, its
	/// liveness. Benchmarks cover one chip.
	pub(crate) fn extra_chip_weight() -> Weight {
		T::DbWeight::get().reads(8)
	}

	/// Checks that a VM can run on `chip`, whose generation has the given trust.
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
		// A VM can stay on the chip on which it ran, even if the chip's tier has fallen.
		let there = place.chip == Some(*chip);
		ensure!(there || tier <= order.tier, Error::<T>::TierTooLow);
		Ok(())
	}

	/// Checks that at least one of the miner's chips can run the VM, since a boot that cannot
	/// succeed would cost the tenant. Fails with `HostNotLive` if a chip may still become live.
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

	/// Marks a VM as running, after its guest confirmed the boot.
	pub(crate) fn run(
		mut vm: VmOf<T>,
		mut place: Place<AccountIdOf<T>>,
		mut row: BootRow,
		confirmation: &Confirmation,
	) -> DispatchResult {
		let (id, chip) = (confirmation.vm, row.chip);
		let OpenBoot { fee, .. } = vm.state.open_boot().ok_or(Error::<T>::WrongState)?;
		let burned = Self::burn_boot_time(&mut vm);
		if place.chip != Some(chip) {
			Self::charge_former_chip(id, &mut vm);
		}
		place.chip = Some(chip);
		Self::pay(&vm.tenant, &place.miner, fee);
		vm.place = Some(place);
		vm.state = VmState::Running { since: T::TickSource::paid_slots() };
		vm.lapses = 0;
		Self::account(id, &mut vm);
		let Confirmation { key_commit, token_root, stamp, .. } = *confirmation;
		let block = this_block::<T>();
		row.confirmed = Some(Confirmed { block, key_commit, token_root, stamp });
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

	/// Charges the time that the VM ran on its former chip in this interval. If too many charges
	/// are unsettled, the time is free. The miner can avoid that loss by booting the VM on the
	/// former chip.
	fn charge_former_chip(id: Id, vm: &mut VmOf<T>) {
		if vm.run.slots > 0 && vm.charges.len() < BUSY {
			return Self::charge_run(id, vm);
		}
		Self::account(id, vm);
		vm.run.slots = 0;
	}

	pub(crate) fn do_report_crash(who: AccountIdOf<T>, id: Id) -> DispatchResult {
		let (mut vm, _) = Self::with_miner(&who, id)?;
		ensure!(matches!(vm.state, VmState::Running { .. }), Error::<T>::WrongState);
		if Self::leave_paused(id, &mut vm) {
			Self::store(id, vm);
			return Ok(());
		}
		let rules = Self::rules();
		let now = T::TickSource::now();
		let today = now.checked_div(DAYS).unwrap_or_default();
		let before = if vm.crashes.0 == today { vm.crashes.1 } else { 0 };
		ensure!(before < rules.crashes, Error::<T>::TooManyCrashes);
		vm.crashes = (today, before.saturating_add(1));
		Self::pause(id, &mut vm);
		vm.state = VmState::Assigned { until: now.saturating_add(rules.acceptance) };
		Self::deposit_event(Event::Crashed { vm: id, today: vm.crashes.1 });
		Self::store(id, vm);
		Ok(())
	}

	/// Burns the price of the boot time, in which the guest may already have worked. No account
	/// receives the amount, so neither tenant nor miner gains from late evidence.
	fn burn_boot_time(vm: &mut VmOf<T>) -> Balance {
		let (Some(boot), Some(place)) = (vm.state.open_boot(), &vm.place) else { return 0 };
		// A late review does not raise the amount, because one slot is subtracted for each tick
		// after the deadline.
		let late = T::TickSource::now().saturating_sub(boot.until);
		let slots = T::TickSource::paid_slots().saturating_sub(boot.since).saturating_sub(late);
		let costs = |slots| {
			let costs = T::Oracle::for_leases().and_then(|price| cost(place.rate, slots, price));
			costs.unwrap_or_default()
		};
		// The price of the time that ran before the boot stays reserved for the miner.
		let burned = costs(slots).min(vm.escrow.saturating_sub(costs(vm.run.slots)));
		Self::take(vm, burned);
		Self::burn(&vm.tenant, burned);
		burned
	}

	/// Ends a boot without success. If a chip of the miner is live, the fee and the price of the
	/// boot time are burned. Images that never boot thus cost their tenant, and no miner earns by
	/// not booting. If no chip is live, the fee is refunded.
	pub(crate) fn drop_boot(id: Id, vm: &mut VmOf<T>) {
		let Some(OpenBoot { fee, .. }) = vm.state.open_boot() else { return };
		let Some(place) = &vm.place else { return };
		if Self::is_live(&place.miner) {
			Self::burn(&vm.tenant, fee);
			let burned = Self::burn_boot_time(vm).saturating_add(fee);
			Self::deposit_event(Event::BootFailed { vm: id, refunded: 0, burned });
		} else {
			Self::refund(vm, fee);
			Self::deposit_event(Event::BootFailed { vm: id, refunded: fee, burned: 0 });
		}
		vm.state = VmState::Assigned { until: T::TickSource::now() };
	}

	/// Returns `true` if a chip of the miner has recent accepted evidence.
	pub(crate) fn is_live(miner: &AccountIdOf<T>) -> bool {
		T::Miners::chips(miner).iter().any(|chip| T::Liveness::fit(chip).is_some())
	}

	/// Returns the number of slots for which a VM ran and that are not charged yet.
	fn uncharged_slots(vm: &VmOf<T>) -> PaidSlots {
		let since = match vm.state {
			VmState::Running { since } => T::TickSource::paid_slots().saturating_sub(since),
			_ => 0,
		};
		vm.run.slots.saturating_add(since)
	}

	/// Checks that a VM can continue to run: the chip still belongs to the miner, the price of α is
	/// known, and the escrow lasts until the next review.
	pub(crate) fn check_running(id: Id, vm: &mut VmOf<T>) {
		let Some(place) = vm.place.clone() else { return };
		let rules = Self::rules();
		let owner = place.chip.and_then(|chip| T::Miners::owner_of(&chip));
		if owner.as_ref() != Some(&place.miner) {
			// The chip no longer belongs to this miner. Evidence that another miner submitted since
			// then proves nothing about the uncharged time, so that time is free.
			vm.run.slots = 0;
			vm.state = VmState::Running { since: T::TickSource::paid_slots() };
			return Self::end(id, vm, EndReason::HostLost);
		}
		if vm.lapses >= rules.lost {
			return Self::end(id, vm, EndReason::HostLost);
		}
		if Self::leave_paused(id, vm) {
			return;
		}
		let Some(price) = T::Oracle::for_leases() else {
			return Self::halt(id, vm, StopReason::NoPrice);
		};
		let costs = |intervals| Self::intervals(place.rate, intervals, price);
		// The cost up to the next review, if no slot is empty. If slots are empty, the last charge
		// takes the rest of the escrow.
		let ahead = Self::uncharged_slots(vm).saturating_add(T::Liveness::interval().length);
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
