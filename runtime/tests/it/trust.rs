//! Tests of boots that the chain does not allow, because trust in the product line of the host has
//! fallen.

use frame_support::{assert_noop, assert_ok};
use hcc_evidence::{host::GenerationTrust, snp::ProductLine};
use hccs_runtime::*;
use pallet_compute::{OrderRequest, VmState};

use super::{
	compute::{assign_order, assign_vm, boot_vm, order, show_vm, signed, tenant},
	network::{blocks, miner, run},
};

/// Sets the trust in the product line of the machine.
fn trust(trust: GenerationTrust) {
	let line = ProductLine::Genoa;
	assert_ok!(Policy::set_generation(RuntimeOrigin::root(), line, Some(trust)));
}

/// Returns true if the miner receives no new VMs, because it missed a deadline.
fn is_resting() -> bool {
	pallet_compute::RestingMiners::<Runtime>::contains_key(miner())
}

/// After the assignment, the tenant tries to forbid reduced trust, so that the miner could not boot
/// and would rest. The chain refuses this.
#[test]
fn tenant_cannot_make_miner_of_reduced_line_rest() {
	run(|machine| {
		trust(GenerationTrust::Reduced);
		assign_order(&machine, OrderRequest { reduced: true, ..order() });
		let Some(VmState::Assigned { until }) = Compute::vm(1).map(|vm| vm.state) else {
			panic!("the VM is assigned")
		};
		let wrong = pallet_compute::Error::<Runtime>::WrongState;
		assert_noop!(Compute::set_reduced(signed(&tenant()), 1, false), wrong);
		assert_ok!(Compute::boot(signed(&miner()), 1));
		show_vm(&machine);
		while Clock::tick() < until {
			blocks(1);
		}
		assert_ok!(Compute::set_reduced(signed(&tenant()), 1, true));
		blocks(2);
		assert!(!is_resting());
		assert!(matches!(Compute::vm(1).map(|vm| vm.state), Some(VmState::Running { .. })));
	});
}

/// Trust falls between the assignment and the boot. The VM does not occupy the miner's capacity any
/// longer, and the miner does not rest.
#[test]
fn forbidden_boot_ends_assignment_without_fault() {
	run(|machine| {
		assign_vm(&machine);
		trust(GenerationTrust::Reduced);
		assert_ok!(Compute::boot(signed(&miner()), 1));
		let vm = Compute::vm(1).expect("the VM exists");
		assert!(matches!(vm.state, VmState::Pending { .. }) && vm.place.is_none());
		assert_eq!(Compute::used_of(miner()), Default::default());
		assert_ok!(Compute::set_reduced(signed(&tenant()), 1, true));
		blocks(2);
		let vm = Compute::vm(1).expect("the VM exists");
		assert_eq!((vm.generation, vm.place.map(|place| place.miner)), (2, Some(miner())));
		assert!(!is_resting());
	});
}

/// After the order, trust in the product line of the VM's chip is reduced, for example because a
/// flaw becomes known.
#[test]
fn boot_on_reduced_line_stops_vm_free_until_tenant_agrees() {
	run(|machine| {
		boot_vm(&machine);
		trust(GenerationTrust::Reduced);
		type Refused = pallet_compute::Error<Runtime>;
		assert_noop!(Compute::reboot(signed(&tenant()), 1), Refused::TrustTooLow);
		assert_ok!(Compute::report_crash(signed(&miner()), 1));
		let escrow = || Compute::vm(1).expect("the VM exists").escrow;
		let before = escrow();
		assert_ok!(Compute::boot(signed(&miner()), 1));
		assert!(matches!(Compute::vm(1).map(|vm| vm.state), Some(VmState::Stopped { .. })));
		assert_eq!(escrow(), before);
		assert_noop!(Compute::start(signed(&tenant()), 1), Refused::TrustTooLow);
		assert_ok!(Compute::set_reduced(signed(&tenant()), 1, true));
		assert_ok!(Compute::start(signed(&tenant()), 1));
		assert_ok!(Compute::boot(signed(&miner()), 1));
		show_vm(&machine);
	});
}
