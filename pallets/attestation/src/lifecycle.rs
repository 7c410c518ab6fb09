//! Chips come and go.

#[cfg(any(feature = "try-runtime", feature = "std"))]
extern crate alloc;

use hcc_evidence::host::Hash256;
use hcc_primitives::{ChipHash, Conduct, Met, Miners, OnChip, Reputation};

use crate::*;

impl<T: Config> OnChip<AccountIdOf<T>> for Pallet<T> {
	fn on_ready(chip: &ChipHash, miner: &AccountIdOf<T>) {
		match Hosts::<T>::get(chip) {
			// The miner has enrolled another TPM: its log and its boot are new.
			Some(host) => Hosts::<T>::insert(
				chip,
				Host {
					miner: miner.clone(),
					checkpoint: None,
					former: None,
					boot_profile: None,
					accepted: Default::default(),
					..host
				},
			),
			None => {
				let tier = T::Reputation::tier(chip);
				let position = Self::enter(chip, tier);
				Hosts::<T>::insert(
					chip,
					Host {
						miner: miner.clone(),
						seq: LastSeq::<T>::take(chip),
						challenge: None,
						checkpoint: None,
						former: None,
						judged: 0,
						attested: 0,
						boot_profile: Self::last_boot(chip, miner),
						accepted: Default::default(),
						failing: false,
						tier,
						position,
					},
				);
			},
		}
		Self::recheck(chip);
	}

	fn on_taken(chip: &ChipHash) {
		Hosts::<T>::mutate(chip, |host| {
			if let Some(host) = host {
				if let Some(open) = host.challenge.take().filter(|open| open.subject.is_none()) {
					Self::note_closed(chip, open.seq);
				}
			}
		});
	}

	fn on_exit(miner: &AccountIdOf<T>) {
		Logs::<T>::remove(miner);
	}

	fn on_gone(chip: &ChipHash) {
		Self::note_gone(chip);
		let Some(host) = Hosts::<T>::take(chip) else { return };
		Self::leave(host.tier, host.position);
		// Numbers go on where they ended, so that what was signed for a challenge of before answers none to come.
		LastSeq::<T>::insert(chip, host.seq);
		Self::note_left(chip, host.seq);
		Rechecks::<T>::mutate(|waiting| waiting.retain(|other| other != chip));
		Self::keep_boot(chip, &host);
		// Leaving with a challenge open is no way out of it, nor is it one while its evidence is judged: what that comes to is told to nobody.
		if let Some(open) = host.challenge {
			if open.subject.is_none() {
				Self::note_closed(chip, open.seq);
			}
			let met = Met { seq: open.seq, made: open.made, conduct: Conduct::Missed, from: None };
			T::Reputation::note(chip, &host.miner, met);
		}
	}
}

impl<T: Config> Pallet<T> {
	/// Remembers what a chip that leaves has booted: to leave and to come back is no way to boot something else.
	fn keep_boot(chip: &ChipHash, host: &HostOf<T>) {
		let tpm = T::Miners::tpm(&host.miner);
		if let (Some(tpm), Some(profile)) = (tpm, host.boot_profile) {
			LastBoots::<T>::insert(chip, LastBoot { ek: tpm.ek, profile });
		}
	}

	/// What a chip that comes back had booted, where it is beside the same TPM.
	fn last_boot(chip: &ChipHash, miner: &AccountIdOf<T>) -> Option<Hash256> {
		let tpm = T::Miners::tpm(miner)?;
		let last = LastBoots::<T>::get(chip).filter(|last| last.ek == tpm.ek)?;
		LastBoots::<T>::remove(chip);
		Some(last.profile)
	}
}

#[cfg(any(feature = "try-runtime", feature = "std"))]
impl<T: Config> Pallet<T> {
	/// Checks the numbered invariants of the README.
	pub fn do_try_state() -> Result<(), sp_runtime::TryRuntimeError> {
		use frame_support::ensure;
		use hcc_primitives::Tier;

		let mut hosts = 0u32;
		for (chip, host) in Hosts::<T>::iter() {
			hosts = hosts.saturating_add(1);
			ensure!(
				Drawn::<T>::get(host.tier, host.position) == Some(chip),
				"1: a chip is not where it is drawn from"
			);
			let Some(open) = host.challenge else { continue };
			ensure!(open.seq == host.seq, "2: an open challenge is not the last");
			match open.subject {
				Some(subject) => ensure!(
					Contexts::<T>::get(subject).is_some_and(|pinned| pinned.chip == chip),
					"3: evidence is judged without a context"
				),
				None => ensure!(
					Due::<T>::get(open.deadline.saturating_add(1)).contains(&chip),
					"4: a challenge has no deadline"
				),
			}
		}
		for subject in Effects::<T>::iter_keys() {
			ensure!(Contexts::<T>::contains_key(subject), "7: an effect of no verdict");
		}
		for claim in OpenClaims::<T>::iter_values() {
			ensure!(
				claim.closed || Contexts::<T>::contains_key(claim.subject),
				"6: a claim is never settled"
			);
		}
		let mut revisions = alloc::collections::BTreeMap::<u32, u32>::new();
		for pinned in Contexts::<T>::iter_values() {
			let count = revisions.entry(pinned.revision).or_default();
			*count = count.saturating_add(1);
		}
		ensure!(
			revisions == Revisions::<T>::get().into_inner(),
			"5: other revisions are counted than evidence is judged by"
		);
		let population: u32 = Tier::ALL.iter().map(Population::<T>::get).sum();
		ensure!(population == hosts, "1: a tier counts other chips than there are");
		ensure!(Drawn::<T>::iter().count() as u32 == hosts, "1: a chip is drawn that is gone");
		Ok(())
	}
}
