//! IMA logs with unusual templates and endings.

use hcc_evidence::{
	ima::{
		replay, Checkpoint, DigestList, FileVerdict, HashAlgorithm, Limits, Records, Replayed,
		Violations,
	},
	tpm::PcrBank,
	Check, RejectCode,
};

use crate::vectors::tree::Vector;

const LIMITS: Limits = Limits { bytes: 1 << 20, entries: 1_000 };

fn replay_to(log: &[u8], quoted: &[u8], files: Option<&DigestList>) -> Check<Replayed> {
	let from = Checkpoint::boot(PcrBank::Sha256);
	replay(log, &from, quoted, files, Violations::Reject, LIMITS)
}

/// Returns a list that allows every file of PCR 10.
fn everything(log: &[u8]) -> DigestList {
	let mut list = DigestList::default();
	for record in Records::new(log, 0).flatten().filter(|record| record.pcr == 10) {
		let (algorithm, digest) = record.file_digest().expect("a digest");
		let algorithm = HashAlgorithm::from_name(algorithm).expect("a known hash");
		list.insert((algorithm, digest.to_vec()), FileVerdict::Allowed);
	}
	list
}

#[test]
fn proven_entries_are_accepted_and_rest_is_counted() {
	let Some(vector) = Vector::find_field("ima-templates") else { return };
	for (name, proven, unproven) in [
		("custom-fmt", 20, 0),
		("evm-sig", 20, 0),
		("pcr11", 20, 1),
		("truncated-after-quote", 20, 1),
		("unknown-template-after-quote", 20, 1),
	] {
		let (log, quoted) =
			(vector.file(&format!("{name}.log")), vector.hex(&format!("{name}.pcr10")));
		let list = everything(&log);
		for files in [None, Some(&list)] {
			let replayed =
				replay_to(&log, &quoted, files).unwrap_or_else(|why| panic!("{name}: {why}"));
			assert_eq!((replayed.proven, replayed.unproven), (proven, unproven), "{name}");
			assert_eq!(replayed.checkpoint.pcr10, quoted, "{name}");
		}
	}
}

fn field(bytes: &[u8]) -> Vec<u8> {
	[&(bytes.len() as u32).to_le_bytes(), bytes].concat()
}

/// Returns the data of an entry of `ima-ng`.
fn ima_ng(name: &str) -> Vec<u8> {
	let digest = field(&[&b"sha256:\0"[..], &[7; 32]].concat());
	[digest, field(&[name.as_bytes(), &[0]].concat())].concat()
}

/// Returns a record with this template and a template digest in this bank.
fn record(pcr: u32, template: &[u8], data: &[u8], bank: PcrBank) -> Vec<u8> {
	[&pcr.to_le_bytes()[..], &bank.hash(&[data]), &field(template), &field(data)].concat()
}

/// Extends a zero PCR of the SHA-256 bank with the digests.
fn extended(digests: &[Vec<u8>]) -> Vec<u8> {
	let start = vec![0; 32];
	digests.iter().fold(start, |pcr, digest| PcrBank::Sha256.hash(&[&pcr, digest]))
}

fn sha256(data: &[u8]) -> Vec<u8> {
	PcrBank::Sha256.hash(&[data])
}

#[test]
fn entries_of_other_pcr_between_proven_ones_are_not_proven() {
	let (first, second, third) = (ima_ng("a"), ima_ng("b"), ima_ng("c"));
	let log = [
		record(10, b"ima-ng", &first, PcrBank::Sha1),
		record(11, b"ima-ng", &second, PcrBank::Sha1),
		record(10, b"ima-ng", &third, PcrBank::Sha1),
		record(11, b"ima-ng", &second, PcrBank::Sha1),
	]
	.concat();
	let quoted = extended(&[sha256(&first), sha256(&third)]);
	let replayed = replay_to(&log, &quoted, None).unwrap_or_else(|why| panic!("{why}"));
	assert_eq!((replayed.proven, replayed.unproven, replayed.other_pcrs), (2, 2, 1));
	// The next log begins after the last proven entry.
	assert_eq!(replayed.checkpoint.entries, 3);
}

#[test]
fn incomplete_or_unknown_entry_before_quoted_point_is_rejected() {
	let (first, last) = (ima_ng("a"), ima_ng("b"));
	let known = record(10, b"ima-ng", &first, PcrBank::Sha1);
	let quoted = extended(&[sha256(&first), sha256(&last)]);
	let cut = record(10, b"ima-ng", &last, PcrBank::Sha1);
	let cut = [&known[..], &cut[..cut.len() - 1]].concat();
	let refused = replay_to(&cut, &quoted, None).expect_err("incomplete");
	assert_eq!((refused.code, refused.entry), (RejectCode::ImaEncoding, Some(1)));
	for name in [&b"ima-xx"[..], b"", b"d-ng|", b"d-ng|xx", b"|"] {
		let log = [&known[..], &record(10, name, &last, PcrBank::Sha1)].concat();
		let refused = replay_to(&log, &quoted, None).expect_err("an unknown template");
		assert_eq!((refused.code, refused.entry), (RejectCode::ImaTemplate, Some(1)), "{name:?}");
	}
}

/// PCR 10 proves the data, but not the name of the template. If a format began with another field,
/// the bytes of that field could pass as the digest of a file.
#[test]
fn format_without_leading_digest_replays_but_has_no_file_digest() {
	let good = [&b"sha256:\0"[..], &[7; 32]].concat();
	let list = everything(&record(10, b"ima-ng", &ima_ng("allowed"), PcrBank::Sha1));
	for name in [&b"n-ng|d-ng"[..], b"d-ng|sig|n-ng", b"buf|n-ng|d-ng", b"d|n", b"n-ng"] {
		let data = [field(&good), field(b"name\0"), field(&good)].concat();
		let log = record(10, name, &data, PcrBank::Sha1);
		let quoted = extended(&[sha256(&data)]);
		let replayed = replay_to(&log, &quoted, None).unwrap_or_else(|why| panic!("{why}"));
		assert_eq!(replayed.proven, 1);
		let refused = replay_to(&log, &quoted, Some(&list)).expect_err("no digest is known");
		assert_eq!(refused.code, RejectCode::ImaFileHash, "{name:?}");
	}
	for name in [&b"d-ng|n-ng"[..], b"d-ng|n-ng|sig|buf", b"d-ngv2|n-ng|xattrvalues"] {
		let data = [ima_ng("allowed"), field(b"more")].concat();
		let log = record(10, name, &data, PcrBank::Sha1);
		let replayed = replay_to(&log, &extended(&[sha256(&data)]), Some(&list));
		assert_eq!(replayed.map(|replayed| replayed.proven), Ok(1), "{name:?}");
	}
}

/// Only a field that is called `sig` holds the value of `security.ima`.
#[test]
fn third_field_is_a_signature_only_by_its_name() {
	let data = [ima_ng("a"), field(b"third")].concat();
	for (name, wanted) in [
		(&b"ima-sig"[..], true),
		(b"ima-sigv2", true),
		(b"d-ng|n-ng|sig", true),
		(b"ima-buf", false),
		(b"evm-sig", false),
		(b"d-ng|n-ng|iuid", false),
	] {
		let log = record(10, name, &data, PcrBank::Sha1);
		let record = Records::new(&log, 0).next().expect("an entry").expect("a whole entry");
		assert_eq!(record.signature().is_some(), wanted, "{name:?}");
	}
}

#[test]
fn per_bank_logs_are_read() {
	let names = ["a", "bb", "ccc"];
	for bank in PcrBank::ALL {
		let digest_len = bank.digest_len();
		let mut log: Vec<u8> =
			names.iter().flat_map(|name| record(10, b"ima-ng", &ima_ng(name), bank)).collect();
		let records = Records::new(&log, 0);
		assert_eq!(records.digest_len(), digest_len);
		let quoted = extended(&names.map(|name| sha256(&ima_ng(name))));
		let replayed = replay_to(&log, &quoted, Some(&everything(&log)));
		assert_eq!(replayed.map(|replayed| replayed.proven), Ok(3), "{}", bank.name());
		// The recorded digest is compared in its own bank.
		log[4] ^= 1;
		let refused = replay_to(&log, &quoted, None).expect_err("altered");
		assert_eq!((refused.code, refused.entry), (RejectCode::ImaTemplateHash, Some(0)));
	}
}

#[test]
fn violation_as_first_entry_of_per_bank_log_is_read() {
	let data = ima_ng("a");
	let mut log = record(10, b"ima-ng", &data, PcrBank::Sha512);
	log[4..68].fill(0);
	let record = Records::new(&log, 0).next().expect("an entry").expect("a whole entry");
	assert!(record.is_violation());
}

/// Kernels before 5.8 extend the SHA-1 template digest, padded with zeroes, into every bank.
#[test]
fn padded_digests_of_old_kernel_are_named() {
	let padded = |data: &[u8]| [PcrBank::Sha1.hash(&[data]), vec![0; 12]].concat();
	let datas = [ima_ng("a"), ima_ng("b"), ima_ng("c")];
	let log: Vec<u8> =
		datas.iter().flat_map(|data| record(10, b"ima-ng", data, PcrBank::Sha1)).collect();
	let quoted = extended(&[padded(&datas[0]), padded(&datas[1])]);
	let refused = replay_to(&log, &quoted, None).expect_err("another replay");
	assert_eq!(refused.code, RejectCode::ImaPcr);
	assert!(refused.to_string().contains("kernels before 5.8"), "{refused}");
	let other = extended(&[padded(&datas[1])]);
	let refused = replay_to(&log, &other, None).expect_err("no replay fits");
	assert!(!refused.to_string().contains("5.8"), "{refused}");
}

#[test]
fn file_with_sha1_digest_is_rejected_for_its_hash() {
	let Some(vector) = Vector::find_field("preflight") else { return };
	let log = vector.file("log-sha1-files");
	let hashes: Vec<_> = Records::new(&log, 0)
		.map(|record| record.expect("a whole entry").template_hash(PcrBank::Sha256))
		.collect();
	let list = DigestList::default();
	let refused = replay_to(&log, &extended(&hashes), Some(&list)).expect_err("SHA-1 digests");
	assert_eq!(refused.code, RejectCode::ImaFileHash);
}
