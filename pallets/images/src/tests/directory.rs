//! Registration, removal and lookup of images.

use frame_support::{assert_noop, assert_ok, traits::fungible::Mutate};
use hcc_primitives::ImageDirectory;
use sp_runtime::TokenError;

use crate::{mock::*, Error, Event, Image, Images as Stored};

type Refused = Error<Test>;

#[test]
fn registered_image_has_computed_id() {
	run(|| {
		assert_ok!(register(PUBLISHER, "1"));
		let image = id("1");
		let row = Image {
			publisher: Some(account(PUBLISHER)),
			name: label("minimal"),
			version: label("1"),
			digests: digests(),
			rows: rows(&[1, 2]),
			locations: locations(&["https://images.example/minimal"]),
			deposit: IMAGE_DEPOSIT,
			endorsed: false,
		};
		assert_eq!(Images::image(image), Some(row));
		assert_eq!(held(PUBLISHER), IMAGE_DEPOSIT);
		let (name, version) = (label("minimal"), label("1"));
		let event = Event::Registered { image, publisher: account(PUBLISHER), name, version };
		System::assert_last_event(RuntimeEvent::Images(event));
	});
}

#[test]
fn registered_image_cannot_be_registered_again() {
	run(|| {
		assert_ok!(register(PUBLISHER, "1"));
		assert_noop!(register(2, "1"), Refused::AlreadyRegistered);
		assert_ok!(register(2, "2"));
		assert_eq!((held(PUBLISHER), held(2)), (IMAGE_DEPOSIT, IMAGE_DEPOSIT));
	});
}

#[test]
fn registration_needs_deposit() {
	run(|| {
		Balances::set_balance(&account(9), 100);
		let poor = Images::register(
			signed(9),
			label("minimal"),
			label("1"),
			digests(),
			rows(&[1]),
			locations(&[]),
		);
		assert_noop!(poor, TokenError::FundsUnavailable);
	});
}

#[test]
fn malformed_content_is_refused() {
	run(|| {
		let register = |name: &str, version: &str, vcpus: &[u32], location: &str| {
			Images::register(
				signed(PUBLISHER),
				label(name),
				label(version),
				digests(),
				rows(vcpus),
				locations(&[location]),
			)
		};
		let https = "https://images.example";
		assert_noop!(register("", "1", &[1], https), Refused::LabelMalformed);
		assert_noop!(register("a b", "1", &[1], https), Refused::LabelMalformed);
		assert_noop!(register("a", "", &[1], https), Refused::LabelMalformed);
		assert_noop!(register("a", "1", &[], https), Refused::RowsMalformed);
		assert_noop!(register("a", "1", &[0], https), Refused::RowsMalformed);
		assert_noop!(register("a", "1", &[2, 1], https), Refused::RowsMalformed);
		let plain = "http://images.example";
		assert_noop!(register("a", "1", &[1], plain), Refused::LocationMalformed);
		assert_ok!(register("a", "1", &[1], https));
	});
}

#[test]
fn only_publisher_removes_image_and_all_deposits_return() {
	run(|| {
		assert_ok!(register(PUBLISHER, "1"));
		assert_ok!(state_rebuild(2, 2, id("1"), 11));
		assert_ok!(state_rebuild(3, 3, id("1"), 12));
		assert_noop!(Images::remove(signed(2), id("1")), Refused::NotThePublisher);
		assert_noop!(Images::remove(signed(PUBLISHER), id("2")), Refused::ImageNotFound);
		assert_ok!(Images::remove(signed(PUBLISHER), id("1")));
		assert_eq!([1, 2, 3].map(held), [0; 3]);
		assert!(!Stored::<Test>::contains_key(id("1")));
		assert!(Images::rebuilds_of(id("1")).is_empty());
		assert_ok!(register(2, "1"));
	});
}

#[test]
fn publisher_and_governance_set_locations() {
	run(|| {
		assert_ok!(register(PUBLISHER, "1"));
		let image = id("1");
		let stored = || Images::image(image).expect("it is registered").locations;
		let mirrors = locations(&["https://a.example", "https://b.example"]);
		assert_ok!(Images::set_locations(signed(PUBLISHER), image, mirrors.clone()));
		assert_eq!(stored(), mirrors);
		assert_ok!(Images::set_locations(RuntimeOrigin::root(), image, locations(&[])));
		assert_eq!(stored(), locations(&[]));
		let other = Images::set_locations(signed(2), image, mirrors.clone());
		assert_noop!(other, Refused::NotThePublisher);
		let plain = locations(&["http://a.example"]);
		let malformed = Images::set_locations(signed(PUBLISHER), image, plain);
		assert_noop!(malformed, Refused::LocationMalformed);
		let missing = Images::set_locations(signed(PUBLISHER), id("2"), mirrors);
		assert_noop!(missing, Refused::ImageNotFound);
	});
}

#[test]
fn lookup_finds_row_by_vcpus() {
	run(|| {
		assert!(<Images as ImageDirectory>::lookup(&id("1"), 1).is_none());
		assert_ok!(register(PUBLISHER, "1"));
		let lookup = |vcpus| {
			let found = <Images as ImageDirectory>::lookup(&id("1"), vcpus);
			found.expect("it is registered").measurement
		};
		assert_eq!((lookup(1), lookup(2), lookup(4)), (Some([1; 48]), Some([2; 48]), None));
	});
}
