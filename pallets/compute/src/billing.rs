//! Charges, settlement and refunds.

use frame_support::traits::{
	fungible::{Balanced, BalancedHold},
	Get, Imbalance, OnUnbalanced,
};
use hcc_primitives::{
	push_evicting, units::Balance, IntervalIndex, Liveness, LivenessStatus, OnSettled, Oracle,
	PaidTime, Payment, Price, ServicePeriod, Usage, UsageReport,
};
use sp_runtime::Perbill;

use crate::{
	price::{cost, split},
	*,
};

/// The parts into which a charge is divided at settlement. `burned` does not include the burned
/// share of a payment.
#[derive(Default)]
struct Outcome {
	paid: Balance,
	refunded: Balance,
	burned: Balance,
}

impl<T: Config> Pallet<T> {
	/// Returns the cost of `count` whole intervals at `rate`, if no slot is empty.
	pub(crate) fn intervals(rate: Rate, count: u8, price: Price) -> Option<Balance> {
		let slots = T::Liveness::interval().length.saturating_mul(count.into());
		cost(rate, slots, price)
	}

	/// Adds the time that the VM ran before the current interval, and charges it.
	pub(crate) fn account(id: Id, vm: &mut VmOf<T>) {
		let now = T::Liveness::interval();
		if vm.run.interval < now.index {
			let end = Self::ran_until(id, vm, now.paid_from);
			if let VmState::Running { since } = &mut vm.state {
				let ran = end.saturating_sub(*since);
				vm.run.slots = vm.run.slots.saturating_add(ran);
				*since = (*since).max(now.paid_from);
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
			let now = T::TickSource::paid_slots();
			let end = Self::ran_until(id, vm, now);
			vm.run.slots = vm.run.slots.saturating_add(end.saturating_sub(since));
			vm.run.cut = true;
			vm.state = VmState::Running { since: now };
		}
	}

	/// Charges the time of the current interval before that interval is over.
	pub(crate) fn charge_run(id: Id, vm: &mut VmOf<T>) {
		Self::account(id, vm);
		Self::charge(id, vm, vm.run.interval, vm.run.interval);
	}

	/// Takes an amount from the escrow, which must cover it. The amount is later paid, burned or
	/// refunded.
	pub(crate) fn take(vm: &mut VmOf<T>, amount: Balance) {
		vm.escrow = vm.escrow.saturating_sub(amount);
		PaymentTotals::<T>::mutate(|paid| paid.charged = paid.charged.saturating_add(amount));
	}

	/// Takes the price of the uncharged time from the escrow, at most the whole escrow. The time is
	/// free if the price of α is unknown.
	fn charge(id: Id, vm: &mut VmOf<T>, first: IntervalIndex, last: IntervalIndex) {
		let slots = core::mem::take(&mut vm.run.slots);
		let cut = core::mem::take(&mut vm.run.cut);
		let Some(place) = vm.place.clone() else { return };
		let (Some(chip), Some(price)) = (place.chip, T::Oracle::for_leases()) else { return };
		let owed = cost(place.rate, slots, price).unwrap_or_default();
		let amount = owed.min(vm.escrow);
		if amount == 0 {
			return;
		}
		if vm.charges.is_full() {
			// The oldest charge stayed unsettled for longer than any verdict can be open. It counts
			// as lapsed, because missing data must not lead to a payment.
			Self::settle_first(id, vm, LivenessStatus::Lapsed);
		}
		let charge = Charge { first, last, slots, amount, price, miner: place.miner, chip, cut };
		if vm.charges.try_push(charge).is_ok() {
			Self::take(vm, amount);
			Self::deposit_event(Event::Charged { vm: id, first, last, slots, amount, price });
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
		Self::record_settlement(id, &charge, Outcome { refunded: amount, ..Default::default() });
		Self::deposit_event(Event::Refunded { vm: id, first, last, amount, price });
	}

	/// Stores the result of a settlement and drops the oldest one if there is no room.
	fn record_settlement(id: Id, charge: &ChargeOf<T>, outcome: Outcome) {
		let ChargeOf::<T> { first, last, slots, chip, price, .. } = *charge;
		let Outcome { paid, refunded, burned } = outcome;
		Settlements::<T>::mutate(id, |all| {
			let settlement = Settlement { first, last, slots, chip, price, paid, refunded, burned };
			push_evicting(all, settlement);
		});
	}

	/// Refunds an amount to the escrow, or to the tenant if the VM is terminated.
	pub(crate) fn refund(vm: &mut VmOf<T>, amount: Balance) {
		if vm.state == VmState::Terminated {
			Self::release(HoldReason::Escrow, &vm.tenant, amount);
		} else {
			vm.escrow = vm.escrow.saturating_add(amount);
		}
		PaymentTotals::<T>::mutate(|paid| paid.refunded = paid.refunded.saturating_add(amount));
	}

	/// Refunds the part of a charge for which the receipts state a shortfall. Burns a part of a
	/// charge without receipts. Returns the division of the charge.
	fn apply_usage(id: Id, vm: &mut VmOf<T>, charge: &ChargeOf<T>) -> Outcome {
		let ChargeOf::<T> { first, last, slots, chip, price, .. } = *charge;
		let period = ServicePeriod { vm: id, chip, first, last, slots };
		let (refunded, burned) = match T::Usage::settle(&period) {
			UsageReport::Received { refund } => {
				vm.silent = false;
				(refund.mul_floor(charge.amount), 0)
			},
			UsageReport::Missing { most } => (0, Self::silence_costs(vm, charge, most)),
		};
		if refunded > 0 {
			Self::refund(vm, refunded);
			let amount = refunded;
			Self::deposit_event(Event::ChargeReduced { vm: id, first, last, amount, price });
		}
		if burned > 0 {
			Self::burn(&vm.tenant, burned);
			let amount = burned;
			Self::deposit_event(Event::ChargeBurned { vm: id, first, last, amount, price });
		}
		let paid = charge.amount.saturating_sub(refunded).saturating_sub(burned);
		Outcome { paid, refunded, burned }
	}

	/// Returns the part of a charge without receipts that is burned. If the run ended in the
	/// intervals of the charge, the guest could not report on them, so only the bounded part is
	/// burned.
	fn silence_costs(vm: &mut VmOf<T>, charge: &ChargeOf<T>, most: Perbill) -> Balance {
		if charge.cut {
			return most.mul_ceil(charge.amount);
		}
		let is_first = !core::mem::replace(&mut vm.silent, true);
		let intervals = charge.last.saturating_sub(charge.first).saturating_add(1);
		silence::burned(charge.amount, intervals, is_first, most)
	}

	fn pay_interval(id: Id, vm: &mut VmOf<T>, mut charge: ChargeOf<T>) {
		let outcome = Self::apply_usage(id, vm, &charge);
		charge.amount = outcome.paid;
		Self::record_settlement(id, &charge, outcome);
		if charge.amount == 0 {
			return;
		}
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
			slots: charge.slots,
			price: charge.price,
			miner: charge.miner,
			to_miner: paid.miner,
			to_validators: paid.validators,
			to_treasury: paid.treasury,
			burned: paid.burned,
		});
	}

	/// Pays held funds of the tenant for a miner's work, and divides them. If a recipient
	/// cannot receive its part, the part is burned.
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
