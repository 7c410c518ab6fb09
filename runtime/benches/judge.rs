//! Measures an evaluation in wasm, run by a node's executor. The state is in memory, without an RPC
//! interface or a database. The results are recorded in `docs/numbers.md`.
//!
//! The budget of an evaluation is 10 ms, so that a proof fits into a block.

use std::hint::black_box;

use codec::{Decode, Encode};
use criterion::{criterion_group, criterion_main, Criterion};
use frame_support::traits::{BuildGenesisConfig, Get};
use hcc_evidence::{
	boot::{BootRole, BootRules, MAX_JUDGED},
	host::{subject_id, GenerationTrust, HostEvidence, PinnedContext},
};
use hcc_evidence_testing::{miner_binary, sha256, BootEvent, Machine, GENESIS, MEASUREMENT};
use hccs_runtime::{Policy, Runtime, RuntimeGenesisConfig, RuntimeOrigin, WASM_BINARY};
use pallet_policy::{FileRule, PlatformRules, Role};
use sc_executor::WasmExecutor;
use sp_core::{
	traits::{CallContext, CodeExecutor, RuntimeCode, WrappedRuntimeCode},
	H256,
};
use sp_io::TestExternalities;

/// Number of new log entries in the evidence of a busy host.
const STEADY: usize = 50;
/// Maximum size of a boot event log, in bytes.
const EVENT_LOG: usize = 64 << 10;

/// Returns the maximum number of new entries in one piece of evidence.
fn most() -> usize {
	let most: u32 = <Runtime as pallet_attestation::Config>::MaxEntries::get();
	most as usize
}

/// Returns the maximum size of a log record, in bytes, in evidence that has the maximum number of
/// entries.
fn longest_record() -> usize {
	let bytes: u32 = <Runtime as pallet_attestation::Config>::MaxLog::get();
	bytes as usize / most()
}

/// Returns the maximum number of boot events that the verifier judges, with their roles. The events
/// are so long that their log has about `bytes` bytes.
fn boot(bytes: usize) -> Vec<(BootEvent, BootRole)> {
	let needed = [
		(4, BootRole::Kernel, "kernel"),
		(9, BootRole::Initrd, "initrd"),
		(8, BootRole::CommandLine, "command line"),
	];
	let needed = needed.map(|(pcr, role, what)| (pcr, role, what.to_owned()));
	let filled = (bytes / MAX_JUDGED).saturating_sub(60);
	let firmware = (needed.len()..MAX_JUDGED)
		.map(|at| (0, BootRole::Firmware, format!("volume {at:filled$}")));
	let event = |(pcr, role, what): (u8, BootRole, String)| {
		(BootEvent { pcr, kind: 13, measured: what.into_bytes() }, role)
	};
	firmware.chain(needed).map(event).collect()
}

/// Returns the first evidence of a boot. It has `entries` entries of the IMA log, and a boot event
/// log of about `bytes` bytes. All entries except the first two have file names of `name` bytes.
fn first_evidence(entries: usize, name: usize, bytes: usize) -> (HostEvidence, PinnedContext) {
	let mut machine = Machine::named("bench");
	let events: Vec<_> = boot(bytes).into_iter().map(|(event, _)| event).collect();
	let log = machine.boot_measuring(&events);
	machine.run(b"hcc-miner");
	let name = "f".repeat(name);
	for _ in 2..entries {
		machine.measure(&sha256(b"bash"), &name);
	}
	let context = machine.challenge(2);
	let mut evidence = machine.answer(&context);
	evidence.boot = Some(log);
	machine.sign(&mut evidence);
	(evidence, machine.pinned(&context))
}

/// Returns evidence of a machine that already has a checkpoint, with its pinned context.
fn evidence(new_entries: usize) -> (HostEvidence, PinnedContext) {
	let mut machine = Machine::named("bench");
	let context = machine.challenge(1);
	let before = machine.claims(&machine.answer(&context), &context);
	for _ in 0..new_entries {
		machine.run(b"bash");
	}
	let context = machine.next_challenge(2, &before);
	(machine.answer(&context), machine.pinned(&context))
}

/// Returns the state of a chain whose policy accepts the machine of these benchmarks.
fn state(subject: H256, pinned: PinnedContext) -> TestExternalities {
	let mut state = TestExternalities::default();
	state.execute_with(|| {
		RuntimeGenesisConfig::default().build();
		frame_system::BlockHash::<Runtime>::insert(0, H256(GENESIS));
		let root = RuntimeOrigin::root;
		let rules = PlatformRules {
			guest_required: 1 << 17,
			guest_forbidden: 1 << 18 | 1 << 19,
			platform_required: 1 << 5,
			platform_allowed: u64::MAX,
		};
		Policy::set_platform(root(), rules).expect("root may set policy");
		let tcb = insecure_sim::TCB.version;
		let floors = hcc_evidence::host::TcbFloors {
			current: tcb,
			reported: tcb,
			committed: tcb,
			launch: tcb,
		};
		let cpu = pallet_policy::CpuRules { floors, mitigations: 0 };
		Policy::set_cpu(root(), insecure_sim::CPU, Some(cpu)).expect("root may set policy");
		let (line, trust) = (pinned.vek.product, Some(GenerationTrust::Full));
		Policy::set_generation(root(), line, trust).expect("root may set policy");
		Policy::set_measurement(root(), MEASUREMENT, Some(Role::HostAgent))
			.expect("root may set policy");
		let files = vec![miner_binary(), sha256(b"bash")].try_into().expect("two files fit");
		Policy::set_files(root(), files, Some(FileRule::Allowed)).expect("root may set policy");
		for (event, role) in boot(0).into_iter().chain(boot(EVENT_LOG)) {
			let digests = vec![sha256(&event.measured)].try_into().expect("one digest fits");
			// Both logs contain the events without padding. The second call for such an event
			// fails, because it changes nothing.
			let _ = Policy::set_boot_parts(root(), digests, Some(role));
		}
		let rules = BootRules { secure_boot: false };
		Policy::set_boot_rules(root(), Some(rules)).expect("root may set policy");
		let pinned = PinnedContext { revision: Policy::revision(), ..pinned };
		pallet_attestation::Contexts::<Runtime>::insert(subject, pinned);
	});
	state
}

fn judge(c: &mut Criterion) {
	let code = WASM_BINARY.expect("the build includes the wasm runtime");
	let executor = WasmExecutor::<sp_io::SubstrateHostFunctions>::builder().build();
	let fetcher = WrappedRuntimeCode(code.into());
	let code = RuntimeCode { code_fetcher: &fetcher, hash: vec![1], heap_pages: None };
	let call = |state: &mut TestExternalities, method: &str, arguments: &[u8]| {
		let mut ext = state.ext();
		let (result, _) = executor.call(&mut ext, &code, method, arguments, CallContext::Offchain);
		result.expect("the runtime call succeeds")
	};

	let mut group = c.benchmark_group("in wasm");
	let mut empty = TestExternalities::default();
	group.bench_function("an empty call", |b| {
		b.iter(|| call(&mut empty, "Core_version", black_box(&[])));
	});
	let (most, longest) = (most(), longest_record() - 120);
	let cases = [
		("no new entries".to_owned(), evidence(0)),
		(format!("{STEADY} new entries"), evidence(STEADY)),
		(format!("{most} new entries"), evidence(most)),
		(format!("2 entries after {MAX_JUDGED} events"), first_evidence(2, 1, 0)),
		(format!("2 entries after {MAX_JUDGED} events in 64 KiB"), first_evidence(2, 1, EVENT_LOG)),
		("the maximum of entries and events".to_owned(), first_evidence(most, longest, EVENT_LOG)),
	];
	for (what, (evidence, pinned)) in cases {
		println!("{what}: {} bytes", evidence.encode().len());
		let subject = H256(subject_id(&GENESIS, &pinned.chip, 2, &[0; 32]));
		let arguments = (subject, evidence.encode()).encode();
		let mut state = state(subject, pinned);
		let found = call(&mut state, "EvidenceApi_evaluate_host", &arguments);
		let found = Option::<(u16, Vec<u8>)>::decode(&mut &found[..])
			.expect("the result has the declared type");
		let code = found.map(|(code, _)| code);
		assert_eq!(code, Some(0), "the runtime accepts {what}");
		group.bench_function(format!("evaluate, {what}, cached vek"), |b| {
			b.iter(|| call(&mut state, "EvidenceApi_evaluate_host", black_box(&arguments)));
		});
	}
	group.finish();
}

criterion_group!(benches, judge);
criterion_main!(benches);
