//! Lifecycle of a chip: it becomes ready, leaves its miner, or returns.

#[cfg(any(feature = "try-runtime", feature = "std"))]
extern crate alloc;

use hcc_evidence::host::Hash256;
use hcc_primitives::{
	ChallengeOutcome, ChallengeRecord, ChipHash, Miners, OnChipChange, Reputation,
};

use crate::*;

impl<T: Config> OnChipChange<AccountIdOf<T>> for Pallet<T> {
	fn on_ready(chip: &ChipHash, miner: &AccountIdOf<T>) {
		match Hosts::<T>::get(chip) {
			// The miner has enrolled another TPM, so the log and the boot start from scratch.
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
						boot_profile: Self::take_boot(chip, miner),
						accepted: Default::default(),
						failing: false,
						paused: None,
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
		LogParts::<T>::remove(miner);
	}

	fn on_gone(chip: &ChipHash) {
		Self::note_contest_left(chip);
		let Some(host) = Hosts::<T>::take(chip) else { return };
		Self::leave(host.tier, host.position);
		// Challenge numbers continue if the chip returns, so that old evidence cannot answer a
		// later challenge.
		LastSeq::<T>::insert(chip, host.seq);
		Self::note_left(chip, host.seq);
		Rechecks::<T>::mutate(|waiting| waiting.retain(|other| other != chip));
		Self::store_boot(chip, &host);
		// A chip that leaves with an open challenge has missed it, even while its evidence is being
		// judged. The verdict then has no effect.
		if let Some(open) = host.challenge {
			if open.subject.is_none() {
				Self::note_closed(chip, open.seq);
			}
			let met = ChallengeRecord {
				seq: open.seq,
				made: open.made,
				outcome: ChallengeOutcome::Missed,
				from: None,
			};
			T::Reputation::note(chip, &host.miner, met);
		}
	}
}

impl<T: Config> Pallet<T> {
	/// Stores the boot profile of a chip that leaves, so that the chip cannot change its profile by
	/// leaving and returning.
	fn store_boot(chip: &ChipHash, host: &HostOf<T>) {
		let tpm = T::Miners::tpm(&host.miner);
		if let (Some(tpm), Some(profile)) = (tpm, host.boot_profile) {
			LastBoots::<T>::insert(chip, LastBoot { ek: tpm.ek, profile });
		}
	}

	/// Takes the stored boot profile of a chip that returns with the same TPM.
	fn take_boot(chip: &ChipHash, miner: &AccountIdOf<T>) -> Option<Hash256> {
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
				DrawPool::<T>::get(host.tier, host.position) == Some(chip),
				"1: a chip is not at its position in the draw pool"
			);
			ensure!(
				host.paused.is_none_or(|seq| seq <= host.seq),
				"8: a chip is paused by a challenge that was never made"
			);
			let Some(open) = host.challenge else { continue };
			ensure!(open.seq == host.seq, "2: an open challenge is not the last one");
			match open.subject {
				Some(subject) => ensure!(
					Contexts::<T>::get(subject).is_some_and(|pinned| pinned.chip == chip),
					"3: evidence is judged without a context"
				),
				None => ensure!(
					DeadlineQueue::<T>::get(open.deadline.saturating_add(1)).contains(&chip),
					"4: a challenge is not in the deadline queue"
				),
			}
		}
		for subject in Effects::<T>::iter_keys() {
			ensure!(Contexts::<T>::contains_key(subject), "7: an effect has no context");
		}
		for contest in OpenContests::<T>::iter_values() {
			ensure!(
				contest.closed || Contexts::<T>::contains_key(contest.subject),
				"6: a contest has no context"
			);
		}
		let mut revisions = alloc::collections::BTreeMap::<u32, u32>::new();
		for pinned in Contexts::<T>::iter_values() {
			let count = revisions.entry(pinned.revision).or_default();
			*count = count.saturating_add(1);
		}
		ensure!(
			revisions == Revisions::<T>::get().into_inner(),
			"5: the counts of revisions differ from the contexts"
		);
		let population: u32 = Tier::ALL.iter().map(Population::<T>::get).sum();
		ensure!(population == hosts, "1: the population differs from the hosts");
		ensure!(DrawPool::<T>::iter().count() as u32 == hosts, "1: the draw pool has no host");
		Ok(())
	}
}
