//! What a tenant's VM shows at boot.

use hcc_evidence::{
	crypto::RustCrypto,
	host::{chip_hash, GenerationTrust, TcbFloors},
	snp::{GuestPolicy, PlatformInfo, ProductLine},
	vm::{
		boot_nonce, evaluate_vm, vm_host_data, vm_report_data, Boot, VmClaims, VmEvidence,
		KEM_KEY_LEN,
	},
	Check, RejectCode,
};
use insecure_sim::ReportFields;

use crate::machine::{Machine, Policy, GENESIS, MEASUREMENT, NOW};

/// The image that was ordered: none of those that hosts' guests may be.
const IMAGE: [u8; 48] = [0x11; 48];

struct Vm {
	machine: Machine,
	policy: Policy,
	wanted: Boot,
	evidence: VmEvidence,
	/// What the report says.
	fields: ReportFields,
}

impl Vm {
	/// A VM that boots for the third time, as it was ordered.
	fn booted() -> Self {
		let wanted = Boot {
			vm: 7,
			generation: 1,
			counter: 3,
			nonce: boot_nonce(&GENESIS, 7, 1, 3, &[9; 32]),
			config_hash: [2; 32],
			holders_root: [3; 32],
			measurement: IMAGE,
		};
		let evidence = VmEvidence {
			vm: 7,
			generation: 1,
			boot_counter: 3,
			snp_report: Vec::new(),
			guest_pk: [4; 32],
			kem_pk: vec![5; KEM_KEY_LEN],
			ssh_host_key_hash: [6; 32],
		};
		let mut fields = ReportFields::new(vm_report_data(&GENESIS, &wanted, &evidence), IMAGE);
		fields.host_data = vm_host_data(&GENESIS, 7, 1, &[2; 32], &[3; 32]);
		let (machine, policy) = (Machine::named("vm"), Policy::default());
		Self { machine, policy, wanted, evidence, fields }
	}

	fn judge(&self) -> Check<VmClaims> {
		let mut evidence = self.evidence.clone();
		evidence.snp_report = self.fields.sign(&self.machine.chip).expect("it signs").to_vec();
		self.judge_as(&evidence)
	}

	fn judge_as(&self, evidence: &VmEvidence) -> Check<VmClaims> {
		let (vek, policy) = (&self.machine.vek, &self.policy);
		evaluate_vm::<RustCrypto, _>(evidence, vek, policy, &self.wanted, &GENESIS, NOW)
	}

	fn code(&self) -> RejectCode {
		self.judge().expect_err("it is refused").code
	}
}

#[test]
fn a_vm_as_it_was_ordered_is_accepted() {
	let vm = Vm::booted();
	let claims = vm.judge().expect("it is accepted");
	assert_eq!(claims.chip, chip_hash(ProductLine::Genoa, vm.machine.chip.id()));
	assert_eq!(claims.trust, GenerationTrust::Full);
}

#[test]
fn evidence_of_another_boot_is_refused() {
	for change in [
		|evidence: &mut VmEvidence| evidence.vm = 8,
		|evidence: &mut VmEvidence| evidence.generation = 2,
		|evidence: &mut VmEvidence| evidence.boot_counter = 2,
	] {
		let mut vm = Vm::booted();
		change(&mut vm.evidence);
		assert_eq!(vm.code(), RejectCode::Boot);
	}
}

#[test]
fn a_report_is_of_its_boot_and_its_keys() {
	for change in [
		|vm: &mut Vm| vm.wanted.nonce[0] ^= 1,
		|vm: &mut Vm| vm.evidence.guest_pk[0] ^= 1,
		|vm: &mut Vm| vm.evidence.kem_pk[KEM_KEY_LEN - 1] ^= 1,
		|vm: &mut Vm| vm.evidence.ssh_host_key_hash[0] ^= 1,
		|vm: &mut Vm| vm.fields.report_data[63] ^= 1,
	] {
		let mut vm = Vm::booted();
		change(&mut vm);
		assert_eq!(vm.code(), RejectCode::ReportData);
	}
}

#[test]
fn a_vm_is_launched_for_its_order() {
	for change in [
		|vm: &mut Vm| vm.wanted.config_hash[0] ^= 1,
		|vm: &mut Vm| vm.wanted.holders_root[0] ^= 1,
		|vm: &mut Vm| vm.fields.host_data[0] ^= 1,
	] {
		let mut vm = Vm::booted();
		change(&mut vm);
		assert_eq!(vm.code(), RejectCode::HostData);
	}
}

#[test]
fn only_the_ordered_image_counts() {
	let mut vm = Vm::booted();
	// What hosts' guests may be is no tenant's image.
	vm.fields.measurement = MEASUREMENT;
	assert_eq!(vm.code(), RejectCode::LaunchMeasurement);
}

#[test]
fn a_key_of_the_wrong_length_is_refused() {
	for len in [0, KEM_KEY_LEN - 1, KEM_KEY_LEN + 1] {
		let mut vm = Vm::booted();
		vm.evidence.kem_pk = vec![5; len];
		assert_eq!(vm.code(), RejectCode::EvidenceLength);
	}
}

#[test]
fn the_platform_is_held_to_what_policy_asks_of_hosts() {
	let mut vm = Vm::booted();
	vm.fields.policy = GuestPolicy(vm.fields.policy.0 | GuestPolicy::DEBUG);
	assert_eq!(vm.code(), RejectCode::Debug);

	let mut vm = Vm::booted();
	vm.fields.vmpl = 1;
	assert_eq!(vm.code(), RejectCode::Vmpl);

	let mut vm = Vm::booted();
	vm.fields.platform_info = PlatformInfo(0);
	assert_eq!(vm.code(), RejectCode::PlatformInfo);

	let mut vm = Vm::booted();
	let floors = vm.policy.floors.as_mut().expect("there are floors");
	let higher = floors.current.snp + 1;
	*floors = TcbFloors { current: insecure_sim::TCB.version, ..*floors };
	floors.current.snp = higher;
	assert_eq!(vm.code(), RejectCode::TcbFloor);

	let mut vm = Vm::booted();
	vm.policy.trust = GenerationTrust::Suspended;
	assert_eq!(vm.code(), RejectCode::GenerationSuspended);

	let mut vm = Vm::booted();
	vm.policy.trust = GenerationTrust::Reduced;
	assert_eq!(vm.judge().expect("it is accepted").trust, GenerationTrust::Reduced);
}

#[test]
fn a_report_that_another_chip_signed_is_refused() {
	let vm = Vm::booted();
	let other = Machine::named("other");
	let mut evidence = vm.evidence.clone();
	let forged = vm.fields.sign_as(&vm.machine.chip, &other.chip).expect("it signs");
	evidence.snp_report = forged.to_vec();
	let refused = vm.judge_as(&evidence).expect_err("it is refused");
	assert_eq!(refused.code, RejectCode::ReportSignature);
	evidence.snp_report = vm.fields.sign(&other.chip).expect("it signs").to_vec();
	let refused = vm.judge_as(&evidence).expect_err("it is refused");
	assert_eq!(refused.code, RejectCode::HardwareId);
}
