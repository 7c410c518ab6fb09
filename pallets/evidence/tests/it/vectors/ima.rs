use hcc_evidence::{
	crypto::RsaKey,
	ima::{
		fold, replay, Checkpoint, DigestList, FileSignature, FileVerdict, HashAlgorithm, Limits,
		LogFindings, Records, Replayed, Violations,
	},
	tpm::{Attest, PcrBank, PublicKey},
	Check, RejectCode,
};

use super::tree::{assert_all_known, Vector};

const LIMITS: Limits = Limits { bytes: 16 << 20, entries: 100_000 };

fn replay_all(log: &[u8], bank: PcrBank, quoted: &[u8]) -> Check<Replayed> {
	let from = Checkpoint::boot(bank);
	replay::<DigestList>(log, &from, quoted, None, Violations::Count, LIMITS)
}

#[test]
fn every_ima_vector_has_a_test() {
	assert_all_known(
		"ima",
		&[
			"ibmacs-imasig-TAMPERED",
			"rust-keylime-ascii-ima-ng",
			"single-entries",
			"keylime-create-policy-logs",
		],
	);
}

#[test]
fn server_log_replays_in_both_banks() {
	let Some(vector) = Vector::find("tpm-ima-e2e/hpe-dl160-quote-ima") else { return };
	let log = vector.file("binary_runtime_measurements");
	let pcrs = vector.json("pcrs.json");
	for bank in [PcrBank::Sha256, PcrBank::Sha1] {
		let quoted = pcrs[bank.name()]["10"].as_str().expect("pcr 10");
		let quoted = hex::decode(quoted).expect("hexadecimal");
		let replayed = replay_all(&log, bank, &quoted).unwrap_or_else(|why| panic!("{why}"));
		assert_eq!(replayed.proven + replayed.unproven, 16_169);
		assert_eq!(replayed.violations, 24);
	}
}

/// A server's log of 16,169 entries has eight parts of 2,000 entries. The evidence contains the
/// rest.
#[test]
fn server_log_replays_in_parts() {
	let Some(vector) = Vector::find("tpm-ima-e2e/hpe-dl160-quote-ima") else { return };
	let log = vector.file("binary_runtime_measurements");
	let quoted = vector.json("pcrs.json")["sha256"]["10"].as_str().map(hex::decode);
	let quoted = quoted.expect("pcr 10").expect("hexadecimal");
	let limits = Limits { bytes: 512 << 10, entries: 2_000 };
	let mut at = Checkpoint::boot(PcrBank::Sha256);
	let (mut findings, nothing_listed) = (LogFindings::default(), DigestList::default());
	let (mut start, mut parts) = (0, 0);
	let ends = ends_of_records(&log);
	for end in ends.iter().skip(1_999).step_by(2_000) {
		at = fold(&log[start..*end], &at, &mut findings, &nothing_listed, limits)
			.expect("the part is replayed");
		(start, parts) = (*end, parts + 1);
	}
	assert_eq!((at.entries, parts), (16_000, 8));
	let rest = replay::<DigestList>(&log[start..], &at, &quoted, None, Violations::Count, limits);
	let rest = rest.unwrap_or_else(|why| panic!("{why}"));
	assert_eq!(rest.proven + rest.unproven, 169);
	assert_eq!(
		findings.fault,
		Some((1, RejectCode::ImaFileHash.number())),
		"the file digests are SHA-1"
	);
}

/// The key of the vector made 896 of the 899 signatures in the log. It is too short for a chain to
/// trust it.
#[test]
fn file_signatures_of_real_log_verify() {
	let Some(vector) = Vector::find("ima/ibmacs-imasig-TAMPERED") else { return };
	let log = vector.file("binary_runtime_measurements");
	let der = vector.file("imakey.der");
	let signer = rsa_1024(&der);
	let (mut held, mut others) = (0, 0);
	for record in Records::new(&log, 0) {
		let record = record.expect("a whole record");
		let Some(bytes) = record.signature() else { continue };
		let (algorithm, digest) = record.file_digest().expect("a digest");
		let ("sha256", Ok(digest)) = (algorithm, <[u8; 32]>::try_from(digest)) else {
			others += 1;
			continue;
		};
		let verified = FileSignature::parse(bytes).and_then(|found| found.verify(&signer, &digest));
		let mut other = digest;
		other[0] ^= 1;
		let forged = FileSignature::parse(bytes).and_then(|found| found.verify(&signer, &other));
		assert!(forged.is_err());
		match verified {
			Ok(()) => held += 1,
			Err(_) => others += 1,
		}
	}
	assert_eq!((held, others), (896, 3));
}

/// Finds an RSA key of 1,024 bits in a certificate or SubjectPublicKeyInfo. The modulus is between
/// two known byte sequences.
fn rsa_1024(der: &[u8]) -> PublicKey {
	let start = [0x02, 0x81, 0x81, 0x00];
	let at = der.windows(4).position(|window| window == start).expect("a modulus of 1024 bits") + 4;
	assert_eq!(der[at + 128..at + 133], [0x02, 0x03, 0x01, 0x00, 0x01], "the exponent is 65537");
	PublicKey::Rsa(RsaKey { modulus: der[at..at + 128].to_vec(), exponent: 65_537 })
}

const QEMU: &[&str] =
	&["cloud61-tis", "cloud61-crb", "cloud612-tis", "cloud61-ovmf", "cloud61-violation"];

fn quoted_pcr10(vector: &Vector) -> Vec<u8> {
	vector.file("quote_sha256.pcrs")[320..352].to_vec()
}

#[test]
fn vm_logs_replay_to_their_quotes() {
	for name in QEMU {
		let Some(vector) = Vector::find(&format!("ima-qemu/{name}")) else { continue };
		let log = vector.file("binary_runtime_measurements");
		let replayed = replay_all(&log, PcrBank::Sha256, &quoted_pcr10(&vector))
			.unwrap_or_else(|why| panic!("{name}: {why}"));
		assert!(replayed.proven >= 42, "{name}: {} entries", replayed.proven);
		if *name == "cloud61-violation" {
			assert!(replayed.violations > 0, "{name}");
		}
	}
}

#[test]
fn boot_aggregate_is_hash_of_quoted_pcrs() {
	for name in QEMU {
		let Some(vector) = Vector::find(&format!("ima-qemu/{name}")) else { continue };
		let log = vector.file("binary_runtime_measurements");
		let first = Records::new(&log, 0).next().expect("an entry").expect("a whole entry");
		assert_eq!(first.name, b"boot_aggregate", "{name}");
		let (algorithm, digest) = first.file_digest().expect("a digest");
		assert_eq!(algorithm, "sha256", "{name}");
		let values = vector.file("quote_sha256.pcrs");
		assert_eq!(digest, PcrBank::Sha256.hash(&[&values[..320]]), "{name}");
	}
}

#[test]
fn log_may_be_ahead_of_quote_but_not_behind() {
	let Some(vector) = Vector::find("ima-qemu/cloud61-tis") else { return };
	let quoted = quoted_pcr10(&vector);
	let log = vector.file("binary_runtime_measurements");
	let ends = ends_of_records(&log);
	// The kernel measured two more files before the log was read.
	let later = [&log[..], &log[ends[3]..ends[5]]].concat();
	let ahead = replay_all(&later, PcrBank::Sha256, &quoted).expect("a prefix leads there");
	assert_eq!((ahead.proven as usize, ahead.unproven), (ends.len(), 2));

	let behind = &log[..ends[ends.len() - 2]];
	let refused =
		replay_all(behind, PcrBank::Sha256, &quoted).expect_err("the last entry is missing");
	assert_eq!(refused.code, RejectCode::ImaPcr);
	let refused = replay_all(&[], PcrBank::Sha256, &quoted).expect_err("the log is empty");
	assert_eq!(refused.code, RejectCode::ImaPcr);
	let zero = [0; 32];
	let refused = replay_all(&[], PcrBank::Sha256, &zero).expect_err("nothing was measured");
	assert_eq!(refused.code, RejectCode::ImaPcr);
}

/// Returns the offset of the end of each record.
fn ends_of_records(log: &[u8]) -> Vec<usize> {
	let mut at = 0;
	let mut ends = Vec::new();
	while at < log.len() {
		let word = |at: usize| u32::from_le_bytes(log[at..at + 4].try_into().unwrap()) as usize;
		let name = word(at + 24);
		let data = word(at + 28 + name);
		at += 28 + name + 4 + data;
		ends.push(at);
	}
	ends
}

#[test]
fn replay_from_checkpoint_matches_whole_log() {
	let Some(vector) = Vector::find("ima-qemu/cloud61-tis") else { return };
	let log = vector.file("binary_runtime_measurements");
	let quoted = quoted_pcr10(&vector);
	let whole = replay_all(&log, PcrBank::Sha256, &quoted).expect("the log replays");
	let ends = ends_of_records(&log);
	for cut in [1, 7, ends.len() - 1] {
		let (first, rest) = log.split_at(ends[cut - 1]);
		// The value of PCR 10 after the first part.
		let mut pcr10 = vec![0; 32];
		for record in Records::new(first, 0) {
			let hash = record.expect("a whole record").template_hash(PcrBank::Sha256);
			pcr10 = PcrBank::Sha256.hash(&[&pcr10, &hash]);
		}
		let checkpoint = Checkpoint { bank: PcrBank::Sha256, pcr10, entries: cut as u32 };
		let part =
			replay::<DigestList>(rest, &checkpoint, &quoted, None, Violations::Reject, LIMITS)
				.expect("the rest replays");
		assert_eq!(part.checkpoint, whole.checkpoint);
		let idle =
			replay::<DigestList>(&[], &part.checkpoint, &quoted, None, Violations::Reject, LIMITS)
				.expect("nothing new was measured");
		assert_eq!(idle.proven, 0);
	}
}

#[test]
fn tampered_log_is_rejected_at_tampered_entry() {
	let Some(vector) = Vector::find("ima/ibmacs-imasig-TAMPERED") else { return };
	let log = vector.file("binary_runtime_measurements");
	let meta = vector.json("meta.json");
	for bank in PcrBank::ALL {
		let quoted = meta[format!("pcr10_{}", bank.name())].as_str().expect("a pcr");
		let quoted = hex::decode(quoted).expect("hexadecimal");
		let refused = replay_all(&log, bank, &quoted).expect_err("an entry was tampered with");
		assert_eq!(refused.code, RejectCode::ImaTemplateHash);
		assert_eq!(refused.entry, Some(1079));
	}
}

#[test]
fn log_with_altered_byte_is_rejected() {
	let Some(vector) = Vector::find("ima-qemu/cloud61-tis") else { return };
	let log = vector.file("binary_runtime_measurements");
	let quoted = quoted_pcr10(&vector);
	for at in 0..log.len() {
		let mut altered = log.clone();
		altered[at] ^= 1 << (at % 8);
		let refused = replay_all(&altered, PcrBank::Sha256, &quoted);
		assert!(refused.is_err(), "byte {at} can be altered");
	}
}

#[test]
fn truncated_log_is_rejected() {
	let Some(vector) = Vector::find("ima-qemu/cloud61-tis") else { return };
	let log = vector.file("binary_runtime_measurements");
	let quoted = quoted_pcr10(&vector);
	for len in 0..log.len() {
		let refused = replay_all(&log[..len], PcrBank::Sha256, &quoted).expect_err("cut off");
		assert!(matches!(refused.code, RejectCode::ImaPcr | RejectCode::ImaEncoding), "{refused}");
	}
}

#[test]
fn log_with_removed_or_moved_entry_is_rejected() {
	let Some(vector) = Vector::find("ima-qemu/cloud61-tis") else { return };
	let log = vector.file("binary_runtime_measurements");
	let quoted = quoted_pcr10(&vector);
	let ends = ends_of_records(&log);
	let without = [&log[..ends[4]], &log[ends[5]..]].concat();
	let refused = replay_all(&without, PcrBank::Sha256, &quoted).expect_err("an entry is missing");
	assert_eq!(refused.code, RejectCode::ImaPcr);
	let moved =
		[&log[..ends[4]], &log[ends[5]..ends[6]], &log[ends[4]..ends[5]], &log[ends[6]..]].concat();
	let refused = replay_all(&moved, PcrBank::Sha256, &quoted).expect_err("entries are swapped");
	assert_eq!(refused.code, RejectCode::ImaPcr);
}

/// Returns a list that allows every file in the log.
fn everything(log: &[u8]) -> DigestList {
	let mut list = DigestList::default();
	for record in Records::new(log, 0) {
		let record = record.expect("a whole record");
		if record.is_violation() {
			continue;
		}
		let (algorithm, digest) = record.file_digest().expect("a digest");
		let algorithm = HashAlgorithm::from_name(algorithm).expect("a known hash");
		list.insert((algorithm, digest.to_vec()), FileVerdict::Allowed);
	}
	list
}

#[test]
fn files_are_judged_by_digest() {
	let Some(vector) = Vector::find("ima-qemu/cloud61-tis") else { return };
	let log = vector.file("binary_runtime_measurements");
	let quoted = quoted_pcr10(&vector);
	let from = Checkpoint::boot(PcrBank::Sha256);
	let judged = |list: &DigestList| {
		replay(&log, &from, &quoted, Some(list), Violations::Reject, LIMITS)
			.map(drop)
			.map_err(|refused| (refused.code, refused.entry))
	};
	let mut list = everything(&log);
	assert_eq!(judged(&list), Ok(()));

	let third = Records::new(&log, 0).nth(3).expect("an entry").expect("a whole entry");
	let (_, digest) = third.file_digest().expect("a digest");
	list.insert((HashAlgorithm::Sha256, digest.to_vec()), FileVerdict::Forbidden);
	assert_eq!(judged(&list), Err((RejectCode::ImaForbiddenFile, Some(3))));
	// A forbidden file stays forbidden, even if it is added again as allowed.
	list.insert((HashAlgorithm::Sha256, digest.to_vec()), FileVerdict::Allowed);
	assert_eq!(judged(&list), Err((RejectCode::ImaForbiddenFile, Some(3))));

	assert_eq!(
		judged(&DigestList::default()),
		Err((RejectCode::ImaUnknownFile, Some(1))),
		"only the kernel's own first entry does not name a file",
	);
}

#[test]
fn violation_is_rejected() {
	let Some(vector) = Vector::find("ima-qemu/cloud61-violation") else { return };
	let log = vector.file("binary_runtime_measurements");
	let list = everything(&log);
	let from = Checkpoint::boot(PcrBank::Sha256);
	let quoted = quoted_pcr10(&vector);
	let refused = replay(&log, &from, &quoted, Some(&list), Violations::Reject, LIMITS)
		.expect_err("a file changed while it was measured");
	assert_eq!(refused.code, RejectCode::ImaViolation);
}

#[test]
fn log_over_limits_is_rejected() {
	let Some(vector) = Vector::find("ima-qemu/cloud61-tis") else { return };
	let log = vector.file("binary_runtime_measurements");
	let quoted = quoted_pcr10(&vector);
	let from = Checkpoint::boot(PcrBank::Sha256);
	for limits in
		[Limits { bytes: log.len() - 1, entries: 1000 }, Limits { bytes: log.len(), entries: 3 }]
	{
		let refused = replay::<DigestList>(&log, &from, &quoted, None, Violations::Count, limits)
			.expect_err("over the limit");
		assert_eq!(refused.code, RejectCode::ImaLimit);
	}
}

#[test]
fn sha1_quote_selects_sha1_bank() {
	let Some(vector) = Vector::find("ima-qemu/cloud61-tis") else { return };
	let quote = Attest::parse(&vector.file("quote_sha1_pcr10.msg")).expect("TPMS_ATTEST");
	assert_eq!(quote.selections[0].bank, PcrBank::Sha1);
	assert_eq!(quote.selections[0].mask, 1 << 10);
	let log = vector.file("binary_runtime_measurements");
	let pcr10 = vector.file("quote_sha1_pcr10.pcrs");
	replay_all(&log, PcrBank::Sha1, &pcr10).expect("the log replays in sha1 too");
}

/// A text log in the format of the kernel's `ascii_runtime_measurements`. After conversion to the
/// binary format, it replays to the value in its manifest.
#[test]
fn text_log_replays_after_conversion() {
	let Some(vector) = Vector::find("ima/rust-keylime-ascii-ima-ng") else { return };
	let text = String::from_utf8(vector.file("ascii_runtime_measurements")).expect("text");
	let log: Vec<u8> = text.lines().flat_map(binary_ima_ng).collect();
	let pcr10 = hex::decode("82231c67a69da98dc5b3aa10f6343d33109225fc").unwrap();
	let replayed = replay_all(&log, PcrBank::Sha1, &pcr10).unwrap_or_else(|why| panic!("{why}"));
	assert_eq!(replayed.proven, 826);
}

fn binary_ima_ng(line: &str) -> Vec<u8> {
	let mut words = line.splitn(5, ' ');
	let pcr: u32 = words.next().unwrap().parse().unwrap();
	let template_digest = hex::decode(words.next().unwrap()).unwrap();
	let template = words.next().unwrap();
	assert_eq!(template, "ima-ng");
	let (algorithm, digest) = words.next().unwrap().split_once(':').unwrap();
	let digest = [algorithm.as_bytes(), b":\0", &hex::decode(digest).unwrap()].concat();
	let name = [words.next().unwrap().as_bytes(), &[0]].concat();
	let field = |bytes: &[u8]| [&(bytes.len() as u32).to_le_bytes(), bytes].concat();
	let data = [field(&digest), field(&name)].concat();
	[&pcr.to_le_bytes()[..], &template_digest, &field(template.as_bytes()), &field(&data)].concat()
}

/// Single entries of every template with their template data. For each entry, the manifest states
/// if the recorded digest matches.
#[test]
fn template_hashes_match_manifest() {
	let Some(vector) = Vector::find("ima/single-entries") else { return };
	let entries = vector.json("entries.json");
	let mut seen = 0;
	for entry in entries.as_array().expect("a list") {
		let Some(record) = single_entry(entry) else { continue };
		let record = Records::new(&record, 0).next().expect("an entry").expect("a whole entry");
		let good = record.template_hash(PcrBank::Sha1) == record.template_digest;
		assert_eq!(Some(good), entry["sha1_matches"].as_bool(), "{}", entry["line"]);
		seen += 1;
	}
	assert!(seen >= 20, "only {seen} entries were read");
}

/// Returns the binary record of an entry in `entries.json`, or `None` for an unusable one.
fn single_entry(entry: &serde_json::Value) -> Option<Vec<u8>> {
	if !entry["error"].is_null() {
		return None;
	}
	let mut words = entry["line"].as_str()?.split(' ');
	let pcr: u32 = words.next()?.parse().ok()?;
	let template_digest = hex::decode(words.next()?).ok()?;
	let template = words.next()?;
	let data = hex::decode(entry["template_data"].as_str()?).ok()?;
	let field = |bytes: &[u8]| [&(bytes.len() as u32).to_le_bytes(), bytes].concat();
	let data = match template {
		"ima" => [&data[..20], &field(words.nth(1)?.as_bytes())].concat(),
		"ima-ng" | "ima-sig" | "ima-buf" | "ima-ngv2" | "ima-sigv2" => field(&data),
		_ => return None,
	};
	Some([&pcr.to_le_bytes()[..], &template_digest, &field(template.as_bytes()), &data].concat())
}

/// Small text logs, one for each hash algorithm. File lists use SHA-2 only, so a file with another
/// digest is rejected for its hash.
#[test]
fn file_with_unsupported_hash_is_rejected() {
	let Some(vector) = Vector::find("ima/keylime-create-policy-logs") else { return };
	let cases = [
		("sha1", RejectCode::ImaFileHash),
		("sha256", RejectCode::ImaUnknownFile),
		("sha384", RejectCode::ImaUnknownFile),
		("sha512", RejectCode::ImaUnknownFile),
		("sm3_256", RejectCode::ImaFileHash),
		("unknown", RejectCode::ImaFileHash),
	];
	for (hash, code) in cases {
		let text = String::from_utf8(vector.file(&format!("ima-log-{hash}"))).expect("text");
		let line = text.lines().nth(1).expect("the line of a file");
		// Binary logs record only SHA-1 template digests. Insert the digest that a kernel would
		// record.
		let mut words: Vec<_> = line.split(' ').map(str::to_owned).collect();
		words[1] = "00".repeat(20);
		let mut log = binary_ima_ng(&words.join(" "));
		let record = Records::new(&log, 0).next().expect("an entry").expect("a whole entry");
		let hashes = [PcrBank::Sha1, PcrBank::Sha256].map(|bank| record.template_hash(bank));
		log[4..24].copy_from_slice(&hashes[0]);
		let pcr10 = PcrBank::Sha256.hash(&[&[0; 32], &hashes[1]]);
		let from = Checkpoint::boot(PcrBank::Sha256);
		let list = DigestList::default();
		let refused = replay(&log, &from, &pcr10, Some(&list), Violations::Reject, LIMITS)
			.expect_err("the file is not listed");
		assert_eq!((refused.code, refused.entry), (code, Some(0)), "{hash}");
	}
}
