//! What policy asks of chip, firmware and guest.

use hcc_evidence::{
	host::{Context, TcbFloors},
	snp::{GuestPolicy, PlatformInfo},
	RejectCode, UnixSeconds,
};

use crate::machine::{Machine, Policy, NOW};

/// What a machine is refused with whose report is edited before it is signed.
fn refused_with(edit: impl Fn(&mut insecure_sim::ReportFields)) -> RejectCode {
	let mut machine = Machine::named("a");
	edit(&mut machine.fields);
	let context = machine.challenge(1);
	machine.code(&machine.answer(&context), &context)
}

#[test]
fn a_guest_that_can_be_debugged_or_migrated_is_refused() {
	assert_eq!(refused_with(|f| f.policy.0 |= GuestPolicy::DEBUG), RejectCode::Debug);
	assert_eq!(refused_with(|f| f.policy.0 |= GuestPolicy::MIGRATE_MA), RejectCode::MigrationAgent);
	assert_eq!(refused_with(|f| f.policy.0 |= GuestPolicy::CXL_ALLOW), RejectCode::GuestPolicy);
}

#[test]
fn no_policy_allows_debugging() {
	let mut machine = Machine::named("a");
	machine.fields.policy.0 |= GuestPolicy::DEBUG;
	let context = machine.challenge(1);
	let lax = Policy { guest: (0, 0), ..Policy::default() };
	let refused = machine.refusal_by(&machine.answer(&context), &lax, &context);
	assert_eq!(refused.code, RejectCode::Debug);
}

#[test]
fn a_guest_at_another_privilege_level_is_refused() {
	assert_eq!(refused_with(|f| f.vmpl = 1), RejectCode::Vmpl);
}

#[test]
fn a_guest_of_another_measurement_is_refused() {
	assert_eq!(refused_with(|f| f.measurement[0] ^= 1), RejectCode::LaunchMeasurement);
}

#[test]
fn a_platform_without_a_required_bit_or_with_an_unknown_one_is_refused() {
	let without = |f: &mut insecure_sim::ReportFields| {
		f.platform_info.0 &= !PlatformInfo::ALIAS_CHECK_COMPLETE;
	};
	assert_eq!(refused_with(without), RejectCode::PlatformInfo);
	assert_eq!(refused_with(|f| f.platform_info.0 |= 1 << 40), RejectCode::PlatformInfo);
}

fn refused_by(policy: &Policy) -> Option<RejectCode> {
	let machine = Machine::named("a");
	let context = machine.challenge(1);
	Some(machine.refusal_by(&machine.answer(&context), policy, &context).code)
}

#[test]
fn each_lane_and_component_of_the_tcb_has_its_floor() {
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
			assert_eq!(refused_by(&policy), Some(RejectCode::TcbFloor));
		}
	}
}

#[test]
fn a_high_component_does_not_make_up_for_a_low_one() {
	let tcb = insecure_sim::TCB.version;
	let floor = hcc_evidence::snp::TcbVersion { boot_loader: 0, snp: tcb.snp + 1, ..tcb };
	let floors = TcbFloors { current: floor, reported: floor, committed: floor, launch: floor };
	let policy = Policy { floors: Some(floors), ..Policy::default() };
	assert_eq!(refused_by(&policy), Some(RejectCode::TcbFloor));
}

#[test]
fn a_cpu_without_a_floor_is_refused() {
	let policy = Policy { floors: None, ..Policy::default() };
	assert_eq!(refused_by(&policy), Some(RejectCode::TcbUnknown));
}

#[test]
fn a_required_mitigation_that_the_report_cannot_state_is_missing() {
	let policy = Policy { mitigations: 1, ..Policy::default() };
	assert_eq!(refused_by(&policy), Some(RejectCode::Mitigation));
}

#[test]
fn a_certificate_outside_its_validity_is_refused() {
	let machine = Machine::named("a");
	for now in [UnixSeconds(0), UnixSeconds(NOW.0 + 10 * 365 * 24 * 60 * 60)] {
		let context = Context { now, ..machine.challenge(1) };
		let evidence = machine.answer(&context);
		assert_eq!(machine.code(&evidence, &context), RejectCode::CertificateValidity);
	}
}
