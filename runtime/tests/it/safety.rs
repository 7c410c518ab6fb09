//! Tests of emergency measures: safe mode, whitelisted calls, suspended product lines, stale
//! revocation lists and failed migrations.

use frame_support::{
	assert_err, assert_noop, assert_ok,
	traits::{Contains, StorePreimage},
};
use hcc_evidence::{
	host::GenerationTrust,
	snp::{ProductLine, MAX_CRL},
	RejectCode,
};
use hcc_evidence_testing::NOW;
use hcc_primitives::{units, Liveness, TickSource};
use hccs_runtime::{governance::Origin, *};
use insecure_sim::issue_crl;
use sp_keyring::Sr25519Keyring::Alice;
use sp_runtime::{traits::Dispatchable, BoundedVec, DispatchError::BadOrigin};

use super::network::*;

fn emergency() -> RuntimeOrigin {
	Origin::Emergency.into()
}

fn tightening() -> RuntimeOrigin {
	Origin::Tightening.into()
}

fn transfer() -> RuntimeCall {
	let dest = Alice.to_account_id().into();
	pallet_balances::Call::transfer_allow_death { dest, value: 1 }.into()
}

/// Returns `true` if the base call filter rejects a call.
fn is_filtered(call: RuntimeCall) -> bool {
	!<Runtime as frame_system::Config>::BaseCallFilter::contains(&call)
}

#[test]
fn safe_mode_pauses_deadlines_and_filters_calls() {
	run(|machine| {
		assert!(!is_filtered(transfer()));
		let open = challenge(&machine).challenge.seq;
		let before = <Clock as TickSource>::now();
		assert_noop!(
			SafeMode::force_enter(RuntimeOrigin::signed(Alice.to_account_id())),
			BadOrigin
		);
		assert_noop!(SafeMode::force_enter(tightening()), BadOrigin);
		assert_ok!(SafeMode::force_enter(emergency()));
		assert!(is_filtered(transfer()));
		assert_err!(
			transfer().dispatch(RuntimeOrigin::signed(Alice.to_account_id())),
			frame_system::Error::<Runtime>::CallFiltered
		);
		assert!(is_filtered(pallet_registry::Call::remove_chip { chip: chip(&machine) }.into()));
		for call in [
			pallet_verdicts::Call::vote {
				validator: Alice.to_account_id(),
				votes: Default::default(),
				finalised: 1,
			}
			.into(),
			RuntimeCall::SafeMode(pallet_safe_mode::Call::force_exit {}),
			pallet_referenda::Call::place_decision_deposit { index: 0 }.into(),
		] {
			assert!(!is_filtered(call));
		}
		// Approved decisions of governance take effect in safe mode.
		let suspend: RuntimeCall = pallet_policy::Call::set_generation {
			product: ProductLine::Turin,
			trust: Some(GenerationTrust::Suspended),
		}
		.into();
		assert_ok!(suspend.dispatch(tightening()));
		blocks(100);
		assert_eq!(<Clock as TickSource>::now(), before);
		let host = Attestation::host(chip(&machine)).expect("the chip has a host");
		assert_eq!(host.challenge.map(|open| open.seq), Some(open), "no challenge is missed");
		assert_ok!(SafeMode::force_exit(emergency()));
		blocks(2);
		assert_eq!(<Clock as TickSource>::now(), before + 2);
		assert!(attest(&machine).is_accepted());
	});
}

#[test]
fn fast_track_dispatches_whitelisted_call() {
	run(|_| {
		let measure: RuntimeCall = pallet_policy::Call::set_generation {
			product: ProductLine::Turin,
			trust: Some(GenerationTrust::Suspended),
		}
		.into();
		let bound = <Preimage as StorePreimage>::note(codec::Encode::encode(&measure).into());
		let hash = bound.expect("it fits");
		let call = Box::new(measure);
		let dispatch_measure =
			|origin| Whitelist::dispatch_whitelisted_call_with_preimage(origin, call.clone());
		let turin = || Policy::generation(ProductLine::Turin);
		let alice = || RuntimeOrigin::signed(Alice.to_account_id());
		assert_noop!(Whitelist::whitelist_call(emergency(), hash), BadOrigin);
		assert_ok!(Whitelist::whitelist_call(RuntimeOrigin::root(), hash));
		for refused in [alice(), tightening()] {
			assert!(dispatch_measure(refused).is_err());
		}
		assert_eq!(turin(), Some(GenerationTrust::Full));
		assert_ok!(dispatch_measure(emergency()));
		assert_eq!(turin(), Some(GenerationTrust::Suspended));
		// A whitelisted call can be dispatched once. A second dispatch has no effect until root
		// whitelists the call again.
		assert_ok!(Policy::set_generation(
			RuntimeOrigin::root(),
			ProductLine::Turin,
			Some(GenerationTrust::Full)
		));
		assert_ok!(dispatch_measure(emergency()));
		assert_eq!(turin(), Some(GenerationTrust::Full));
	});
}

#[test]
fn suspended_product_line_is_rejected_without_strike() {
	run(|machine| {
		assert!(attest(&machine).is_accepted());
		let (product, trust) = (ProductLine::Genoa, Some(GenerationTrust::Suspended));
		assert_ok!(Policy::set_generation(tightening(), product, trust));
		let finding = attest(&machine);
		assert_eq!(finding.code, RejectCode::GenerationSuspended.number());
		let record = Reputation::record(chip(&machine)).expect("the chip has a record");
		assert_eq!(record.score.strikes, 0);
	});
}

/// Posts a current revocation list of the test hierarchy.
fn post_empty_crl() {
	let list = issue_crl(NOW.0, &[]).expect("the hierarchy issues lists");
	let list: BoundedVec<u8, frame_support::traits::ConstU32<{ MAX_CRL as u32 }>> =
		list.try_into().expect("it fits");
	assert_ok!(Policy::post_crl(RuntimeOrigin::signed(Alice.to_account_id()), list));
}

/// A host is not at fault for data that the chain lacks.
#[test]
fn evidence_is_undecided_while_crl_is_stale() {
	run(|machine| {
		assert_ok!(Policy::set_revocation_grace(tightening(), Some(0)));
		let before = score(&machine);
		let finding = attest(&machine);
		assert_eq!(finding.code, hcc_primitives::Finding::UNDECIDED);
		assert_eq!(score(&machine), before);
		let fit = || <Attestation as Liveness>::fit(&chip(&machine)).is_some();
		assert!(!fit(), "the chip receives no VMs");
		post_empty_crl();
		assert!(attest(&machine).is_accepted());
		assert!(fit());
	});
}

#[test]
fn silence_is_void_while_crl_is_stale() {
	run(|machine| {
		assert!(attest(&machine).is_accepted());
		let (before, counts) = (score(&machine), Attestation::statistics().counts);
		let missed = || Reputation::record(chip(&machine)).expect("the chip has a record").missed;
		assert_ok!(Policy::set_revocation_grace(tightening(), Some(0)));
		let open = challenge(&machine).challenge.seq;
		blocks(60);
		let host = Attestation::host(chip(&machine)).expect("the chip has a host");
		assert!(host.seq > open, "the chip is challenged again");
		assert_eq!(
			<Attestation as Liveness>::fit(&chip(&machine)),
			None,
			"the chip receives no VMs"
		);
		assert_eq!((missed(), score(&machine)), (0, before));
		let since = Attestation::statistics().counts;
		assert!(since.void > counts.void && since.missed == counts.missed);
		// After the list is current again, a silent chip misses its challenges again.
		post_empty_crl();
		blocks(60);
		assert!(missed() > 0 && score(&machine) < before);
	});
}

/// Runs the rest of a block after the inherents, as `frame-executive` does.
fn finish_block() {
	frame_system::BlockWeight::<Runtime>::kill();
	Executive::inherents_applied();
}

#[test]
fn migration_pauses_deadlines() {
	run(|machine| {
		let open = challenge(&machine).challenge.seq;
		let before = <Clock as TickSource>::now();
		let stuck = pallet_migrations::MigrationCursor::Stuck;
		pallet_migrations::Cursor::<Runtime>::set(Some(stuck));
		for _ in 0..100 {
			// During a migration, blocks contain only inherents.
			begin(None);
			finish_block();
		}
		assert_eq!(<Clock as TickSource>::now(), before);
		let host = Attestation::host(chip(&machine)).expect("the chip has a host");
		assert_eq!(host.challenge.map(|open| open.seq), Some(open), "no challenge is missed");
		pallet_migrations::Cursor::<Runtime>::kill();
		for moved in 1..=2 {
			begin(Some([7; 32]));
			state_finality();
			finish_block();
			assert_eq!(<Clock as TickSource>::now(), before + moved);
		}
		assert!(attest(&machine).is_accepted());
	});
}

#[test]
fn failed_migration_enters_safe_mode() {
	use frame_support::migrations::{FailedMigrationHandler, FailedMigrationHandling};

	run(|_| {
		for _ in 0..2 {
			let handling = hccs_runtime::configs::SafeModeOnFailure::failed(Some(0));
			assert!(matches!(handling, FailedMigrationHandling::ForceUnstuck));
			assert!(is_filtered(transfer()));
		}
		assert_ok!(SafeMode::force_exit(RuntimeOrigin::root()));
		assert!(!is_filtered(transfer()));
	});
}

/// `Balances::burn` would reduce the issuance without a record in the issuance pallet.
#[test]
fn balances_burn_is_filtered() {
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
		assert!(batch.dispatch(alice).is_err(), "a batch cannot burn either");
		assert_eq!(Balances::total_issuance(), issued);
	});
}
