//! Endorsements and rebuild statements.

use frame_support::{assert_noop, assert_ok};
use hcc_primitives::{DirectoryEntry, ImageDirectory};
use sp_runtime::DispatchError::BadOrigin;

use crate::{mock::*, Error, Event, MAX_REBUILDS};

type Refused = Error<Test>;

fn entry() -> DirectoryEntry {
	<Images as ImageDirectory>::lookup(&id("1"), 1).expect("it is registered")
}

#[test]
fn governance_endorses_and_withdraws() {
	run(|| {
		assert_ok!(register(PUBLISHER, "1"));
		let (root, image) = (RuntimeOrigin::root, id("1"));
		assert!(!entry().endorsed);
		assert_noop!(Images::endorse(signed(PUBLISHER), image), BadOrigin);
		assert_noop!(Images::endorse(root(), id("2")), Refused::ImageNotFound);
		assert_ok!(Images::endorse(root(), image));
		assert!(entry().endorsed);
		assert_noop!(Images::endorse(root(), image), Refused::Unchanged);
		assert_noop!(Images::withdraw_endorsement(signed(PUBLISHER), image), BadOrigin);
		assert_ok!(Images::withdraw_endorsement(root(), image));
		assert!(!entry().endorsed);
		assert_noop!(Images::withdraw_endorsement(root(), image), Refused::Unchanged);
		let withdrawn = RuntimeEvent::Images(Event::EndorsementWithdrawn { image });
		System::assert_last_event(withdrawn);
	});
}

#[test]
fn endorsement_ends_with_image() {
	run(|| {
		assert_ok!(register(PUBLISHER, "1"));
		assert_ok!(Images::endorse(RuntimeOrigin::root(), id("1")));
		assert_ok!(Images::remove(signed(PUBLISHER), id("1")));
		assert_ok!(register(PUBLISHER, "1"));
		assert!(!entry().endorsed);
	});
}

#[test]
fn each_key_states_one_rebuild() {
	run(|| {
		assert_ok!(register(PUBLISHER, "1"));
		let image = id("1");
		assert_ok!(state_rebuild(2, 2, image, 11));
		assert_noop!(state_rebuild(2, 2, image, 11), Refused::AlreadyStated);
		assert_noop!(state_rebuild(3, 3, image, 11), Refused::AlreadyStated);
		assert_ok!(state_rebuild(3, 3, image, 12));
		assert_eq!(entry().rebuilds, 2);
		let stored = Images::rebuilds_of(image);
		let stated: Vec<_> =
			stored.into_iter().map(|rebuild| (rebuild.signer, rebuild.account)).collect();
		assert_eq!(stated, [(key(11), account(2)), (key(12), account(3))]);
		assert_eq!((held(2), held(3)), (REBUILD_DEPOSIT, REBUILD_DEPOSIT));
	});
}

#[test]
fn rebuild_statement_covers_chain_image_and_account() {
	run(|| {
		assert_ok!(register(PUBLISHER, "1"));
		assert_ok!(register(PUBLISHER, "2"));
		assert_noop!(state_rebuild(3, 2, id("1"), 11), Refused::BadSignature);
		let missing = state_rebuild(2, 2, id("3"), 11);
		assert_noop!(missing, Refused::ImageNotFound);
		assert_ok!(state_rebuild(2, 2, id("1"), 11));
		let signature = Images::rebuilds_of(id("1"))[0].signature;
		let other = Images::state_rebuild(signed(2), id("2"), key(11), signature);
		assert_noop!(other, Refused::BadSignature);
	});
}

#[test]
fn account_removes_its_own_statement() {
	run(|| {
		assert_ok!(register(PUBLISHER, "1"));
		let image = id("1");
		assert_ok!(state_rebuild(2, 2, image, 11));
		let other = Images::remove_rebuild(signed(3), image, key(11));
		assert_noop!(other, Refused::RebuildNotFound);
		assert_ok!(Images::remove_rebuild(signed(2), image, key(11)));
		assert_eq!((held(2), entry().rebuilds), (0, 0));
		let again = Images::remove_rebuild(signed(2), image, key(11));
		assert_noop!(again, Refused::RebuildNotFound);
		assert_ok!(state_rebuild(3, 3, image, 11));
	});
}

#[test]
fn number_of_statements_is_bounded() {
	run(|| {
		assert_ok!(register(PUBLISHER, "1"));
		for number in 0..MAX_REBUILDS as u8 {
			assert_ok!(state_rebuild(2, 2, id("1"), 20 + number));
		}
		assert_eq!(entry().rebuilds, MAX_REBUILDS);
		assert_noop!(state_rebuild(2, 2, id("1"), 90), Refused::TooManyRebuilds);
	});
}
