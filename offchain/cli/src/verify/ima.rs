use std::path::{Path, PathBuf};

use anyhow::{bail, Context};
use hcc_evidence::{
	ima::{self, Checkpoint, DigestList, FileVerdict, HashAlgorithm, Limits, Records, Violations},
	tpm::PcrBank,
};
use serde_json::{json, Map, Value};

use super::files::{self, HexBytes};
use crate::outcome::Outcome;

/// Verify an IMA log.
///
/// Checks every entry against its recorded digest, and that the log results in the quoted PCR 10.
/// With --allow it also checks that every file in that part is allowed, and that there are no
/// violations.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
	/// The log, from /sys/kernel/security/ima/binary_runtime_measurements.
	#[arg(long, value_name = "FILE")]
	log: PathBuf,

	/// The bank of the quoted PCR.
	#[arg(long, value_name = "sha1|sha256|sha384|sha512", value_parser = bank)]
	bank: PcrBank,

	/// The quoted value of PCR 10.
	#[arg(long, value_name = "HEX", value_parser = files::hex_bytes)]
	pcr10: HexBytes,

	/// The allowed files, in the format of sha256sum, sha384sum or sha512sum. A ! before the digest
	/// marks a forbidden file.
	#[arg(long, value_name = "FILE")]
	allow: Option<PathBuf>,

	/// Print one JSON object.
	#[arg(long)]
	pub(crate) json: bool,
}

fn bank(name: &str) -> Result<PcrBank, String> {
	PcrBank::ALL
		.into_iter()
		.find(|bank| bank.name() == name)
		.ok_or_else(|| "expected sha1, sha256, sha384 or sha512".to_owned())
}

pub(crate) fn verify(args: &Args) -> anyhow::Result<Outcome> {
	let log = files::read(&args.log)?;
	if args.pcr10.0.len() != args.bank.digest_len() {
		bail!("--pcr10 needs {} bytes for the bank {}", args.bank.digest_len(), args.bank.name());
	}
	let files = args.allow.as_deref().map(read_list).transpose()?;
	// A violation hides a file's digest, which then cannot be checked against the list.
	let violations = if files.is_some() { Violations::Reject } else { Violations::Count };
	let limits = Limits { bytes: log.len(), entries: u32::MAX };

	let mut claims = Map::new();
	claims.insert("entries".into(), json!(Records::new(&log, 0).filter(Result::is_ok).count()));
	claims.insert("files_checked".into(), json!(files.is_some()));
	let from = Checkpoint::boot(args.bank);
	let result = ima::replay(&log, &from, &args.pcr10.0, files.as_ref(), violations, limits).map(
		|replayed| {
			claims.extend([
				("bank".to_owned(), json!(args.bank.name())),
				("pcr10".to_owned(), json!(hex::encode(&replayed.checkpoint.pcr10))),
				("proven_entries".to_owned(), json!(replayed.proven)),
				("unproven_entries".to_owned(), json!(replayed.unproven)),
				("violations".to_owned(), json!(replayed.violations)),
				("entries_in_other_pcrs".to_owned(), json!(replayed.other_pcrs)),
			]);
		},
	);
	if let Some(first) = first_entry(&log) {
		claims.insert("boot_aggregate".to_owned(), first);
	}
	Ok(Outcome { result: result.into(), claims })
}

fn first_entry(log: &[u8]) -> Option<Value> {
	let first = Records::new(log, 0).next()?.ok()?;
	let (algorithm, digest) = first.file_digest().ok()?;
	(first.name == b"boot_aggregate").then(|| json!(format!("{algorithm}:{}", hex::encode(digest))))
}

/// Reads a list of digests. The length of a digest determines its algorithm.
fn read_list(path: &Path) -> anyhow::Result<DigestList> {
	let text = String::from_utf8(files::read(path)?)
		.with_context(|| format!("{} is not UTF-8 text", path.display()))?;
	let mut list = DigestList::default();
	for (number, line) in text.lines().enumerate() {
		let line = line.trim();
		if line.is_empty() || line.starts_with('#') {
			continue;
		}
		let digest = line.split_whitespace().next().unwrap_or_default();
		let (digest, verdict) = match digest.strip_prefix('!') {
			Some(digest) => (digest, FileVerdict::Forbidden),
			None => (digest, FileVerdict::Allowed),
		};
		let at = || format!("{} line {}", path.display(), number + 1);
		let bytes = hex::decode(digest).with_context(|| format!("{}: not a digest", at()))?;
		let algorithm = [HashAlgorithm::Sha256, HashAlgorithm::Sha384, HashAlgorithm::Sha512]
			.into_iter()
			.find(|algorithm| algorithm.digest_len() == bytes.len())
			.with_context(|| format!("{}: not a sha256, sha384 or sha512 digest", at()))?;
		list.insert((algorithm, bytes), verdict);
	}
	if list.is_empty() {
		bail!("{} contains no digests", path.display());
	}
	Ok(list)
}
