//! What is owed, paid, and given back.

use frame_support::traits::{
	fungible::{Balanced, BalancedHold},
	Get, Imbalance, OnUnbalanced,
};
use hcc_primitives::{
	units::Balance, IntervalIndex, Lived, Liveness, OnSettled, Oracle, Payment, Price, Ran,
	SettlementShares, Tick, Ticks, Usage,
};
use sp_runtime::{traits::Saturating, Perbill};

use crate::{
	price::{cost, split},
	*,
};

impl<T: Config> Pallet<T> {
	/// What so many whole intervals cost at that rate.
	pub(crate) fn intervals(rate: Rate, count: u8, price: Price) -> Option<Balance> {
		let ticks = T::Liveness::interval().length.saturating_mul(count.into());
		cost(rate, ticks, price)
	}

	/// Takes account of what ran until the current interval began, and charges it.
	pub(crate) fn account(id: Id, vm: &mut VmOf<T>) {
		let now = T::Liveness::interval();
		if vm.run.interval < now.index {
			if let State::Running { since } = &mut vm.state {
				let ran = now.from.saturating_sub(*since);
				vm.run.ticks = vm.run.ticks.saturating_add(ran);
				*since = (*since).max(now.from);
			}
			let (first, last) = (vm.run.interval, now.index.saturating_sub(1));
			Self::charge(id, vm, first, last);
			vm.run.interval = now.index;
		}
	}

	/// Takes account of all that ran until now: the VM runs no more.
	pub(crate) fn pause(id: Id, vm: &mut VmOf<T>) {
		Self::account(id, vm);
		if let State::Running { since } = vm.state {
			let now = T::Ticks::now();
			vm.run.ticks = vm.run.ticks.saturating_add(now.saturating_sub(since));
			vm.state = State::Running { since: now };
		}
	}

	/// Charges what ran in the current interval, before that is over.
	pub(crate) fn charge_run(id: Id, vm: &mut VmOf<T>) {
		Self::account(id, vm);
		Self::charge(id, vm, vm.run.interval, vm.run.interval);
	}

	/// Takes what is owed from the escrow: no more than there is, and nothing where nobody knows what α is worth.
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
			// It could not be settled for longer than any verdict is open: absence is a denial.
			Self::settle_first(id, vm, Lived::Lapsed);
		}
		let charge = Charge { first, last, ticks, amount, price, miner: place.miner, chip };
		if vm.charges.try_push(charge).is_ok() {
			vm.escrow = vm.escrow.saturating_sub(amount);
			Self::deposit_event(Event::Charged { vm: id, first, last, ticks, amount, price });
		}
	}

	/// Settles what is certain, oldest first.
	pub(crate) fn settle(id: Id, vm: &mut VmOf<T>) {
		while let Some(charge) = vm.charges.first() {
			let lived = T::Liveness::was_live(&charge.chip, charge.first, charge.last);
			if lived == Lived::Unsettled || T::Usage::open(charge.last) {
				break;
			}
			Self::settle_first(id, vm, lived);
		}
	}

	fn settle_first(id: Id, vm: &mut VmOf<T>, lived: Lived) {
		if vm.charges.is_empty() {
			return;
		}
		let charge = vm.charges.remove(0);
		let ChargeOf::<T> { first, last, amount, price, .. } = charge;
		if lived == Lived::Live {
			vm.lapses = 0;
			return Self::pay_interval(id, vm, charge);
		}
		vm.lapses = vm.lapses.saturating_add(1);
		Self::give_back(vm, amount);
		Self::remember(id, &charge, 0, amount);
		Self::deposit_event(Event::Refunded { vm: id, first, last, amount, price });
	}

	/// Keeps what became of a charge.
	fn remember(id: Id, charge: &ChargeOf<T>, paid: Balance, refunded: Balance) {
		let ChargeOf::<T> { first, last, ticks, chip, price, .. } = *charge;
		Settlements::<T>::mutate(id, |all| {
			if all.is_full() {
				all.remove(0);
			}
			// There is room.
			let _ = all.try_push(Settlement { first, last, ticks, chip, price, paid, refunded });
		});
	}

	/// Gives back what was owed.
	fn give_back(vm: &mut VmOf<T>, amount: Balance) {
		if vm.state == State::Terminated {
			Self::release(HoldReason::Escrow, &vm.tenant, amount);
		} else {
			vm.escrow = vm.escrow.saturating_add(amount);
		}
		Paid::<T>::mutate(|paid| paid.refunded = paid.refunded.saturating_add(amount));
	}

	/// Gives back what the VM has not got.
	fn lessen(id: Id, vm: &mut VmOf<T>, charge: &mut ChargeOf<T>) {
		let ChargeOf::<T> { first, last, ticks, chip, price, .. } = *charge;
		let part = T::Usage::settle(&Ran { vm: id, chip, first, last, ticks });
		let amount = part.mul_floor(charge.amount);
		if amount > 0 {
			charge.amount = charge.amount.saturating_sub(amount);
			Self::give_back(vm, amount);
			Self::deposit_event(Event::Lessened { vm: id, first, last, amount, price });
		}
	}

	fn pay_interval(id: Id, vm: &mut VmOf<T>, mut charge: ChargeOf<T>) {
		let owed = charge.amount;
		Self::lessen(id, vm, &mut charge);
		Self::remember(id, &charge, charge.amount, owed.saturating_sub(charge.amount));
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

	/// Pays what is held of the tenant for the miner's work: what reaches nobody is burned.
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
			// An account that does not exist cannot take less than makes it exist.
			if let Err(refused) = T::NativeBalance::resolve(&to, share) {
				*part = part.saturating_sub(refused.peek());
				parts.burned = parts.burned.saturating_add(refused.peek());
				credit.subsume(refused);
			}
		}
		T::Burned::on_unbalanced(credit);
		Paid::<T>::mutate(|paid| {
			paid.settled = paid.settled.saturating_add(taken);
			paid.miners = paid.miners.saturating_add(parts.miner);
			paid.validators = paid.validators.saturating_add(parts.validators);
			paid.treasury = paid.treasury.saturating_add(parts.treasury);
			paid.burned = paid.burned.saturating_add(parts.burned);
		});
		parts
	}

	/// Burns what is held of the tenant.
	pub(crate) fn burn(tenant: &AccountIdOf<T>, amount: Balance) {
		let (credit, _) = T::NativeBalance::slash(&HoldReason::Escrow.into(), tenant, amount);
		let burned = credit.peek();
		T::Burned::on_unbalanced(credit);
		Paid::<T>::mutate(|paid| {
			paid.settled = paid.settled.saturating_add(burned);
			paid.burned = paid.burned.saturating_add(burned);
		});
	}
}

impl<T: Config> SettlementShares for Pallet<T> {
	fn lost() -> Perbill {
		let shares = Self::rules().shares;
		shares.treasury.saturating_add(shares.burned)
	}
}
