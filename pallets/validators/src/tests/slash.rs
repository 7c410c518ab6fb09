use frame_support::traits::fungible::{Inspect, InspectHold};
use hcc_primitives::ValidatorSlasher;
use sp_runtime::Perbill;

use crate::{mock::*, *};

const PART: Perbill = Perbill::from_percent(20);
const SHARE: Perbill = Perbill::from_percent(10);

fn held(who: AccountId) -> Balance {
	Balances::balance_on_hold(&HoldReason::Bond.into(), &who)
}

#[test]
fn slash_pays_reporter_and_burns_rest() {
	run(|| {
		let (bond, issued, before) = (held(1), Balances::total_issuance(), Balances::balance(&7));
		<Validators as ValidatorSlasher<_>>::slash(&1, PART, Some((&7, SHARE)));
		let lost = PART.mul_floor(bond);
		let reward = SHARE.mul_floor(lost);
		assert!(lost > reward && reward > 0);
		assert_eq!(held(1), bond - lost);
		assert_eq!(Balances::balance(&7), before + reward);
		assert_eq!(Balances::total_issuance(), issued - (lost - reward));
		System::assert_last_event(Event::Slashed { who: 1, amount: lost, reward }.into());
	});
}

#[test]
fn slash_without_reporter_burns_all() {
	run(|| {
		let (bond, issued) = (held(1), Balances::total_issuance());
		<Validators as ValidatorSlasher<_>>::slash(&1, PART, None);
		assert_eq!(Balances::total_issuance(), issued - PART.mul_floor(bond));
	});
}

#[test]
fn slash_disables_at_most_a_third() {
	run(|| {
		<Validators as ValidatorSlasher<_>>::slash(&1, PART, None);
		assert!(Session::disabled_validators().is_empty(), "a third of two is less than one");
	});
}

#[test]
fn unbonding_bond_can_be_slashed() {
	run(|| {
		frame_support::assert_ok!(Validators::join(RuntimeOrigin::signed(3), 250, worker_of(3)));
		frame_support::assert_ok!(Validators::leave(RuntimeOrigin::signed(3)));
		<Validators as ValidatorSlasher<_>>::slash(&3, PART, None);
		assert_eq!(held(3), 200);
	});
}

#[test]
fn slash_without_bond_takes_nothing() {
	run(|| {
		let issued = Balances::total_issuance();
		<Validators as ValidatorSlasher<_>>::slash(&9, PART, Some((&7, SHARE)));
		assert_eq!(Balances::total_issuance(), issued);
	});
}

/// Reports an offence as `pallet-offences` does.
fn offend(who: AccountId, percent: u32, session: u32) {
	use sp_staking::offence::{OffenceDetails, OnOffenceHandler};
	let details = OffenceDetails { offender: (who, ()), reporters: Vec::<u64>::new() };
	Validators::on_offence(&[details], &[Perbill::from_percent(percent)], session);
}

#[test]
fn worst_offence_of_session_determines_loss() {
	run(|| {
		let bond = held(1);
		offend(1, 10, 0);
		assert_eq!(held(1), bond - bond / 10);
		offend(1, 5, 0);
		offend(1, 10, 0);
		assert_eq!(held(1), bond - bond / 10, "these offences are not worse");
		offend(1, 30, 0);
		assert_eq!(held(1), bond - 3 * bond / 10, "only the increase is slashed");
		offend(2, 10, 0);
		offend(1, 10, 1);
		assert_eq!(held(1), bond - 3 * bond / 10 - (bond - 3 * bond / 10) / 10, "sessions add up");
	});
}

#[test]
fn offences_are_pruned_once_unreportable() {
	run(|| {
		offend(1, 10, 0);
		let kept = RULES.unbonding_sessions + 2;
		to_session(kept);
		assert!(OffencesOf::<Test>::contains_key(0, 1));
		assert!(Historical::historical_root(0).is_some(), "an offence can still be reported");
		to_session(kept + 2);
		assert_eq!(Historical::historical_root(0), None);
		assert_eq!(OffencesOf::<Test>::iter().count(), 0);
	});
}

#[test]
fn offences_are_pruned_after_unbonding_shortens() {
	run(|| {
		MockRules::set(Rules { unbonding_sessions: 20, ..RULES });
		(0..8).for_each(|session| {
			to_session(session);
			offend(1, 10, session);
		});
		to_session(10);
		assert_eq!(OffencesOf::<Test>::iter().count(), 8);
		MockRules::set(RULES);
		to_session(18);
		assert_eq!(OffencesOf::<Test>::iter().count(), 0);
	});
}
