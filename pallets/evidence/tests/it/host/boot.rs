//! Boot rules of policy. Each component that runs before the kernel's own measurements must be
//! listed.

use hcc_evidence::{
	boot::{BootRole, BootRules},
	RejectCode,
};
use hcc_evidence_testing::{sha256, BootEvent, Machine, Policy};

const SEPARATOR: u32 = 4;
const IPL: u32 = 13;
const APPLICATION: u32 = 0x8000_0003;
const ACTION: u32 = 0x8000_0007;
const VARIABLE: u32 = 0x8000_0001;

fn event(pcr: u8, kind: u32, measured: &[u8]) -> BootEvent {
	BootEvent { pcr, kind, measured: measured.to_vec() }
}

/// Creates an event with the UEFI_VARIABLE_DATA of an EFI_GLOBAL_VARIABLE.
fn variable(name: &str, value: &[u8]) -> BootEvent {
	let letters: Vec<u8> = name.bytes().flat_map(|letter| [letter, 0]).collect();
	let data = [
		&[0x61, 0xdf, 0xe4, 0x8b, 0xca, 0x93, 0xd2, 0x11][..],
		&[0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c],
		&(name.len() as u64).to_le_bytes(),
		&(value.len() as u64).to_le_bytes(),
		&letters,
		value,
	]
	.concat();
	event(7, VARIABLE, &data)
}

/// Returns the events of an acceptable boot with Secure Boot.
fn good() -> Vec<BootEvent> {
	vec![
		event(0, 8, b"firmware"),
		variable("SecureBoot", &[1]),
		variable("PK", b"a key"),
		event(7, SEPARATOR, &[0; 4]),
		event(4, ACTION, b"Calling EFI Application from Boot Option"),
		event(0, SEPARATOR, &[0; 4]),
		event(2, SEPARATOR, &[0xff; 4]),
		event(4, APPLICATION, b"shim"),
		event(4, APPLICATION, b"kernel"),
		event(9, IPL, b"initrd"),
		event(8, IPL, b"command line"),
		event(5, IPL, b"a partition table, which policy does not restrict"),
	]
}

fn parts() -> Vec<([u8; 32], BootRole)> {
	vec![
		(sha256(b"firmware"), BootRole::Firmware),
		(sha256(b"shim"), BootRole::Loader),
		(sha256(b"kernel"), BootRole::Kernel),
		(sha256(b"initrd"), BootRole::Initrd),
		(sha256(b"command line"), BootRole::CommandLine),
	]
}

fn policy(secure_boot: bool) -> Policy {
	Policy { boot_rules: Some(BootRules { secure_boot }), boot_parts: parts(), ..Policy::default() }
}

/// Evaluates a boot with these events. An error states the code and the failing event.
fn judge(events: &[BootEvent], policy: &Policy) -> Result<(), (RejectCode, Option<u32>)> {
	let mut machine = Machine::named("a");
	let log = machine.boot_measuring(events);
	machine.run(b"hcc-miner");
	let context = machine.challenge(1);
	let mut evidence = machine.answer(&context);
	evidence.boot = Some(log);
	machine.sign(&mut evidence);
	match machine.judge(&evidence, policy, &context) {
		hcc_evidence::host::Verdict::Accepted(_) => Ok(()),
		hcc_evidence::host::Verdict::Rejected(why) => Err((why.code, why.entry)),
		other => panic!("{other:?}"),
	}
}

#[test]
fn boot_of_listed_components_is_accepted() {
	assert_eq!(judge(&good(), &policy(true)), Ok(()));
}

#[test]
fn unlisted_event_in_code_pcr_is_rejected() {
	for pcr in [0, 2, 4, 8, 9, 14] {
		for at in 0..good().len() {
			let mut events = good();
			events.insert(at, event(pcr, IPL, b"something else"));
			// The header is event 0.
			let unknown = Err((RejectCode::BootUnknown, Some(at as u32 + 1)));
			assert_eq!(judge(&events, &policy(false)), unknown, "pcr {pcr} at {at}");
		}
	}
}

#[test]
fn listed_component_in_wrong_pcr_is_rejected() {
	let mut events = good();
	events[8].pcr = 8;
	assert_eq!(judge(&events, &policy(true)), Err((RejectCode::BootUnknown, Some(9))));
	events[8].pcr = 9;
	assert_eq!(judge(&events, &policy(true)), Ok(()), "a loader may read the kernel");
}

#[test]
fn missing_component_is_rejected() {
	for at in [0, 8, 9, 10] {
		let mut events = good();
		events.remove(at);
		assert_eq!(judge(&events, &policy(true)), Err((RejectCode::BootPartMissing, None)), "{at}");
	}
	let mut events = good();
	events.remove(7);
	assert_eq!(judge(&events, &policy(true)), Ok(()), "a kernel needs no loader");
}

#[test]
fn error_separator_and_unknown_action_are_rejected() {
	for (at, other) in [(5, event(0, SEPARATOR, &[1, 0, 0, 0])), (4, event(4, ACTION, b"Evil"))] {
		let mut events = good();
		events[at] = other;
		let unknown = Err((RejectCode::BootUnknown, Some(at as u32 + 1)));
		assert_eq!(judge(&events, &policy(true)), unknown);
	}
}

#[test]
fn secure_boot_off_is_rejected_if_required() {
	let off = Err((RejectCode::SecureBootOff, None));
	let mut events = good();
	events[1] = variable("SecureBoot", &[0]);
	assert_eq!(judge(&events, &policy(true)), off);
	assert_eq!(judge(&events, &policy(false)), Ok(()));
	events.remove(1);
	assert_eq!(judge(&events, &policy(true)), off, "not measured");
	events.insert(1, variable("SecureBoot", &[1]));
	events.insert(2, variable("SecureBoot", &[0]));
	assert_eq!(judge(&events, &policy(true)), off, "measured as on and off");
	events.swap(1, 2);
	assert_eq!(judge(&events, &policy(true)), off, "measured as on and off");
	events.remove(2);
	events[1] = event(7, VARIABLE, b"another variable");
	assert_eq!(judge(&events, &policy(true)), off);
}

#[test]
fn new_boot_needs_event_log() {
	let mut machine = Machine::named("a");
	let log = machine.boot_measuring(&good());
	machine.run(b"hcc-miner");
	let context = machine.challenge(1);
	let mut evidence = machine.answer(&context);
	let refused = machine.refusal_by(&evidence, &policy(true), &context);
	assert_eq!(refused.code, RejectCode::BootLogMissing);
	evidence.boot = Some(log);
	machine.sign(&mut evidence);
	let accepted = match machine.judge(&evidence, &policy(true), &context) {
		hcc_evidence::host::Verdict::Accepted(accepted) => accepted.claims().clone(),
		other => panic!("{other:?}"),
	};
	// The next evidence continues from the end of this log.
	let context = machine.next_challenge(2, &accepted);
	let verdict = machine.judge(&machine.answer(&context), &policy(true), &context);
	assert_eq!(verdict.code(), 0);
	// Another listed kernel gives another boot profile, which is accepted.
	let mut policy = policy(true);
	policy.boot_parts.push((sha256(b"kernel 2"), BootRole::Kernel));
	let mut events = good();
	events[8].measured = b"kernel 2".to_vec();
	let log = machine.boot_measuring(&events);
	machine.run(b"hcc-miner");
	let mut evidence = machine.answer(&context);
	evidence.boot = Some(log);
	machine.sign(&mut evidence);
	assert_eq!(machine.judge(&evidence, &policy, &context).code(), 0);
}

#[test]
fn log_with_too_many_events_is_rejected() {
	let mut events = good();
	events.extend(vec![event(9, IPL, b"initrd"); 300]);
	let (code, _) = judge(&events, &policy(true)).expect_err("the log has too many events");
	assert_eq!(code, RejectCode::BootLogLimit);
}

#[test]
fn accepted_boot_is_outdated_after_tightening() {
	let mut machine = Machine::named("a");
	let log = machine.boot_measuring(&good());
	machine.run(b"hcc-miner");
	let context = machine.challenge(1);
	let before = machine.claims(&machine.answer(&context), &context);
	let reattested = hcc_evidence::host::Context {
		boot: None,
		former: Some(before.boot.clone()),
		..machine.next_challenge(2, &before)
	};
	let mut stricter = policy(true);
	stricter.boot_parts.retain(|(_, role)| *role != BootRole::Kernel);
	let mut evidence = machine.answer(&reattested);
	assert_eq!(
		machine.refusal_by(&evidence, &stricter, &reattested).code,
		RejectCode::BootLogMissing,
		"the event log is missing"
	);
	evidence.boot = Some(log);
	machine.sign(&mut evidence);
	let refused = machine.refusal_by(&evidence, &stricter, &reattested);
	assert_eq!((refused.code, refused.entry), (RejectCode::BootOutdated, Some(9)));
	assert_eq!(machine.judge(&evidence, &policy(true), &reattested).code(), 0);
	// A later boot of the same components is the miner's fault.
	let log = machine.boot_measuring(&good());
	machine.run(b"hcc-miner");
	let mut evidence = machine.answer(&reattested);
	evidence.boot = Some(log);
	machine.sign(&mut evidence);
	let refused = machine.refusal_by(&evidence, &stricter, &reattested);
	assert_eq!(refused.code, RejectCode::BootUnknown);
}

/// An outdated boot is a weaker reason than an unknown file, and must not hide it.
#[test]
fn outdated_boot_does_not_hide_unknown_file() {
	let mut machine = Machine::named("a");
	let log = machine.boot_measuring(&good());
	machine.run(b"hcc-miner");
	let context = machine.challenge(1);
	let before = machine.claims(&machine.answer(&context), &context);
	machine.run(b"rootkit");
	let reattested = hcc_evidence::host::Context {
		boot: None,
		former: Some(before.boot.clone()),
		..machine.next_challenge(2, &before)
	};
	let mut stricter = policy(true);
	stricter.boot_parts.clear();
	let mut evidence = machine.answer(&reattested);
	evidence.boot = Some(log);
	machine.sign(&mut evidence);
	let refused = machine.refusal_by(&evidence, &stricter, &reattested);
	assert_eq!(refused.code, RejectCode::ImaUnknownFile);
}

#[test]
fn newly_required_file_is_outdated_after_acceptance() {
	let mut machine = Machine::named("a");
	let context = machine.challenge(1);
	let before = machine.claims(&machine.answer(&context), &context);
	let mut stricter = Policy::default();
	stricter.required.push(hcc_evidence::host::RequiredFile { any_of: vec![sha256(b"bash")] });
	let next = machine.next_challenge(2, &before);
	let verdict = machine.judge(&machine.answer(&next), &stricter, &next);
	assert_eq!(verdict.code(), 0, "the new file is not required until re-attestation");
	let reattested =
		hcc_evidence::host::Context { boot: None, former: Some(before.boot.clone()), ..next };
	let refused = machine.refusal_by(&machine.answer(&reattested), &stricter, &reattested);
	assert_eq!(refused.code, RejectCode::ImaOutdatedFile);
	machine.run(b"bash");
	assert_eq!(machine.judge(&machine.answer(&reattested), &stricter, &reattested).code(), 0);
	machine.boot();
	machine.run(b"hcc-miner");
	let refused = machine.refusal_by(&machine.answer(&reattested), &stricter, &reattested);
	assert_eq!(refused.code, RejectCode::ImaRequiredMissing);
}
