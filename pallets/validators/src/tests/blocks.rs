//! Blocks that validators author, and the loss for authoring none.

use frame_support::{assert_ok, traits::fungible::InspectHold};
use hcc_primitives::{ServiceRecorder, ValidatorSlasher, VoteService, MAX_COUNTED_SLOTS};
use sp_runtime::Perbill;

use crate::{mock::*, *};

/// Makes a block in each of `count` slots. The authors alternate.
fn slots_by(authors: &[AccountId], count: u32) {
	for author in authors.iter().cycle().take(count as usize) {
		Slot::mutate(|slot| *slot += 1);
		Validators::note_author(author);
	}
}

fn bond(who: AccountId) -> Balance {
	Balances::balance_on_hold(&HoldReason::Bond.into(), &who)
}

fn lost(before: Balance) -> Balance {
	RULES.absent_loss.mul_floor(before)
}

#[test]
fn validator_without_block_loses_as_absent_one() {
	run(|| {
		let before = [1, 2].map(bond);
		slots_by(&[1], 2 * MIN_EXPECTED);
		to_session(1);
		assert_eq!([1, 2].map(bond), [before[0], before[1] - lost(before[1])]);
		assert!(lost(before[1]) > 0);
		assert!(events().contains(&Event::Idle { who: 2, expected: MIN_EXPECTED }));
		slots_by(&[1, 2], 2 * MIN_EXPECTED);
		to_session(2);
		assert_eq!(bond(2), before[1] - lost(before[1]), "each session counts from zero");
	});
}

#[test]
fn few_expected_blocks_say_nothing() {
	run(|| {
		let before = bond(2);
		slots_by(&[1], 2 * MIN_EXPECTED - 1);
		to_session(1);
		assert_eq!(bond(2), before);
	});
}

#[test]
fn standstill_of_chain_expects_no_blocks() {
	run(|| {
		let before = bond(2);
		Slot::set(100 * u64::from(MIN_EXPECTED));
		slots_by(&[1], 2 * MIN_EXPECTED - MAX_COUNTED_SLOTS);
		to_session(1);
		assert_eq!(bond(2), before);
	});
}

#[test]
fn missed_votes_and_blocks_cost_once() {
	run(|| {
		let before = bond(2);
		slots_by(&[1], 2 * MIN_EXPECTED);
		for _ in 0..MIN_ASKED {
			<Validators as ServiceRecorder<_>>::served(&[(2, VoteService::Absent)]);
		}
		to_session(1);
		assert_eq!(bond(2), before - lost(before));
	});
}

#[test]
fn disabled_validator_is_excused() {
	run(|| {
		MockRules::set(Rules { max_active: 5, ..RULES });
		for who in 3..6 {
			assert_ok!(Validators::join(RuntimeOrigin::signed(who), MIN_BOND, worker_of(who)));
		}
		to_session(2);
		<Validators as ValidatorSlasher<_>>::slash(&4, Perbill::from_percent(10), None);
		assert_eq!(Session::disabled_validators(), [3]);
		let before = [3, 4].map(bond);
		slots_by(&[1, 2, 5], 5 * MIN_EXPECTED);
		to_session(3);
		assert_eq!([3, 4].map(bond), [before[0] - lost(before[0]), before[1]]);
	});
}
