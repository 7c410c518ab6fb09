//! Where VMs run: miners are drawn by lot among those that can take them.

use codec::Encode;
use frame_support::traits::Randomness;
use hcc_evidence::host::GenerationTrust;
use hcc_primitives::{
	ChipHash, ChipOwners, JudgesVms, Liveness, Miners, Offers, Oracle, Ticks, Tier,
};
use sp_io::hashing::blake2_256;

use crate::{
	price::{rate, rate_of},
	*,
};

/// What a miner can still take, and for what.
pub(crate) struct Free {
	pub(crate) room: Allotment,
	pub(crate) ask: u16,
	region: u16,
}

impl<T: Config> Pallet<T> {
	/// What a miner can still take; none of one that may not get work.
	pub(crate) fn free(miner: &AccountIdOf<T>) -> Option<Free> {
		let offered = T::Miners::offered(miner)?;
		let whole = Allotment {
			vcpus: offered.vcpus,
			memory: offered.memory,
			disk: offered.disk,
			egress: u32::MAX,
		};
		let room = whole.minus(&Used::<T>::get(miner));
		Some(Free { room, ask: offered.ask, region: offered.region })
	}

	/// Looks for a miner. Where none is found, it is looked for again later, or for a price to be known.
	pub(crate) fn place(id: Id, vm: &mut VmOf<T>) {
		let State::Pending { until, .. } = vm.state else { return };
		let rules = Self::rules();
		let now = T::Ticks::now();
		let pause = rules.placement.div_ceil(ROUNDS).max(1);
		vm.state = State::Pending { next: now.saturating_add(pause), until };
		let Some(price) = T::Oracle::for_orders() else { return };
		let Some(order) = Orders::<T>::get(id) else { return };
		let Some((miner, rate)) = Self::find(id, vm, &order) else { return };
		match Self::least_escrow_at(rate, price) {
			Some(least) if vm.escrow >= least => Self::assign(id, vm, miner, rate),
			_ => Self::end(id, vm, EndReason::Unfunded),
		}
	}

	fn assign(id: Id, vm: &mut VmOf<T>, miner: AccountIdOf<T>, rate: Rate) {
		Used::<T>::mutate(&miner, |used| *used = used.plus(&vm.allotted));
		Hosted::<T>::insert(&miner, id, ());
		vm.generation = vm.generation.saturating_add(1);
		vm.place = Some(Place { miner: miner.clone(), chip: None, rate });
		let until = T::Ticks::now().saturating_add(Self::rules().acceptance);
		vm.state = State::Assigned { until };
		Self::deposit_event(Event::Assigned { vm: id, miner, generation: vm.generation, rate });
	}

	/// A miner that can take the VM, and for what.
	fn find(id: Id, vm: &VmOf<T>, order: &OrderOf<T>) -> Option<(AccountIdOf<T>, Rate)> {
		if let Choice::Named(miner) = &order.miner {
			let chips = T::Miners::chips(miner);
			let fit = chips.iter().find_map(|chip| Self::suits(chip, miner, vm, order))?;
			return Some((miner.clone(), fit));
		}
		let seed = T::Randomness::random(b"hcc/place").0?;
		(0..SAMPLES).find_map(|sample| {
			let lot = (seed, id, vm.generation, sample).using_encoded(blake2_256);
			let chip = T::Liveness::draw(*lot.first_chunk()?)?;
			let miner = T::Miners::owner_of(&chip)?;
			let rate = Self::suits(&chip, &miner, vm, order)?;
			Some((miner, rate))
		})
	}

	/// What the VM costs on that chip, if it can run there.
	fn suits(
		chip: &ChipHash,
		miner: &AccountIdOf<T>,
		vm: &VmOf<T>,
		order: &OrderOf<T>,
	) -> Option<Rate> {
		let excluded = match &order.miner {
			Choice::Drawn { except } => except.contains(miner),
			Choice::Named(_) => false,
		};
		if excluded || vm.tried.contains(miner) || Self::rests(miner) {
			return None;
		}
		let tier: Tier = T::Liveness::fit(chip)?;
		let trusted = match T::Vms::trust(chip)? {
			GenerationTrust::Full => true,
			GenerationTrust::Reduced => order.reduced,
			GenerationTrust::Suspended => false,
		};
		let free = Self::free(miner)?;
		let rate = rate(&vm.allotted, &Self::rules().list, free.ask);
		let suits = tier <= order.tier
			&& trusted
			&& order.region.is_none_or(|region| region == free.region)
			&& vm.allotted.fits(&free.room)
			&& rate <= rate_of(vm.max_price);
		suits.then_some(rate)
	}

	fn rests(miner: &AccountIdOf<T>) -> bool {
		let Some(until) = Resting::<T>::get(miner) else { return false };
		let rests = T::Ticks::now() < until;
		if !rests {
			Resting::<T>::remove(miner);
		}
		rests
	}

	/// Frees what the VM was given.
	pub(crate) fn vacate(id: Id, vm: &mut VmOf<T>) {
		let Some(place) = vm.place.take() else { return };
		Hosted::<T>::remove(&place.miner, id);
		let used = Used::<T>::get(&place.miner).minus(&Self::kept(vm));
		if used == Allotment::default() {
			Used::<T>::remove(&place.miner);
		} else {
			Used::<T>::insert(&place.miner, used);
		}
	}

	/// Whether it is for the miner that a VM has not booted. A live host whose guest shows nothing may have been given an image that cannot boot, and one that is trusted less than it was cannot begin.
	fn is_at_fault(id: Id, place: &Place<AccountIdOf<T>>, why: Failure) -> bool {
		if !Self::is_live(&place.miner) {
			return true;
		}
		let order = Orders::<T>::get(id);
		let could = order.is_some_and(|order| Self::check_bootable(place, &order).is_ok());
		why == Failure::NotBegun && could
	}

	/// A miner has not booted what it was given: another is looked for; or, where the VM's disk is there already, it is stopped.
	pub(crate) fn fail(id: Id, vm: &mut VmOf<T>, why: Failure) {
		Self::drop_boot(id, vm);
		let Some(place) = vm.place.clone() else { return };
		let rules = Self::rules();
		let now = T::Ticks::now();
		Self::deposit_event(Event::Failed { vm: id, miner: place.miner.clone(), why });
		if Self::is_at_fault(id, &place, why) {
			Resting::<T>::insert(&place.miner, now.saturating_add(rules.rest));
		}
		if place.chip.is_some() {
			return Self::halt(id, vm, StopReason::NotBooted);
		}
		if vm.tried.is_full() {
			vm.tried.remove(0);
		}
		// There is room.
		let _ = vm.tried.try_push(place.miner);
		Self::vacate(id, vm);
		if vm.generation >= MAX_GENERATIONS {
			return Self::end(id, vm, EndReason::NotBooted);
		}
		let until = now.saturating_add(rules.placement);
		vm.state = State::Pending { next: now.saturating_add(1), until };
	}
}
