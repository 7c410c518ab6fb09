//! Tests that the exit code does not depend on standard output.

use std::{
	fs::OpenOptions,
	process::{Command, Output, Stdio},
};

use crate::verify::{path, simulated, NOW};

/// Runs `hcc` with the given standard output. Returns the exit code and standard error.
fn run(arguments: &[&str], stdout: Stdio) -> (Option<i32>, String) {
	let mut command = Command::new(env!("CARGO_BIN_EXE_hcc"));
	command.args(arguments).stdin(Stdio::null()).stdout(stdout).stderr(Stdio::piped());
	let child = command.spawn().expect("hcc starts");
	let Output { status, stderr, .. } = child.wait_with_output().expect("hcc ends");
	(status.code(), String::from_utf8_lossy(&stderr).into_owned())
}

/// Returns a pipe without a reader.
fn closed() -> Stdio {
	let (reader, writer) = std::io::pipe().expect("a pipe");
	drop(reader);
	writer.into()
}

fn full() -> Stdio {
	OpenOptions::new().write(true).open("/dev/full").expect("a full device").into()
}

#[test]
fn closed_or_full_output_keeps_the_exit_code() {
	let folder = tempfile::tempdir().expect("a folder");
	simulated(folder.path());
	let file = |name| path(folder.path(), name);
	let (report, vek, roots) = (file("report.bin"), file("vek.der"), file("roots"));
	let accepted =
		["verify", "snp", "--report", &report, "--vek", &vek, "--roots", &roots, "--now", NOW];
	let expired = [&accepted[..9], &["1999-01-01"]].concat();
	let root = folder.path().to_str().expect("text");
	let cases: &[(&[&str], i32)] = &[
		(&accepted, 0),
		(&expired, 2),
		(&["policy", "ima-digests", "--all", root], 0),
		(&["policy", "ima-digests", "--all", "--json", root], 0),
		(&["verify", "snp", "--json"], 1),
		(&["--help"], 0),
		(&["verify", "snp", "--help"], 0),
		(&["--version"], 0),
	];
	for (arguments, wanted) in cases {
		for json in [false, true] {
			let mut arguments = arguments.to_vec();
			if json && arguments.starts_with(&["verify"]) && !arguments.contains(&"--json") {
				arguments.push("--json");
			}
			let (code, stderr) = run(&arguments, closed());
			assert_eq!(code, Some(*wanted), "{arguments:?} closed: {stderr}");
			assert!(!stderr.contains("standard output"), "{arguments:?}: {stderr}");
			let (code, stderr) = run(&arguments, full());
			assert_eq!(code, Some(*wanted), "{arguments:?} full: {stderr}");
			let reports = stderr.matches("cannot write to standard output").count();
			assert_eq!(reports, 1, "{arguments:?}: {stderr}");
		}
	}
}

#[test]
fn full_standard_error_keeps_the_exit_code() {
	for arguments in [&["verify", "snp"][..], &["verify", "evidence", "--bundle", "/nowhere"]] {
		let mut command = Command::new(env!("CARGO_BIN_EXE_hcc"));
		command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(full());
		let status = command.status().expect("hcc runs");
		assert_eq!(status.code(), Some(1), "{arguments:?}");
	}
}
