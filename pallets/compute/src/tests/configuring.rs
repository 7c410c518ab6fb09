//! Images and configurations of orders, and their changes.

use frame_support::{assert_noop, assert_ok};
use hcc_testing::{Agents, Directory};
use sp_core::{ed25519, Pair};

use crate::{mock::*, *};

type Refused = Error<Test>;

/// Sets a revision of the VM's configuration that the signer of its order has signed.
fn set_config(id: Id, revision: u32, bytes: &[u8]) -> sp_runtime::DispatchResult {
	let nonce = Compute::order_of(id).expect("the VM has an order").config.order_nonce;
	let SignedConfig { bytes, signature, .. } =
		configured(&account(TENANT), nonce, revision, bytes);
	Compute::set_config(signed(TENANT), id, bytes, revision, signature)
}

fn order_with(change: impl FnOnce(&mut OrderRequestOf<Test>)) -> sp_runtime::DispatchResult {
	let mut wanted = small();
	change(&mut wanted);
	Compute::order(signed(TENANT), Box::new(wanted), ESCROW)
}

fn flavour(number: FlavourId, allotted: Allotment) {
	let row = Flavour { name: Default::default(), allotted };
	assert_ok!(Compute::set_flavour(RuntimeOrigin::root(), number, Some(row)));
}

#[test]
fn new_revision_applies_from_next_boot() {
	run(|| {
		let id = running();
		let first = Compute::order_of(id).expect("the VM has an order").config;
		assert_ok!(set_config(id, 2, b"{\"a\":1}"));
		let second = Compute::order_of(id).expect("the VM has an order").config;
		assert_eq!((second.revision, second.signer), (2, first.signer));
		assert_ne!(second.hash, first.hash);
		let row = |id| Compute::boot_of(id).expect("the VM has booted");
		assert_eq!(row(id).config_hash, first.hash, "this boot began with the first revision");
		let event = Event::<Test>::ConfigSet { vm: id, revision: 2, hash: second.hash };
		System::assert_has_event(event.into());
		assert_ok!(Compute::reboot(signed(TENANT), id));
		boot(id);
		assert_eq!(row(id).config_hash, second.hash);
	});
}

#[test]
fn older_revision_is_refused() {
	run(|| {
		let id = running();
		assert_ok!(set_config(id, 5, b"new"));
		for revision in [0, 1, 4, 5] {
			assert_noop!(set_config(id, revision, b"old"), Refused::OldRevision);
		}
		assert_ok!(set_config(id, u32::MAX, b"last"));
		assert_noop!(set_config(id, u32::MAX, b"later"), Refused::OldRevision);
	});
}

#[test]
fn revision_needs_tenant_and_signer_of_order() {
	run(|| {
		let (id, other) = (running(), running());
		let nonce = |id| Compute::order_of(id).expect("the VM has an order").config.order_nonce;
		let bytes = || ConfigBytes::truncate_from(b"new".to_vec());
		let set = |who, signature| Compute::set_config(signed(who), id, bytes(), 2, signature);
		let honest = configured(&account(TENANT), nonce(id), 2, b"new").signature;
		assert_noop!(set(2, honest), Refused::NotTheTenant);
		let of_other_order = configured(&account(TENANT), nonce(other), 2, b"new").signature;
		assert_noop!(set(TENANT, of_other_order), Refused::BadSignature);
		let of_other_revision = configured(&account(TENANT), nonce(id), 3, b"new").signature;
		assert_noop!(set(TENANT, of_other_revision), Refused::BadSignature);
		let of_other_bytes = configured(&account(TENANT), nonce(id), 2, b"old").signature;
		assert_noop!(set(TENANT, of_other_bytes), Refused::BadSignature);
		let of_other_tenant = configured(&account(2), nonce(id), 2, b"new").signature;
		assert_noop!(set(TENANT, of_other_tenant), Refused::BadSignature);
		let stranger = ed25519::Pair::from_seed(&[1; 32]).sign(b"new").0;
		assert_noop!(set(TENANT, stranger), Refused::BadSignature);
		assert_ok!(set(TENANT, honest));
	});
}

#[test]
fn empty_configuration_is_refused() {
	run(|| {
		let tenant = account(TENANT);
		let empty =
			|order: &mut OrderRequestOf<Test>| order.config = configured(&tenant, 1, 1, b"");
		assert_noop!(order_with(empty), Refused::EmptyConfig);
		let id = running();
		assert_noop!(set_config(id, 2, b""), Refused::EmptyConfig);
	});
}

#[test]
fn configuration_is_fixed_while_boot_is_open() {
	run(|| {
		assert_ok!(order(small()));
		assert_ok!(set_config(1, 2, b"pending"));
		ticks(2);
		assert_ok!(set_config(1, 3, b"assigned"));
		assert_ok!(Compute::boot(signed(10), 1));
		assert_noop!(set_config(1, 4, b"booting"), Refused::WrongState);
		assert_ok!(Compute::attest(signed(10), Box::new(evidence(1))));
		assert_noop!(set_config(1, 4, b"attested"), Refused::WrongState);
		assert_ok!(confirm(&signed(10), 1));
		assert_ok!(set_config(1, 4, b"running"));
		assert_ok!(Compute::terminate(signed(TENANT), 1));
	});
}

#[test]
fn nonce_is_used_by_one_order() {
	run(|| {
		let tenant = account(TENANT);
		let with = |nonce| order_with(|order| order.config = configured(&tenant, nonce, 1, CONFIG));
		assert_ok!(with(7));
		assert_noop!(with(7), Refused::NonceInUse);
		assert_ok!(with(8));
		let mut others = small();
		others.config = configured(&account(2), 7, 1, CONFIG);
		assert_ok!(Compute::order(signed(2), Box::new(others), ESCROW));
		assert_ok!(Compute::terminate(signed(TENANT), 1));
		assert_eq!(Compute::vm_of_order(account(TENANT), 7), None);
		assert_ok!(with(7));
	});
}

#[test]
fn order_demands_image_of_directory() {
	run(|| {
		assert_noop!(order_with(|order| order.image.id = [1; 32]), Refused::NoImage);
		Directory::mutate(|all| all[0].1.retain(|row| row.vcpus != ALLOTTED.vcpus));
		assert_noop!(order(small()), Refused::NoRow);
	});
}

#[test]
fn order_demands_endorsement_and_rebuilds() {
	run(|| {
		let endorsed = |order: &mut OrderRequestOf<Test>| order.image.endorsed = true;
		let rebuilt = |order: &mut OrderRequestOf<Test>| order.image.rebuilds = 2;
		assert_noop!(order_with(endorsed), Refused::NotEndorsed);
		assert_noop!(order_with(rebuilt), Refused::TooFewRebuilds);
		Directory::mutate(|all| (all[0].2, all[0].3) = (true, 1));
		assert_ok!(order_with(endorsed));
		assert_noop!(order_with(rebuilt), Refused::TooFewRebuilds);
		Directory::mutate(|all| all[0].3 = 2);
		assert_ok!(order_with(rebuilt));
	});
}

/// Its evidence would speak for the chip on which it runs.
#[test]
fn image_of_agent_cannot_be_ordered() {
	run(|| {
		Agents::set(vec![[4; 48]]);
		assert_noop!(order(small()), Refused::AgentImage);
		Agents::set(vec![[6; 48]]);
		let id = running();
		flavour(2, Allotment { vcpus: 6, ..ALLOTTED });
		assert_ok!(Compute::stop(signed(TENANT), id));
		let resized = Compute::resize(signed(TENANT), id, 2, 200_000);
		assert_noop!(resized, Refused::AgentImage);
	});
}

#[test]
fn resize_of_vcpus_copies_measurement_of_row() {
	run(|| {
		let id = running();
		flavour(2, Allotment { vcpus: 6, ..ALLOTTED });
		assert_ok!(Compute::stop(signed(TENANT), id));
		assert_ok!(Compute::resize(signed(TENANT), id, 2, 200_000));
		let measurement = || Compute::order_of(id).expect("the VM has an order").measurement;
		assert_eq!(measurement(), [6; 48]);
		assert_ok!(Compute::start(signed(TENANT), id));
		boot(id);
		let row = Compute::boot_of(id).expect("the VM has booted");
		assert_eq!(row.measurement, [6; 48]);
		flavour(3, Allotment { vcpus: 7, ..ALLOTTED });
		assert_ok!(Compute::stop(signed(TENANT), id));
		Directory::mutate(|all| all[0].1.retain(|row| row.vcpus != 7));
		let resized = Compute::resize(signed(TENANT), id, 3, 200_000);
		assert_noop!(resized, Refused::NoRow);
		assert_eq!(measurement(), [6; 48]);
	});
}

#[test]
fn removed_image_strands_no_vm() {
	run(|| {
		let id = running();
		Directory::set(vec![]);
		assert_ok!(Compute::reboot(signed(TENANT), id));
		boot(id);
		flavour(2, Allotment { disk: ALLOTTED.disk + 1, ..ALLOTTED });
		flavour(3, Allotment { vcpus: 6, ..ALLOTTED });
		assert_ok!(Compute::stop(signed(TENANT), id));
		assert_ok!(Compute::resize(signed(TENANT), id, 2, 200_000));
		let resized = Compute::resize(signed(TENANT), id, 3, 200_000);
		assert_noop!(resized, Refused::DiskShrinks);
		flavour(3, Allotment { vcpus: 6, disk: ALLOTTED.disk + 1, ..ALLOTTED });
		let resized = Compute::resize(signed(TENANT), id, 3, 200_000);
		assert_noop!(resized, Refused::NoImage);
		assert_ok!(Compute::start(signed(TENANT), id));
		boot(id);
		assert!(matches!(state(id), VmState::Running { .. }));
	});
}
