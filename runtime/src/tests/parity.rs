//! The verifier finds the same natively and in wasm: otherwise an honest worker could be slashed for what its processor does.

mod corpus;
mod logs;
mod others;
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
use hcc_primitives::SubjectId;
use sc_executor::WasmExecutor;
use sp_core::traits::{CallContext, CodeExecutor, RuntimeCode, WrappedRuntimeCode};

use super::{
	machine::{sha256, Machine, GENESIS},
	mutation::Edit,
	network,
};
use crate::{evidence_api::evaluate_host, *};

type Found = Option<(u16, Vec<u8>)>;
type Executor = WasmExecutor<sp_io::SubstrateHostFunctions>;

/// A chain on which evidence is being judged.
struct Judged {
	state: sp_io::TestExternalities,
	subject: SubjectId,
	executor: Executor,
}

impl Judged {
	fn new(state: sp_io::TestExternalities, subject: SubjectId) -> Self {
		Self { state, subject, executor: Executor::builder().build() }
	}

	fn in_wasm(&mut self, evidence: &[u8]) -> Found {
		let code = WASM_BINARY.expect("the runtime was built with its wasm");
		let fetcher = WrappedRuntimeCode(code.into());
		let code = RuntimeCode { code_fetcher: &fetcher, hash: vec![1], heap_pages: None };
		let arguments = (self.subject, evidence.to_vec()).encode();
		let mut ext = self.state.ext();
		let method = "EvidenceApi_evaluate_host";
		let (answer, _) =
			self.executor.call(&mut ext, &code, method, &arguments, CallContext::Offchain);
		Decode::decode(&mut &answer.expect("it never panics")[..]).expect("as declared")
	}

	/// As a worker does: by what it asks of the policy, and nothing else of the chain.
	fn by_extract(&mut self, evidence: &[u8]) -> Found {
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

	/// What all three find, which is the same.
	fn find(&mut self, evidence: &[u8]) -> Found {
		let subject = self.subject;
		let native = self.state.execute_with(|| evaluate_host(subject, evidence));
		assert_eq!(self.in_wasm(evidence), native, "in wasm otherwise than natively");
		assert_eq!(self.by_extract(evidence), native, "by an extract otherwise than by the chain");
		native
	}
}

/// Evidence of a machine that has done as `prepare` says, after a first round.
fn judged(prepare: impl FnOnce(&mut Machine)) -> (Judged, Vec<u8>) {
	let (mut state, mut machine) = network::new();
	let (subject, evidence) = state.execute_with(|| {
		assert!(network::attest(&machine).is_accepted());
		prepare(&mut machine);
		network::answer(&machine)
	});
	(Judged::new(state, subject), evidence.encode())
}

fn code(found: Found) -> Option<u16> {
	found.map(|(code, _)| code)
}

/// What each version of the verifier finds of what is tried here: the version, the test, a hash of all codes and claims.
const NOTED: &str = include_str!("../../verdicts.txt");

/// Whoever changes what is found makes liars of honest voters, unless the version tells that it has changed.
fn as_noted(test: &str, found: &[Found]) {
	let version = hcc_evidence::host::EVAL_VERSION;
	let hash = sp_core::H256(sp_io::hashing::blake2_256(&found.encode()));
	let line = format!("{version} {test} {hash:?}");
	let raise =
		"other verdicts than this version's: raise EVAL_VERSION, and note in runtime/verdicts.txt";
	assert!(NOTED.lines().any(|noted| noted == line), "{raise}: {line}");
}

#[test]
fn whatever_a_machine_has_done() {
	let cases: [(&str, fn(&mut Machine), u16); 6] = [
		("nothing new", |_| (), 0),
		("an allowed file", |machine| machine.run(b"bash"), 0),
		("an unknown file", |machine| machine.run(b"rootkit"), 1201),
		(
			"a log that was cut",
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
			"the same boot once more",
			|machine| {
				machine.boot();
				machine.run(b"hcc-miner");
			},
			0,
		),
	];
	let mut all = Vec::new();
	for (what, prepare, wanted) in cases {
		let (mut judged, evidence) = judged(prepare);
		let found = judged.find(&evidence);
		assert_eq!(code(found.clone()), Some(wanted), "{what}");
		all.push(found);
	}
	as_noted("whatever_a_machine_has_done", &all);
}

#[test]
fn whichever_bit_is_flipped() {
	let (mut judged, evidence) = judged(|machine| machine.run(b"bash"));
	let mut codes = std::collections::BTreeSet::new();
	let mut all = Vec::new();
	for at in 0..evidence.len() {
		let mut flipped = evidence.clone();
		flipped[at] ^= 1 << (at % 8);
		let found = judged.find(&flipped);
		assert_ne!(code(found.clone()), Some(0), "byte {at} is not checked");
		codes.extend(code(found.clone()));
		all.push(found);
	}
	as_noted("whichever_bit_is_flipped", &all);
	assert!(codes.len() >= 10, "few kinds of failure: {codes:?}");
}

#[test]
fn wherever_it_is_cut() {
	let (mut judged, evidence) = judged(|machine| machine.run(b"bash"));
	for len in (0..evidence.len()).step_by(61) {
		assert_eq!(judged.find(&evidence[..len]), None);
	}
}

/// Where the shared vectors are, if they are there.
fn vectors() -> Vec<std::path::PathBuf> {
	let root = std::env::var_os("HCC_VECTORS").map_or_else(
		|| {
			let package = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo runs the tests");
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
			let path = entry.expect("an entry").path();
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

/// A machine that has booted anew, so that its whole log is judged.
fn rebooted() -> (Judged, HostEvidence, Machine, Context) {
	let (mut state, mut machine) = network::new();
	let (subject, evidence, context) = state.execute_with(|| {
		assert!(network::attest(&machine).is_accepted());
		machine.boot();
		machine.run(b"hcc-miner");
		let context = network::challenge(&machine);
		let evidence = machine.answer(&context);
		network::submit(&evidence).expect("it is bound");
		(network::subject(&machine), evidence, context)
	});
	(Judged::new(state, subject), evidence, machine, context)
}

/// PCR 10 after the entries of a log, as far as it can be read.
fn extended_by(log: &[u8]) -> [u8; 32] {
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
	pcr10.try_into().expect("of SHA-256")
}

/// Everything that others have made, in every place of evidence that takes bytes.
#[test]
fn whatever_others_have_made() {
	use hcc_evidence::{boot, tpm::PcrBank};

	let (mut judged, honest, machine, context) = rebooted();
	assert_eq!(code(judged.find(&honest.encode())), Some(0));
	let mut codes = std::collections::BTreeSet::new();
	let files = vectors();
	for path in &files {
		let bytes = std::fs::read(path).expect("readable");
		if std::str::from_utf8(&bytes).is_ok() {
			// What describes the others.
			continue;
		}
		let mut log = machine.clone();
		log.log = vec![bytes.clone()];
		log.pcrs[10] = extended_by(&bytes);
		let mut booted = machine.clone();
		for (at, value) in boot::replay(&bytes, PcrBank::Sha256).iter().flatten().enumerate() {
			if let (Some(value), true) = (value.as_deref(), at < 10) {
				booted.pcrs[at] = value.try_into().expect("of SHA-256");
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
			codes.extend(code(judged.find(&evidence.encode())));
		}
	}
	println!("{} files, codes {codes:?}", files.len());
	assert!(files.is_empty() || codes.len() >= 15, "few kinds of failure: {codes:?}");
}

/// Reports of real chips, each under its own key: what is authentic natively is so in wasm.
#[test]
fn reports_of_real_chips() {
	use hcc_evidence::{
		host::chip_hash,
		snp::{roots, verify_vek, VekKind},
		RejectCode,
	};

	let (mut judged, honest, ..) = rebooted();
	let files = vectors();
	let mut authentic = 0;
	for path in files.iter().filter(|path| path.ends_with("vek.der")) {
		let report = path.with_file_name("report.bin");
		let (Ok(der), Ok(report)) = (std::fs::read(path), std::fs::read(report)) else { continue };
		let Ok(vek) = verify_vek::<RustCrypto>(&der, &roots(), super::machine::NOW) else {
			continue;
		};
		let VekKind::Vcek { hardware_id } = vek.kind else { continue };
		let subject = judged.subject;
		judged.state.execute_with(|| {
			pallet_attestation::Contexts::<Runtime>::mutate(subject, |pinned| {
				let pinned = pinned.as_mut().expect("it is being judged");
				pinned.chip = chip_hash(vek.product, &hardware_id);
				pinned.vek = vek;
			});
		});
		for flipped in [None, Some(0x2a0), Some(0x90)] {
			let mut evidence = HostEvidence { snp_report: report.clone(), ..honest.clone() };
			if let Some(at) = flipped {
				evidence.snp_report[at] ^= 1;
			}
			let found = code(judged.find(&evidence.encode()));
			// Bound to something else, which is looked at once the signature has verified.
			let bound = found == Some(RejectCode::ReportData.number());
			assert!(!bound || flipped.is_none(), "{}: {flipped:?}", path.display());
			authentic += u32::from(bound);
		}
	}
	assert!(files.is_empty() || authentic >= 5, "only {authentic} are authentic");
}

/// How often evidence is edited: some seconds.
const ROUNDS: u32 = 200;

/// Edits that chance has made, the same ones in every run.
fn edits(round: u32) -> Vec<Edit> {
	let part = |part: u32| sha256(&[round.to_le_bytes(), part.to_le_bytes()].concat());
	let bytes: Vec<u8> = (0..8).flat_map(part).collect();
	let mut driver = ByteSliceDriver::new(&bytes, &Options::default());
	(0..=round % 3).map(|_| Edit::generate(&mut driver).expect("there are bytes enough")).collect()
}

/// A machine that answers as its honest self would, but for one of its parts, of which `edit` makes something else. All that depends on that part is made
/// anew, so that what is looked at last is reached as well.
struct Liar<'a> {
	honest: &'a HostEvidence,
	machine: &'a Machine,
	context: &'a Context,
	/// The log of a firmware.
	events: Vec<u8>,
}

impl Liar<'_> {
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

	/// Another log, which is what PCR 10 says.
	fn with_log(&self, edit: impl Fn(&mut Vec<u8>)) -> HostEvidence {
		let mut machine = self.machine.clone();
		let mut log = machine.log.concat();
		edit(&mut log);
		machine.pcrs[10] = extended_by(&log);
		machine.log = vec![log];
		machine.answer(self.context)
	}

	/// Another guest, on another platform, of which the chip reports.
	fn with_guest(&self, edit: impl Fn(&mut Vec<u8>)) -> HostEvidence {
		let mut machine = self.machine.clone();
		let fields = &mut machine.fields;
		let mut bits = fields.policy.0.to_le_bytes().to_vec();
		bits.extend(fields.platform_info.0.to_le_bytes());
		bits.extend(fields.vmpl.to_le_bytes());
		bits.extend(fields.measurement);
		edit(&mut bits);
		bits.resize(68, 0);
		let number = |at: usize| u64::from_le_bytes(*bits[at..].first_chunk().expect("resized"));
		fields.policy = GuestPolicy(number(0));
		fields.platform_info = PlatformInfo(number(8));
		fields.vmpl = u32::from_le_bytes(*bits[16..].first_chunk().expect("resized"));
		fields.measurement = *bits[20..].first_chunk().expect("resized");
		machine.answer(self.context)
	}
}

/// What the fuzz targets of the decoders are fed with: bytes of whoever sends them; and parts that whoever owns the machine can have signed.
#[test]
fn whatever_is_edited() {
	let (mut judged, honest, machine, context) = rebooted();
	let events = machine.clone().boot_logged();
	let liar = Liar { honest: &honest, machine: &machine, context: &context, events };
	let mut codes = std::collections::BTreeSet::new();
	for round in 0..ROUNDS {
		let edits = edits(round);
		let edit = |bytes: &mut Vec<u8>| edits.iter().for_each(|edit| edit.apply(bytes));
		let mut raw = honest.encode();
		edit(&mut raw);
		codes.extend(code(judged.find(&raw)));
		codes.extend(code(judged.find(&liar.answer(round, edit).encode())));
	}
	println!("codes {codes:?}");
	assert!(codes.len() >= 10, "few kinds of failure: {codes:?}");
}
