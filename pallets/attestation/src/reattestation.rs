//! Re-attestation: after policy became stricter, chips that were accepted before are challenged
//! again.
//!
//! After a change of file or boot rules, the next challenge of each chip requires its whole log.
//! This begins at a different tick for each chip, which spreads the load. After any tightening, a
//! sweep also challenges the chips that the draw has not reached in time.
//!
//! The sweep visits chips by position in each tier, a limited number per block. It may miss a chip
//! whose tier or position changes at that time, so passes repeat until a pass finds no chip.

use frame_support::{
	traits::Get,
	weights::{Weight, WeightMeter},
};
use hcc_primitives::{ChipHash, Tick, TickSource, Tier};

use crate::*;

/// Number of chips that a sweep visits in one block: 100,000 chips take 40 minutes.
pub(crate) const SWEPT: u32 = 256;

impl<T: Config> Pallet<T> {
	/// Records new tightenings of policy.
	pub(crate) fn note_tightening(meter: &mut WeightMeter) {
		if meter.try_consume(T::DbWeight::get().reads_writes(3, 1)).is_err() {
			return;
		}
		let state = Reattestation::<T>::get();
		let mut new = state;
		Self::note_log_tightening(&mut new);
		Self::note_sweep(&mut new);
		if new != state {
			Reattestation::<T>::put(new);
		}
	}

	fn note_log_tightening(state: &mut ReattestationState) {
		let revision = T::LastFileTightening::get();
		if state.logs.map_or(0, |last| last.revision) < revision {
			state.logs = Some(LogTightening { revision, at: T::TickSource::now() });
		}
	}

	fn note_sweep(state: &mut ReattestationState) {
		let revision = T::LastTightening::get();
		if revision == 0 || state.sweep.is_some_and(|last| last.revision >= revision) {
			return;
		}
		// A further tightening does not postpone a sweep that is still pending.
		let pending = state.sweep.filter(|last| last.next.is_some()).map(|last| last.from);
		let from = T::TickSource::now().saturating_add(T::ReattestationTicks::get());
		state.sweep = Some(Sweep {
			revision,
			from: pending.unwrap_or(from),
			next: Some((Tier::Trusted, 0)),
			found: false,
		});
	}

	/// Returns the tick from which on a chip must submit its whole log. The tick follows from the
	/// chip's hash.
	pub(crate) fn log_due_at(chip: &ChipHash, host: &HostOf<T>) -> Option<Tick> {
		let tightening = Reattestation::<T>::get().logs?;
		if host.checkpoint.is_none() || host.judged >= tightening.revision {
			return None;
		}
		let spread = chip.last_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
		let offset = spread.checked_rem(T::ReattestationTicks::get()).unwrap_or(0);
		Some(tightening.at.saturating_add(offset))
	}

	/// Clears the checkpoint of a chip that is being challenged, if its whole log is due.
	pub(crate) fn require_whole_log(chip: &ChipHash, host: &mut HostOf<T>) {
		let due = Self::log_due_at(chip, host);
		if due.is_some_and(|due| due <= T::TickSource::now()) {
			host.former = host.checkpoint.take();
		}
	}

	/// Challenges overdue chips. If the block has no room, the next block continues.
	pub(crate) fn sweep(meter: &mut WeightMeter) {
		let read = T::DbWeight::get().reads(1);
		if meter.try_consume(read).is_err() {
			return;
		}
		let now: Tick = T::TickSource::now();
		let state = Reattestation::<T>::get();
		let Some(mut sweep) = state.sweep.filter(|sweep| sweep.from <= now) else {
			return;
		};
		if sweep.next.is_none() || meter.try_consume(T::DbWeight::get().writes(1)).is_err() {
			return;
		}
		for _ in 0..SWEPT {
			let Some((tier, position)) = sweep.next else { break };
			if meter.try_consume(Self::visit_weight()).is_err() {
				break;
			}
			let Some(chip) = DrawPool::<T>::get(tier, position) else {
				Self::next_tier(&mut sweep, tier);
				continue;
			};
			if !Self::sweep_chip(&chip, &mut sweep, meter) {
				break;
			}
			sweep.next = Some((tier, position.saturating_add(1)));
		}
		Reattestation::<T>::put(ReattestationState { sweep: Some(sweep), ..state });
	}

	fn visit_weight() -> Weight {
		T::DbWeight::get().reads(2)
	}

	/// Returns true for a chip that was accepted before the tightening and has no pending check.
	fn is_behind(host: &HostOf<T>, revision: u32) -> bool {
		let proven = host.checkpoint.is_some() || host.former.is_some();
		proven && !host.failing && host.challenge.is_none() && host.attested < revision
	}

	/// Challenges a chip if its last acceptance predates the tightening and no check is pending.
	/// Returns false if the block has no room.
	fn sweep_chip(chip: &ChipHash, sweep: &mut Sweep, meter: &mut WeightMeter) -> bool {
		let behind =
			Hosts::<T>::get(chip).is_some_and(|host| Self::is_behind(&host, sweep.revision));
		if !behind {
			return true;
		}
		sweep.found = true;
		meter.try_consume(T::WeightInfo::challenge()).is_ok() && Self::challenge(chip)
	}

	/// Continues with the next tier. After the last tier, starts another pass if this pass found a
	/// chip.
	fn next_tier(sweep: &mut Sweep, tier: Tier) {
		let next = Tier::ALL.into_iter().find(|other| *other > tier);
		sweep.next = match next {
			Some(tier) => Some((tier, 0)),
			None if core::mem::take(&mut sweep.found) => Some((Tier::Trusted, 0)),
			None => None,
		};
	}
}
