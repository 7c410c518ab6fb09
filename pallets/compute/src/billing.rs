//! Charges, settlement and refunds.

use frame_support::traits::{
	fungible::{Balanced, BalancedHold},
	Get, Imbalance, OnUnbalanced,
};
use hcc_primitives::{
	push_evicting, units::Balance, IntervalIndex, Liveness, LivenessStatus, OnSettled, Oracle,
	Payment, Price, ServicePeriod, Tick, TickSource, Usage,
};

use crate::{
	price::{cost, split},
	*,
};

impl<T: Config> Pallet<T> {
	/// Returns the cost of `count` whole intervals at `rate`.
	pub(crate) fn intervals(rate: Rate, count: u8, price: Price) -> Option<Balance> {
		let ticks = T::Liveness::interval().length.saturating_mul(count.into());
		cost(rate, ticks, price)
	}

	/// Adds the time that the VM ran before the current interval, and charges it.
	pub(crate) fn account(id: Id, vm: &mut VmOf<T>) {
		let now = T::Liveness::interval();
		if vm.run.interval < now.index {
			let end = Self::ran_until(id, vm, now.from);
			if let VmState::Running { since } = &mut vm.state {
				let ran = end.saturating_sub(*since);
				vm.run.ticks = vm.run.ticks.saturating_add(ran);
				*since = (*since).max(now.from);
			}
			let (first, last) = (vm.run.interval, now.index.saturating_sub(1));
			Self::charge(id, vm, first, last);
			vm.run.interval = now.index;
		}
	}

	/// Adds all time that the VM ran until now. The caller changes the state, so that the VM no
	/// longer runs.
	pub(crate) fn pause(id: Id, vm: &mut VmOf<T>) {
		Self::account(id, vm);
		if let VmState::Running { since } = vm.state {
			let now = T::TickSource::now();
			let end = Self::ran_until(id, vm, now);
			vm.run.ticks = vm.run.ticks.saturating_add(end.saturating_sub(since));
			vm.state = VmState::Running { since: now };
		}
	}

	/// Charges the time of the current interval before that interval is over.
	pub(crate) fn charge_run(id: Id, vm: &mut VmOf<T>) {
		Self::account(id, vm);
		Self::charge(id, vm, vm.run.interval, vm.run.interval);
	}

	/// Takes the price of the uncharged time from the escrow, at most the whole escrow. The time is
	/// free if the price of α is unknown.
	fn charge(id: Id, vm: &mut VmOf<T>, first: IntervalIndex, last: IntervalIndex) {
		let ticks: Tick = core::mem::take(&mut vm.run.ticks);
		let Some(place) = vm.place.clone() else { return };
		let (Some(chip), Some(price)) = (place.chip, T::Oracle::for_leases()) else { return };
		let owed = cost(place.rate, ticks, price).unwrap_or_default();
		let amount = owed.min(vm.escrow);
		if amount == 0 {
			return;
		}
		if vm.charges.is_full() {
			// The oldest charge stayed unsettled for longer than any verdict can be open. It counts
			// as lapsed: absence of data is a denial.
			Self::settle_first(id, vm, LivenessStatus::Lapsed);
		}
		let charge = Charge { first, last, ticks, amount, price, miner: place.miner, chip };
		if vm.charges.try_push(charge).is_ok() {
			vm.escrow = vm.escrow.saturating_sub(amount);
			Self::deposit_event(Event::Charged { vm: id, first, last, ticks, amount, price });
		}
	}

	/// Settles the charges whose outcome is certain, oldest first.
	pub(crate) fn settle(id: Id, vm: &mut VmOf<T>) {
		while let Some(charge) = vm.charges.first() {
			let status = T::Liveness::was_live(&charge.chip, charge.first, charge.last);
			if status == LivenessStatus::Unsettled || T::Usage::open(charge.last) {
				break;
			}
			Self::settle_first(id, vm, status);
		}
	}

	fn settle_first(id: Id, vm: &mut VmOf<T>, status: LivenessStatus) {
		if vm.charges.is_empty() {
			return;
		}
		let charge = vm.charges.remove(0);
		let ChargeOf::<T> { first, last, amount, price, .. } = charge;
		if status == LivenessStatus::Live {
			vm.lapses = 0;
			return Self::pay_interval(id, vm, charge);
		}
		vm.lapses = vm.lapses.saturating_add(1);
		Self::refund(vm, amount);
		Self::record_settlement(id, &charge, 0, amount);
		Self::deposit_event(Event::Refunded { vm: id, first, last, amount, price });
	}

	/// Stores the result of a settlement and drops the oldest one if there is no room.
	fn record_settlement(id: Id, charge: &ChargeOf<T>, paid: Balance, refunded: Balance) {
		let ChargeOf::<T> { first, last, ticks, chip, price, .. } = *charge;
		Settlements::<T>::mutate(id, |all| {
			let settlement = Settlement { first, last, ticks, chip, price, paid, refunded };
			push_evicting(all, settlement);
		});
	}

	/// Refunds an amount to the escrow, or to the tenant if the VM is terminated.
	fn refund(vm: &mut VmOf<T>, amount: Balance) {
		if vm.state == VmState::Terminated {
			Self::release(HoldReason::Escrow, &vm.tenant, amount);
		} else {
			vm.escrow = vm.escrow.saturating_add(amount);
		}
		PaymentTotals::<T>::mutate(|paid| paid.refunded = paid.refunded.saturating_add(amount));
	}

	/// Refunds the part of a charge for which the receipts show a shortfall.
	fn reduce_charge(id: Id, vm: &mut VmOf<T>, charge: &mut ChargeOf<T>) {
		let ChargeOf::<T> { first, last, ticks, chip, price, .. } = *charge;
		let part = T::Usage::settle(&ServicePeriod { vm: id, chip, first, last, ticks });
		let amount = part.mul_floor(charge.amount);
		if amount > 0 {
			charge.amount = charge.amount.saturating_sub(amount);
			Self::refund(vm, amount);
			Self::deposit_event(Event::ChargeReduced { vm: id, first, last, amount, price });
		}
	}

	fn pay_interval(id: Id, vm: &mut VmOf<T>, mut charge: ChargeOf<T>) {
		let owed = charge.amount;
		Self::reduce_charge(id, vm, &mut charge);
		Self::record_settlement(id, &charge, charge.amount, owed.saturating_sub(charge.amount));
		let paid = Self::pay(&vm.tenant, &charge.miner, charge.amount);
		T::OnSettled::on_settled(&Payment {
			tenant: &vm.tenant,
			miner: &charge.miner,
			chip: charge.chip,
			first: charge.first,
			last: charge.last,
			amount: charge.amount,
		});
		Self::deposit_event(Event::Settled {
			vm: id,
			first: charge.first,
			last: charge.last,
			ticks: charge.ticks,
			price: charge.price,
			miner: charge.miner,
			to_miner: paid.miner,
			to_validators: paid.validators,
			to_treasury: paid.treasury,
			burned: paid.burned,
		});
	}

	/// Pays held funds of the tenant for a miner's work, and divides them. A part that its account
	/// cannot receive is burned.
	pub(crate) fn pay(
		tenant: &AccountIdOf<T>,
		miner: &AccountIdOf<T>,
		amount: Balance,
	) -> price::Split {
		let (mut credit, _) = T::NativeBalance::slash(&HoldReason::Escrow.into(), tenant, amount);
		let taken = credit.peek();
		let mut parts = split(taken, &Self::rules().shares);
		for (part, to) in [
			(&mut parts.validators, T::ValidatorsPot::get()),
			(&mut parts.treasury, T::Treasury::get()),
			(&mut parts.miner, miner.clone()),
		] {
			let share = credit.extract(*part);
			// An account that does not exist cannot receive less than the existential deposit.
			if let Err(refused) = T::NativeBalance::resolve(&to, share) {
				*part = part.saturating_sub(refused.peek());
				parts.burned = parts.burned.saturating_add(refused.peek());
				credit.subsume(refused);
			}
		}
		T::Burned::on_unbalanced(credit);
		PaymentTotals::<T>::mutate(|paid| {
			paid.settled = paid.settled.saturating_add(taken);
			paid.miners = paid.miners.saturating_add(parts.miner);
			paid.validators = paid.validators.saturating_add(parts.validators);
			paid.treasury = paid.treasury.saturating_add(parts.treasury);
			paid.burned = paid.burned.saturating_add(parts.burned);
		});
		parts
	}

	/// Burns held funds of the tenant.
	pub(crate) fn burn(tenant: &AccountIdOf<T>, amount: Balance) {
		let (credit, _) = T::NativeBalance::slash(&HoldReason::Escrow.into(), tenant, amount);
		let burned = credit.peek();
		T::Burned::on_unbalanced(credit);
		PaymentTotals::<T>::mutate(|paid| {
			paid.settled = paid.settled.saturating_add(burned);
			paid.burned = paid.burned.saturating_add(burned);
		});
	}
}
