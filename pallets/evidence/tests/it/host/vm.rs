//! Evidence of a tenant's VM at boot.

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
use hcc_evidence_testing::{Machine, Policy, GENESIS, MEASUREMENT, NOW};
use insecure_sim::ReportFields;

/// The launch measurement of the ordered image. Policy does not allow it for guests of hosts.
const IMAGE: [u8; 48] = [0x11; 48];

struct Vm {
	machine: Machine,
	policy: Policy,
	wanted: Boot,
	evidence: VmEvidence,
	/// The fields of the report.
	fields: ReportFields,
}

impl Vm {
	/// Creates the third boot of a VM that matches its order.
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
		evidence.snp_report =
			self.fields.sign(&self.machine.chip).expect("the chip signs").to_vec();
		self.judge_as(&evidence)
	}

	fn judge_as(&self, evidence: &VmEvidence) -> Check<VmClaims> {
		let (vek, policy) = (&self.machine.vek, &self.policy);
		evaluate_vm::<RustCrypto, _>(evidence, vek, policy, &self.wanted, &GENESIS, NOW)
	}

	fn code(&self) -> RejectCode {
		self.judge().expect_err("the evidence is rejected").code
	}
}

#[test]
fn vm_matching_its_order_is_accepted() {
	let vm = Vm::booted();
	let claims = vm.judge().expect("the evidence is accepted");
	assert_eq!(claims.chip, chip_hash(ProductLine::Genoa, vm.machine.chip.id()));
	assert_eq!(claims.trust, GenerationTrust::Full);
}

#[test]
fn evidence_of_other_boot_is_rejected() {
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
fn report_data_binds_boot_and_keys() {
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
fn host_data_binds_order() {
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
fn host_image_is_rejected() {
	let mut vm = Vm::booted();
	// This image is allowed for guests of hosts only.
	vm.fields.measurement = MEASUREMENT;
	assert_eq!(vm.code(), RejectCode::LaunchMeasurement);
}

#[test]
fn kem_key_of_wrong_length_is_rejected() {
	for len in [0, KEM_KEY_LEN - 1, KEM_KEY_LEN + 1] {
		let mut vm = Vm::booted();
		vm.evidence.kem_pk = vec![5; len];
		assert_eq!(vm.code(), RejectCode::EvidenceLength);
	}
}

#[test]
fn platform_must_meet_host_policy() {
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
	let floors = vm.policy.floors.as_mut().expect("the policy has floors");
	let higher = floors.current.snp + 1;
	*floors = TcbFloors { current: insecure_sim::TCB.version, ..*floors };
	floors.current.snp = higher;
	assert_eq!(vm.code(), RejectCode::TcbFloor);

	let mut vm = Vm::booted();
	vm.policy.trust = GenerationTrust::Suspended;
	assert_eq!(vm.code(), RejectCode::GenerationSuspended);

	let mut vm = Vm::booted();
	vm.policy.trust = GenerationTrust::Reduced;
	assert_eq!(vm.judge().expect("the evidence is accepted").trust, GenerationTrust::Reduced);
}

#[test]
fn report_signed_by_other_chip_is_rejected() {
	let vm = Vm::booted();
	let other = Machine::named("other");
	let mut evidence = vm.evidence.clone();
	let forged = vm.fields.sign_as(&vm.machine.chip, &other.chip).expect("the chip signs");
	evidence.snp_report = forged.to_vec();
	let refused = vm.judge_as(&evidence).expect_err("the evidence is rejected");
	assert_eq!(refused.code, RejectCode::ReportSignature);
	evidence.snp_report = vm.fields.sign(&other.chip).expect("the chip signs").to_vec();
	let refused = vm.judge_as(&evidence).expect_err("the evidence is rejected");
	assert_eq!(refused.code, RejectCode::HardwareId);
}
