//! `hcc verify` on files of the folder `shared/field`, which other tools have written.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::verify::{path, verify};

/// Returns a folder of field cases. If the folder is missing, prints that the test is skipped, and
/// returns `None`.
fn field(name: &str) -> Option<PathBuf> {
	let all = std::env::var_os("HCC_FIELD").map_or_else(
		|| {
			let package = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo runs the tests");
			Path::new(&package).join("../../../shared/field")
		},
		PathBuf::from,
	);
	let folder = all.join(name);
	if !folder.is_dir() {
		println!("skipped: {name} is missing at {}", folder.display());
		return None;
	}
	Some(folder)
}

const NONCE: &str = "11223344556677889900aabbccddeeff";

/// Verifies the quote `name` in a folder. The quote must contain the test's nonce, unless `flags`
/// contain `--no-nonce`.
fn quote(folder: &Path, name: &str, ak: &str, pcrs: &str, flags: &[&str]) -> (i32, Value) {
	let (attest, signature) = (format!("{name}.msg"), format!("{name}.sig"));
	let [attest, signature, ak, pcrs] =
		[&attest, &signature, ak, pcrs].map(|file| path(folder, file));
	let mut arguments = vec!["quote", "--attest", &attest, "--signature", &signature, "--ak", &ak];
	if !pcrs.ends_with('/') {
		arguments.extend(["--pcrs", &pcrs]);
	}
	if !flags.contains(&"--no-nonce") {
		arguments.extend(["--nonce", NONCE]);
	}
	arguments.extend(flags);
	verify(&arguments)
}

#[test]
fn genuine_quotes_are_accepted_in_every_form() {
	let Some(folder) = field("quotes") else { return };
	let sha1 = &["--allow-sha1"][..];
	// Each case has a quote, files of its attestation key, files of its PCR values, and flags.
	let cases: &[(&str, &[&str], &[&str], &[&str])] = &[
		(
			"q_ecdsa",
			&[
				"ak_ecdsa.pub",
				"ak_ecdsa.pem",
				"ak_ecdsa.der",
				"ak_ecdsa.bom.pem",
				"ak_ecdsa.crlf.pem",
				"ak_ecdsa.text.pem",
			],
			&["q_ecdsa.json", "q_ecdsa.pcrs", "pcrread.yaml", "pcrread.bin", ""],
			&[],
		),
		(
			"q_rsassa",
			&["ak_rsassa.pub", "ak_rsassa.pem", "ak_rsassa.der", "ak_rsassa.pkcs1.pem"],
			&["q_rsassa.json", "q_rsassa.pcrs"],
			&[],
		),
		("q_rsa384", &["ak_rsa384.pub", "ak_rsa384.pem", "ak_rsa384.der"], &["q_rsa384.json"], &[]),
		("q_rsanull", &["ak_rsanull.pub", "ak_rsanull.pem"], &["pcrread.yaml"], &[]),
		("qtss_rsapss", &["ak_rsapss.pub", "ak_rsapss.pem"], &["qtss_rsapss.json"], &[]),
		("q_ecdsa384h", &["ak_ecdsa384h.pub", "ak_ecdsa384h.pem"], &["q_ecdsa384h.json"], &[]),
		("q_p384", &["ak_p384.pub", "ak_p384.pem"], &["pcrread.yaml"], &[]),
		("q_512", &["ak_ecdsa.pub"], &["q_512.json"], &[]),
		("q_all", &["ak_ecdsa.pub"], &["q_all.json", "pcrread-all.yaml"], &[]),
		("q_nononce", &["ak_ecdsa.pub"], &["q_nononce.json"], &["--no-nonce"]),
		("q_rsasha1", &["ak_rsasha1.pub", "ak_rsasha1.pem"], &["q_rsasha1.json"], sha1),
		("qp_ecdsa", &["ak_ecdsa.pub", "ak_ecdsa.pem"], &["qp_ecdsa.pcrs"], &[]),
		("qp_ecdsa384h", &["ak_ecdsa384h.pub", "ak_ecdsa384h.pem"], &["qp_ecdsa384h.pcrs"], &[]),
		("qp_rsassa", &["ak_rsassa.pub", "ak_rsassa.pem"], &["qp_rsassa.pcrs"], &[]),
		("qp_rsa384", &["ak_rsa384.pub", "ak_rsa384.pem"], &["qp_rsa384.pcrs"], &[]),
		("qp_rsanull", &["ak_rsanull.pub", "ak_rsanull.pem"], &["qp_rsanull.pcrs"], &[]),
		("qp_rsasha1", &["ak_rsasha1.pub"], &["qp_rsasha1.pcrs"], sha1),
	];
	for (name, keys, values, flags) in cases {
		for ak in *keys {
			for pcrs in *values {
				let (code, json) = quote(&folder, name, ak, pcrs, flags);
				assert_eq!(code, 0, "{name} {ak} {pcrs}: {json}");
				let checked = Value::from(!pcrs.is_empty());
				assert_eq!(json["claims"]["pcr_values_checked"], checked, "{name} {ak} {pcrs}");
			}
		}
	}
}

#[test]
fn weak_quotes_need_an_explicit_flag() {
	let Some(folder) = field("quotes") else { return };
	for (name, ak) in [("q_nononce", "ak_ecdsa.pub"), ("q_rsasha1", "ak_rsasha1.pub")] {
		let (code, json) = quote(&folder, name, ak, "", &[]);
		assert_eq!((code, json["verdict"].as_str()), (2, Some("rejected")), "{name}: {json}");
	}
	let (code, json) = quote(&folder, "q_twice", "ak_ecdsa.pub", "", &[]);
	assert_eq!(code, 2, "{json}");
	assert!(json["message"].as_str().is_some_and(|text| text.contains("twice")), "{json}");
}

#[test]
fn foreign_key_or_values_are_rejected() {
	let Some(folder) = field("quotes") else { return };
	let (code, json) = quote(&folder, "q_ecdsa", "ak_ecdsa384h.pub", "", &[]);
	assert_eq!(code, 2, "{json}");
	let (code, json) = quote(&folder, "qp_rsassa", "ak_rsanull.pem", "", &[]);
	assert_eq!(code, 2, "{json}");
	let (code, json) = quote(&folder, "q_ecdsa384h", "ak_ecdsa384h.pub", "q_ecdsa.pcrs", &[]);
	assert_eq!(code, 0, "the same PCRs: {json}");
	let (code, json) = quote(&folder, "q_512", "ak_ecdsa.pub", "q_ecdsa.pcrs", &[]);
	assert_eq!(code, 1, "PCRs of another bank are not quoted: {json}");
}

#[test]
fn contradictory_and_unquoted_pcr_values_are_errors() {
	let Some(folder) = field("pcrs-contradiction") else { return };
	for pcrs in ["same-key.json", "leading-zero.json", "plus.json", "not-quoted.json"] {
		let (code, json) = quote(&folder, "q_ecdsa", "ak_ecdsa.pub", pcrs, &[]);
		assert_eq!((code, json["error"].as_str()), (1, Some("usage")), "{pcrs}: {json}");
		assert!(json["claims"].is_null(), "{pcrs}: {json}");
	}
}

#[test]
fn empty_pcr_file_is_an_error() {
	let Some(folder) = field("quotes") else { return };
	let (code, json) = quote(&folder, "q_ecdsa", "ak_ecdsa.pub", "qp_rsapss.pcrs", &[]);
	assert_eq!(code, 1, "{json}");
}

#[test]
fn reports_of_known_versions_are_accepted() {
	let Some(folder) = field("snp-versions") else { return };
	let (roots, vek) = (path(&folder, "roots"), path(&folder, "vek.der"));
	for report in ["v3.bin", "v4.bin", "v5.bin"] {
		let file = path(&folder, report);
		let arguments = ["snp", "--report", &file, "--vek", &vek, "--roots", &roots];
		// The same point in time, in each accepted format.
		for now in ["2026-11-30", "2026-11-30T00:00:00Z", "1795996800"] {
			let (code, json) = verify(&[&arguments[..], &["--now", now]].concat());
			assert_eq!(code, 0, "{report} {now}: {json}");
		}
	}
}

#[test]
fn measurement_logs_of_other_templates_are_accepted() {
	let Some(folder) = field("ima-templates") else { return };
	for name in ["evm-sig", "custom-fmt", "truncated-after-quote", "unknown-template-after-quote"] {
		let pcr10 = std::fs::read_to_string(folder.join(format!("{name}.pcr10"))).expect("a value");
		let log = path(&folder, &format!("{name}.log"));
		let bank = if pcr10.trim().len() == 40 { "sha1" } else { "sha256" };
		let arguments = ["ima", "--log", &log, "--bank", bank, "--pcr10", pcr10.trim()];
		let (code, json) = verify(&arguments);
		assert_eq!(code, 0, "{name}: {json}");
	}
}
