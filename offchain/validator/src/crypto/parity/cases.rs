//! Cases of evidence that is accepted, and of evidence for each reject code.

use hcc_evidence::{
	boot::{BootRole, BootRules, MAX_JUDGED},
	host::{Context, GenerationTrust, HostEvidence, PinnedContext, TcbFloors},
	ima::{FileVerdict, Limits},
	snp::{GuestPolicy, VekKind},
	tpm::{Attest, PcrBank},
	RejectCode, UnixSeconds,
};
use hcc_evidence_testing::{sha256, BootEvent, Machine, Policy, NOW};
use insecure_sim::ReportFields;

/// Evidence with its pinned context and policy.
#[derive(Clone)]
pub(super) struct Case {
	pub(super) pinned: PinnedContext,
	pub(super) policy: Policy,
	pub(super) evidence: HostEvidence,
}

impl Case {
	/// Returns the answer of a machine to a challenge.
	pub(super) fn of(machine: &Machine, context: &Context) -> Self {
		Self {
			pinned: machine.pinned(context),
			policy: Policy::default(),
			evidence: machine.answer(context),
		}
	}
}

/// Returns a case that `change` edits after the machine has made the evidence.
fn edited(machine: &Machine, change: impl FnOnce(&mut Case)) -> Case {
	let mut case = Case::of(machine, &machine.challenge(1));
	change(&mut case);
	case
}

/// Returns evidence that `change` edits before the machine makes the report, so that the report
/// covers the edited evidence.
fn sealed(machine: &Machine, change: impl FnOnce(&mut HostEvidence)) -> Case {
	let context = machine.challenge(1);
	let mut case = Case::of(machine, &context);
	change(&mut case.evidence);
	machine.seal(&mut case.evidence, &context);
	case
}

/// Returns the answer of a machine on which `action` was performed first.
fn after(machine: &Machine, action: impl FnOnce(&mut Machine)) -> Case {
	let mut machine = machine.clone();
	action(&mut machine);
	Case::of(&machine, &machine.challenge(1))
}

/// Returns a case in which `change` edits fields of the report.
fn reporting(machine: &Machine, change: impl FnOnce(&mut ReportFields)) -> Case {
	after(machine, |machine| change(&mut machine.fields))
}

fn boot() -> Vec<BootEvent> {
	[(0, "firmware"), (4, "kernel"), (9, "initrd"), (8, "command line")]
		.into_iter()
		.map(|(pcr, what)| BootEvent { pcr, kind: 13, measured: what.as_bytes().to_vec() })
		.collect()
}

/// Returns a policy with rules for the boot. `secure_boot` states if Secure Boot is required.
fn rules(secure_boot: bool) -> Policy {
	let parts = [
		("firmware", BootRole::Firmware),
		("kernel", BootRole::Kernel),
		("initrd", BootRole::Initrd),
		("command line", BootRole::CommandLine),
	];
	Policy {
		boot_rules: Some(BootRules { secure_boot }),
		boot_parts: parts.map(|(what, role)| (sha256(what.as_bytes()), role)).to_vec(),
		..Policy::default()
	}
}

/// Returns a case with the boot event log of a boot.
fn booted(machine: &Machine, events: &[BootEvent], policy: Policy) -> Case {
	let mut machine = machine.clone();
	let log = machine.boot_measuring(events);
	machine.run(b"hcc-miner");
	let mut case = Case { policy, ..Case::of(&machine, &machine.challenge(1)) };
	case.evidence.boot = Some(log);
	machine.sign(&mut case.evidence);
	case
}

/// Returns a case with the whole IMA log, as it is required again after a tightening of policy.
fn renewed(machine: &Machine, policy: Policy) -> Case {
	let context = machine.challenge(1);
	let before = machine.claims(&machine.answer(&context), &context);
	let context = Context {
		boot: None,
		former: Some(before.boot.clone()),
		..machine.next_challenge(2, &before)
	};
	Case { policy, ..Case::of(machine, &context) }
}

/// Returns cases that are accepted.
pub(super) fn accepted(machine: &Machine) -> Vec<Case> {
	let first = machine.challenge(1);
	let before = machine.claims(&machine.answer(&first), &first);
	let next = machine.next_challenge(2, &before);
	let mut cases = vec![
		Case::of(machine, &first),
		Case::of(machine, &next),
		after(machine, |machine| machine.run(b"libc")),
		after(machine, |machine| {
			machine.boot();
			machine.run(b"hcc-miner 2");
		}),
		// The kernel measures another file between the quote and the read of the log.
		after(machine, |machine| {
			let quoted = machine.pcrs;
			machine.run(b"measured after the quote");
			machine.pcrs = quoted;
		}),
		booted(machine, &boot(), Policy::default()),
		booted(machine, &boot(), rules(false)),
	];
	let mut machine = machine.clone();
	machine.run(b"bash");
	cases.push(Case::of(&machine, &next));
	for ends in [&[1][..], &[3], &[1, 2]] {
		let log = Some(machine.hand_in(ends, &Policy::default()));
		cases.push(Case::of(&machine, &Context { log, ..machine.challenge(1) }));
	}
	cases
}

/// Returns a case that stays undecided until a newer revocation list is known.
pub(super) fn undecided(machine: &Machine) -> Case {
	edited(machine, |case| {
		case.pinned.revocation_current_until = Some(UnixSeconds(NOW.0 - 1));
	})
}

/// Returns cases that are rejected, each with its code.
pub(super) fn refused(machine: &Machine) -> Vec<(RejectCode, Case)> {
	let other = Machine::named("another");
	[
		malformed(machine),
		of_something_else(machine, &other),
		of_another_key(machine),
		of_another_guest(machine),
		of_another_platform(machine),
		of_another_quote(machine, &other),
		of_another_boot(machine),
		of_another_log(machine),
		of_other_files(machine),
	]
	.into_iter()
	.flatten()
	.collect()
}

/// Returns an event log in the format of TPM 1.2: one event with a SHA-1 digest.
fn sha1_log() -> Vec<u8> {
	let (pcr, kind, len) = (0u32.to_le_bytes(), 8u32.to_le_bytes(), 0u32.to_le_bytes());
	[&pcr[..], &kind, &[7; 20], &len].concat()
}

fn malformed(machine: &Machine) -> Vec<(RejectCode, Case)> {
	let report =
		|at: usize, value: u8| edited(machine, |case| case.evidence.snp_report[at] = value);
	let short = |change: fn(&mut Case)| edited(machine, change);
	vec![
		(RejectCode::ReportLength, short(|case| case.evidence.snp_report.truncate(1_183))),
		(RejectCode::ReportVersion, report(0x00, 9)),
		(RejectCode::ReportAlgorithm, report(0x34, 2)),
		(RejectCode::ReportReserved, report(0x4c, 1)),
		(RejectCode::AttestEncoding, sealed(machine, |evidence| evidence.tpms_attest.push(0))),
		(RejectCode::SignatureEncoding, short(|case| case.evidence.tpm_signature = vec![0; 4])),
		(RejectCode::KeyEncoding, short(|case| case.pinned.ak.truncate(20))),
		(
			RejectCode::ImaEncoding,
			sealed(machine, |evidence| {
				let len = evidence.ima_delta.records.len();
				evidence.ima_delta.records.truncate(len - 1);
			}),
		),
		(
			RejectCode::ImaLimit,
			short(|case| case.policy.limits = Limits { bytes: 10, entries: 512 }),
		),
		(RejectCode::EvidenceLength, short(|case| case.evidence.tpm_signature.resize(1_025, 0))),
		(RejectCode::BootLogEncoding, short(|case| case.evidence.boot = Some(Vec::new()))),
		(RejectCode::BootLogBank, short(|case| case.evidence.boot = Some(sha1_log()))),
		(
			RejectCode::BootLogLimit,
			booted(machine, &vec![boot()[0].clone(); MAX_JUDGED + 1], rules(false)),
		),
	]
}

fn of_something_else(machine: &Machine, other: &Machine) -> Vec<(RejectCode, Case)> {
	vec![
		(
			RejectCode::ReportData,
			edited(machine, |case| {
				case.evidence.ima_delta.records.extend_from_slice(&machine.log[1]);
			}),
		),
		(
			RejectCode::QuoteNonce,
			sealed(machine, |evidence| {
				evidence.tpms_attest = machine.quote(&[8; 32]);
				evidence.tpm_signature = machine.sign_quote(&evidence.tpms_attest);
			}),
		),
		(RejectCode::GuestSignature, edited(machine, |case| case.evidence.guest_signature[0] ^= 1)),
		(RejectCode::GuestSignature, edited(machine, |case| other.sign(&mut case.evidence))),
		(RejectCode::Chip, Case::of(other, &machine.challenge(1))),
		(RejectCode::Miner, edited(machine, |case| case.evidence.miner = [9; 32])),
		(RejectCode::Sequence, edited(machine, |case| case.evidence.seq = 2)),
	]
}

fn of_another_key(machine: &Machine) -> Vec<(RejectCode, Case)> {
	let flipped =
		|at: usize, bits: u8| edited(machine, |case| case.evidence.snp_report[at] ^= bits);
	vec![
		(RejectCode::ReportSignature, flipped(0x90, 1)),
		(RejectCode::ReportSignature, flipped(0x2a0, 1)),
		(RejectCode::ReportSignature, flipped(0x2e8, 1)),
		(RejectCode::ReportSignature, edited(machine, |case| case.pinned.vek.key.x[0] ^= 1)),
		(RejectCode::SigningKey, flipped(0x48, 2)),
		(RejectCode::CertificateValidity, edited(machine, |case| case.pinned.now = UnixSeconds(0))),
		(RejectCode::Product, flipped(0x188, 3)),
		(RejectCode::HardwareId, flipped(0x1a0, 1)),
		(
			RejectCode::MaskedChipId,
			edited(machine, |case| case.evidence.snp_report[0x1a0..0x1e0].fill(0)),
		),
		(RejectCode::LoadedKey, edited(machine, |case| case.pinned.vek.kind = VekKind::Vlek)),
		(RejectCode::CertificateTcb, flipped(0x180, 1)),
	]
}

fn of_another_guest(machine: &Machine) -> Vec<(RejectCode, Case)> {
	let policy = |bits: u64| reporting(machine, |fields| fields.policy.0 |= bits);
	vec![
		(RejectCode::Debug, policy(GuestPolicy::DEBUG)),
		(RejectCode::MigrationAgent, policy(GuestPolicy::MIGRATE_MA)),
		(RejectCode::GuestPolicy, policy(GuestPolicy::CXL_ALLOW)),
		(RejectCode::Vmpl, reporting(machine, |fields| fields.vmpl = 1)),
		(RejectCode::AgentHostData, reporting(machine, |fields| fields.host_data = [1; 32])),
		(RejectCode::LaunchMeasurement, reporting(machine, |fields| fields.measurement[0] ^= 1)),
	]
}

fn of_another_platform(machine: &Machine) -> Vec<(RejectCode, Case)> {
	let tcb = insecure_sim::TCB.version;
	let mut launch = tcb;
	launch.microcode += 1;
	let floors = TcbFloors { current: tcb, reported: tcb, committed: tcb, launch };
	vec![
		(RejectCode::PlatformInfo, reporting(machine, |fields| fields.platform_info.0 |= 1 << 40)),
		(RejectCode::Mitigation, edited(machine, |case| case.policy.mitigations = 1)),
		(RejectCode::TcbFloor, edited(machine, |case| case.policy.floors = Some(floors))),
		(RejectCode::TcbUnknown, edited(machine, |case| case.policy.floors = None)),
		(RejectCode::ReportVersionUnsupported, reporting(machine, |fields| fields.version = 9)),
		(
			RejectCode::GenerationSuspended,
			edited(machine, |case| case.policy.trust = GenerationTrust::Suspended),
		),
	]
}

fn of_another_quote(machine: &Machine, other: &Machine) -> Vec<(RejectCode, Case)> {
	let attest = |at: usize, bits: u8| sealed(machine, |evidence| evidence.tpms_attest[at] ^= bits);
	let signed =
		|signature: Vec<u8>| edited(machine, |case| case.evidence.tpm_signature = signature);
	let quoted = machine.answer(&machine.challenge(1)).tpms_attest;
	let rsa = [&[0x00, 0x14, 0x00, 0x0b, 0x01, 0x00][..], &[0x55; 256]].concat();
	let mut flipped = machine.sign_quote(&quoted);
	flipped[20] ^= 1;
	vec![
		(RejectCode::QuoteSignature, signed(other.sign_quote(&quoted))),
		(RejectCode::QuoteSignature, signed(flipped)),
		(RejectCode::SignatureScheme, signed(rsa)),
		(RejectCode::QuoteMagic, attest(0, 1)),
		// The type of the attestation is TPM_ST_ATTEST_CREATION.
		(RejectCode::QuoteType, attest(5, 2)),
		(
			RejectCode::PcrSelection,
			sealed(machine, |evidence| {
				let former = Attest::parse(&evidence.tpms_attest).expect("a quote");
				evidence.tpms_attest = machine.quote_of(&former.extra_data, 0x07ff);
				evidence.tpm_signature = machine.sign_quote(&evidence.tpms_attest);
			}),
		),
		(RejectCode::PcrDigest, sealed(machine, |evidence| evidence.pcr_values[7] = [0; 32])),
		(
			RejectCode::QualifiedSigner,
			edited(machine, |case| case.pinned.qualified_signer = vec![0; 34]),
		),
	]
}

fn of_another_boot(machine: &Machine) -> Vec<(RejectCode, Case)> {
	let mut elsewhere = booted(machine, &boot(), Policy::default());
	let log = elsewhere.evidence.boot.as_mut().expect("the log is included");
	// The offset of the digest of the last event. The length and the 12 measured bytes follow the
	// digest.
	let digest = log.len() - 48;
	log[digest] ^= 1;
	let unknown = Policy { boot_parts: Vec::new(), ..rules(false) };
	vec![
		(RejectCode::BootPcrs, edited(machine, |case| case.pinned.boot_profile = Some([0; 32]))),
		(RejectCode::BootLog, elsewhere),
		(RejectCode::BootLogMissing, edited(machine, |case| case.policy = rules(false))),
		(RejectCode::BootUnknown, booted(machine, &boot(), unknown)),
		(RejectCode::BootPartMissing, booted(machine, &boot()[..1], rules(false))),
		(RejectCode::SecureBootOff, booted(machine, &boot(), rules(true))),
		(RejectCode::BootOutdated, outdated_boot(machine)),
	]
}

/// Returns a case of a boot that was accepted earlier, but whose kernel is no longer allowed by
/// policy.
fn outdated_boot(machine: &Machine) -> Case {
	let mut machine = machine.clone();
	let log = machine.boot_measuring(&boot());
	machine.run(b"hcc-miner");
	let mut policy = rules(false);
	policy.boot_parts.retain(|(_, role)| *role != BootRole::Kernel);
	let mut case = renewed(&machine, policy);
	case.evidence.boot = Some(log);
	machine.sign(&mut case.evidence);
	case
}

fn of_another_log(machine: &Machine) -> Vec<(RejectCode, Case)> {
	vec![
		(
			RejectCode::ImaPcr,
			after(machine, |machine| {
				machine.run(b"bash");
				machine.log.pop();
			}),
		),
		(RejectCode::ImaCheckpoint, edited(machine, |case| case.evidence.ima_delta.from_entry = 1)),
		(
			RejectCode::ImaTemplate,
			after(machine, |machine| machine.log[1][28..34].copy_from_slice(b"ima-xx")),
		),
		(
			RejectCode::ImaTemplateHash,
			after(machine, |machine| {
				let last = machine.log[1].len() - 2;
				machine.log[1][last] ^= 1;
			}),
		),
		(RejectCode::ImaViolation, after(machine, violate)),
		(
			RejectCode::BootAggregate,
			after(machine, |machine| {
				machine.log.clear();
				machine.pcrs[10] = [0; 32];
				machine.measure(&sha256(b"another boot"), "boot_aggregate");
				machine.run(b"hcc-miner");
			}),
		),
		(
			RejectCode::ImaOtherPcr,
			after(machine, |machine| {
				let quoted = machine.pcrs;
				machine.run(b"bash");
				machine.pcrs = quoted;
				let mut forged = machine.log.pop().expect("an entry");
				forged[0] = 11;
				machine.log.insert(1, forged);
			}),
		),
	]
}

/// Adds a violation to the log, as if a file was changed while the kernel measured it.
fn violate(machine: &mut Machine) {
	let before = machine.pcrs[10];
	machine.run(b"bash");
	let record = machine.log.last_mut().expect("an entry");
	record[4..24].fill(0);
	machine.pcrs[10] = sha256(&[before, [0xff; 32]].concat());
}

/// Measures a file with a hash algorithm that no list of allowed files uses.
fn measure_with_md5sum(machine: &mut Machine) {
	let before = machine.pcrs[10];
	machine.run(b"bash");
	let record = machine.log.last_mut().expect("an entry");
	// The record contains the PCR, the digest, "ima-ng", the length of the data and the data. The
	// first field of the data begins with the name of the hash.
	record[42..48].copy_from_slice(b"md5sum");
	let data = record[38..].to_vec();
	record[4..24].copy_from_slice(&PcrBank::Sha1.hash(&[&data]));
	machine.pcrs[10] = sha256(&[before, sha256(&data)].concat());
}

fn of_other_files(machine: &Machine) -> Vec<(RejectCode, Case)> {
	let mut shell = machine.clone();
	shell.run(b"bash");
	let mut stricter = Policy::default();
	stricter.judge(b"bash", FileVerdict::Forbidden);
	let outdated = renewed(&shell, stricter.clone());
	let first = shell.challenge(1);
	vec![
		(RejectCode::ImaUnknownFile, after(machine, |machine| machine.run(b"rootkit"))),
		(
			RejectCode::ImaRequiredMissing,
			after(machine, |machine| {
				machine.boot();
				machine.run(b"bash");
			}),
		),
		(RejectCode::ImaFileHash, after(machine, measure_with_md5sum)),
		(RejectCode::ImaOutdatedFile, outdated),
		(RejectCode::ImaForbiddenFile, Case { policy: stricter, ..Case::of(&shell, &first) }),
	]
}
