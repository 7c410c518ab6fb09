//! What tenants do: order, top up, stop, start, resize, give up.

use frame_support::{
	ensure,
	pallet_prelude::DispatchResult,
	traits::{fungible::MutateHold, tokens::Precision, Get},
	BoundedVec,
};
use hcc_evidence::vm::config_statement;
use hcc_primitives::{genesis, units::Balance, Oracle, Price, Ticks, Usage};
use sp_core::ed25519;

use crate::{
	price::{cost, in_alpha, rate, rate_of, RATE_PARTS},
	*,
};

impl<T: Config> Pallet<T> {
	pub(crate) fn do_set_flavour(flavour: FlavourId, row: Option<Flavour>) -> DispatchResult {
		if let Some(Flavour { allotted, .. }) = &row {
			let whole = allotted.vcpus > 0 && allotted.memory > 0 && allotted.disk > 0;
			ensure!(whole, Error::<T>::EmptyFlavour);
		}
		Flavours::<T>::set(flavour, row.clone());
		Self::deposit_event(Event::FlavourSet { flavour, row });
		Ok(())
	}

	pub(crate) fn quote_of(flavour: FlavourId) -> Option<(u64, Option<Balance>)> {
		let allotted = Flavours::<T>::get(flavour)?.allotted;
		let rate = rate(&allotted, &Self::rules().list, 1_000);
		let hour = T::Oracle::for_orders()
			.and_then(|price| cost(rate, hcc_primitives::units::HOURS, price));
		Some((rate.div_ceil(RATE_PARTS) as u64, hour))
	}

	/// What must be set aside where a VM is begun at that rate: a boot, as long as it may take, and the first intervals.
	pub(crate) fn least_escrow_at(rate: Rate, price: Price) -> Option<Balance> {
		let rules = Self::rules();
		let boot = Self::boot_fee(price)?.saturating_add(cost(rate, rules.boot, price)?);
		Some(boot.saturating_add(Self::intervals(rate, rules.reserve, price)?))
	}

	/// What a boot costs: in USD, and no less than what its transactions cost the miner.
	pub(crate) fn boot_fee(price: Price) -> Option<Balance> {
		let rules = Self::rules();
		Some(in_alpha(rules.boot_fee, price)?.max(rules.least_fee))
	}

	pub(crate) fn do_order(
		tenant: AccountIdOf<T>,
		order: OrderOf<T>,
		escrow: Balance,
	) -> DispatchResult {
		let flavour = Flavours::<T>::get(order.flavour).ok_or(Error::<T>::NoFlavour)?;
		let price = T::Oracle::for_orders().ok_or(Error::<T>::NoPrice)?;
		let least = Self::least_escrow_at(rate_of(order.max_price), price);
		ensure!(escrow >= least.ok_or(Error::<T>::NoPrice)?, Error::<T>::EscrowTooSmall);
		Self::check_config(&order.config)?;
		let deposit = T::Deposit::get();
		T::NativeBalance::hold(&HoldReason::Escrow.into(), &tenant, escrow)?;
		T::NativeBalance::hold(&HoldReason::Deposit.into(), &tenant, deposit)?;
		let now = T::Ticks::now();
		let id = LastId::<T>::get().saturating_add(1);
		LastId::<T>::put(id);
		let max_price = order.max_price;
		Orders::<T>::insert(id, order);
		Rented::<T>::insert(&tenant, id, ());
		let vm = Vm {
			tenant: tenant.clone(),
			state: State::Pending {
				next: now.saturating_add(1),
				until: now.saturating_add(Self::rules().placement),
			},
			allotted: flavour.allotted,
			max_price,
			generation: 0,
			boot_counter: 0,
			place: None,
			escrow,
			deposit,
			run: Run::default(),
			charges: BoundedVec::new(),
			tried: BoundedVec::new(),
			crashes: (0, 0),
			lapses: 0,
			look: 0,
		};
		Self::store(id, vm);
		Self::deposit_event(Event::Ordered { vm: id, tenant, max_price, escrow });
		Ok(())
	}

	fn check_config(config: &Configuration) -> DispatchResult {
		let statement = config_statement(&genesis::<T>(), &config.hash);
		let signature = ed25519::Signature::from_raw(config.signature);
		let signer = ed25519::Public::from_raw(config.signer);
		let signed = sp_io::crypto::ed25519_verify(&signature, &statement, &signer);
		ensure!(signed, Error::<T>::BadSignature);
		Ok(())
	}

	/// Changes a VM of a tenant's that is not gone.
	fn change(
		who: &AccountIdOf<T>,
		id: Id,
		change: impl FnOnce(&mut VmOf<T>) -> DispatchResult,
	) -> DispatchResult {
		let mut vm = Vms::<T>::get(id).ok_or(Error::<T>::NoVm)?;
		ensure!(vm.tenant == *who, Error::<T>::NotTheTenant);
		ensure!(vm.state != State::Terminated, Error::<T>::WrongState);
		change(&mut vm)?;
		Self::store(id, vm);
		Ok(())
	}

	pub(crate) fn do_top_up(who: AccountIdOf<T>, id: Id, amount: Balance) -> DispatchResult {
		Self::change(&who, id, |vm| {
			T::NativeBalance::hold(&HoldReason::Escrow.into(), &who, amount)?;
			// It was held, so the sum is below the total issuance.
			vm.escrow = vm.escrow.saturating_add(amount);
			if let State::Stopped { since, until } = vm.state {
				let until = until.max(Self::kept_until(vm, since));
				vm.state = State::Stopped { since, until };
			}
			Self::deposit_event(Event::ToppedUp { vm: id, amount, escrow: vm.escrow });
			Ok(())
		})
	}

	pub(crate) fn do_stop(who: AccountIdOf<T>, id: Id) -> DispatchResult {
		Self::change(&who, id, |vm| {
			ensure!(matches!(vm.state, State::Running { .. }), Error::<T>::WrongState);
			Self::halt(id, vm, StopReason::Tenant);
			Ok(())
		})
	}

	pub(crate) fn do_start(who: AccountIdOf<T>, id: Id) -> DispatchResult {
		Self::change(&who, id, |vm| {
			ensure!(matches!(vm.state, State::Stopped { .. }), Error::<T>::WrongState);
			Self::restart(id, vm)
		})
	}

	pub(crate) fn do_reboot(who: AccountIdOf<T>, id: Id) -> DispatchResult {
		Self::change(&who, id, |vm| {
			ensure!(matches!(vm.state, State::Running { .. }), Error::<T>::WrongState);
			Self::restart(id, vm)
		})
	}

	/// Has a VM booted where it was.
	fn restart(id: Id, vm: &mut VmOf<T>) -> DispatchResult {
		let place = vm.place.as_ref().ok_or(Error::<T>::WrongState)?;
		let order = Orders::<T>::get(id).ok_or(Error::<T>::NoVm)?;
		// That its host is not live may change until it boots; that it is trusted too little is for the tenant.
		match Self::check_bootable(place, &order) {
			Ok(()) | Err(Error::<T>::HostNotLive) => {},
			Err(refusal) => return Err(refusal.into()),
		}
		let rate = place.rate;
		let price = T::Oracle::for_leases().ok_or(Error::<T>::NoPrice)?;
		let least = Self::least_escrow_at(rate, price).ok_or(Error::<T>::NoPrice)?;
		Self::pause(id, vm);
		let ran = cost(rate, vm.run.ticks, price).unwrap_or_default();
		let needed = least.saturating_add(ran).saturating_add(Self::owed_for_disk(vm));
		ensure!(vm.escrow >= needed, Error::<T>::EscrowTooSmall);
		Self::take_again(vm)?;
		Self::pay_kept(id, vm);
		let until = T::Ticks::now().saturating_add(Self::rules().acceptance);
		vm.state = State::Assigned { until };
		Self::deposit_event(Event::Restarted { vm: id });
		Ok(())
	}

	pub(crate) fn do_resize(
		who: AccountIdOf<T>,
		id: Id,
		flavour: FlavourId,
		max_price: u64,
	) -> DispatchResult {
		Self::change(&who, id, |vm| {
			ensure!(matches!(vm.state, State::Stopped { .. }), Error::<T>::WrongState);
			ensure!(vm.charges.len() < BUSY, Error::<T>::Unsettled);
			let wanted = Flavours::<T>::get(flavour).ok_or(Error::<T>::NoFlavour)?.allotted;
			ensure!(wanted.disk >= vm.allotted.disk, Error::<T>::DiskShrinks);
			// What ran before ran at the former price, and what was kept was what there was.
			Self::charge_run(id, vm);
			let before = Self::kept(vm);
			let place = vm.place.as_ref().ok_or(Error::<T>::WrongState)?;
			let free = Self::free(&place.miner).ok_or(Error::<T>::NoRoom)?;
			let without = free.room.plus(&before);
			ensure!(wanted.fits(&without), Error::<T>::NoRoom);
			let rate = rate(&wanted, &Self::rules().list, free.ask);
			ensure!(rate <= rate_of(max_price), Error::<T>::TooExpensive);
			let miner = place.miner.clone();
			Self::pay_kept(id, vm);
			if let Some(place) = vm.place.as_mut() {
				place.rate = rate;
			}
			vm.allotted = wanted;
			vm.max_price = max_price;
			ensure!(Self::lasts_a_day(vm).ok_or(Error::<T>::NoPrice)?, Error::<T>::EscrowTooSmall);
			// Another disk lasts for another time.
			if let State::Stopped { since, until } = vm.state {
				let until = until.min(Self::kept_until(vm, since));
				vm.state = State::Stopped { since, until };
			}
			let kept = Self::kept(vm);
			Used::<T>::mutate(miner, |used| *used = used.minus(&before).plus(&kept));
			Self::deposit_event(Event::Resized { vm: id, allotted: wanted, rate });
			Ok(())
		})
	}

	pub(crate) fn do_set_reduced(who: AccountIdOf<T>, id: Id, reduced: bool) -> DispatchResult {
		Self::change(&who, id, |vm| {
			// What is being shown was begun by the order as it was.
			ensure!(!matches!(vm.state, State::Booting { .. }), Error::<T>::WrongState);
			Orders::<T>::mutate(id, |order| {
				if let Some(order) = order {
					order.reduced = reduced;
				}
			});
			Self::deposit_event(Event::ReducedSet { vm: id, reduced });
			Ok(())
		})
	}

	pub(crate) fn do_terminate(who: AccountIdOf<T>, id: Id) -> DispatchResult {
		Self::change(&who, id, |vm| {
			Self::end(id, vm, EndReason::Tenant);
			Ok(())
		})
	}

	/// Gives a VM up: what has run is charged, what is left of the escrow is given back.
	pub(crate) fn end(id: Id, vm: &mut VmOf<T>, why: EndReason) {
		Self::drop_boot(id, vm);
		Self::pause(id, vm);
		Self::charge_run(id, vm);
		Self::pay_kept(id, vm);
		Self::vacate(id, vm);
		let released = core::mem::take(&mut vm.escrow);
		Self::release(HoldReason::Escrow, &vm.tenant, released);
		vm.state = State::Terminated;
		Self::deposit_event(Event::Terminated { vm: id, why, released });
	}

	/// Forgets a VM of which all is settled.
	pub(crate) fn remove(id: Id, vm: VmOf<T>) {
		Self::release(HoldReason::Deposit, &vm.tenant, vm.deposit);
		Vms::<T>::remove(id);
		Orders::<T>::remove(id);
		Rented::<T>::remove(&vm.tenant, id);
		Boots::<T>::remove(id);
		Settlements::<T>::remove(id);
		T::Usage::forget(id);
		Self::deposit_event(Event::Removed { vm: id });
	}

	/// Gives back what is held.
	pub(crate) fn release(reason: HoldReason, who: &AccountIdOf<T>, amount: Balance) {
		let released = T::NativeBalance::release(&reason.into(), who, amount, Precision::Exact);
		debug_assert_eq!(released, Ok(amount), "what is told is what is held");
	}
}
