//! Inputs that are endless or of a wrong format, and lists of digests.

use std::{
	ffi::OsStr,
	fs,
	os::unix::ffi::OsStrExt,
	path::Path,
	process::{Command, Output},
};

use serde_json::Value;

use crate::verify::{hcc, path, simulated, verify, NOW};

/// Returns the arguments that verify the simulated report in a folder.
fn report_arguments(folder: &Path) -> Vec<String> {
	let options = [("--report", "report.bin"), ("--vek", "vek.der"), ("--roots", "roots")];
	let mut arguments = vec!["snp".to_owned()];
	for (option, file) in options {
		arguments.extend([option.to_owned(), path(folder, file)]);
	}
	arguments.extend(["--now".to_owned(), NOW.to_owned()]);
	arguments
}

/// Replaces the value of an option. If the arguments lack the option, appends it.
fn with(mut arguments: Vec<String>, option: &str, value: &str) -> Vec<String> {
	match arguments.iter().position(|argument| argument == option) {
		Some(at) => arguments[at + 1] = value.to_owned(),
		None => arguments.extend([option.to_owned(), value.to_owned()]),
	}
	arguments
}

fn run(arguments: &[String]) -> (i32, Value) {
	verify(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn endless_inputs_are_errors_with_name_and_limit() {
	let folder = tempfile::tempdir().expect("a folder");
	let folder = folder.path();
	simulated(folder);
	let zero = "/dev/zero";
	let mut cases = Vec::new();
	for option in ["--report", "--vek", "--policy", "--crl"] {
		cases.push(with(report_arguments(folder), option, zero));
	}
	let ima = ["ima", "--bank", "sha1", "--pcr10", "0000000000000000000000000000000000000000"];
	let ima: Vec<_> = ima.map(str::to_owned).into();
	cases.push(with(ima, "--log", zero));
	cases.push(["evidence", "--bundle", zero].map(str::to_owned).into());
	let report = path(folder, "report.bin");
	let quote: Vec<_> = ["quote", "--nonce", "00"].map(str::to_owned).into();
	for endless in ["--attest", "--signature", "--ak"] {
		let mut case = quote.clone();
		for option in ["--attest", "--signature", "--ak"] {
			case = with(case, option, if option == endless { zero } else { &report });
		}
		cases.push(case);
	}
	for case in cases {
		let (code, json) = run(&case);
		let message = json["message"].as_str().unwrap_or_default();
		assert_eq!((code, json["exit"].as_u64()), (1, Some(1)), "{case:?}: {json}");
		assert!(message.contains("/dev/zero is larger than"), "{case:?}: {message}");
	}
	let output = hcc().args(["policy", "boot-parts", "--log", zero]).output().expect("hcc runs");
	assert_eq!(output.status.code(), Some(1));
	let text = String::from_utf8_lossy(&output.stderr);
	assert!(text.contains("/dev/zero is larger than"), "{text}");
}

#[test]
fn report_of_a_wrong_format_is_an_error_with_its_conversion() {
	let folder = tempfile::tempdir().expect("a folder");
	let folder = folder.path();
	simulated(folder);
	let report = fs::read(folder.join("report.bin")).expect("a report");
	let header = |first: &[u8]| [first, &vec![0; 32 - first.len()], &report].concat();
	let ioctl = [&header(&[0, 0, 0, 0, 0xa0, 4, 0, 0])[..], &[0; 2784]].concat();
	assert_eq!(ioctl.len(), 4000);
	let pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
	for (bytes, wanted) in [
		(hex::encode(&report).into_bytes(), "xxd -r -p"),
		(base64(&report), "base64 -d"),
		(header(b"HCLA"), "tail -c +33"),
		(ioctl, "head -c 1184"),
		(pem.into(), "PEM of CERTIFICATE"),
		(b"{}".to_vec(), "JSON"),
		(report[..1183].to_vec(), "1183 bytes"),
		(Vec::new(), "0 bytes"),
	] {
		fs::write(folder.join("other"), bytes).expect("written");
		let (code, json) = run(&with(report_arguments(folder), "--report", &path(folder, "other")));
		assert_eq!((code, json["error"].as_str()), (1, Some("usage")), "{wanted}: {json}");
		let message = json["message"].as_str().unwrap_or_default();
		assert!(message.contains(wanted), "{wanted}: {message}");
	}
}

fn base64(bytes: &[u8]) -> Vec<u8> {
	let folder = tempfile::tempdir().expect("a folder");
	fs::write(folder.path().join("file"), bytes).expect("written");
	let output = Command::new("base64").arg(folder.path().join("file")).output();
	output.expect("base64 runs").stdout
}

#[test]
fn unreadable_verifier_inputs_are_no_verdict() {
	let folder = tempfile::tempdir().expect("a folder");
	let folder = folder.path();
	simulated(folder);
	let vek = fs::read(folder.join("vek.der")).expect("a certificate");
	let report = fs::read(folder.join("report.bin")).expect("a report");
	let truncated = vek[..vek.len() - 1].to_vec();
	let hexadecimal = hex::encode(&vek).into_bytes();
	for option in ["--vek", "--crl"] {
		let garbage = [b"garbage".to_vec(), truncated.clone(), hexadecimal.clone(), report.clone()];
		for bytes in garbage {
			fs::write(folder.join("other"), bytes).expect("written");
			let other = path(folder, "other");
			let (code, json) = run(&with(report_arguments(folder), option, &other));
			assert_eq!((code, json["error"].as_str()), (1, Some("usage")), "{option}: {json}");
		}
	}
	fs::write(folder.join("roots/genoa/ask.der"), &truncated).expect("written");
	let (code, json) = run(&report_arguments(folder));
	assert_eq!((code, json["error"].as_str()), (1, Some("usage")), "{json}");
}

#[test]
fn certificates_are_found_among_others_in_any_order() {
	let folder = tempfile::tempdir().expect("a folder");
	let folder = folder.path();
	simulated(folder);
	let pem = |file: &str| {
		let der = fs::read(folder.join(file)).expect("a certificate");
		let base64 = String::from_utf8(base64(&der)).expect("text");
		format!("subject: some text\r\n-----BEGIN CERTIFICATE-----\n{base64}-----END CERTIFICATE-----\n")
	};
	let (vek, ask, ark) = (pem("vek.der"), pem("roots/genoa/ask.der"), pem("roots/genoa/ark.der"));
	fs::create_dir_all(folder.join("pem/genoa")).expect("a folder");
	for order in [[&vek, &ask, &ark], [&ark, &vek, &ask], [&ask, &ark, &vek]] {
		let all = format!("\u{feff}{}", order.map(String::as_str).concat());
		fs::write(folder.join("chain.pem"), all).expect("written");
		let authorities: String = order.into_iter().filter(|one| *one != &vek).cloned().collect();
		fs::write(folder.join("pem/genoa/ark.pem"), &authorities).expect("written");
		fs::write(folder.join("pem/genoa/ask.pem"), &authorities).expect("written");
		let arguments = with(report_arguments(folder), "--vek", &path(folder, "chain.pem"));
		let (code, json) = run(&with(arguments, "--roots", &path(folder, "pem")));
		assert_eq!(code, 0, "{json}");
	}
}

#[test]
fn revocation_list_in_pem_is_read() {
	let folder = tempfile::tempdir().expect("a folder");
	let folder = folder.path();
	simulated(folder);
	let cases: [(&[u64], i32); 2] = [(&[1], 0), (&[1, 0], 2)];
	for (revoked, wanted) in cases {
		// 2026-05-31: the list is valid at the time of verification.
		let list = insecure_sim::issue_crl(1_780_185_600, revoked).expect("a list");
		let base64 = String::from_utf8(base64(&list)).expect("text");
		let pem = format!("text\n-----BEGIN X509 CRL-----\n{base64}-----END X509 CRL-----\ntext\n");
		fs::write(folder.join("crl.pem"), pem).expect("written");
		let crl = path(folder, "crl.pem");
		let (code, json) = run(&with(report_arguments(folder), "--crl", &crl));
		assert_eq!(code, wanted, "{json}");
	}
}

#[test]
fn ascii_log_is_an_error_that_names_the_binary_one() {
	let folder = tempfile::tempdir().expect("a folder");
	let line = "10 478c5281f8dca8148a8cbfa347b898cc4f6c87d3 ima-ng sha256:00 boot_aggregate\n";
	fs::write(folder.path().join("log"), line.repeat(100)).expect("written");
	let log = path(folder.path(), "log");
	let zeroes = "00".repeat(32);
	let (code, json) = verify(&["ima", "--log", &log, "--bank", "sha256", "--pcr10", &zeroes]);
	assert_eq!((code, json["error"].as_str()), (1, Some("usage")), "{json}");
	let message = json["message"].as_str().unwrap_or_default();
	assert!(message.contains("binary_runtime_measurements"), "{message}");
}

#[test]
fn errors_are_objects_under_json() {
	let cases: &[&[&str]] = &[
		&["verify", "snp", "--json"],
		&["verify", "snp", "--report", "/nowhere", "--vek", "/nowhere", "--json"],
		&["verify", "quote", "--nonce", "", "--json"],
		&["verify", "snp", "--now", "30.11.2026", "--json"],
		&["no-such-command", "--json"],
		&["vm", "show", "many", "--json"],
		&["policy", "ima-digests", "/nowhere", "--json"],
	];
	for arguments in cases {
		let output = hcc().args(*arguments).output().expect("hcc runs");
		assert_eq!(output.status.code(), Some(1), "{arguments:?}");
		let json: Value = serde_json::from_slice(&output.stdout).expect("an object");
		assert_eq!((json["error"].as_str(), json["exit"].as_u64()), (Some("usage"), Some(1)));
		assert!(json["message"].as_str().is_some_and(|text| !text.is_empty()), "{json}");
	}
	// No node listens on port 1.
	let node = ["price", "--node", "ws://127.0.0.1:1", "--json"];
	let output = hcc().args(node).output().expect("hcc runs");
	let json: Value = serde_json::from_slice(&output.stdout).expect("an object");
	assert_eq!((output.status.code(), json["error"].as_str()), (Some(4), Some("unreachable")));
}

/// File names that checksum programs or terminals treat specially.
const NAMES: [&[u8]; 11] = [
	b"plain",
	b"system-systemd\\x2dcryptsetup.slice",
	b"line\nbreak",
	b"carriage\rreturn",
	b"quotes'\"`",
	b"control\x1b\x07",
	b"zero\xe2\x80\x8bwidth",
	b"latin\xe4",
	b" leading and trailing ",
	b"#hash",
	b"(bracket) = ",
];

/// Creates a folder with one file for each name. The content of each file is its name.
fn named_files() -> tempfile::TempDir {
	let folder = tempfile::tempdir().expect("a folder");
	for name in NAMES {
		fs::write(folder.path().join(OsStr::from_bytes(name)), name).expect("written");
	}
	folder
}

fn sha256sum(folder: &Path, options: &[&str]) -> Output {
	let names = NAMES.map(OsStr::from_bytes);
	let mut command = Command::new("sha256sum");
	command.current_dir(folder).args(options).arg("--").args(names);
	command.output().expect("sha256sum runs")
}

#[test]
fn ima_digests_are_read_by_sha256sum_for_every_name() {
	let folder = named_files();
	let root = folder.path();
	let output = hcc().args(["policy", "ima-digests", "--all"]).arg(root).output().expect("runs");
	assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
	let mut ours: Vec<_> = output.stdout.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
	ours.retain(|line| !line.is_empty());
	let output = sha256sum(root, &[]).stdout;
	let theirs = output.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
	// `hcc` prints absolute paths within the machine, but sha256sum prints relative ones.
	let mut theirs: Vec<_> = theirs
		.map(|line| {
			let name = line.windows(2).position(|pair| pair == b"  ").expect("two columns") + 2;
			[&line[..name], b"/", &line[name..]].concat()
		})
		.collect();
	ours.sort();
	theirs.sort();
	assert_eq!(ours, theirs);
}

#[test]
fn firmware_folder_above_root_does_not_count() {
	let folder = tempfile::tempdir().expect("a folder");
	let root = folder.path().join("firmware/root");
	fs::create_dir_all(root.join("lib/firmware")).expect("a folder");
	fs::write(root.join("lib/firmware/blob.bin"), b"blob").expect("written");
	fs::write(root.join("hostname"), b"host").expect("written");
	let output = hcc().args(["policy", "ima-digests"]).arg(&root).output().expect("hcc runs");
	let text = String::from_utf8(output.stdout).expect("text");
	assert!(text.trim_end().ends_with("/lib/firmware/blob.bin"), "{text}");
	assert_eq!(text.lines().count(), 1, "{text}");
}

#[test]
fn output_of_sha256sum_is_an_allowed_list() {
	let Some(log) = crate::verify::vector("ima-qemu/cloud61-tis") else { return };
	let pcrs = fs::read(log.join("quote_sha256.pcrs")).expect("the values");
	let pcr10 = hex::encode(&pcrs[320..352]);
	let log = path(&log, "binary_runtime_measurements");
	let folder = named_files();
	let list = folder.path().join("list");
	let judge = |bytes: &[u8]| {
		fs::write(&list, bytes).expect("written");
		let list = list.to_str().expect("text");
		let base = ["ima", "--log", &log, "--bank", "sha256", "--pcr10", &pcr10];
		verify(&[&base[..], &["--allow", list]].concat())
	};
	let all: [&[&str]; 5] = [&[], &["--tag"], &["--zero"], &["--tag", "--zero"], &["--binary"]];
	for options in all {
		let output = sha256sum(folder.path(), options).stdout;
		let (code, json) = judge(&output);
		// `ImaUnknown` proves that the list was read: it does not contain the machine's files.
		assert_eq!((code, json["class"].as_str()), (2, Some("ImaUnknown")), "{options:?}: {json}");
		let separator = if options.contains(&"--zero") { 0 } else { b'\n' };
		let broken = [&output[..], b"not a line", &[separator]].concat();
		let (code, json) = judge(&broken);
		let message = json["message"].as_str().unwrap_or_default();
		assert_eq!(code, 1, "{options:?}: {json}");
		let number = format!("line {} cannot be read", NAMES.len() + 1);
		assert!(message.contains(&number), "{options:?}: {message}");
	}
}
