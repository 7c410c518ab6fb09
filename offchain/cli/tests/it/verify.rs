//! `hcc verify` on the evidence of real machines: exit codes and JSON.

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::Value;

fn vectors() -> PathBuf {
	std::env::var_os("HCC_VECTORS").map_or_else(
		|| {
			// The variable is read at run time. If several checkouts share a target directory,
			// cargo may run a binary that another checkout has built.
			let package = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo runs the tests");
			Path::new(&package).join("../../../shared/vectors")
		},
		PathBuf::from,
	)
}

/// Returns the folder of a test vector. If the folder is missing, prints that the test is skipped,
/// and returns `None`.
pub(crate) fn vector(name: &str) -> Option<PathBuf> {
	let folder = vectors().join(name);
	if !folder.is_dir() {
		println!("skipped: {name} is missing at {}", folder.display());
		return None;
	}
	Some(folder)
}

pub(crate) fn hcc() -> Command {
	Command::new(env!("CARGO_BIN_EXE_hcc"))
}

/// Runs `hcc verify … --json`. Returns the exit code and the JSON object.
pub(crate) fn verify(arguments: &[&str]) -> (i32, Value) {
	let output = hcc().arg("verify").args(arguments).arg("--json").output().expect("hcc runs");
	let text = String::from_utf8(output.stdout).expect("the output is text");
	let json = serde_json::from_str(&text).unwrap_or_else(|error| {
		panic!("{error}: {text:?}, {}", String::from_utf8_lossy(&output.stderr))
	});
	(output.status.code().expect("hcc exits"), json)
}

pub(crate) fn path(folder: &Path, file: &str) -> String {
	folder.join(file).to_str().expect("paths are text").to_owned()
}

pub(crate) const NOW: &str = "2026-06-01T00:00:00Z";

fn snp(name: &str, now: &str) -> Option<(i32, Value)> {
	let folder = vector(name)?;
	let (report, vek) = (path(&folder, "report.bin"), path(&folder, "vek.der"));
	Some(verify(&["snp", "--report", &report, "--vek", &vek, "--now", now]))
}

/// Writes a policy that accepts reports of `insecure-sim`. Replaces the text `from` in the policy
/// by `to`.
fn policy(folder: &Path, from: &str, to: &str) -> String {
	let text = r#"{
		"platform": { "guestRequired": 131072, "guestForbidden": 786432, "platformRequired": 32, "platformAllowed": 63 },
		"cpus": [{ "family": 25, "model": 17, "stepping": 1, "mitigations": 0,
			"floor": { "bootLoader": 0, "tee": 0, "snp": 23, "microcode": 84 } }],
		"generations": { "Genoa": "full" },
		"measurements": [["MEASUREMENT", "hostAgent"]]
	}"#;
	let text = text.replace("MEASUREMENT", &"6d".repeat(48));
	assert!(text.contains(from), "{from}");
	std::fs::write(folder.join("policy.json"), text.replacen(from, to, 1)).expect("writable");
	path(folder, "policy.json")
}

/// Writes a simulated report, the chip's certificate, and the roots of the test hierarchy.
pub(crate) fn simulated(folder: &Path) {
	let chip = insecure_sim::Chip::named("alice");
	let vek = insecure_sim::issue_vcek(&chip).expect("the hierarchy issues certificates");
	std::fs::write(folder.join("vek.der"), vek).expect("writable");
	let report = insecure_sim::ReportFields::new([0; 64], [0x6d; 48]).sign(&chip).expect("signs");
	std::fs::write(folder.join("report.bin"), report).expect("writable");
	let roots = insecure_sim::roots();
	std::fs::create_dir_all(folder.join("roots/genoa")).expect("writable");
	std::fs::write(folder.join("roots/genoa/ark.der"), &roots.ark).expect("writable");
	std::fs::write(folder.join("roots/genoa/ask.der"), &roots.ask).expect("writable");
}

#[test]
fn revoked_certificate_and_invalid_list_are_rejected() {
	let folder = tempfile::tempdir().expect("a folder");
	let folder = folder.path();
	simulated(folder);
	// The list is made at 2026-06-01, shortly before the verification times below.
	let made = 1_780_272_000;
	let judge = |list: Vec<u8>, now: &str| {
		std::fs::write(folder.join("crl.der"), list).expect("writable");
		let (report, vek) = (path(folder, "report.bin"), path(folder, "vek.der"));
		let (roots, crl) = (path(folder, "roots"), path(folder, "crl.der"));
		let options = ["--roots", &roots, "--now", now, "--crl", &crl];
		let arguments = ["snp", "--report", &report, "--vek", &vek];
		let (exit, json) = verify(&[&arguments[..], &options].concat());
		(exit, json["code"].clone())
	};
	let list = |revoked: &[u64]| {
		insecure_sim::issue_crl(made, revoked).expect("the hierarchy issues lists")
	};
	let soon = "2026-06-02T00:00:00Z";
	assert_eq!(judge(list(&[1]), soon), (0, Value::Null));
	assert_eq!(judge(list(&[1, 0]), soon), (2, Value::from(1401)));
	assert_eq!(judge(list(&[]), "2026-06-09T00:00:01Z"), (2, Value::from(403)), "expired");
	assert_eq!(judge(list(&[]), "2026-05-31T00:00:00Z"), (2, Value::from(403)), "not yet valid");
	let mut altered = list(&[]);
	*altered.last_mut().expect("a signature") ^= 1;
	assert_eq!(judge(altered, soon).0, 2);
	let mut truncated = list(&[]);
	truncated.pop();
	assert_eq!(judge(truncated, soon), (1, Value::Null), "not a list");
}

#[test]
fn policy_checks_platform_floors_and_measurement() {
	let folder = tempfile::tempdir().expect("a folder");
	let folder = folder.path();
	simulated(folder);
	let judge = |policy: &str| {
		let (report, vek) = (path(folder, "report.bin"), path(folder, "vek.der"));
		let roots = path(folder, "roots");
		let options = ["--roots", &roots, "--now", NOW, "--policy", policy];
		let arguments = ["snp", "--report", &report, "--vek", &vek];
		let (exit, json) = verify(&[&arguments[..], &options].concat());
		(exit, json["class"].clone())
	};
	assert_eq!(judge(&policy(folder, "hostAgent", "hostAgent")), (0, Value::Null));
	for (from, to, class) in [
		("\"snp\": 23", "\"snp\": 255", "Tcb"),
		("\"stepping\": 1", "\"stepping\": 0", "Tcb"),
		("\"platformRequired\": 32", "\"platformRequired\": 64", "SnpPolicy"),
		("\"guestForbidden\": 786432", "\"guestForbidden\": 917504", "SnpPolicy"),
		("6d6d", "6d6e", "Measurement"),
		("full", "suspended", "Revoked"),
		("Genoa", "Milan", "Revoked"),
	] {
		assert_eq!(judge(&policy(folder, from, to)), (2, Value::from(class)), "{from} → {to}");
	}
	let broken = policy(folder, "\"cpus\"", "\"cpu\"");
	let output = hcc()
		.args(["verify", "snp", "--report", &path(folder, "report.bin")])
		.args(["--vek", &path(folder, "vek.der"), "--policy", &broken, "--json"])
		.output()
		.expect("hcc runs");
	assert_eq!(output.status.code(), Some(1), "a file that is not a policy is wrong usage");
}

#[test]
fn authentic_reports_are_accepted() {
	let names = [
		"snp/genoa-ms-tav",
		"snp/milan-ms-tav",
		"snp/milan-v2-trustee-vcek",
		"snp/milan-v2-virtee-sev",
		"snp/oak-milan-oc-release",
		"snp/turin-ms-tav",
		"azure-snp-vtpm/trustee-evidence-genoa",
		"azure-snp-vtpm/trustee-evidence-v1",
		"azure-snp-vtpm/trustee-hcl-report",
	];
	for name in names {
		let Some((code, json)) = snp(name, NOW) else { continue };
		assert_eq!((code, json["verdict"].as_str()), (0, Some("accepted")), "{name}: {json}");
		assert!(json["claims"]["measurement"].is_string(), "{name}");
		assert!(json["code"].is_null(), "{name}");
	}
}

#[test]
fn invalid_reports_are_rejected_with_class() {
	let cases = [
		("snp/milan-v2-go-sev-guest", NOW, 501, "SnpPolicy"),
		("snp/milan-v2-trustee-BAD-vcek-invalid-legacy", NOW, 402, "SnpChain"),
		("snp/trustee-vlek", NOW, 403, "SnpChain"),
		("snp/milan-ms-tav", "2024-06-01T00:00:00+02:00", 403, "SnpChain"),
	];
	for (name, now, number, class) in cases {
		let Some((code, json)) = snp(name, now) else { continue };
		assert_eq!((code, json["verdict"].as_str()), (2, Some("rejected")), "{name}: {json}");
		assert_eq!(json["code"], number, "{name}: {json}");
		assert_eq!(json["class"], class, "{name}: {json}");
		for key in ["field", "seen", "wanted", "message"] {
			assert!(json[key].is_string(), "{name}: {key} in {json}");
		}
	}
}

#[test]
fn vlek_report_is_accepted_within_validity() {
	let Some((code, json)) = snp("snp/trustee-vlek", "2025-06-01T00:00:00Z") else { return };
	assert_eq!(code, 0, "{json}");
	assert_eq!(json["claims"]["signing_key"], "VLEK");
	assert_eq!(json["claims"]["vmpl"], 1);
}

#[test]
fn report_data_is_compared_if_given() {
	let Some(folder) = vector("snp/milan-ms-tav") else { return };
	let (report, vek) = (path(&folder, "report.bin"), path(&folder, "vek.der"));
	let base = ["snp", "--report", &report, "--vek", &vek, "--now", NOW, "--report-data"];
	let (zeroes, ones) = ("00".repeat(64), "11".repeat(64));
	let (code, _) = verify(&[&base[..], &[&zeroes]].concat());
	assert_eq!(code, 0);
	let (code, json) = verify(&[&base[..], &[&ones]].concat());
	assert_eq!((code, json["code"].as_u64()), (2, Some(201)), "{json}");
}

#[test]
fn named_roots_replace_amd_roots() {
	let (Some(folder), Some(roots)) =
		(vector("snp/milan-ms-tav"), vector("amd-roots/attestation-rs"))
	else {
		return;
	};
	let (report, vek) = (path(&folder, "report.bin"), path(&folder, "vek.der"));
	let base = ["snp", "--report", &report, "--vek", &vek, "--now", NOW, "--roots"];
	let (code, json) = verify(&[&base[..], &[roots.to_str().expect("text")]].concat());
	assert_eq!(code, 0, "{json}");

	let genoa_only = tempfile::tempdir().expect("a folder");
	std::fs::create_dir(genoa_only.path().join("genoa")).expect("a folder");
	for file in ["ark.der", "ask.der"] {
		std::fs::copy(roots.join("genoa").join(file), genoa_only.path().join("genoa").join(file))
			.expect("a copy");
	}
	let (code, json) = verify(&[&base[..], &[genoa_only.path().to_str().expect("text")]].concat());
	assert_eq!((code, json["code"].as_u64()), (2, Some(401)), "{json}");
}

fn quote(folder: &Path, files: [&str; 3], nonce: &str, pcrs: Option<&str>) -> (i32, Value) {
	let [attest, signature, ak] = files.map(|file| path(folder, file));
	let mut arguments = vec![
		"quote",
		"--attest",
		&attest,
		"--signature",
		&signature,
		"--ak",
		&ak,
		"--nonce",
		nonce,
	];
	let pcrs = pcrs.map(|file| path(folder, file));
	if let Some(pcrs) = &pcrs {
		arguments.extend(["--pcrs", pcrs]);
	}
	verify(&arguments)
}

#[test]
fn authentic_quotes_are_accepted() {
	let qemu: String = (0u8..32).map(|byte| format!("{byte:02x}")).collect();
	let laptop = "57cd4f0b9fbe528a1d23f04d45f1bb0a9fc25a01296ea098ca083b705c8eaa85";
	let keylime = "db1db298db6d60e6385b7231743e9c3056a18003";
	let challenge = "6368616c6c656e6765";
	let cases: &[(&str, [&str; 3], &str, Option<&str>)] = &[
		(
			"tpm-quote/kinvolk-azure-quote",
			["quote.msg", "quote.rawsig", "akpub.pem"],
			challenge,
			Some("pcrs-sha256.json"),
		),
		(
			"tpm-quote/gce-cos-85-nonce9009",
			["quote-sha256.msg", "quote-sha256.sig", "ak.tpmt_public"],
			"9009",
			Some("pcrs-sha256.json"),
		),
		("tpm-quote/keylime-emulator-2020", ["quote.out", "quotesig.out", "ak.pub"], keylime, None),
		(
			"tpm-ima-e2e/laptop-good-1",
			["quote.msg", "quote.sig", "ak-recovered.pem"],
			laptop,
			Some("pcrs.json"),
		),
		(
			"azure-snp-vtpm/trustee-evidence-v1",
			["quote.msg", "quote.sig", "ak-pub.pem"],
			challenge,
			Some("pcrs-sha256.json"),
		),
		("ima-qemu/cloud61-tis", ["quote_sha256.msg", "quote_sha256.sig", "ak.pub"], &qemu, None),
		("ima-qemu/cloud612-tis", ["quote_sha256.msg", "quote_sha256.sig", "ak.pem"], &qemu, None),
	];
	for (name, files, nonce, pcrs) in cases {
		let Some(folder) = vector(name) else { continue };
		let (code, json) = quote(&folder, *files, nonce, *pcrs);
		assert_eq!((code, json["verdict"].as_str()), (0, Some("accepted")), "{name}: {json}");
		assert_eq!(json["claims"]["pcr_values_checked"], pcrs.is_some(), "{name}");
	}
}

#[test]
fn invalid_quotes_are_rejected() {
	let Some(folder) = vector("tpm-quote/kinvolk-azure-quote") else { return };
	let files = ["quote.msg", "quote.rawsig", "akpub.pem"];
	let (code, json) = quote(&folder, files, "00", None);
	assert_eq!((code, json["class"].as_str()), (2, Some("Binding")), "{json}");

	let Some(foreign) = vector("azure-snp-vtpm/trustee-hcl-report") else { return };
	let files = ["quote.msg", "quote.sig", "ak-pub.pem"];
	let (code, json) = quote(&foreign, files, "6368616c6c656e6765", None);
	assert_eq!((code, json["class"].as_str()), (2, Some("TpmSignature")), "{json}");
}

fn ima(folder: &Path, bank: &str, pcr10: &str, allow: Option<&Path>) -> (i32, Value) {
	let log = path(folder, "binary_runtime_measurements");
	let mut arguments = vec!["ima", "--log", &log, "--bank", bank, "--pcr10", pcr10];
	let allow = allow.map(|file| file.to_str().expect("paths are text").to_owned());
	if let Some(allow) = &allow {
		arguments.extend(["--allow", allow]);
	}
	verify(&arguments)
}

#[test]
fn matching_logs_are_accepted_in_every_bank() {
	if let Some(folder) = vector("tpm-ima-e2e/hpe-dl160-quote-ima") {
		let text = std::fs::read(folder.join("pcrs.json")).expect("pcrs.json");
		let pcrs: Value = serde_json::from_slice(&text).expect("JSON");
		for bank in ["sha1", "sha256"] {
			let pcr10 = pcrs[bank]["10"].as_str().expect("pcr 10");
			let (code, json) = ima(&folder, bank, pcr10, None);
			assert_eq!(code, 0, "{bank}: {json}");
			assert_eq!(json["claims"]["violations"], 24);
			assert_eq!(json["claims"]["entries"], 16_169);
		}
	}
	for name in ["cloud61-tis", "cloud61-crb", "cloud612-tis", "cloud61-ovmf", "cloud61-violation"]
	{
		let Some(folder) = vector(&format!("ima-qemu/{name}")) else { continue };
		let pcrs = std::fs::read(folder.join("quote_sha256.pcrs")).expect("the values");
		let (code, json) = ima(&folder, "sha256", &hex::encode(&pcrs[320..352]), None);
		assert_eq!(code, 0, "{name}: {json}");
	}
}

#[test]
fn tampered_log_is_rejected_at_its_entry() {
	let Some(folder) = vector("ima/ibmacs-imasig-TAMPERED") else { return };
	let (code, json) = ima(&folder, "sha1", "8952434f4dd49fdba2f67f76917fcd1ffd3968e7", None);
	assert_eq!((code, json["class"].as_str()), (2, Some("ImaReplay")), "{json}");
	assert_eq!(json["entry"], 1079);
}

#[test]
fn file_list_is_applied() {
	let Some(folder) = vector("ima-qemu/cloud61-tis") else { return };
	let pcrs = std::fs::read(folder.join("quote_sha256.pcrs")).expect("the values");
	let pcr10 = hex::encode(&pcrs[320..352]);
	let text = std::fs::read_to_string(folder.join("ascii_runtime_measurements")).expect("text");
	// Lines in the format of sha256sum.
	let list: String = text
		.lines()
		.filter_map(|line| {
			let mut words = line.split(' ').skip(3);
			let digest = words.next()?.strip_prefix("sha256:")?;
			Some(format!("{digest}  {}\n", words.next()?))
		})
		.collect();
	let file = tempfile::NamedTempFile::new().expect("a file");
	std::fs::write(file.path(), &list).expect("written");
	let (code, json) = ima(&folder, "sha256", &pcr10, Some(file.path()));
	assert_eq!(code, 0, "{json}");

	let shorter: String = list.lines().take(5).map(|line| format!("{line}\n")).collect();
	std::fs::write(file.path(), shorter).expect("written");
	let (code, json) = ima(&folder, "sha256", &pcr10, Some(file.path()));
	assert_eq!((code, json["class"].as_str()), (2, Some("ImaUnknown")), "{json}");

	std::fs::write(file.path(), format!("{list}!{}", list.lines().nth(3).expect("a line")))
		.expect("written");
	let (code, json) = ima(&folder, "sha256", &pcr10, Some(file.path()));
	assert_eq!((code, json["class"].as_str()), (2, Some("ImaForbidden")), "{json}");
}

#[test]
fn wrong_usage_exits_with_one_and_message() {
	let cases: &[&[&str]] = &[
		&["verify", "snp"],
		&["verify", "snp", "--report", "/nowhere", "--vek", "/nowhere"],
		&["verify", "ima", "--log", "/nowhere", "--bank", "md5", "--pcr10", "00"],
		&["verify", "quote", "--nonce", "zz"],
		&["no-such-command"],
	];
	for arguments in cases {
		let output = hcc().args(*arguments).output().expect("hcc runs");
		assert_eq!(output.status.code(), Some(1), "{arguments:?}");
		assert!(!output.stderr.is_empty(), "{arguments:?}");
	}
}

#[test]
fn help_exits_with_zero() {
	for arguments in [&["--help"][..], &["verify", "snp", "--help"], &["--version"]] {
		let output = hcc().args(arguments).output().expect("hcc runs");
		assert_eq!(output.status.code(), Some(0), "{arguments:?}");
	}
}

#[test]
fn table_starts_with_verdict() {
	let Some(folder) = vector("snp/milan-v2-go-sev-guest") else { return };
	let (report, vek) = (path(&folder, "report.bin"), path(&folder, "vek.der"));
	let output = hcc()
		.args(["verify", "snp", "--report", &report, "--vek", &vek, "--now", NOW])
		.output()
		.expect("hcc runs");
	let text = String::from_utf8(output.stdout).expect("text");
	assert!(text.starts_with("rejected: guest can be debugged (501)"), "{text}");
}
