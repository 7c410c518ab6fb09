//! Tests of revocation lists and of generation trust.

use frame_support::{assert_noop, assert_ok};
use hcc_evidence::{
	host::{chip_hash, ChipHash, GenerationTrust},
	snp::{ark_id, ProductLine, Vek},
	UnixSeconds,
};
use hcc_primitives::Veks as _;
use hcc_testing::register;
use insecure_sim::{issue_crl, issue_vcek, Chip, PRODUCT, TCB};
use sp_runtime::BoundedVec;

use crate::{mock::*, *};

type List = BoundedVec<u8, frame_support::traits::ConstU32<{ hcc_evidence::snp::MAX_CRL as u32 }>>;

/// One hour before the current time.
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

/// Registers a chip and its key.
fn registered() -> Vek {
	register(account(1), vec![chip()], None);
	let der = issue_vcek(&Chip::named("alice")).expect("the hierarchy issues certificates");
	let der = der.try_into().expect("short");
	assert_ok!(Policy::register_vek(RuntimeOrigin::signed(account(1)), der));
	Policy::vek(&chip(), TCB.raw).expect("registered")
}

#[test]
fn revoked_issuer_invalidates_keys() {
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

/// A new revocation makes a revision. Chips that were accepted before it are challenged again.
#[test]
fn only_new_revocations_tighten_policy() {
	run(|| {
		let before = Policy::revision();
		assert_ok!(post(list(MADE, &[])));
		assert_eq!(Policy::revision(), before);
		assert_ok!(post(list(MADE + 1, &[7])));
		assert_eq!((Policy::revision(), LastTightening::<Test>::get()), (before + 1, before + 1));
		let ark = ark_id(&insecure_sim::roots().ark);
		let changed = Event::Changed { revision: before + 1, subject: PolicyItem::Revoked(ark) };
		System::assert_last_event(changed.into());
		assert_ok!(post(list(MADE + 2, &[7])));
		assert_ok!(post(list(MADE + 3, &[])));
		assert_eq!(Policy::revision(), before + 1, "no further certificate is revoked");
		assert_ok!(post(list(MADE + 4, &[7, ASK])));
		assert_eq!(LastTightening::<Test>::get(), before + 2);
	});
}

#[test]
fn older_crl_is_refused() {
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
fn invalid_crl_is_refused() {
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
fn revocation_grace_requires_current_crl() {
	run(|| {
		let vek = registered();
		assert_eq!(Policy::revocation_current_until(&vek), None);
		let grace = Some(60);
		assert_ok!(Policy::set_revocation_grace(
			RuntimeOrigin::signed(TightenAccount::get()),
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
				Policy::set_revocation_grace(RuntimeOrigin::signed(TightenAccount::get()), looser),
				sp_runtime::DispatchError::BadOrigin
			);
		}
		assert_ok!(Policy::set_revocation_grace(root(), None));
	});
}

#[test]
fn generation_trust_follows_policy() {
	use hcc_evidence::host::PlatformPolicy as _;

	run(|| {
		let trust = |product| {
			PolicyAt::<Test>::new(Policy::revision())
				.expect("platform rules are set")
				.trust(product)
		};
		assert_eq!(trust(ProductLine::Genoa), GenerationTrust::Full);
		assert_eq!(trust(ProductLine::Milan), GenerationTrust::Suspended);
		let tightener = || RuntimeOrigin::signed(TightenAccount::get());
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
