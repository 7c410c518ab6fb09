use frame_support::traits::fungible::{Inspect, InspectHold};
use hcc_primitives::Slashes;
use sp_runtime::Perbill;

use crate::{mock::*, *};

const PART: Perbill = Perbill::from_percent(20);
const SHARE: Perbill = Perbill::from_percent(10);

fn held(who: AccountId) -> Balance {
	Balances::balance_on_hold(&HoldReason::Bond.into(), &who)
}

#[test]
fn the_reporter_has_its_share_and_the_rest_is_burned_to_the_last_unit() {
	run(|| {
		let (bond, issued, before) = (held(1), Balances::total_issuance(), Balances::balance(&7));
		<Validators as Slashes<_>>::slash(&1, PART, Some((&7, SHARE)));
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
fn without_a_reporter_all_of_it_is_burned() {
	run(|| {
		let (bond, issued) = (held(1), Balances::total_issuance());
		<Validators as Slashes<_>>::slash(&1, PART, None);
		assert_eq!(Balances::total_issuance(), issued - PART.mul_floor(bond));
	});
}

#[test]
fn who_is_slashed_is_disabled_but_never_more_than_a_third() {
	run(|| {
		<Validators as Slashes<_>>::slash(&1, PART, None);
		assert!(Session::disabled_validators().is_empty(), "a third of two is nobody");
	});
}

#[test]
fn who_has_left_can_still_lose_its_bond() {
	run(|| {
		frame_support::assert_ok!(Validators::join(RuntimeOrigin::signed(3), 250, worker_of(3)));
		frame_support::assert_ok!(Validators::leave(RuntimeOrigin::signed(3)));
		<Validators as Slashes<_>>::slash(&3, PART, None);
		assert_eq!(held(3), 200);
	});
}

#[test]
fn a_stranger_has_nothing_to_lose() {
	run(|| {
		let issued = Balances::total_issuance();
		<Validators as Slashes<_>>::slash(&9, PART, Some((&7, SHARE)));
		assert_eq!(Balances::total_issuance(), issued);
	});
}

/// The handler of what `pallet-offences` reports.
fn offend(who: AccountId, percent: u32, session: u32) {
	use sp_staking::offence::{OffenceDetails, OnOffenceHandler};
	let details = OffenceDetails { offender: (who, ()), reporters: Vec::<u64>::new() };
	Validators::on_offence(&[details], &[Perbill::from_percent(percent)], session);
}

#[test]
fn of_several_offences_in_a_session_the_worst_is_what_it_costs() {
	run(|| {
		let bond = held(1);
		offend(1, 10, 0);
		assert_eq!(held(1), bond - bond / 10);
		offend(1, 5, 0);
		offend(1, 10, 0);
		assert_eq!(held(1), bond - bond / 10, "it is not worse");
		offend(1, 30, 0);
		assert_eq!(held(1), bond - 3 * bond / 10, "the rise only");
		offend(2, 10, 0);
		offend(1, 10, 1);
		assert_eq!(held(1), bond - 3 * bond / 10 - (bond - 3 * bond / 10) / 10, "another session");
	});
}

#[test]
fn what_offences_have_cost_is_forgotten_once_none_of_then_can_be_reported() {
	run(|| {
		offend(1, 10, 0);
		let kept = RULES.unbonding_sessions + 2;
		to_session(kept);
		assert!(OffencesOf::<Test>::contains_key(0, 1));
		assert!(Historical::historical_root(0).is_some(), "it can still be reported");
		to_session(kept + 2);
		assert_eq!(Historical::historical_root(0), None);
		assert_eq!(OffencesOf::<Test>::iter().count(), 0);
	});
}

#[test]
fn where_bonds_are_held_for_less_time_all_offences_of_before_are_forgotten() {
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
