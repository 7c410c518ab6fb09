//! Tests of VEKs.

use frame_support::{assert_noop, assert_ok, traits::fungible::InspectHold};
use hcc_evidence::host::{chip_hash, ChipHash};
use hcc_primitives::{OnChipChange, Veks as _};
use hcc_testing::register;
use insecure_sim::{issue_vcek, Chip, PRODUCT, TCB};
use sp_runtime::AccountId32;

use crate::{mock::*, *};

fn certificate(name: &str) -> Certificate {
	let der = issue_vcek(&Chip::named(name)).expect("the hierarchy issues certificates");
	der.try_into().expect("short")
}

fn hash(name: &str) -> ChipHash {
	chip_hash(PRODUCT, Chip::named(name).id())
}

fn held(who: &AccountId32) -> u64 {
	Balances::balance_on_hold(&HoldReason::Vek.into(), who)
}

#[test]
fn registered_vek_is_found_by_tcb() {
	run(|| {
		register(account(1), vec![hash("alice")], None);
		assert_ok!(Policy::register_vek(RuntimeOrigin::signed(account(2)), certificate("alice")));
		assert_eq!(held(&account(2)), VEK_DEPOSIT);
		let vek =
			<Policy as hcc_primitives::Veks>::vek(&hash("alice"), TCB.raw).expect("registered");
		assert_eq!(vek.tcb, TCB.version);
		assert!(Policy::vek(&hash("alice"), [0; 8]).is_none());
		assert!(Policy::vek(&hash("bob"), TCB.raw).is_none());
		assert_noop!(
			Policy::register_vek(RuntimeOrigin::signed(account(3)), certificate("alice")),
			Error::<Test>::VekKnown
		);
	});
}

#[test]
fn vek_of_unregistered_chip_is_refused() {
	run(|| {
		assert_noop!(
			Policy::register_vek(RuntimeOrigin::signed(account(1)), certificate("alice")),
			Error::<Test>::ChipNotRegistered
		);
	});
}

#[test]
fn invalid_vek_certificate_is_refused() {
	run(|| {
		register(account(1), vec![hash("alice")], None);
		let mut altered = certificate("alice");
		let last = altered.len() - 1;
		altered[last] ^= 1;
		for bad in [altered, Certificate::default(), vec![0x30; 300].try_into().expect("short")] {
			assert_noop!(
				Policy::register_vek(RuntimeOrigin::signed(account(1)), bad),
				Error::<Test>::VekRefused
			);
		}
		assert_ok!(Policy::set_amd_roots(RuntimeOrigin::root(), None));
		assert_noop!(
			Policy::register_vek(RuntimeOrigin::signed(account(1)), certificate("alice")),
			Error::<Test>::VekRefused
		);
	});
}

#[test]
fn only_depositor_removes_vek() {
	run(|| {
		register(account(1), vec![hash("alice")], None);
		assert_ok!(Policy::register_vek(RuntimeOrigin::signed(account(2)), certificate("alice")));
		assert_noop!(
			Policy::remove_vek(RuntimeOrigin::signed(account(1)), hash("alice"), TCB.version),
			Error::<Test>::VekNotFound
		);
		let remove =
			|| Policy::remove_vek(RuntimeOrigin::signed(account(2)), hash("alice"), TCB.version);
		assert_noop!(remove(), Error::<Test>::LastVek);
		register(account(1), vec![], None);
		assert_ok!(remove());
		assert_eq!(held(&account(2)), 0);
		assert!(Policy::veks(hash("alice")).is_empty());
	});
}

#[test]
fn last_valid_vek_cannot_be_removed() {
	run(|| {
		let (chip, owner) = (hash("alice"), account(1));
		register(owner.clone(), vec![chip], None);
		let remove = |tcb| Policy::remove_vek(RuntimeOrigin::signed(owner.clone()), chip, tcb);
		assert_ok!(Policy::register_vek(
			RuntimeOrigin::signed(owner.clone()),
			certificate("alice")
		));
		// This key's root is not trusted.
		let mut other = Policy::veks(chip).remove(0);
		other.tcb.microcode += 1;
		other.ark = [9; 32];
		assert_ok!(Policy::store_vek(chip, other.clone(), owner.clone()));
		assert_noop!(remove(TCB.version), Error::<Test>::LastVek);
		assert!(!<Policy as hcc_primitives::Veks>::is_withdrawn(&chip), "one key is valid");
		assert_ok!(remove(other.tcb));
		assert_ok!(Policy::set_amd_roots(RuntimeOrigin::root(), None));
		assert!(<Policy as hcc_primitives::Veks>::is_withdrawn(&chip), "no key is valid");
		assert_ok!(remove(TCB.version));
		assert!(!<Policy as hcc_primitives::Veks>::is_withdrawn(&chip), "the chip has no key");
	});
}

#[test]
fn foreign_veks_fill_half_the_room() {
	run(|| {
		let (chip, owner) = (hash("alice"), account(1));
		register(owner.clone(), vec![chip], None);
		assert_ok!(Policy::register_vek(RuntimeOrigin::signed(account(2)), certificate("alice")));
		let known = Policy::veks(chip).remove(0);
		let store = |microcode, who: &AccountId32| {
			let mut vek = known.clone();
			vek.tcb.microcode = microcode;
			Policy::store_vek(chip, vek, who.clone())
		};
		assert_ok!(store(1, &account(3)));
		assert_noop!(store(2, &account(4)), Error::<Test>::TooManyVeks);
		for microcode in 3..7 {
			assert_ok!(store(microcode, &owner));
		}
		assert_eq!((held(&account(2)), held(&account(3)), held(&owner)), (0, 0, 4 * VEK_DEPOSIT));
		let left: Vec<_> = Policy::veks(chip).iter().map(|vek| vek.tcb.microcode).collect();
		assert_eq!(left, [3, 4, 5, 6]);
	});
}

#[test]
fn reissued_certificate_replaces_former() {
	run(|| {
		let chip = hash("alice");
		register(account(1), vec![chip], None);
		assert_ok!(Policy::register_vek(RuntimeOrigin::signed(account(2)), certificate("alice")));
		let mut vek = Policy::veks(chip).remove(0);
		vek.not_after.0 += 1;
		assert_ok!(Policy::store_vek(chip, vek, account(3)));
		assert_eq!((held(&account(2)), held(&account(3))), (0, VEK_DEPOSIT));
	});
}

#[test]
fn veks_removed_with_chip() {
	run(|| {
		register(account(1), vec![hash("alice")], None);
		assert_ok!(Policy::register_vek(RuntimeOrigin::signed(account(2)), certificate("alice")));
		register(account(1), vec![], None);
		<Policy as OnChipChange<AccountId32>>::on_gone(&hash("alice"));
		assert_eq!(held(&account(2)), 0);
	});
}

#[test]
fn miner_takes_over_foreign_vek() {
	run(|| {
		register(account(1), vec![hash("alice")], None);
		let certify =
			|who| Policy::register_vek(RuntimeOrigin::signed(account(who)), certificate("alice"));
		assert_ok!(certify(2));
		assert_ok!(certify(1));
		assert_eq!((held(&account(1)), held(&account(2))), (VEK_DEPOSIT, 0));
		assert_noop!(certify(1), Error::<Test>::VekKnown);
		let mut reissued = Policy::veks(hash("alice")).remove(0);
		reissued.not_after.0 += 1;
		let by_another = Policy::store_vek(hash("alice"), reissued.clone(), account(2));
		assert_eq!(by_another, Err(Error::<Test>::VekKnown.into()));
		assert_ok!(Policy::store_vek(hash("alice"), reissued, account(1)));
	});
}

#[test]
fn vek_of_distrusted_root_is_unavailable() {
	run(|| {
		register(account(1), vec![hash("alice")], None);
		assert_ok!(Policy::register_vek(RuntimeOrigin::signed(account(1)), certificate("alice")));
		let roots = Policy::amd_roots();
		assert!(Policy::vek(&hash("alice"), TCB.raw).is_some());
		assert_ok!(Policy::set_amd_roots(RuntimeOrigin::root(), None));
		assert!(Policy::vek(&hash("alice"), TCB.raw).is_none());
		assert_ok!(Policy::set_amd_roots(RuntimeOrigin::root(), roots));
		assert!(
			Policy::vek(&hash("alice"), TCB.raw).is_some(),
			"the key is valid again with its root"
		);
	});
}

#[test]
fn older_certificate_cannot_replace_newer() {
	run(|| {
		let (owner, other) = (account(1), account(2));
		register(owner.clone(), vec![hash("alice"), hash("bob")], None);
		for (name, who) in [("alice", &owner), ("bob", &other)] {
			let origin = RuntimeOrigin::signed(who.clone());
			assert_ok!(Policy::register_vek(origin, certificate(name)));
			let mut newer = Policy::veks(hash(name)).remove(0);
			newer.not_after.0 += 1;
			assert_ok!(Policy::store_vek(hash(name), newer.clone(), who.clone()));
			// Neither the depositor of the newer certificate nor another account can replace it.
			for by in [who.clone(), account(3)] {
				assert_noop!(
					Policy::register_vek(RuntimeOrigin::signed(by), certificate(name)),
					Error::<Test>::VekKnown
				);
			}
			assert_eq!(Policy::veks(hash(name)), [newer]);
		}
	});
}

#[test]
fn vek_of_other_tcb_is_not_used() {
	run(|| {
		let (chip, owner) = (hash("alice"), account(1));
		register(owner.clone(), vec![chip], None);
		let origin = || RuntimeOrigin::signed(owner.clone());
		assert_ok!(Policy::register_vek(origin(), certificate("alice")));
		let known = Policy::veks(chip).remove(0);
		// These keys are for an older and for a newer firmware.
		for microcode in [TCB.raw[7] - 1, TCB.raw[7] + 1] {
			let mut other = known.clone();
			other.tcb.microcode = microcode;
			assert_ok!(Policy::store_vek(chip, other, owner.clone()));
		}
		let found = |raw: [u8; 8]| Policy::vek(&chip, raw).map(|vek| vek.tcb.microcode);
		let reporting = |microcode| {
			let mut raw = TCB.raw;
			raw[7] = microcode;
			raw
		};
		for microcode in [TCB.raw[7] - 1, TCB.raw[7], TCB.raw[7] + 1] {
			assert_eq!(found(reporting(microcode)), Some(microcode));
		}
		assert_ok!(Policy::remove_vek(origin(), chip, TCB.version));
		assert_eq!(found(TCB.raw), None, "the keys of other TCBs are not used");
		// Reserved bytes must match too.
		let mut reserved = reporting(TCB.raw[7] + 1);
		reserved[3] = 1;
		assert_eq!(found(reserved), None);
	});
}
