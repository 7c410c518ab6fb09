//! Checks of a host's chip, firmware and guest.

use hcc_evidence::{
	host::{agent_host_data, Context, TcbFloors},
	snp::{GuestPolicy, PlatformInfo},
	vm::vm_host_data,
	RejectCode, UnixSeconds,
};
use hcc_evidence_testing::{Machine, Policy, GENESIS, MINER, NOW};

/// Returns the reject code for a machine whose report is edited before the chip signs it.
fn code_of_edited(edit: impl Fn(&mut insecure_sim::ReportFields)) -> RejectCode {
	let mut machine = Machine::named("a");
	edit(&mut machine.fields);
	let context = machine.challenge(1);
	machine.code(&machine.answer(&context), &context)
}

#[test]
fn debuggable_or_migratable_guest_is_rejected() {
	assert_eq!(code_of_edited(|f| f.policy.0 |= GuestPolicy::DEBUG), RejectCode::Debug);
	assert_eq!(
		code_of_edited(|f| f.policy.0 |= GuestPolicy::MIGRATE_MA),
		RejectCode::MigrationAgent
	);
	assert_eq!(code_of_edited(|f| f.policy.0 |= GuestPolicy::CXL_ALLOW), RejectCode::GuestPolicy);
}

#[test]
fn debugging_is_rejected_by_any_policy() {
	let mut machine = Machine::named("a");
	machine.fields.policy.0 |= GuestPolicy::DEBUG;
	let context = machine.challenge(1);
	let lax = Policy { guest: (0, 0), ..Policy::default() };
	let refused = machine.refusal_by(&machine.answer(&context), &lax, &context);
	assert_eq!(refused.code, RejectCode::Debug);
}

#[test]
fn guest_at_other_vmpl_is_rejected() {
	assert_eq!(code_of_edited(|f| f.vmpl = 1), RejectCode::Vmpl);
}

#[test]
fn guest_with_other_measurement_is_rejected() {
	assert_eq!(code_of_edited(|f| f.measurement[0] ^= 1), RejectCode::LaunchMeasurement);
}

/// The public image of the agent, ordered as a VM, does not speak for the chip.
#[test]
fn agent_launched_for_another_owner_is_rejected() {
	let order = vm_host_data(&GENESIS, 7, 1, &[2; 32], &[3; 32]);
	let other_miner = agent_host_data(&GENESIS, &[9; 32]);
	let other_chain = agent_host_data(&[9; 32], &MINER);
	for host_data in [order, other_miner, other_chain] {
		assert_eq!(code_of_edited(|f| f.host_data = host_data), RejectCode::AgentHostData);
	}
}

#[test]
fn platform_with_missing_or_unknown_bit_is_rejected() {
	let without = |f: &mut insecure_sim::ReportFields| {
		f.platform_info.0 &= !PlatformInfo::ALIAS_CHECK_COMPLETE;
	};
	assert_eq!(code_of_edited(without), RejectCode::PlatformInfo);
	assert_eq!(code_of_edited(|f| f.platform_info.0 |= 1 << 40), RejectCode::PlatformInfo);
}

fn code_under(policy: &Policy) -> Option<RejectCode> {
	let machine = Machine::named("a");
	let context = machine.challenge(1);
	Some(machine.refusal_by(&machine.answer(&context), policy, &context).code)
}

#[test]
fn each_tcb_component_has_a_floor() {
	let tcb = insecure_sim::TCB.version;
	let even = TcbFloors { current: tcb, reported: tcb, committed: tcb, launch: tcb };
	let raise: [fn(&mut hcc_evidence::snp::TcbVersion); 4] = [
		|tcb| tcb.boot_loader += 1,
		|tcb| tcb.tee += 1,
		|tcb| tcb.snp += 1,
		|tcb| tcb.microcode += 1,
	];
	let lanes: [fn(&mut TcbFloors) -> &mut hcc_evidence::snp::TcbVersion; 4] =
		[|f| &mut f.current, |f| &mut f.reported, |f| &mut f.committed, |f| &mut f.launch];
	for lane in lanes {
		for raise in raise {
			let mut floors = even;
			raise(lane(&mut floors));
			let policy = Policy { floors: Some(floors), ..Policy::default() };
			assert_eq!(code_under(&policy), Some(RejectCode::TcbFloor));
		}
	}
}

#[test]
fn high_component_does_not_offset_low_one() {
	let tcb = insecure_sim::TCB.version;
	let floor = hcc_evidence::snp::TcbVersion { boot_loader: 0, snp: tcb.snp + 1, ..tcb };
	let floors = TcbFloors { current: floor, reported: floor, committed: floor, launch: floor };
	let policy = Policy { floors: Some(floors), ..Policy::default() };
	assert_eq!(code_under(&policy), Some(RejectCode::TcbFloor));
}

#[test]
fn cpu_without_floor_is_rejected() {
	let policy = Policy { floors: None, ..Policy::default() };
	assert_eq!(code_under(&policy), Some(RejectCode::TcbUnknown));
}

#[test]
fn required_mitigation_is_missing_in_old_report() {
	let policy = Policy { mitigations: 1, ..Policy::default() };
	assert_eq!(code_under(&policy), Some(RejectCode::Mitigation));
}

#[test]
fn report_of_version_4_is_accepted() {
	let mut machine = Machine::named("a");
	machine.fields.version = 4;
	let context = machine.challenge(1);
	machine.claims(&machine.answer(&context), &context);
}

/// The code of an unsupported version costs no strike, so a report for an earlier challenge must
/// not be rejected with this code.
#[test]
fn unsupported_report_version_is_excused_only_for_this_challenge() {
	let mut machine = Machine::named("a");
	machine.fields.version = 9;
	let (first, second) = (machine.challenge(1), machine.challenge(2));
	let mut evidence = machine.answer(&second);
	assert_eq!(machine.code(&evidence, &second), RejectCode::ReportVersionUnsupported);
	evidence.snp_report = machine.answer(&first).snp_report;
	machine.sign(&mut evidence);
	assert_eq!(machine.code(&evidence, &second), RejectCode::ReportData);
	let mut honest = Machine::named("a").answer(&second);
	honest.snp_report[0] = 9;
	machine.sign(&mut honest);
	assert_eq!(machine.code(&honest, &second), RejectCode::ReportVersion);
}

#[test]
fn certificate_outside_validity_is_rejected() {
	let machine = Machine::named("a");
	for now in [UnixSeconds(0), UnixSeconds(NOW.0 + 10 * 365 * 24 * 60 * 60)] {
		let context = Context { now, ..machine.challenge(1) };
		let evidence = machine.answer(&context);
		assert_eq!(machine.code(&evidence, &context), RejectCode::CertificateValidity);
	}
}
