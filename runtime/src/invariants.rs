//! Invariants that concern several pallets. The tests check these invariants, and so does
//! `try-runtime` after each block.

use alloc::collections::BTreeMap;

use frame_support::ensure;
use hcc_evidence::host::{contest_block, ChipHash};
use pallet_attestation::{Contexts, Hosts, LivenessRecords};
use pallet_policy::PolicyAt;
use pallet_verdicts::Subjects;
use sp_runtime::TryRuntimeError;

use crate::Runtime;

/// Checks all invariants between pallets.
pub fn check() -> Result<(), TryRuntimeError> {
	check_contexts()?;
	check_open_challenges()
}

/// Checks that each subject has a pinned context and each pinned context a subject, and that policy
/// still has every pinned revision. Otherwise, evidence could not be judged, or its context would
/// never be removed.
fn check_contexts() -> Result<(), TryRuntimeError> {
	for subject in Subjects::<Runtime>::iter_keys() {
		ensure!(Contexts::<Runtime>::contains_key(subject), "a subject has no context");
	}
	for (subject, pinned) in Contexts::<Runtime>::iter() {
		ensure!(Subjects::<Runtime>::contains_key(subject), "a context has no subject");
		let policy = PolicyAt::<Runtime>::new(pinned.revision);
		ensure!(policy.is_some(), "a pinned policy revision cannot be read");
	}
	Ok(())
}

/// Checks the number of open challenges in the liveness records of each chip. It must be the number
/// of its unanswered challenges and of its answers that have a pinned context. Otherwise, an
/// interval would be settled too early or never.
fn check_open_challenges() -> Result<(), TryRuntimeError> {
	let mut open = BTreeMap::<ChipHash, u32>::new();
	let mut count = |chip: ChipHash| {
		let count = open.entry(chip).or_default();
		*count = count.saturating_add(1);
	};
	for (chip, host) in Hosts::<Runtime>::iter() {
		if host.challenge.is_some_and(|challenge| challenge.subject.is_none()) {
			count(chip);
		}
	}
	for pinned in Contexts::<Runtime>::iter_values() {
		// Evidence of a contest does not answer a challenge, so it does not count.
		if contest_block(pinned.seq).is_none() {
			count(pinned.chip);
		}
	}
	for (chip, records) in LivenessRecords::<Runtime>::iter() {
		let recorded =
			records.iter().fold(0u32, |sum, record| sum.saturating_add(record.open.into()));
		let expected = open.remove(&chip).unwrap_or_default();
		ensure!(recorded == expected, "the liveness records miscount open challenges");
	}
	ensure!(open.is_empty(), "an open challenge has no liveness record");
	Ok(())
}
