//! What policy asks of what boots: each thing that runs before the kernel's own measurements is on a list.

use hcc_evidence::{
	boot::{BootRole, BootRules},
	RejectCode,
};

use crate::machine::{sha256, BootEvent, Machine, Policy};

const SEPARATOR: u32 = 4;
const IPL: u32 = 13;
const APPLICATION: u32 = 0x8000_0003;
const ACTION: u32 = 0x8000_0007;
const VARIABLE: u32 = 0x8000_0001;

fn event(pcr: u8, kind: u32, measured: &[u8]) -> BootEvent {
	BootEvent { pcr, kind, measured: measured.to_vec() }
}

/// UEFI_VARIABLE_DATA of EFI_GLOBAL_VARIABLE of that name.
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

/// A boot as it should be, with Secure Boot.
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
		event(5, IPL, b"a partition table, which is nobody's business"),
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

/// What comes of such a boot, and at which event.
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
fn a_boot_of_what_is_listed_is_accepted() {
	assert_eq!(judge(&good(), &policy(true)), Ok(()));
}

#[test]
fn whatever_else_runs_before_the_kernel_is_unknown() {
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
fn what_is_listed_counts_only_where_it_belongs() {
	let mut events = good();
	events[8].pcr = 8;
	assert_eq!(judge(&events, &policy(true)), Err((RejectCode::BootUnknown, Some(9))));
	events[8].pcr = 9;
	assert_eq!(judge(&events, &policy(true)), Ok(()), "a loader may read the kernel");
}

#[test]
fn what_must_be_measured_is_missed() {
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
fn a_separator_of_an_error_and_an_action_of_ones_own_are_unknown() {
	for (at, other) in [(5, event(0, SEPARATOR, &[1, 0, 0, 0])), (4, event(4, ACTION, b"Evil"))] {
		let mut events = good();
		events[at] = other;
		let unknown = Err((RejectCode::BootUnknown, Some(at as u32 + 1)));
		assert_eq!(judge(&events, &policy(true)), unknown);
	}
}

#[test]
fn secure_boot_is_on_where_it_must_be() {
	let off = Err((RejectCode::SecureBootOff, None));
	let mut events = good();
	events[1] = variable("SecureBoot", &[0]);
	assert_eq!(judge(&events, &policy(true)), off);
	assert_eq!(judge(&events, &policy(false)), Ok(()));
	events.remove(1);
	assert_eq!(judge(&events, &policy(true)), off, "not measured");
	events.insert(1, variable("SecureBoot", &[1]));
	events.insert(2, variable("SecureBoot", &[0]));
	assert_eq!(judge(&events, &policy(true)), off, "said twice");
	events.swap(1, 2);
	assert_eq!(judge(&events, &policy(true)), off, "said twice");
	events.remove(2);
	events[1] = event(7, VARIABLE, b"another variable");
	assert_eq!(judge(&events, &policy(true)), off);
}

#[test]
fn a_log_is_wanted_with_each_boot_that_is_not_known_yet() {
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
	// The next one goes on where this ended.
	let context = machine.next_challenge(2, &accepted);
	let verdict = machine.judge(&machine.answer(&context), &policy(true), &context);
	assert_eq!(verdict.code(), 0);
	// Another kernel that is listed is another profile, and no fault.
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
fn a_log_of_too_many_events_is_refused() {
	let mut events = good();
	events.extend(vec![event(9, IPL, b"initrd"); 300]);
	let (code, _) = judge(&events, &policy(true)).expect_err("too many");
	assert_eq!(code, RejectCode::BootLogEncoding);
}

#[test]
fn a_boot_that_was_accepted_is_outdated_where_policy_became_stricter() {
	let mut machine = Machine::named("a");
	let log = machine.boot_measuring(&good());
	machine.run(b"hcc-miner");
	let context = machine.challenge(1);
	let before = machine.claims(&machine.answer(&context), &context);
	let renewed = hcc_evidence::host::Context {
		boot: None,
		former: Some(before.boot.clone()),
		..machine.next_challenge(2, &before)
	};
	let mut stricter = policy(true);
	stricter.boot_parts.retain(|(_, role)| *role != BootRole::Kernel);
	let mut evidence = machine.answer(&renewed);
	assert_eq!(
		machine.refusal_by(&evidence, &stricter, &renewed).code,
		RejectCode::BootLogMissing,
		"it has a log"
	);
	evidence.boot = Some(log);
	machine.sign(&mut evidence);
	let refused = machine.refusal_by(&evidence, &stricter, &renewed);
	assert_eq!((refused.code, refused.entry), (RejectCode::BootOutdated, Some(9)));
	assert_eq!(machine.judge(&evidence, &policy(true), &renewed).code(), 0);
	// The next boot is its own fault.
	let log = machine.boot_measuring(&good());
	machine.run(b"hcc-miner");
	let mut evidence = machine.answer(&renewed);
	evidence.boot = Some(log);
	machine.sign(&mut evidence);
	let refused = machine.refusal_by(&evidence, &stricter, &renewed);
	assert_eq!(refused.code, RejectCode::BootUnknown);
}

/// Whoever runs what is forbidden does not hide it behind a boot that policy has overtaken.
#[test]
fn a_boot_that_is_outdated_hides_nothing_that_runs() {
	let mut machine = Machine::named("a");
	let log = machine.boot_measuring(&good());
	machine.run(b"hcc-miner");
	let context = machine.challenge(1);
	let before = machine.claims(&machine.answer(&context), &context);
	machine.run(b"rootkit");
	let renewed = hcc_evidence::host::Context {
		boot: None,
		former: Some(before.boot.clone()),
		..machine.next_challenge(2, &before)
	};
	let mut stricter = policy(true);
	stricter.boot_parts.clear();
	let mut evidence = machine.answer(&renewed);
	evidence.boot = Some(log);
	machine.sign(&mut evidence);
	let refused = machine.refusal_by(&evidence, &stricter, &renewed);
	assert_eq!(refused.code, RejectCode::ImaUnknownFile);
}

#[test]
fn what_is_required_since_a_log_was_accepted_is_nobodys_fault() {
	let mut machine = Machine::named("a");
	let context = machine.challenge(1);
	let before = machine.claims(&machine.answer(&context), &context);
	let mut stricter = Policy::default();
	stricter.required.push(hcc_evidence::host::RequiredFile { any_of: vec![sha256(b"bash")] });
	let next = machine.next_challenge(2, &before);
	let verdict = machine.judge(&machine.answer(&next), &stricter, &next);
	assert_eq!(verdict.code(), 0, "until the whole log is wanted");
	let renewed =
		hcc_evidence::host::Context { boot: None, former: Some(before.boot.clone()), ..next };
	let refused = machine.refusal_by(&machine.answer(&renewed), &stricter, &renewed);
	assert_eq!(refused.code, RejectCode::ImaOutdatedFile);
	machine.run(b"bash");
	assert_eq!(machine.judge(&machine.answer(&renewed), &stricter, &renewed).code(), 0);
	machine.boot();
	machine.run(b"hcc-miner");
	let refused = machine.refusal_by(&machine.answer(&renewed), &stricter, &renewed);
	assert_eq!(refused.code, RejectCode::ImaRequiredMissing);
}
