//! Placement: the random choice of a miner for a VM, among the miners that can take the VM.

use codec::Encode;
use frame_support::traits::{Get, Randomness};
use hcc_evidence::host::GenerationTrust;
use hcc_primitives::{
	draw::DRAWN_AFTER, push_evicting, ChipHash, ChipOwnership, Liveness, Miners, OfferBook, Oracle,
	TickSource, Tier, VmVerifier,
};
use sp_io::hashing::blake2_256;

use crate::{
	price::{rate, rate_of},
	*,
};

/// The free capacity of a miner, with its ask and region.
pub(crate) struct Free {
	pub(crate) room: Allotment,
	pub(crate) ask: u16,
	region: u16,
}

impl<T: Config> Pallet<T> {
	/// Returns the free capacity of a miner, or `None` if the miner has no offer or is not allowed
	/// to receive VMs.
	pub(crate) fn free(miner: &AccountIdOf<T>) -> Option<Free> {
		let offered = T::Miners::offered(miner)?;
		let whole = Allotment {
			vcpus: offered.vcpus,
			memory: offered.memory,
			disk: offered.disk,
			egress: u32::MAX,
		};
		let room = whole.minus(&AllottedCapacity::<T>::get(miner));
		Some(Free { room, ask: offered.ask, region: offered.region })
	}

	/// Searches for a miner. If no miner suits or the price of α is unknown, another search follows
	/// later. Each search costs [`Config::SearchFee`].
	pub(crate) fn place(id: Id, vm: &mut VmOf<T>) {
		let VmState::Pending { until, .. } = vm.state else { return };
		let rules = Self::rules();
		let now = T::TickSource::now();
		let pause = rules.placement.div_ceil(ROUNDS).max(1);
		vm.state = VmState::Pending { next: now.saturating_add(pause), until };
		let Some(price) = T::Oracle::for_orders() else { return };
		let Some(order) = Orders::<T>::get(id) else { return };
		if !Self::pay_search(id, vm) {
			return Self::end(id, vm, EndReason::Unfunded);
		}
		let Some((miner, rate)) = Self::find(id, vm, &order) else { return };
		match Self::least_escrow_at(rate, price) {
			Some(least) if vm.escrow >= least => Self::assign(id, vm, miner, rate),
			_ => Self::end(id, vm, EndReason::Unfunded),
		}
	}

	/// Burns the price of a search. Returns `false` if the escrow does not cover it.
	fn pay_search(id: Id, vm: &mut VmOf<T>) -> bool {
		let amount = T::SearchFee::get();
		if vm.escrow < amount {
			return false;
		}
		if amount > 0 {
			Self::take(vm, amount);
			Self::burn(&vm.tenant, amount);
			Self::deposit_event(Event::SearchPaid { vm: id, amount });
		}
		true
	}

	fn assign(id: Id, vm: &mut VmOf<T>, miner: AccountIdOf<T>, rate: Rate) {
		AllottedCapacity::<T>::mutate(&miner, |used| *used = used.plus(&vm.allotted));
		VmsOfMiner::<T>::insert(&miner, id, ());
		vm.generation = vm.generation.saturating_add(1);
		vm.place = Some(Place { miner: miner.clone(), chip: None, rate });
		let until = T::TickSource::now().saturating_add(Self::rules().acceptance);
		vm.state = VmState::Assigned { until };
		Self::deposit_event(Event::Assigned { vm: id, miner, generation: vm.generation, rate });
	}

	/// Returns a miner that can take the VM, and the price at that miner.
	fn find(id: Id, vm: &VmOf<T>, order: &OrderOf<T>) -> Option<(AccountIdOf<T>, Rate)> {
		if let Choice::Named(miner) = &order.miner {
			let chips = T::Miners::chips(miner);
			let fit = chips.iter().find_map(|chip| Self::suits(chip, miner, vm, order))?;
			return Some((miner.clone(), fit));
		}
		let seed = T::Randomness::random(b"hcc/place").0?;
		(0..SAMPLES).find_map(|sample| {
			let hash = (seed, id, vm.generation, sample).using_encoded(blake2_256);
			let chip = T::Liveness::draw(*hash.first_chunk()?)?;
			let miner = T::Miners::owner_of(&chip)?;
			let rate = Self::suits(&chip, &miner, vm, order)?;
			Some((miner, rate))
		})
	}

	/// Returns the price of the VM on this chip, or `None` if the VM cannot run on it.
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
		if excluded || vm.tried.contains(miner) || Self::is_resting(miner) {
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

	fn is_resting(miner: &AccountIdOf<T>) -> bool {
		let Some(until) = RestingMiners::<T>::get(miner) else { return false };
		let resting = T::TickSource::now() < until;
		if !resting {
			RestingMiners::<T>::remove(miner);
		}
		resting
	}

	/// Removes a VM from its miner and frees the capacity that it occupied.
	pub(crate) fn vacate(id: Id, vm: &mut VmOf<T>) {
		let Some(place) = vm.place.take() else { return };
		VmsOfMiner::<T>::remove(&place.miner, id);
		let used = AllottedCapacity::<T>::get(&place.miner).minus(&Self::occupied(vm));
		if used == Allotment::default() {
			AllottedCapacity::<T>::remove(&place.miner);
		} else {
			AllottedCapacity::<T>::insert(&place.miner, used);
		}
	}

	/// Returns `true` if the miner is at fault for a missed deadline.
	///
	/// A live host whose guest submits no evidence may have an image that cannot boot. A host whose
	/// chip lost its trust or tier cannot begin a boot. The miner is not at fault in these two
	/// cases.
	fn is_at_fault(id: Id, place: &Place<AccountIdOf<T>>, why: AssignmentFailure) -> bool {
		if !Self::is_live(&place.miner) {
			return true;
		}
		let order = Orders::<T>::get(id);
		let could = order.is_some_and(|order| Self::check_bootable(place, &order).is_ok());
		why == AssignmentFailure::NotBegun && could
	}

	/// Handles a missed boot deadline. A miner that is at fault rests, and does not receive this VM
	/// again.
	pub(crate) fn fail(id: Id, vm: &mut VmOf<T>, why: AssignmentFailure) {
		Self::drop_boot(id, vm);
		let Some(place) = vm.place.clone() else { return };
		if Self::is_at_fault(id, &place, why) {
			let until = T::TickSource::now().saturating_add(Self::rules().rest);
			RestingMiners::<T>::insert(&place.miner, until);
		}
		if place.chip.is_none() {
			push_evicting(&mut vm.tried, place.miner);
		}
		Self::end_assignment(id, vm, why, StopReason::NotBooted);
	}

	/// Ends the assignment of a VM whose boot the chain does not allow now. The miner is not at
	/// fault.
	pub(crate) fn give_back(id: Id, mut vm: VmOf<T>) {
		let (why, stop) = (AssignmentFailure::NotAllowed, StopReason::NotAllowed);
		Self::end_assignment(id, &mut vm, why, stop);
		Self::store(id, vm);
	}

	/// Ends an assignment. A VM whose disk is on the miner's host is stopped. Any other VM goes to
	/// another miner, or is terminated after [`MAX_GENERATIONS`].
	fn end_assignment(id: Id, vm: &mut VmOf<T>, why: AssignmentFailure, stop: StopReason) {
		let Some(place) = vm.place.clone() else { return };
		Self::deposit_event(Event::AssignmentFailed { vm: id, miner: place.miner, why });
		if place.chip.is_some() {
			return Self::halt(id, vm, stop);
		}
		Self::vacate(id, vm);
		if vm.generation >= MAX_GENERATIONS {
			return Self::end(id, vm, EndReason::NotBooted);
		}
		let now = T::TickSource::now();
		let until = now.saturating_add(Self::rules().placement);
		vm.state = VmState::Pending { next: now.saturating_add(DRAWN_AFTER), until };
	}
}
