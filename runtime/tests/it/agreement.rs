//! Tests that the check of the invariants between pallets finds violations.

use frame_support::{
	assert_ok,
	storage::{with_transaction, TransactionOutcome::Rollback},
};
use hcc_primitives::{ChipHash, SubjectId};
use hccs_runtime::*;
use pallet_attestation::{Contexts, LivenessRecords};
use pallet_policy::Platform;
use pallet_verdicts::Subjects;
use sp_runtime::DispatchError;

use super::network::*;

type Corruption = fn(SubjectId, ChipHash);

/// Corruptions of the state, each with the message that the check must return.
const CORRUPTIONS: [(&str, Corruption); 5] = [
	("a subject has no context", |subject, _| Contexts::<Runtime>::remove(subject)),
	("a context has no subject", |subject, _| Subjects::<Runtime>::remove(subject)),
	("a pinned policy revision cannot be read", |_, _| Platform::<Runtime>::kill()),
	("the liveness records miscount open challenges", |_, chip| {
		LivenessRecords::<Runtime>::mutate(chip, |records| {
			records.iter_mut().for_each(|record| record.open += 1);
		});
	}),
	("an open challenge has no liveness record", |_, chip| {
		LivenessRecords::<Runtime>::remove(chip);
	}),
];

#[test]
fn check_finds_each_disagreement_of_pallets() {
	run(|machine| {
		let (subject, _) = answer(&machine);
		assert_ok!(invariants::check());
		for (wanted, corrupt) in CORRUPTIONS {
			let found = with_transaction(|| {
				corrupt(subject, chip(&machine));
				Rollback(Ok::<_, DispatchError>(invariants::check()))
			});
			assert_eq!(found.expect("nothing fails"), Err(wanted.into()), "{wanted}");
		}
	});
}
