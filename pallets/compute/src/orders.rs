//! The calls of governance and tenants: flavours, orders, escrow, start and stop, resizing,
//! termination.

use frame_support::{
	ensure,
	pallet_prelude::DispatchResult,
	traits::{fungible::MutateHold, tokens::Precision, Get},
	BoundedVec,
};
use hcc_primitives::{draw::DRAWN_AFTER, units::Balance, Oracle, Price, TickSource, Usage};

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

	/// Returns the minimum escrow for a start at `rate`: a boot, its maximum duration, and the
	/// first intervals.
	pub(crate) fn least_escrow_at(rate: Rate, price: Price) -> Option<Balance> {
		let rules = Self::rules();
		let boot = Self::boot_fee(price)?.saturating_add(cost(rate, rules.boot, price)?);
		Some(boot.saturating_add(Self::intervals(rate, rules.reserve, price)?))
	}

	/// Returns the minimum escrow for an order at `max_price`: the minimum for a start at this
	/// price, plus the price of all searches for a miner.
	pub(crate) fn least_order_escrow(max_price: u64, price: Price) -> Option<Balance> {
		let searches = Balance::from(ROUNDS.saturating_mul(MAX_GENERATIONS));
		let searches = T::SearchFee::get().saturating_mul(searches);
		Some(Self::least_escrow_at(rate_of(max_price), price)?.saturating_add(searches))
	}

	/// Returns the price of a boot: the USD price in α, but at least [`Rules::least_fee`].
	pub(crate) fn boot_fee(price: Price) -> Option<Balance> {
		let rules = Self::rules();
		Some(in_alpha(rules.boot_fee, price)?.max(rules.least_fee))
	}

	pub(crate) fn do_order(
		tenant: AccountIdOf<T>,
		request: OrderRequestOf<T>,
		escrow: Balance,
	) -> DispatchResult {
		let flavour = Flavours::<T>::get(request.flavour).ok_or(Error::<T>::NoFlavour)?;
		let price = T::Oracle::for_orders().ok_or(Error::<T>::NoPrice)?;
		let least = Self::least_order_escrow(request.max_price, price);
		ensure!(escrow >= least.ok_or(Error::<T>::NoPrice)?, Error::<T>::EscrowTooSmall);
		let nonce = request.config.order_nonce;
		let known = OrderNonces::<T>::contains_key(&tenant, nonce);
		ensure!(!known, Error::<T>::NonceInUse);
		let measurement = Self::ordered_measurement(&request.image, flavour.allotted.vcpus)?;
		let config = Self::check_config(&tenant, &request.config)?;
		let deposit = T::Deposit::get();
		T::NativeBalance::hold(&HoldReason::Escrow.into(), &tenant, escrow)?;
		T::NativeBalance::hold(&HoldReason::Deposit.into(), &tenant, deposit)?;
		let now = T::TickSource::now();
		let id = LastId::<T>::get().saturating_add(1);
		LastId::<T>::put(id);
		let max_price = request.max_price;
		Orders::<T>::insert(id, Self::order_row(request, measurement, config));
		OrderNonces::<T>::insert(&tenant, nonce, id);
		VmsOfTenant::<T>::insert(&tenant, id, ());
		let vm = Vm {
			tenant: tenant.clone(),
			state: VmState::Pending {
				next: now.saturating_add(DRAWN_AFTER),
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
			silent: false,
			look: 0,
		};
		Self::store(id, vm);
		Self::deposit_event(Event::Ordered { vm: id, tenant, max_price, escrow });
		Ok(())
	}

	fn order_row(
		request: OrderRequestOf<T>,
		measurement: [u8; 48],
		config: Configuration,
	) -> OrderOf<T> {
		Order {
			flavour: request.flavour,
			image: request.image.id,
			measurement,
			config,
			holders_root: request.holders_root,
			egress: request.egress,
			max_price: request.max_price,
			tier: request.tier,
			reduced: request.reduced,
			region: request.region,
			miner: request.miner,
		}
	}

	/// Changes a VM of the tenant that is not terminated, and stores it.
	pub(crate) fn change(
		who: &AccountIdOf<T>,
		id: Id,
		change: impl FnOnce(&mut VmOf<T>) -> DispatchResult,
	) -> DispatchResult {
		let mut vm = Vms::<T>::get(id).ok_or(Error::<T>::NoVm)?;
		ensure!(vm.tenant == *who, Error::<T>::NotTheTenant);
		ensure!(vm.state != VmState::Terminated, Error::<T>::WrongState);
		change(&mut vm)?;
		Self::store(id, vm);
		Ok(())
	}

	pub(crate) fn do_top_up(who: AccountIdOf<T>, id: Id, amount: Balance) -> DispatchResult {
		Self::change(&who, id, |vm| {
			T::NativeBalance::hold(&HoldReason::Escrow.into(), &who, amount)?;
			// The amount is on hold, so the sum is below the total issuance.
			vm.escrow = vm.escrow.saturating_add(amount);
			if let VmState::Stopped { since, until } = vm.state {
				let until = until.max(Self::stop_deadline(vm, since));
				vm.state = VmState::Stopped { since, until };
			}
			Self::deposit_event(Event::ToppedUp { vm: id, amount, escrow: vm.escrow });
			Ok(())
		})
	}

	pub(crate) fn do_stop(who: AccountIdOf<T>, id: Id) -> DispatchResult {
		Self::change(&who, id, |vm| {
			ensure!(matches!(vm.state, VmState::Running { .. }), Error::<T>::WrongState);
			Self::halt(id, vm, StopReason::Tenant);
			Ok(())
		})
	}

	pub(crate) fn do_start(who: AccountIdOf<T>, id: Id) -> DispatchResult {
		Self::change(&who, id, |vm| {
			ensure!(matches!(vm.state, VmState::Stopped { .. }), Error::<T>::WrongState);
			Self::restart(id, vm)
		})
	}

	pub(crate) fn do_reboot(who: AccountIdOf<T>, id: Id) -> DispatchResult {
		Self::change(&who, id, |vm| {
			ensure!(matches!(vm.state, VmState::Running { .. }), Error::<T>::WrongState);
			Self::restart(id, vm)
		})
	}

	/// Lets the current miner of a VM boot the VM again.
	fn restart(id: Id, vm: &mut VmOf<T>) -> DispatchResult {
		let place = vm.place.as_ref().ok_or(Error::<T>::WrongState)?;
		let order = Orders::<T>::get(id).ok_or(Error::<T>::NoVm)?;
		// A host that is not live may become live before it boots. Trust that is too low needs a
		// decision of the tenant.
		match Self::check_bootable(place, &order) {
			Ok(()) | Err(Error::<T>::HostNotLive) => {},
			Err(refusal) => return Err(refusal.into()),
		}
		let rate = place.rate;
		let until = Self::acceptance_deadline(&place.miner);
		let price = T::Oracle::for_leases().ok_or(Error::<T>::NoPrice)?;
		let least = Self::least_escrow_at(rate, price).ok_or(Error::<T>::NoPrice)?;
		Self::pause(id, vm);
		let ran = cost(rate, vm.run.slots, price).unwrap_or_default();
		let needed = least.saturating_add(ran).saturating_add(Self::disk_rent_due(vm));
		ensure!(vm.escrow >= needed, Error::<T>::EscrowTooSmall);
		Self::take_room(vm)?;
		Self::pay_disk_rent(id, vm);
		vm.state = VmState::Assigned { until };
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
			ensure!(matches!(vm.state, VmState::Stopped { .. }), Error::<T>::WrongState);
			ensure!(vm.charges.len() < BUSY, Error::<T>::Unsettled);
			let wanted = Flavours::<T>::get(flavour).ok_or(Error::<T>::NoFlavour)?.allotted;
			ensure!(wanted.disk >= vm.allotted.disk, Error::<T>::DiskShrinks);
			if wanted.vcpus != vm.allotted.vcpus {
				let mut order = Orders::<T>::get(id).ok_or(Error::<T>::NoVm)?;
				order.measurement = Self::resized_measurement(&order.image, wanted.vcpus)?;
				Orders::<T>::insert(id, order);
			}
			// The time before the change is charged at the old price, and the rent is paid for the
			// old disk.
			Self::charge_run(id, vm);
			let before = Self::occupied(vm);
			let place = vm.place.as_ref().ok_or(Error::<T>::WrongState)?;
			let free = Self::free(&place.miner).ok_or(Error::<T>::NoRoom)?;
			let without = free.room.plus(&before);
			ensure!(wanted.fits(&without), Error::<T>::NoRoom);
			let rate = rate(&wanted, &Self::rules().list, free.ask);
			ensure!(rate <= rate_of(max_price), Error::<T>::TooExpensive);
			let miner = place.miner.clone();
			Self::pay_disk_rent(id, vm);
			if let Some(place) = vm.place.as_mut() {
				place.rate = rate;
			}
			vm.allotted = wanted;
			vm.max_price = max_price;
			ensure!(Self::covers_a_day(vm).ok_or(Error::<T>::NoPrice)?, Error::<T>::EscrowTooSmall);
			// A larger disk may use up the escrow sooner.
			if let VmState::Stopped { since, until } = vm.state {
				let until = until.min(Self::stop_deadline(vm, since));
				vm.state = VmState::Stopped { since, until };
			}
			let occupied = Self::occupied(vm);
			AllottedCapacity::<T>::mutate(miner, |used| {
				*used = used.minus(&before).plus(&occupied)
			});
			Self::deposit_event(Event::Resized { vm: id, allotted: wanted, rate });
			Ok(())
		})
	}

	pub(crate) fn do_set_reduced(who: AccountIdOf<T>, id: Id, reduced: bool) -> DispatchResult {
		Self::change(&who, id, |vm| {
			// Evidence in progress is judged by the order as it was when the boot began. A miner
			// that has to boot the VM must not lose the permission to boot it.
			let allowed = match vm.state {
				VmState::Booting { .. } | VmState::Attested { .. } => false,
				VmState::Assigned { .. } => reduced,
				_ => true,
			};
			ensure!(allowed, Error::<T>::WrongState);
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

	/// Terminates a VM: charges the time that it ran, and releases the rest of the escrow.
	pub(crate) fn end(id: Id, vm: &mut VmOf<T>, why: EndReason) {
		Self::drop_boot(id, vm);
		Self::pause(id, vm);
		Self::charge_run(id, vm);
		Self::pay_disk_rent(id, vm);
		Self::vacate(id, vm);
		let released = core::mem::take(&mut vm.escrow);
		Self::release(HoldReason::Escrow, &vm.tenant, released);
		vm.state = VmState::Terminated;
		Self::deposit_event(Event::Terminated { vm: id, why, released });
	}

	/// Removes a VM whose charges are all settled, and returns its deposit.
	pub(crate) fn remove(id: Id, vm: VmOf<T>) {
		Self::release(HoldReason::Deposit, &vm.tenant, vm.deposit);
		Vms::<T>::remove(id);
		if let Some(order) = Orders::<T>::take(id) {
			OrderNonces::<T>::remove(&vm.tenant, order.config.order_nonce);
		}
		VmsOfTenant::<T>::remove(&vm.tenant, id);
		Boots::<T>::remove(id);
		Refusals::<T>::remove(id);
		Settlements::<T>::remove(id);
		T::Usage::forget(id);
		Self::deposit_event(Event::Removed { vm: id });
	}

	/// Releases held funds.
	pub(crate) fn release(reason: HoldReason, who: &AccountIdOf<T>, amount: Balance) {
		let released = T::NativeBalance::release(&reason.into(), who, amount, Precision::Exact);
		debug_assert_eq!(released, Ok(amount), "the released amount was on hold");
	}
}
