//! Revocation lists, and product lines that are trusted less.

use frame_support::{assert_noop, assert_ok};
use hcc_evidence::{
	host::{chip_hash, ChipHash, GenerationTrust},
	snp::{ark_id, ProductLine, Vek},
	UnixSeconds,
};
use hcc_primitives::{mock::register, Veks as _};
use insecure_sim::{issue_crl, issue_vcek, Chip, PRODUCT, TCB};
use sp_runtime::BoundedVec;

use crate::{mock::*, *};

type List = BoundedVec<u8, frame_support::traits::ConstU32<{ hcc_evidence::snp::MAX_CRL as u32 }>>;

/// An hour before now.
const MADE: u64 = NOW / 1_000 - 3_600;
/// The serial number of the hierarchy's ASK.
const ASK: u64 = 0;

fn list(made: u64, revoked: &[u64]) -> List {
	issue_crl(made, revoked).expect("the hierarchy issues lists").try_into().expect("short")
}

fn post(list: List) -> frame_support::pallet_prelude::DispatchResultWithPostInfo {
	Policy::post_crl(RuntimeOrigin::signed(account(3)), list)
}

fn chip() -> ChipHash {
	chip_hash(PRODUCT, Chip::named("alice").id())
}

/// A chip whose key is known.
fn registered() -> Vek {
	register(account(1), vec![chip()], None);
	let der = issue_vcek(&Chip::named("alice")).expect("the hierarchy issues certificates");
	let der = der.try_into().expect("short");
	assert_ok!(Policy::register_vek(RuntimeOrigin::signed(account(1)), der));
	Policy::vek(&chip(), TCB.raw).expect("registered")
}

#[test]
fn what_a_list_revokes_signs_no_key_any_more() {
	run(|| {
		let vek = registered();
		assert_eq!(
			post(list(MADE, &[7])).map(|info| info.pays_fee),
			Ok(frame_support::pallet_prelude::Pays::No)
		);
		assert_eq!(Policy::vek(&chip(), TCB.raw), Some(vek));
		assert_ok!(post(list(MADE + 1, &[7, ASK])));
		assert_eq!(Policy::vek(&chip(), TCB.raw), None);
		let der = issue_vcek(&Chip::named("bob")).expect("the hierarchy issues certificates");
		let bob = chip_hash(PRODUCT, Chip::named("bob").id());
		register(account(2), vec![bob], None);
		assert_noop!(
			Policy::register_vek(RuntimeOrigin::signed(account(2)), der.try_into().expect("short")),
			Error::<Test>::VekRevoked
		);
	});
}

/// Whoever was accepted before is asked again within the hour: that goes by revisions.
#[test]
fn what_is_revoked_makes_policy_stricter_and_nothing_else_that_a_list_tells() {
	run(|| {
		let before = Policy::revision();
		assert_ok!(post(list(MADE, &[])));
		assert_eq!(Policy::revision(), before);
		assert_ok!(post(list(MADE + 1, &[7])));
		assert_eq!((Policy::revision(), Tightened::<Test>::get()), (before + 1, before + 1));
		let ark = ark_id(&insecure_sim::roots().ark);
		let changed = Event::Changed { revision: before + 1, subject: Subject::Revoked(ark) };
		System::assert_last_event(changed.into());
		assert_ok!(post(list(MADE + 2, &[7])));
		assert_ok!(post(list(MADE + 3, &[])));
		assert_eq!(Policy::revision(), before + 1, "nothing more is revoked");
		assert_ok!(post(list(MADE + 4, &[7, ASK])));
		assert_eq!(Tightened::<Test>::get(), before + 2);
	});
}

#[test]
fn only_a_newer_list_counts() {
	run(|| {
		assert_ok!(post(list(MADE, &[ASK])));
		for old in [MADE, MADE - 1] {
			assert_noop!(post(list(old, &[])), Error::<Test>::CrlNotNewer);
		}
		let row = Policy::crl(ark_id(&insecure_sim::roots().ark)).expect("posted");
		assert_eq!((row.this_update.0, row.revoked.len()), (MADE, 1));
	});
}

#[test]
fn a_list_that_does_not_hold_is_refused() {
	run(|| {
		let good = list(MADE, &[]);
		for at in 0..good.len() {
			let mut altered = good.clone();
			altered[at] ^= 1;
			assert_noop!(post(altered), Error::<Test>::CrlRefused);
		}
		assert_noop!(post(Default::default()), Error::<Test>::CrlRefused);
		let tomorrow = NOW / 1_000 + 86_400;
		assert_noop!(post(list(tomorrow, &[])), Error::<Test>::CrlRefused);
		let many: Vec<u64> = (1..=u64::from(MAX_REVOKED) + 1).collect();
		assert_noop!(post(list(MADE, &many)), Error::<Test>::CrlTooLong);
		assert_ok!(Policy::set_amd_roots(RuntimeOrigin::root(), None));
		assert_noop!(post(good), Error::<Test>::CrlRefused);
	});
}

#[test]
fn without_a_current_list_nothing_can_be_judged_where_one_is_asked_for() {
	run(|| {
		let vek = registered();
		assert_eq!(Policy::revocation_current_until(&vek), None);
		let grace = Some(60);
		assert_ok!(Policy::set_revocation_grace(
			RuntimeOrigin::signed(WardenAccount::get()),
			grace
		));
		assert_eq!(Policy::revocation_current_until(&vek), Some(UnixSeconds(0)));
		assert_ok!(post(list(MADE, &[])));
		let week = 7 * 24 * 60 * 60;
		assert_eq!(Policy::revocation_current_until(&vek), Some(UnixSeconds(MADE + week + 60)));
		let root = RuntimeOrigin::root;
		assert_noop!(Policy::set_revocation_grace(root(), grace), Error::<Test>::Unchanged);
		for looser in [Some(61), None] {
			assert_noop!(
				Policy::set_revocation_grace(RuntimeOrigin::signed(WardenAccount::get()), looser),
				sp_runtime::DispatchError::BadOrigin
			);
		}
		assert_ok!(Policy::set_revocation_grace(root(), None));
	});
}

#[test]
fn a_product_line_is_trusted_as_far_as_policy_says() {
	use hcc_evidence::host::PlatformPolicy as _;

	run(|| {
		let trust =
			|product| PolicyAt::<Test>::new(Policy::revision()).expect("rules").trust(product);
		assert_eq!(trust(ProductLine::Genoa), GenerationTrust::Full);
		assert_eq!(trust(ProductLine::Milan), GenerationTrust::Suspended);
		let tightener = || RuntimeOrigin::signed(WardenAccount::get());
		let genoa = ProductLine::Genoa;
		for less in [GenerationTrust::Reduced, GenerationTrust::Suspended] {
			assert_ok!(Policy::set_generation(tightener(), genoa, Some(less)));
			assert_eq!(trust(genoa), less);
		}
		assert_noop!(
			Policy::set_generation(tightener(), genoa, Some(GenerationTrust::Full)),
			sp_runtime::DispatchError::BadOrigin
		);
		assert_ok!(Policy::set_generation(
			RuntimeOrigin::root(),
			genoa,
			Some(GenerationTrust::Full)
		));
		assert_eq!(trust(genoa), GenerationTrust::Full);
	});
}
