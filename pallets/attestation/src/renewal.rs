//! Policy becomes stricter: logs that were judged by an older list are judged anew, each chip's from another tick on.

use frame_support::{traits::Get, weights::WeightMeter};
use hcc_evidence::host::{Claims, PinnedContext};
use hcc_primitives::{ChipHash, Miners, Tick, Ticks};

use crate::*;

impl<T: Config> Pallet<T> {
	/// Notes a change of policy since which logs must be judged anew.
	pub(crate) fn note_tightening(meter: &mut WeightMeter) {
		if meter.try_consume(T::DbWeight::get().reads_writes(2, 1)).is_err() {
			return;
		}
		let revision = T::FilesTightened::get();
		if Tightened::<T>::get().map_or(0, |last| last.revision) < revision {
			Tightened::<T>::put(Tightening { revision, at: T::Ticks::now() });
		}
	}

	/// The tick from which on a chip must show its whole log: of its own for each chip, so that not all do at once.
	pub(crate) fn renewal_of(chip: &ChipHash, host: &HostOf<T>) -> Option<Tick> {
		let tightened = Tightened::<T>::get()?;
		if host.checkpoint.is_none() || host.judged >= tightened.revision {
			return None;
		}
		let lot = chip.last_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
		let offset = lot.checked_rem(T::RenewalTicks::get()).unwrap_or(0);
		Some(tightened.at.saturating_add(offset))
	}

	/// Has a chip that is challenged show its whole log, if it is time.
	pub(crate) fn renew(chip: &ChipHash, host: &mut HostOf<T>) {
		let due = Self::renewal_of(chip, host);
		if due.is_some_and(|due| due <= T::Ticks::now()) {
			host.former = host.checkpoint.take();
		}
	}

	/// Takes accepted evidence over: the next is to continue it. Evidence of a TPM that was replaced since it was included tells nothing of the one
	/// that is enrolled now.
	pub(crate) fn accept(pinned: &PinnedContext, claims: Claims) {
		Hosts::<T>::mutate(pinned.chip, |host| {
			let Some(host) = host else { return };
			let same_tpm = T::Miners::tpm(&host.miner).is_some_and(|tpm| tpm.ak == pinned.ak);
			if !same_tpm || host.checkpoint != pinned.boot {
				return;
			}
			let continued = pinned.boot.as_ref().is_some_and(|boot| {
				boot.reset_count == claims.boot.reset_count
					&& boot.restart_count == claims.boot.restart_count
			});
			// What was handed in begins with the boot as well.
			if !continued || pinned.log.is_some() {
				host.judged = pinned.log.as_ref().map_or(pinned.revision, |log| log.revision);
				host.former = None;
			}
			host.attested = pinned.revision;
			host.checkpoint = Some(claims.boot);
			host.boot_profile = Some(claims.boot_profile);
			host.accepted.add(pinned.seq);
		});
	}
}
