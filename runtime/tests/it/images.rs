//! Images, configurations and confirmations on the whole chain.

use frame_support::{assert_noop, assert_ok, pallet_prelude::DispatchResult, BoundedVec};
use hcc_evidence::{
	vm::{
		config::config_hash,
		image::{image_id, ImageDigests, ImageId, ImageRow},
		vm_host_data,
	},
	RejectCode,
};
use hcc_evidence_testing::{Machine, GENESIS, MEASUREMENT};
use hccs_runtime::*;
use pallet_compute::{Error, ImageDemand, OrderRequest, VmState};
use sp_keyring::Sr25519Keyring::Dave;

use super::{
	compute::{
		assign_order, assign_vm, attest_vm, boot_vm, configured, evidence, order, ordered, show_vm,
		signed, tenant, ESCROW,
	},
	network::{attest, blocks, check, endow, miner, run},
};

const DIGESTS: ImageDigests = ImageDigests {
	firmware: [1; 32],
	kernel: [2; 32],
	initrd: [3; 32],
	command_line: [4; 32],
	squashfs: [5; 32],
	verity: [6; 32],
};

fn publisher() -> AccountId {
	Dave.to_account_id()
}

/// Registers an image with these rows and returns its id.
fn register(rows: &[(u32, [u8; 48])]) -> ImageId {
	let row = |(vcpus, measurement): &(u32, [u8; 48])| ImageRow {
		vcpus: *vcpus,
		measurement: *measurement,
	};
	let rows: Vec<_> = rows.iter().map(row).collect();
	let label = |text: &[u8]| BoundedVec::truncate_from(text.to_vec());
	assert_ok!(Images::register(
		signed(&publisher()),
		label(b"minimal"),
		label(b"1"),
		DIGESTS,
		BoundedVec::truncate_from(rows.clone()),
		BoundedVec::new(),
	));
	image_id(b"minimal", b"1", &DIGESTS, &rows)
}

/// Returns an order of this image.
fn order_of(id: ImageId) -> OrderRequest<AccountId> {
	OrderRequest { image: ImageDemand { id, rebuilds: 0, endorsed: false }, ..order() }
}

fn state() -> Option<VmState> {
	Compute::vm(1).map(|vm| vm.state)
}

/// The image attests and does nothing else. Its host must not be paid, and its tenant must not
/// compute for free.
#[test]
fn image_that_never_confirms_gets_nothing_for_free() {
	run(|machine| {
		assign_vm(&machine);
		let (before, earned) = (Compute::paid(), Balances::free_balance(miner()));
		assert_ok!(Compute::boot(signed(&miner()), 1));
		let Some(VmState::Booting { fee, until, .. }) = state() else { panic!("it is booting") };
		assert_ok!(attest_vm(evidence(&machine, &ordered())));
		assert!(matches!(state(), Some(VmState::Attested { .. })));
		while Clock::tick() <= until {
			assert!(matches!(state(), Some(VmState::Attested { .. })));
			attest_if_challenged(&machine);
		}
		blocks(1);
		assert!(!matches!(state(), Some(VmState::Attested { .. } | VmState::Running { .. })));
		let paid = Compute::paid();
		let burned = paid.burned - before.burned;
		assert!(burned > fee, "the fee and the boot time are burned: {burned}");
		assert_eq!(paid.miners, before.miners);
		assert!(Balances::free_balance(miner()) <= earned);
		check();
	});
}

/// Makes a block. The host stays live.
fn attest_if_challenged(machine: &Machine) {
	if super::network::open_challenge(machine).is_some() {
		attest(machine);
	} else {
		blocks(1);
	}
}

#[test]
fn removed_image_strands_no_vm() {
	run(|machine| {
		let image = register(&[(2, [7; 48])]);
		assign_order(&machine, order_of(image));
		assert_ok!(Images::remove(signed(&publisher()), image));
		assert_eq!(ordered().measurement, [7; 48]);
		assert_ok!(Compute::boot(signed(&miner()), 1));
		show_vm(&machine);
		assert_ok!(Compute::reboot(signed(&tenant()), 1));
		assert_ok!(Compute::boot(signed(&miner()), 1));
		show_vm(&machine);
		assert!(matches!(state(), Some(VmState::Running { .. })));
		let again = Compute::order(signed(&tenant()), Box::new(order_of(image)), ESCROW);
		assert_noop!(again, Error::<Runtime>::NoImage);
		check();
	});
}

fn set_config(revision: u32, bytes: &[u8]) -> DispatchResult {
	let config = configured(ordered().config.order_nonce, revision, bytes);
	Compute::set_config(signed(&tenant()), 1, config.bytes, revision, config.signature)
}

/// An older configuration can have a weakness that its tenant has closed.
#[test]
fn replayed_configuration_is_refused() {
	run(|machine| {
		boot_vm(&machine);
		assert_ok!(set_config(2, b"{\"ssh\":\"old\"}"));
		assert_ok!(set_config(3, b"{\"ssh\":\"new\"}"));
		let old = Error::<Runtime>::OldRevision;
		assert_noop!(set_config(2, b"{\"ssh\":\"old\"}"), old);
		let launched = ordered();
		assert_ok!(Compute::reboot(signed(&tenant()), 1));
		assert_ok!(Compute::boot(signed(&miner()), 1));
		let mut older = launched.clone();
		older.config.hash = config_hash(b"{\"ssh\":\"old\"}").expect("it is not empty");
		let refused = Error::<Runtime>::EvidenceRefused;
		assert_noop!(attest_vm(evidence(&machine, &older)), refused);
		show_vm(&machine);
		let row = Compute::boot_of(1).expect("the VM has booted");
		assert_eq!(row.config_hash, launched.config.hash);
	});
}

#[test]
fn resize_of_vcpus_copies_row_and_boots() {
	run(|machine| {
		let image = register(&[(2, [7; 48]), (4, [8; 48])]);
		assign_order(&machine, order_of(image));
		assert_ok!(Compute::boot(signed(&miner()), 1));
		show_vm(&machine);
		assert_ok!(Compute::stop(signed(&tenant()), 1));
		let (large, xlarge) = (3, 4);
		let resize = |flavour| Compute::resize(signed(&tenant()), 1, flavour, 1_000_000);
		assert_noop!(resize(xlarge), Error::<Runtime>::NoRow);
		let before = ordered();
		assert_ok!(resize(large));
		assert_eq!(ordered().measurement, [8; 48]);
		assert_ok!(Compute::start(signed(&tenant()), 1));
		assert_ok!(Compute::boot(signed(&miner()), 1));
		let refused = Error::<Runtime>::EvidenceRefused;
		assert_noop!(attest_vm(evidence(&machine, &before)), refused);
		show_vm(&machine);
		assert_eq!(Compute::boot_of(1).expect("the VM has booted").measurement, [8; 48]);
	});
}

/// The public image of the attestation agent. Ordered as a VM on a chip, it could answer challenges
/// of that chip for another miner.
#[test]
fn image_of_agent_cannot_be_ordered() {
	run(|_| {
		endow(&tenant());
		super::compute::report_price(super::compute::PRICE);
		let image = register(&[(2, MEASUREMENT)]);
		let refused = Compute::order(signed(&tenant()), Box::new(order_of(image)), ESCROW);
		assert_noop!(refused, Error::<Runtime>::AgentImage);
	});
}

/// If policy lists an image that VMs already run, their guests still cannot speak for the chip.
#[test]
fn agent_that_was_launched_as_vm_does_not_speak_for_chip() {
	run(|mut machine| {
		machine.fields.host_data = vm_host_data(&GENESIS, 1, 1, &[2; 32], &[3; 32]);
		let (subject, evidence) = super::network::answer(&machine);
		let finding = super::network::evaluate(subject, &evidence);
		assert_eq!(finding.code, RejectCode::AgentHostData.number());
	});
}

#[test]
fn order_can_demand_endorsement_and_rebuilds() {
	run(|_| {
		endow(&tenant());
		super::compute::report_price(super::compute::PRICE);
		let id = register(&[(2, [7; 48])]);
		let demand = |rebuilds, endorsed| {
			let image = ImageDemand { id, rebuilds, endorsed };
			let wanted = OrderRequest { image, ..order() };
			Compute::order(signed(&tenant()), Box::new(wanted), ESCROW)
		};
		assert_noop!(demand(0, true), Error::<Runtime>::NotEndorsed);
		assert_noop!(demand(1, false), Error::<Runtime>::TooFewRebuilds);
		assert_ok!(Images::endorse(RuntimeOrigin::root(), id));
		assert_ok!(demand(0, true));
		assert_ok!(Images::withdraw_endorsement(RuntimeOrigin::root(), id));
		assert_noop!(demand(0, true), Error::<Runtime>::NotEndorsed);
		assert_ok!(demand(0, false));
	});
}
