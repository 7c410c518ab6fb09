//! What is done in need: safe mode, prepared measures; and product lines that are trusted no more.

use frame_support::{
	assert_err, assert_noop, assert_ok,
	traits::{Contains, StorePreimage},
};
use hcc_evidence::{
	host::GenerationTrust,
	snp::{ProductLine, MAX_CRL},
	RejectCode,
};
use hcc_primitives::{Liveness, Ticks};
use insecure_sim::issue_crl;
use sp_keyring::Sr25519Keyring::Alice;
use sp_runtime::{traits::Dispatchable, BoundedVec, DispatchError::BadOrigin};

use super::{machine::NOW, network::*};
use crate::{governance::Origin, *};

fn tightening() -> RuntimeOrigin {
	Origin::Tightening.into()
}

fn transfer() -> RuntimeCall {
	let dest = Alice.to_account_id().into();
	pallet_balances::Call::transfer_allow_death { dest, value: 1 }.into()
}

/// As an extrinsic is filtered.
fn refused(call: RuntimeCall) -> bool {
	!<Runtime as frame_system::Config>::BaseCallFilter::contains(&call)
}

#[test]
fn in_safe_mode_deadlines_stand_still_and_only_what_ends_it_is_called() {
	run(|machine| {
		assert!(!refused(transfer()));
		let open = challenge(&machine).challenge.seq;
		let before = <Verdicts as Ticks>::now();
		assert_noop!(
			SafeMode::force_enter(RuntimeOrigin::signed(Alice.to_account_id())),
			BadOrigin
		);
		assert_ok!(SafeMode::force_enter(tightening()));
		assert!(refused(transfer()));
		assert_err!(
			transfer().dispatch(RuntimeOrigin::signed(Alice.to_account_id())),
			frame_system::Error::<Runtime>::CallFiltered
		);
		assert!(refused(pallet_registry::Call::remove_chip { chip: chip(&machine) }.into()));
		for call in [
			pallet_verdicts::Call::file { votes: Default::default(), finalised: 1 }.into(),
			RuntimeCall::SafeMode(pallet_safe_mode::Call::force_exit {}),
			pallet_referenda::Call::place_decision_deposit { index: 0 }.into(),
		] {
			assert!(!refused(call));
		}
		// What has been decided takes effect.
		let suspend: RuntimeCall = pallet_policy::Call::set_generation {
			product: ProductLine::Turin,
			trust: Some(GenerationTrust::Suspended),
		}
		.into();
		assert_ok!(suspend.dispatch(tightening()));
		blocks(100);
		assert_eq!(<Verdicts as Ticks>::now(), before);
		let host = Attestation::host(chip(&machine)).expect("enlisted");
		assert_eq!(host.challenge.map(|open| open.seq), Some(open), "nothing was missed");
		assert_ok!(SafeMode::force_exit(tightening()));
		blocks(2);
		assert_eq!(<Verdicts as Ticks>::now(), before + 2);
		assert!(attest(&machine).is_accepted());
	});
}

#[test]
fn a_measure_that_root_has_prepared_is_taken_by_the_fast_track() {
	run(|_| {
		let measure: RuntimeCall = pallet_policy::Call::set_generation {
			product: ProductLine::Turin,
			trust: Some(GenerationTrust::Suspended),
		}
		.into();
		let bound = <Preimage as StorePreimage>::note(codec::Encode::encode(&measure).into());
		let hash = bound.expect("short");
		let call = Box::new(measure);
		let take =
			|origin| Whitelist::dispatch_whitelisted_call_with_preimage(origin, call.clone());
		let turin = || Policy::generation(ProductLine::Turin);
		let alice = || RuntimeOrigin::signed(Alice.to_account_id());
		assert_noop!(Whitelist::whitelist_call(tightening(), hash), BadOrigin);
		assert_ok!(Whitelist::whitelist_call(RuntimeOrigin::root(), hash));
		assert!(take(alice()).is_err());
		assert_eq!(turin(), Some(GenerationTrust::Full));
		assert_ok!(take(tightening()));
		assert_eq!(turin(), Some(GenerationTrust::Suspended));
		// It was prepared once: once more, it waits for root.
		assert_ok!(Policy::set_generation(
			RuntimeOrigin::root(),
			ProductLine::Turin,
			Some(GenerationTrust::Full)
		));
		assert_ok!(take(tightening()));
		assert_eq!(turin(), Some(GenerationTrust::Full));
	});
}

#[test]
fn what_a_suspended_product_line_signs_is_refused_and_no_strike() {
	run(|machine| {
		assert!(attest(&machine).is_accepted());
		let (product, trust) = (ProductLine::Genoa, Some(GenerationTrust::Suspended));
		assert_ok!(Policy::set_generation(tightening(), product, trust));
		let finding = attest(&machine);
		assert_eq!(finding.code, RejectCode::GenerationSuspended.number());
		let record = Reputation::record(chip(&machine)).expect("it is known");
		assert_eq!(record.score.strikes, 0);
	});
}

/// A revocation list of the hierarchy's, made now.
fn post_list() {
	let list = issue_crl(NOW.0, &[]).expect("the hierarchy issues lists");
	let list: BoundedVec<u8, frame_support::traits::ConstU32<{ MAX_CRL as u32 }>> =
		list.try_into().expect("short");
	assert_ok!(Policy::post_crl(RuntimeOrigin::signed(Alice.to_account_id()), list));
}

/// Whatever the chain lacks is nobody's fault.
#[test]
fn evidence_counts_for_nothing_while_the_revocation_list_is_stale() {
	run(|machine| {
		assert_ok!(Policy::set_revocation_grace(tightening(), Some(0)));
		let before = score(&machine);
		let finding = attest(&machine);
		assert_eq!(finding.code, hcc_primitives::Finding::UNDECIDED);
		assert_eq!(score(&machine), before);
		let fit = || <Attestation as Liveness>::fit(&chip(&machine)).is_some();
		assert!(!fit(), "but nothing is proven: it gets no work");
		post_list();
		assert!(attest(&machine).is_accepted());
		assert!(fit());
	});
}

#[test]
fn silence_counts_for_nothing_while_the_revocation_list_is_stale() {
	run(|machine| {
		assert!(attest(&machine).is_accepted());
		let (before, counts) = (score(&machine), Attestation::statistics().counts);
		let missed = || Reputation::record(chip(&machine)).expect("it is known").missed;
		assert_ok!(Policy::set_revocation_grace(tightening(), Some(0)));
		let open = challenge(&machine).challenge.seq;
		blocks(60);
		let host = Attestation::host(chip(&machine)).expect("enlisted");
		assert!(host.seq > open, "it is asked again, as if nothing had been");
		assert_eq!(<Attestation as Liveness>::fit(&chip(&machine)), None, "but it gets no work");
		assert_eq!((missed(), score(&machine)), (0, before));
		let since = Attestation::statistics().counts;
		assert!(since.void > counts.void && since.missed == counts.missed);
		// What can be judged must be answered.
		post_list();
		blocks(60);
		assert!(missed() > 0 && score(&machine) < before);
	});
}

/// The rest of a block, as `frame-executive` goes on once the inherents are in.
fn go_on() {
	frame_system::BlockWeight::<Runtime>::kill();
	Executive::inherents_applied();
}

#[test]
fn deadlines_stand_still_while_storage_is_migrated() {
	run(|machine| {
		let open = challenge(&machine).challenge.seq;
		let before = <Verdicts as Ticks>::now();
		let stuck = pallet_migrations::MigrationCursor::Stuck;
		pallet_migrations::Cursor::<Runtime>::set(Some(stuck));
		for _ in 0..100 {
			// Meanwhile blocks hold nothing but inherents.
			begin(None);
			go_on();
		}
		assert_eq!(<Verdicts as Ticks>::now(), before);
		let host = Attestation::host(chip(&machine)).expect("enlisted");
		assert_eq!(host.challenge.map(|open| open.seq), Some(open), "nothing was missed");
		pallet_migrations::Cursor::<Runtime>::kill();
		for moved in 1..=2 {
			begin(Some([7; 32]));
			statements();
			go_on();
			assert_eq!(<Verdicts as Ticks>::now(), before + moved);
		}
		assert!(attest(&machine).is_accepted());
	});
}

#[test]
fn a_migration_that_fails_leaves_a_chain_that_can_be_mended() {
	use frame_support::migrations::{FailedMigrationHandler, FailedMigrationHandling};

	run(|_| {
		for _ in 0..2 {
			let then = crate::configs::SafeModeOnFailure::failed(Some(0));
			assert!(matches!(then, FailedMigrationHandling::ForceUnstuck));
			assert!(refused(transfer()));
		}
		assert_ok!(SafeMode::force_exit(RuntimeOrigin::root()));
		assert!(!refused(transfer()));
	});
}

/// It would be gone, and nobody could tell why there is less.
#[test]
fn nobody_burns_what_is_not_counted() {
	run(|_| {
		let burn = RuntimeCall::Balances(pallet_balances::Call::burn {
			value: units::ALPHA,
			keep_alive: true,
		});
		let issued = Balances::total_issuance();
		let alice = RuntimeOrigin::signed(Alice.to_account_id());
		let refused = burn.clone().dispatch(alice.clone()).map_err(|error| error.error);
		assert_eq!(refused, Err(frame_system::Error::<Runtime>::CallFiltered.into()));
		let batch = RuntimeCall::Utility(pallet_utility::Call::batch_all { calls: vec![burn] });
		assert!(batch.dispatch(alice).is_err(), "nor within another call");
		assert_eq!(Balances::total_issuance(), issued);
	});
}
