//! Policy becomes stricter: whoever has not been drawn since is challenged, once the time for it is over.
//!
//! Chips are gone through by their numbers in each tier, some a block. A chip that changes its tier or its number meanwhile may be passed over: so they are gone through again, until a pass finds none.

use frame_support::{
	traits::Get,
	weights::{Weight, WeightMeter},
};
use hcc_primitives::{ChipHash, Tick, Ticks, Tier};

use crate::*;

/// How many chips are looked at in one block: 100,000 take 40 minutes.
pub(crate) const SWEPT: u32 = 256;

impl<T: Config> Pallet<T> {
	/// Whether a chip was accepted before policy became stricter, has not been judged since, and is not about to be.
	fn is_behind(host: &HostOf<T>, revision: u32) -> bool {
		let proven = host.checkpoint.is_some() || host.former.is_some();
		proven && !host.failing && host.challenge.is_none() && host.attested < revision
	}

	/// Notes when policy became stricter, whatever rule it was.
	pub(crate) fn note_stricter(meter: &mut WeightMeter) {
		if meter.try_consume(T::DbWeight::get().reads_writes(2, 1)).is_err() {
			return;
		}
		let revision = T::Tightened::get();
		let last = Stricter::<T>::get();
		if revision == 0 || last.is_some_and(|last| last.revision >= revision) {
			return;
		}
		// Changes that follow each other put nothing off.
		let pending = last.filter(|last| last.next.is_some()).map(|last| last.from);
		let from = T::Ticks::now().saturating_add(T::RenewalTicks::get());
		Stricter::<T>::put(Sweep {
			revision,
			from: pending.unwrap_or(from),
			next: Some((Tier::Trusted, 0)),
			found: false,
		});
	}

	/// Challenges whoever is behind, some chips further.
	pub(crate) fn sweep(meter: &mut WeightMeter) {
		let read = T::DbWeight::get().reads(1);
		if meter.try_consume(read).is_err() {
			return;
		}
		let now: Tick = T::Ticks::now();
		let Some(mut sweep) = Stricter::<T>::get().filter(|sweep| sweep.from <= now) else {
			return;
		};
		if sweep.next.is_none() || meter.try_consume(T::DbWeight::get().writes(1)).is_err() {
			return;
		}
		for _ in 0..SWEPT {
			let Some((tier, position)) = sweep.next else { break };
			if meter.try_consume(Self::look_weight()).is_err() {
				break;
			}
			let Some(chip) = Drawn::<T>::get(tier, position) else {
				Self::next_tier(&mut sweep, tier);
				continue;
			};
			if !Self::sweep_chip(&chip, &mut sweep, meter) {
				break;
			}
			sweep.next = Some((tier, position.saturating_add(1)));
		}
		Stricter::<T>::put(sweep);
	}

	fn look_weight() -> Weight {
		T::DbWeight::get().reads(2)
	}

	/// False where there is no room now.
	fn sweep_chip(chip: &ChipHash, sweep: &mut Sweep, meter: &mut WeightMeter) -> bool {
		let behind =
			Hosts::<T>::get(chip).is_some_and(|host| Self::is_behind(&host, sweep.revision));
		if !behind {
			return true;
		}
		sweep.found = true;
		meter.try_consume(T::WeightInfo::challenge()).is_ok() && Self::challenge(chip)
	}

	/// Goes on to the next tier; after the last one, to the first again where some were behind.
	fn next_tier(sweep: &mut Sweep, tier: Tier) {
		let next = Tier::ALL.into_iter().find(|other| *other > tier);
		sweep.next = match next {
			Some(tier) => Some((tier, 0)),
			None if core::mem::take(&mut sweep.found) => Some((Tier::Trusted, 0)),
			None => None,
		};
	}
}
