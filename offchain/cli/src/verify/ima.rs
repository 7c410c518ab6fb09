use std::path::PathBuf;

use anyhow::bail;
use hcc_evidence::{
	ima::{self, Checkpoint, Limits, Records, Violations},
	tpm::PcrBank,
};
use serde_json::{json, Map, Value};

use crate::{
	input::{self, HexBytes, Limit},
	outcome::Outcome,
};

/// Verify an IMA log.
///
/// Checks every entry against its recorded digest, and checks that the beginning of the log results
/// in the quoted PCR 10. With --allow, also checks that every file in this part of the log is
/// allowed, and that the part contains no violation.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
	/// The log, from /sys/kernel/security/ima/binary_runtime_measurements.
	#[arg(long, value_name = "FILE")]
	log: PathBuf,

	/// The bank of the quoted PCR.
	#[arg(long, value_name = "sha1|sha256|sha384|sha512", value_parser = bank)]
	bank: PcrBank,

	/// The quoted value of PCR 10.
	#[arg(long, value_name = "HEX", value_parser = input::hex_bytes)]
	pcr10: HexBytes,

	/// The allowed files, in a format of sha256sum, sha384sum or sha512sum: plain, --tag, --zero,
	/// or a CHECKSUM file with a PGP signature. The PGP signature is not checked. A ! at the
	/// beginning of a line marks a forbidden file.
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
	let log = input::read(&args.log, &Limit::IMA_LOG)?;
	let starts_well = Records::new(&log, 0).next().is_some_and(|first| first.is_ok());
	if !starts_well && !input::starts_like_ima_log(&log) {
		return Err(input::mismatch(&args.log, "a binary IMA log", &log));
	}
	if args.pcr10.0.len() != args.bank.digest_len() {
		bail!("--pcr10 needs {} bytes for the bank {}", args.bank.digest_len(), args.bank.name());
	}
	let files = args.allow.as_deref().map(input::digest_list).transpose()?;
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
