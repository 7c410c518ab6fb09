//! Checks of the kernel's IMA log and of the firmware's event log.

use std::{collections::BTreeSet, fs::File, io::Read};

use hcc_evidence::{
	boot::{self, code_events, BootParts, BootRole, BootRules},
	host::{Hash256, HostPolicy, PcrSet, PolicyExtract, QUOTED_PCRS},
	ima::{replay, Checkpoint, DigestList, Limits, Records, Replayed, Violations, IMA_PCR},
	tpm::PcrBank,
	Check, RejectCode, Rejection,
};

use super::{fail, pass, policy::ChainPolicy, skip, CheckResult};
use crate::{
	boot_log,
	config::Config,
	log::{Capacity, Log},
};

const LOG: &str = "the kernel's IMA log";
const HASH: &str = "an IMA log with SHA-256 digests";
const FILES: &str = "an IMA log that the chain's policy accepts";
const SIZE: &str = "an IMA log that is short enough for a challenge";
const BOOT: &str = "the firmware's event log";
const PARTS: &str = "a boot that the chain's policy accepts";

/// The index of PCR 10 among the quoted PCRs. It is also the number of PCRs that `boot_aggregate`
/// covers, which are PCRs 0 to 9.
const PCR10_INDEX: usize = 10;
/// Maximum size of an IMA log that is checked.
const LIMITS: Limits = Limits { bytes: 64 << 20, entries: 1_000_000 };
/// Maximum number of parts of a log that the chain takes for one challenge (`MAX_LOG_PARTS` of
/// pallet-attestation).
const MAX_PARTS: usize = 1_024;
/// The hash algorithm of the digests in the chain's list of files.
const ALGORITHM: &str = "sha256";
const IMA_HASH: &str = "boot with ima_hash=sha256";
/// The length of the template digests in the kernel's original log, in bytes.
const SHA1_LEN: usize = 20;

/// Checks that the IMA log can be read, that its replay results in PCR 10, and that policy accepts
/// it.
pub(super) async fn ima(
	config: &Config,
	pcrs: Option<&PcrSet>,
	policy: Result<&ChainPolicy, &str>,
) -> Vec<CheckResult> {
	let unreadable = |seen: String| {
		let remedy = "mount securityfs; run as root; use a kernel with IMA; correct ima_log";
		let rest = [HASH, FILES, SIZE].map(|what| skip(what, "needs the log", "see above"));
		[vec![fail(LOG, seen, remedy)], rest.into()].concat()
	};
	let path = config.ima_log.display();
	let mut log = Vec::new();
	let read = File::open(&config.ima_log)
		.and_then(|file| file.take(LIMITS.bytes as u64 + 1).read_to_end(&mut log));
	if let Err(error) = read {
		return unreadable(format!("cannot read {path}: {error}"));
	}
	let records = match Log::parse(log.clone()) {
		Ok(records) => records,
		Err(error) => return unreadable(format!("{path} is not an IMA log: {error}")),
	};
	let files = match (policy, pcrs) {
		(Ok(policy), Some(pcrs)) => by_policy(&log, pcrs, policy).await,
		(Err(reason), _) => skip(FILES, reason, "start a node"),
		(_, None) => skip(FILES, "needs the PCRs of the TPM", "see above"),
	};
	let size = match policy {
		Ok(policy) => size(&records, capacity(config, policy)),
		Err(reason) => skip(SIZE, reason, "start a node"),
	};
	vec![leads_to_pcr10(&log, pcrs), digests(&log), files, size]
}

/// Returns the maximum size of the part of the log in one transaction: the lower one of the limits
/// of the chain and of the configuration.
pub(super) fn capacity(config: &Config, policy: &ChainPolicy) -> Capacity {
	let limit = policy.log_part;
	Capacity { bytes: config.log_part.map_or(limit.bytes, |part| part.min(limit.bytes)), ..limit }
}

/// Checks that the chain takes the whole log for one challenge, as it demands after a boot.
fn size(log: &Log, capacity: Capacity) -> CheckResult {
	let parts = log.parts_before_evidence(capacity).len();
	let seen = match parts {
		0 => format!("{} entries fit into one piece of evidence", log.entries()),
		_ => format!("{} entries need {parts} transactions before the evidence", log.entries()),
	};
	if parts <= MAX_PARTS {
		pass(SIZE, seen)
	} else {
		let remedy =
			"measure fewer files: let the IMA policy omit files that never run; raise log_part";
		fail(SIZE, format!("{seen}, and a challenge allows {MAX_PARTS}"), remedy)
	}
}

/// Checks that a replay of the log results in PCR 10, so that the log is of this boot.
fn leads_to_pcr10(log: &[u8], pcrs: Option<&PcrSet>) -> CheckResult {
	let Some(pcrs) = pcrs else { return skip(LOG, "needs the PCRs of the TPM", "see above") };
	match replayed(log, pcrs, None) {
		Ok(replayed) => {
			let of_bank = match digest_len(log) {
				Some(SHA1_LEN) | None => String::new(),
				Some(len) => format!("; the log of one bank, with digests of {len} bytes"),
			};
			pass(LOG, format!("{} entries lead to PCR 10{of_bank}", replayed.checkpoint.entries))
		},
		Err(why) => {
			let remedy = "boot with an IMA policy (ima_policy=tcb or a custom one) and a built-in TPM driver";
			fail(LOG, why, remedy)
		},
	}
}

/// Returns the length of the template digests in a log, in bytes. Newer kernels also offer a
/// separate log for each PCR bank.
fn digest_len(log: &[u8]) -> Option<usize> {
	let first = Records::new(log, 0).next()?.ok()?;
	Some(first.template_digest.len())
}

fn replayed(log: &[u8], pcrs: &PcrSet, policy: Option<&PolicyExtract>) -> Check<Replayed> {
	let from = Checkpoint::boot(PcrBank::Sha256);
	let pcr10 = pcrs.get(PCR10_INDEX).copied().unwrap_or_default();
	match policy {
		Some(policy) => {
			replay(log, &from, &pcr10, Some(policy.files()), Violations::Reject, LIMITS)
		},
		None => replay::<DigestList>(log, &from, &pcr10, None, Violations::Count, LIMITS),
	}
}

/// Checks that all file digests in the log have the algorithm that policy uses. This includes the
/// first entry, `boot_aggregate`, which ties the log to the boot.
fn digests(log: &[u8]) -> CheckResult {
	let mut others = 0u32;
	let mut first = None;
	for record in Records::new(log, 0).map_while(Result::ok) {
		let Ok((algorithm, _)) = record.file_digest() else { continue };
		if algorithm != ALGORITHM && !record.is_violation() {
			others = others.saturating_add(1);
			first.get_or_insert_with(|| (record.index, algorithm.to_string()));
		}
	}
	match first {
		Some((entry, algorithm)) => {
			let seen = format!(
				"{others} entries have other digests, the first is entry {entry} with {algorithm}"
			);
			fail(HASH, seen, IMA_HASH)
		},
		None => pass(HASH, "all entries"),
	}
}

/// Judges the log as the chain will judge it after a boot.
async fn by_policy(log: &[u8], pcrs: &PcrSet, policy: &ChainPolicy) -> CheckResult {
	let files = sha256_digests(log);
	match policy.extract(files.iter().copied().collect(), Vec::new()).await {
		Ok(extract) => match judge(log, pcrs, &files, &extract) {
			Ok(entries) => pass(FILES, format!("{entries} entries")),
			Err(why) => {
				let remedy = remedy(why.code);
				fail(FILES, why, remedy)
			},
		},
		Err(error) => fail(FILES, format!("{error:#}"), "see the message"),
	}
}

/// Returns the SHA-256 digests of the files in a log.
pub(super) fn sha256_digests(log: &[u8]) -> BTreeSet<Hash256> {
	Records::new(log, 0)
		.map_while(Result::ok)
		.filter_map(|record| match record.file_digest() {
			Ok((ALGORITHM, digest)) => Hash256::try_from(digest).ok(),
			_ => None,
		})
		.collect()
}

/// Judges the log. Returns the number of its entries if policy accepts it.
fn judge(
	log: &[u8],
	pcrs: &PcrSet,
	seen: &BTreeSet<Hash256>,
	policy: &PolicyExtract,
) -> Check<u32> {
	let replayed = replayed(log, pcrs, Some(policy))?;
	if replayed.other_pcrs > 0 {
		let seen = format!("another one in {} entries", replayed.other_pcrs);
		return Err(Rejection::new(RejectCode::ImaOtherPcr, "pcr", seen, IMA_PCR));
	}
	check_boot_aggregate(log, pcrs)?;
	let is_missing = |any_of: &[Hash256]| !any_of.iter().any(|digest| seen.contains(digest));
	match policy.required().iter().find(|file| is_missing(&file.any_of)) {
		Some(file) => {
			let wanted = file.any_of.first().copied().unwrap_or_default();
			Err(Rejection::new(RejectCode::ImaRequiredMissing, "file digest", (), &wanted))
		},
		None => Ok(replayed.checkpoint.entries),
	}
}

/// Checks that the first entry, `boot_aggregate`, is the digest of this boot's PCRs 0 to 9.
fn check_boot_aggregate(log: &[u8], pcrs: &PcrSet) -> Check {
	let covered: Vec<&[u8]> = pcrs.iter().take(PCR10_INDEX).map(|pcr| &pcr[..]).collect();
	let wanted = PcrBank::Sha256.hash(&covered);
	let refused = |seen: &[u8]| {
		Rejection::new(RejectCode::BootAggregate, "boot_aggregate", seen, &wanted[..]).at(0)
	};
	let first = Records::new(log, 0).next().transpose()?.ok_or_else(|| refused(&[]))?;
	match first.file_digest()? {
		(ALGORITHM, digest) if digest == &wanted[..] => Ok(()),
		(_, digest) => Err(refused(digest)),
	}
}

fn remedy(code: RejectCode) -> &'static str {
	match code {
		RejectCode::ImaUnknownFile => {
			"remove the file and reboot, or ask governance to allow it (hcc policy ima-digests)"
		},
		RejectCode::ImaForbiddenFile => "remove the file and reboot",
		RejectCode::ImaFileHash | RejectCode::BootAggregate => IMA_HASH,
		RejectCode::ImaViolation => {
			"find the program that writes to a measured file, stop it, and reboot"
		},
		RejectCode::ImaRequiredMissing => "install the required version of the file and run it",
		RejectCode::ImaOtherPcr => "remove pcr= from the IMA policy, and reboot",
		_ => "reboot with a supported IMA policy",
	}
}

/// Checks that the firmware's event log can be read, that its replay results in the PCRs, and that
/// policy accepts the boot.
pub(super) async fn firmware(
	config: &Config,
	pcrs: Option<&PcrSet>,
	policy: Result<&ChainPolicy, &str>,
) -> Vec<CheckResult> {
	let not_required = policy.is_ok_and(|policy| policy.boot_rules.is_none());
	let log = match boot_log::read(&config.boot_log) {
		Ok(log) => log,
		Err(error) => {
			let first = if not_required {
				skip(BOOT, &error.to_string(), "not required: the chain has no rules for boots")
			} else {
				fail(BOOT, error, "see the message")
			};
			return vec![first, skip(PARTS, "needs the log", "see above")];
		},
	};
	let leads = match pcrs {
		Some(pcrs) => leads_to_pcrs(&log, pcrs),
		None => skip(BOOT, "needs the PCRs of the TPM", "see above"),
	};
	let parts = match policy {
		Ok(policy) => match policy.boot_rules {
			Some(rules) => known_parts(&log, rules, policy).await,
			None => pass(PARTS, "the chain has no rules for boots"),
		},
		Err(reason) => skip(PARTS, reason, "start a node"),
	};
	vec![leads, parts]
}

/// Checks that a replay of the log results in the quoted PCRs except PCR 10, which is IMA's. A PCR
/// without an event must be zero.
fn leads_to_pcrs(log: &[u8], pcrs: &PcrSet) -> CheckResult {
	const REMEDY: &str = "update the firmware: its event log contradicts the TPM";
	let replayed = match boot::replay(log, PcrBank::Sha256) {
		Ok(replayed) => replayed,
		Err(why) => return fail(BOOT, why, REMEDY),
	};
	let differs = QUOTED_PCRS.iter().zip(pcrs).find(|(index, quoted)| {
		let led = replayed.get(usize::from(**index)).and_then(Option::as_deref);
		usize::from(**index) != PCR10_INDEX && led.unwrap_or(&[0; 32]) != &quoted[..]
	});
	match differs {
		Some((index, _)) => fail(BOOT, format!("it leads to another value of PCR {index}"), REMEDY),
		None => pass(BOOT, format!("{} bytes lead to the PCRs", log.len())),
	}
}

/// The boot components that policy allows.
struct Known<'a>(&'a PolicyExtract);

impl BootParts for Known<'_> {
	fn role(&self, digest: &Hash256) -> Option<BootRole> {
		self.0.boot_role(digest)
	}
}

async fn known_parts(log: &[u8], rules: BootRules, policy: &ChainPolicy) -> CheckResult {
	let remedy = "list the components (hcc policy boot-parts), and ask governance to add them";
	let digests: BTreeSet<Hash256> = match code_events(log) {
		Ok(events) => events.into_iter().map(|event| event.digest).collect(),
		Err(why) => return fail(PARTS, why, remedy),
	};
	let count = digests.len();
	match policy.extract(Vec::new(), digests.into_iter().collect()).await {
		Ok(extract) => match boot::judge(log, rules, &Known(&extract)) {
			Ok(()) => pass(PARTS, format!("{count} components")),
			Err(why) => fail(PARTS, why, remedy),
		},
		Err(error) => fail(PARTS, format!("{error:#}"), "see the message"),
	}
}

#[cfg(test)]
mod tests {
	use std::{env, fs, path::Path};

	use hcc_evidence::host::FileList;

	use super::*;
	use crate::preflight::Status;

	/// Encodes a record of the template `ima-ng`.
	fn record(algorithm: &str, digest: &[u8], name: &str) -> Vec<u8> {
		let field = |bytes: &[u8]| [&(bytes.len() as u32).to_le_bytes(), bytes].concat();
		let digest = field(&[algorithm.as_bytes(), b":\0", digest].concat());
		let data = [digest, field(&[name.as_bytes(), &[0]].concat())].concat();
		let hint = PcrBank::Sha1.hash(&[&data]);
		[&10u32.to_le_bytes()[..], &hint, &field(b"ima-ng"), &field(&data)].concat()
	}

	/// Returns the PCRs of a machine with this IMA log. All PCRs except PCR 10 are zero.
	fn pcrs_of(log: &[u8]) -> PcrSet {
		let mut pcrs = PcrSet::default();
		let folded = hcc_evidence::ima::fold(
			log,
			&Checkpoint::boot(PcrBank::Sha256),
			&mut Default::default(),
			&DigestList::default(),
			LIMITS,
		);
		pcrs[PCR10_INDEX] = folded.expect("a log").pcr10.try_into().expect("32 bytes");
		pcrs
	}

	fn aggregate() -> Vec<u8> {
		record("sha256", &PcrBank::Sha256.hash(&[&[0; 320]]), "boot_aggregate")
	}

	fn policy(allowed: &[Hash256]) -> PolicyExtract {
		PolicyExtract {
			guest_policy: (0, 0),
			platform_info: (0, 0),
			generations: Vec::new(),
			cpus: Vec::new(),
			measurements: Vec::new(),
			files: FileList::new(allowed.to_vec(), Vec::new()),
			required: Vec::new(),
			boot_rules: None,
			boot_parts: Vec::new(),
			log_bytes: 1 << 20,
			log_entries: 1_000,
		}
	}

	fn judged(log: &[u8], policy: &PolicyExtract) -> Result<u32, RejectCode> {
		judge(log, &pcrs_of(log), &sha256_digests(log), policy).map_err(|why| why.code)
	}

	#[test]
	fn log_is_judged_by_policy() {
		let log = [aggregate(), record("sha256", &[7; 32], "/usr/bin/bash")].concat();
		assert_eq!(judged(&log, &policy(&[[7; 32]])), Ok(2));
		assert_eq!(judged(&log, &policy(&[])), Err(RejectCode::ImaUnknownFile));
		let other_boot =
			[record("sha256", &[1; 32], "boot_aggregate"), record("sha256", &[7; 32], "b")];
		let other_boot = other_boot.concat();
		assert_eq!(judged(&other_boot, &policy(&[[7; 32]])), Err(RejectCode::BootAggregate));
		let mut other_pcr = record("sha256", &[7; 32], "/usr/bin/bash");
		other_pcr[0] = 11;
		let with_other_pcr = [aggregate(), other_pcr, record("sha256", &[7; 32], "b")].concat();
		assert_eq!(judged(&with_other_pcr, &policy(&[[7; 32]])), Err(RejectCode::ImaOtherPcr));
		let mut required = policy(&[[7; 32]]);
		required.required.push(hcc_evidence::host::RequiredFile { any_of: vec![[8; 32]] });
		assert_eq!(judged(&log, &required), Err(RejectCode::ImaRequiredMissing));
	}

	#[test]
	fn log_with_too_many_parts_fails() {
		let records: Vec<_> =
			(0..=MAX_PARTS + 1).map(|_| record("sha256", &[7; 32], "a")).collect();
		let log = Log::parse(records.concat()).expect("a log");
		let judged = |entries| size(&log, Capacity { bytes: 1 << 20, entries });
		assert_eq!(judged(1).status, Status::Fail, "{}", judged(1).seen);
		assert_eq!(judged(2).status, Status::Pass);
		assert!(judged(u32::MAX).seen.contains("one piece of evidence"));
	}

	#[test]
	fn sha1_digests_fail_with_kernel_option() {
		let good = [aggregate(), record("sha256", &[7; 32], "a")].concat();
		assert_eq!(digests(&good).status, Status::Pass);
		let log = [aggregate(), record("sha1", &[7; 20], "a")].concat();
		let result = digests(&log);
		assert_eq!((result.status, result.remedy), (Status::Fail, Some(IMA_HASH)));
		assert!(result.seen.contains("entry 1 with sha1"), "{}", result.seen);
	}

	#[tokio::test]
	async fn field_case_with_sha1_digests_fails() {
		let beside = || {
			let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
			above.map(|folder| folder.join("shared/field")).find(|folder| folder.is_dir())
		};
		let Some(folder) = env::var_os("HCC_FIELD").map(Into::into).or_else(beside) else {
			eprintln!("skipped: shared/field is absent");
			return;
		};
		let config =
			Config { ima_log: folder.join("preflight/log-sha1-files"), ..Config::default() };
		let pcrs = pcrs_of(&fs::read(&config.ima_log).expect("the folder is complete"));
		let results = ima(&config, Some(&pcrs), Err("no node")).await;
		let of = |what| results.iter().find(|result| result.requirement == what).expect("checked");
		assert_eq!(of(LOG).status, Status::Pass, "{}", of(LOG).seen);
		assert_eq!((of(HASH).status, of(HASH).remedy), (Status::Fail, Some(IMA_HASH)));
		// The digests are checked even without a TPM.
		let results = ima(&config, None, Err("no node")).await;
		assert!(results.iter().any(|result| result.remedy == Some(IMA_HASH)));
	}

	#[tokio::test]
	async fn faulty_boot_log_fails() {
		let folder = tempfile::tempdir().expect("a folder");
		let path = folder.path().join("log");
		let config = Config { boot_log: path.clone(), ..Config::default() };
		let status = async || firmware(&config, None, Err("no node")).await[0].status;
		assert_eq!(status().await, Status::Fail, "it is missing");
		fs::write(&path, vec![0; hcc_evidence::host::MAX_BOOT_LOG + 1]).expect("written");
		assert_eq!(status().await, Status::Fail, "it is too long");
	}

	#[test]
	fn boot_log_must_lead_to_pcrs() {
		let event = |pcr: u32, digest: [u8; 20]| {
			[&pcr.to_le_bytes()[..], &8u32.to_le_bytes(), &digest, &0u32.to_le_bytes()].concat()
		};
		// An event log with only SHA-1 digests proves nothing about the PCRs of the SHA-256 bank.
		let result = leads_to_pcrs(&event(0, [1; 20]), &PcrSet::default());
		assert_eq!(result.status, Status::Fail, "{}", result.seen);
	}
}
