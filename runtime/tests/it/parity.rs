//! Tests that native code and wasm return equal findings. Otherwise, an honest validator could be
//! slashed because its processor behaves differently.

mod corpus;
mod foreign;
mod logs;
mod rsa_quotes;

use bolero::{
	generator::bolero_generator::driver::{ByteSliceDriver, Options},
	TypeGenerator,
};
use codec::{Decode, Encode};
use hcc_evidence::{
	crypto::RustCrypto,
	host::{Context, HostEvidence, PolicyQuery},
	snp::{GuestPolicy, PlatformInfo},
};
use hcc_evidence_testing::{sha256, Edit, Machine, GENESIS};
use hcc_primitives::SubjectId;
use hccs_runtime::{evidence_api::evaluate_host, *};
use sc_executor::WasmExecutor;
use sp_core::traits::{CallContext, CodeExecutor, RuntimeCode, WrappedRuntimeCode};

use super::network;

type Outcome = Option<(u16, Vec<u8>)>;
type Executor = WasmExecutor<sp_io::SubstrateHostFunctions>;

/// A chain with an open subject.
struct JudgingChain {
	state: sp_io::TestExternalities,
	subject: SubjectId,
	executor: Executor,
}

impl JudgingChain {
	fn new(state: sp_io::TestExternalities, subject: SubjectId) -> Self {
		Self { state, subject, executor: Executor::builder().build() }
	}

	fn in_wasm(&mut self, evidence: &[u8]) -> Outcome {
		let code = WASM_BINARY.expect("the build includes the wasm runtime");
		let fetcher = WrappedRuntimeCode(code.into());
		let code = RuntimeCode { code_fetcher: &fetcher, hash: vec![1], heap_pages: None };
		let arguments = (self.subject, evidence.to_vec()).encode();
		let mut ext = self.state.ext();
		let method = "EvidenceApi_evaluate_host";
		let (answer, _) =
			self.executor.call(&mut ext, &code, method, &arguments, CallContext::Offchain);
		Decode::decode(&mut &answer.expect("the runtime does not panic")[..])
			.expect("the result has the declared type")
	}

	/// Evaluates evidence as a worker does: by an extract of the policy, without other state.
	fn by_extract(&mut self, evidence: &[u8]) -> Outcome {
		let evidence = HostEvidence::decode(&mut &evidence[..]).ok()?;
		let subject = self.subject;
		self.state.execute_with(|| {
			let pinned = Attestation::context(subject)?;
			let query = PolicyQuery::of(&evidence);
			let policy = evidence_api::policy_extract(pinned.revision, &query)?;
			let verdict = pinned.judge::<RustCrypto, _>(&evidence, &policy, GENESIS);
			Some((verdict.code(), verdict.encoded_claims()))
		})
	}

	/// Evaluates evidence natively, in wasm, and by an extract of the policy. Checks that the
	/// outcomes are equal.
	fn evaluate_all(&mut self, evidence: &[u8]) -> Outcome {
		let subject = self.subject;
		let native = self.state.execute_with(|| evaluate_host(subject, evidence));
		assert_eq!(self.in_wasm(evidence), native, "wasm differs from native");
		assert_eq!(self.by_extract(evidence), native, "the extract differs from the chain");
		native
	}
}

/// Returns a chain with an open subject, and its evidence. The machine makes the evidence after a
/// first accepted round and `prepare`.
fn chain_with_subject(prepare: impl FnOnce(&mut Machine)) -> (JudgingChain, Vec<u8>) {
	let (mut state, mut machine) = network::new();
	let (subject, evidence) = state.execute_with(|| {
		assert!(network::attest(&machine).is_accepted());
		prepare(&mut machine);
		network::answer(&machine)
	});
	(JudgingChain::new(state, subject), evidence.encode())
}

fn code(found: Outcome) -> Option<u16> {
	found.map(|(code, _)| code)
}

/// Recorded findings. Each line has the version of the verifier, the test, and a hash of all codes
/// and claims.
const RECORDED: &str = include_str!("snapshots/verdicts.txt");

/// Checks that the outcomes match the record of the current verifier version. If findings changed
/// without a new version, honest votes would count as false.
fn assert_recorded(test: &str, found: &[Outcome]) {
	let version = hcc_evidence::host::EVAL_VERSION;
	let hash = sp_core::H256(sp_io::hashing::blake2_256(&found.encode()));
	let line = format!("{version} {test} {hash:?}");
	let hint = "findings changed: increase EVAL_VERSION and add this to snapshots/verdicts.txt";
	assert!(RECORDED.lines().any(|recorded| recorded == line), "{hint}: {line}");
}

#[test]
fn machine_states_have_equal_findings() {
	let cases: [(&str, fn(&mut Machine), u16); 6] = [
		("nothing new", |_| (), 0),
		("an allowed file", |machine| machine.run(b"bash"), 0),
		("an unknown file", |machine| machine.run(b"rootkit"), 1201),
		(
			"a truncated log",
			|machine| {
				machine.run(b"rootkit");
				machine.log.pop();
			},
			1101,
		),
		(
			"another boot",
			|machine| {
				machine.boot_logged();
				machine.run(b"hcc-miner");
			},
			1001,
		),
		(
			"the same boot again",
			|machine| {
				machine.boot();
				machine.run(b"hcc-miner");
			},
			0,
		),
	];
	let mut all = Vec::new();
	for (what, prepare, wanted) in cases {
		let (mut chain, evidence) = chain_with_subject(prepare);
		let found = chain.evaluate_all(&evidence);
		assert_eq!(code(found.clone()), Some(wanted), "{what}");
		all.push(found);
	}
	assert_recorded("machine_states_have_equal_findings", &all);
}

#[test]
fn flipped_bits_have_equal_findings() {
	let (mut chain, evidence) = chain_with_subject(|machine| machine.run(b"bash"));
	let mut codes = std::collections::BTreeSet::new();
	let mut all = Vec::new();
	for at in 0..evidence.len() {
		let mut flipped = evidence.clone();
		flipped[at] ^= 1 << (at % 8);
		let found = chain.evaluate_all(&flipped);
		assert_ne!(code(found.clone()), Some(0), "byte {at} is not checked");
		codes.extend(code(found.clone()));
		all.push(found);
	}
	assert_recorded("flipped_bits_have_equal_findings", &all);
	assert!(codes.len() >= 10, "few kinds of failure: {codes:?}");
}

#[test]
fn truncated_evidence_is_not_decoded() {
	let (mut chain, evidence) = chain_with_subject(|machine| machine.run(b"bash"));
	for len in (0..evidence.len()).step_by(61) {
		assert_eq!(chain.evaluate_all(&evidence[..len]), None);
	}
}

/// Returns the paths of the shared test vectors, if they are available.
fn vectors() -> Vec<std::path::PathBuf> {
	let root = std::env::var_os("HCC_VECTORS").map_or_else(
		|| {
			let package = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets the variable");
			std::path::Path::new(&package).join("../../shared/vectors")
		},
		Into::into,
	);
	let mut folders = vec![root];
	let mut files = Vec::new();
	while let Some(folder) = folders.pop() {
		let Ok(entries) = std::fs::read_dir(&folder) else {
			println!("skipped: {} cannot be read", folder.display());
			continue;
		};
		for entry in entries {
			let path = entry.expect("the entry is readable").path();
			if path.is_dir() {
				folders.push(path);
			} else {
				files.push(path);
			}
		}
	}
	files.sort();
	files
}

/// Returns a chain with the evidence of a rebooted machine. The evidence covers the machine's whole
/// log.
fn rebooted() -> (JudgingChain, HostEvidence, Machine, Context) {
	let (mut state, mut machine) = network::new();
	let (subject, evidence, context) = state.execute_with(|| {
		assert!(network::attest(&machine).is_accepted());
		machine.boot();
		machine.run(b"hcc-miner");
		let context = network::challenge(&machine);
		let evidence = machine.answer(&context);
		network::submit(&evidence).expect("the quote is bound");
		(network::subject(&machine), evidence, context)
	});
	(JudgingChain::new(state, subject), evidence, machine, context)
}

/// Returns the value of PCR 10 after the readable entries of a log.
fn pcr10_of(log: &[u8]) -> [u8; 32] {
	use hcc_evidence::{ima::Records, tpm::PcrBank};

	let mut pcr10 = vec![0; 32];
	for record in Records::new(log, 0).map_while(Result::ok) {
		let extends = if record.is_violation() {
			vec![0xff; 32]
		} else {
			record.template_hash(PcrBank::Sha256)
		};
		pcr10 = PcrBank::Sha256.hash(&[&pcr10, &extends]);
	}
	pcr10.try_into().expect("the digest is SHA-256")
}

/// Puts every foreign test vector into every part of evidence that accepts bytes.
#[test]
fn foreign_vectors_have_equal_findings() {
	use hcc_evidence::{boot, tpm::PcrBank};

	let (mut chain, honest, machine, context) = rebooted();
	assert_eq!(code(chain.evaluate_all(&honest.encode())), Some(0));
	let mut codes = std::collections::BTreeSet::new();
	let files = vectors();
	for path in &files {
		let bytes = std::fs::read(path).expect("the file is readable");
		if std::str::from_utf8(&bytes).is_ok() {
			// Text files only describe the vectors.
			continue;
		}
		let mut log = machine.clone();
		log.log = vec![bytes.clone()];
		log.pcrs[10] = pcr10_of(&bytes);
		let mut booted = machine.clone();
		for (at, value) in boot::replay(&bytes, PcrBank::Sha256).iter().flatten().enumerate() {
			if let (Some(value), true) = (value.as_deref(), at < 10) {
				booted.pcrs[at] = value.try_into().expect("the digest is SHA-256");
			}
		}
		let with_boot = HostEvidence { boot: Some(bytes.clone()), ..booted.answer(&context) };
		let quoted = HostEvidence {
			tpm_signature: machine.sign_quote(&bytes),
			tpms_attest: bytes.clone(),
			..honest.clone()
		};
		let signed = HostEvidence { tpm_signature: bytes.clone(), ..honest.clone() };
		let mut cases = vec![log.answer(&context), with_boot, quoted, signed];
		for evidence in &mut cases {
			machine.seal(evidence, &context);
		}
		cases.push(HostEvidence { snp_report: bytes, ..honest.clone() });
		for evidence in cases {
			codes.extend(code(chain.evaluate_all(&evidence.encode())));
		}
	}
	println!("{} files, codes {codes:?}", files.len());
	assert!(files.is_empty() || codes.len() >= 15, "few kinds of failure: {codes:?}");
}

/// Evaluates reports of real chips with their own VEKs. A report must be authentic both natively
/// and in wasm, or in neither.
#[test]
fn reports_of_real_chips_have_equal_findings() {
	use hcc_evidence::{
		host::chip_hash,
		snp::{roots, verify_vek, VekKind},
		RejectCode,
	};

	let (mut chain, honest, ..) = rebooted();
	let files = vectors();
	let mut authentic = 0;
	for path in files.iter().filter(|path| path.ends_with("vek.der")) {
		let report = path.with_file_name("report.bin");
		let (Ok(der), Ok(report)) = (std::fs::read(path), std::fs::read(report)) else { continue };
		let Ok(vek) = verify_vek::<RustCrypto>(&der, &roots(), hcc_evidence_testing::NOW) else {
			continue;
		};
		let VekKind::Vcek { hardware_id } = vek.kind else { continue };
		let subject = chain.subject;
		chain.state.execute_with(|| {
			pallet_attestation::Contexts::<Runtime>::mutate(subject, |pinned| {
				let pinned = pinned.as_mut().expect("the subject is open");
				pinned.chip = chip_hash(vek.product, &hardware_id);
				pinned.vek = vek;
			});
		});
		for flipped in [None, Some(0x2a0), Some(0x90)] {
			let mut evidence = HostEvidence { snp_report: report.clone(), ..honest.clone() };
			if let Some(at) = flipped {
				evidence.snp_report[at] ^= 1;
			}
			let found = code(chain.evaluate_all(&evidence.encode()));
			// An authentic report is rejected only because of its REPORT_DATA, which is checked
			// after its signature.
			let bound = found == Some(RejectCode::ReportData.number());
			assert!(!bound || flipped.is_none(), "{}: {flipped:?}", path.display());
			authentic += u32::from(bound);
		}
	}
	assert!(files.is_empty() || authentic >= 5, "only {authentic} reports are authentic");
}

/// Number of rounds of edits. All rounds together take some seconds.
const ROUNDS: u32 = 200;

/// Returns pseudo-random edits for a round. They are the same in every run.
fn edits(round: u32) -> Vec<Edit> {
	let part = |part: u32| sha256(&[round.to_le_bytes(), part.to_le_bytes()].concat());
	let bytes: Vec<u8> = (0..8).flat_map(part).collect();
	let mut driver = ByteSliceDriver::new(&bytes, &Options::default());
	(0..=round % 3).map(|_| Edit::generate(&mut driver).expect("the bytes suffice")).collect()
}

/// Makes answers that are honest except for one part, which `edit` changes. Recomputes everything
/// that depends on this part, so that the evaluation also reaches late checks.
struct Forger<'a> {
	honest: &'a HostEvidence,
	machine: &'a Machine,
	context: &'a Context,
	/// The boot event log of the firmware.
	events: Vec<u8>,
}

impl Forger<'_> {
	fn answer(&self, part: u32, edit: impl Fn(&mut Vec<u8>)) -> HostEvidence {
		let mut evidence = self.honest.clone();
		match part % 8 {
			0 => return self.with_log(edit),
			1 => return self.with_guest(edit),
			2 => edit(&mut evidence.ima_delta.records),
			3 => {
				edit(&mut evidence.tpms_attest);
				evidence.tpm_signature = self.machine.sign_quote(&evidence.tpms_attest);
			},
			4 => edit(&mut evidence.tpm_signature),
			5 => {
				let mut values = evidence.pcr_values.as_flattened().to_vec();
				edit(&mut values);
				let fields = evidence.pcr_values.as_flattened_mut();
				fields.iter_mut().zip(values).for_each(|(field, value)| *field = value);
			},
			6 => {
				let mut events = self.events.clone();
				edit(&mut events);
				evidence.boot = Some(events);
			},
			_ => {
				edit(&mut evidence.snp_report);
				self.machine.sign(&mut evidence);
				return evidence;
			},
		}
		self.machine.seal(&mut evidence, self.context);
		evidence
	}

	/// Returns an answer with an edited log, and with the value of PCR 10 that results from this
	/// log.
	fn with_log(&self, edit: impl Fn(&mut Vec<u8>)) -> HostEvidence {
		let mut machine = self.machine.clone();
		let mut log = machine.log.concat();
		edit(&mut log);
		machine.pcrs[10] = pcr10_of(&log);
		machine.log = vec![log];
		machine.answer(self.context)
	}

	/// Returns an answer whose report has edited fields of the guest and of the platform.
	fn with_guest(&self, edit: impl Fn(&mut Vec<u8>)) -> HostEvidence {
		let mut machine = self.machine.clone();
		let fields = &mut machine.fields;
		let mut bits = fields.policy.0.to_le_bytes().to_vec();
		bits.extend(fields.platform_info.0.to_le_bytes());
		bits.extend(fields.vmpl.to_le_bytes());
		bits.extend(fields.measurement);
		edit(&mut bits);
		bits.resize(68, 0);
		let number =
			|at: usize| u64::from_le_bytes(*bits[at..].first_chunk().expect("the length is fixed"));
		fields.policy = GuestPolicy(number(0));
		fields.platform_info = PlatformInfo(number(8));
		fields.vmpl = u32::from_le_bytes(*bits[16..].first_chunk().expect("the length is fixed"));
		fields.measurement = *bits[20..].first_chunk().expect("the length is fixed");
		machine.answer(self.context)
	}
}

/// Edits raw evidence, as any sender can. Also edits signed parts and signs them again, as the
/// owner of a machine can.
#[test]
fn edited_evidence_has_equal_findings() {
	let (mut chain, honest, machine, context) = rebooted();
	let events = machine.clone().boot_logged();
	let forger = Forger { honest: &honest, machine: &machine, context: &context, events };
	let mut codes = std::collections::BTreeSet::new();
	for round in 0..ROUNDS {
		let edits = edits(round);
		let edit = |bytes: &mut Vec<u8>| edits.iter().for_each(|edit| edit.apply(bytes));
		let mut raw = honest.encode();
		edit(&mut raw);
		codes.extend(code(chain.evaluate_all(&raw)));
		codes.extend(code(chain.evaluate_all(&forger.answer(round, edit).encode())));
	}
	println!("codes {codes:?}");
	assert!(codes.len() >= 10, "few kinds of failure: {codes:?}");
}
