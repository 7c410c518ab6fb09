//! `hcc image` on a tiny image that the test writes. The build is tested by `make image-check`.

use std::{fs, path::Path, process::Output};

use assert_cmd::Command;
use serde_json::Value;

#[path = "../../../image/tests/it/synthetic.rs"]
mod synthetic;

/// Computed independently, see the tests of `hcc-image`.
const ID: &str = "ed4f5ae2a08606a6bb791a1ffd591b2080f8a6cad8588b619535e52243f88346";
const ROW_OF_2: &str = "eebc625a21dc7f48ebd31f73f75a1322f5a3951c4fa9d5e26b63adb49d3aad0e67d77806290d1a38f08a44ec26c1331c";

fn image() -> tempfile::TempDir {
	let folder = tempfile::tempdir().expect("a folder");
	synthetic::write(folder.path());
	folder
}

fn hcc(command: &str, folder: &Path, arguments: &[&str]) -> Output {
	let mut hcc = Command::new(env!("CARGO_BIN_EXE_hcc"));
	hcc.args(["image", command]).arg(folder).args(arguments).output().expect("hcc runs")
}

fn text(bytes: &[u8]) -> &str {
	std::str::from_utf8(bytes).expect("text")
}

fn json(output: &Output) -> Value {
	serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn measure_prints_id_and_rows() {
	let folder = image();
	let output = hcc("measure", folder.path(), &["--json"]);
	assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
	let report = json(&output);
	assert_eq!(report["id"], format!("0x{ID}"));
	assert_eq!(report["name"], "minimal");
	assert_eq!(report["insecure"], false);
	let rows = report["rows"].as_array().expect("rows");
	assert_eq!(rows.len(), 3);
	assert_eq!(rows[1]["vcpus"], 2);
	assert_eq!(rows[1]["measurement"], ROW_OF_2);
	let output = hcc("measure", folder.path(), &[]);
	let table = text(&output.stdout);
	assert!(table.contains(ID) && table.contains(ROW_OF_2), "{table}");
}

#[test]
fn measure_prints_one_row() {
	let folder = image();
	let output = hcc("measure", folder.path(), &["--vcpus", "2"]);
	assert_eq!(text(&output.stdout), format!("{ROW_OF_2}\n"));
}

#[test]
fn measure_refuses_a_missing_row() {
	let folder = image();
	let output = hcc("measure", folder.path(), &["--vcpus", "3"]);
	assert_eq!(output.status.code(), Some(1));
	let error = text(&output.stderr);
	assert!(error.contains("no row for 3 vCPUs, only for 1, 2, 4"), "{error}");
}

#[test]
fn insecure_image_is_named_so() {
	let folder = image();
	synthetic::edit_manifest(folder.path(), |manifest| manifest["insecure"] = true.into());
	let output = hcc("measure", folder.path(), &[]);
	assert!(text(&output.stdout).contains("INSECURE"));
}

#[test]
fn verify_accepts_the_wanted_id_only() {
	let folder = image();
	for id in [ID.to_owned(), format!("0x{ID}")] {
		let output = hcc("verify", folder.path(), &["--image-id", &id, "--json"]);
		assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
		assert_eq!(json(&output)["verdict"], "verified");
	}
	let output = hcc("verify", folder.path(), &["--image-id", &"0".repeat(64), "--json"]);
	assert_eq!(output.status.code(), Some(2));
	let report = json(&output);
	assert_eq!(report["verdict"], "refused");
	assert!(report["message"].as_str().expect("text").contains(ID), "{report}");
}

#[test]
fn verify_names_the_changed_file() {
	for name in synthetic::FILES {
		let folder = image();
		let path = folder.path().join(name);
		let mut bytes = fs::read(&path).expect("read");
		bytes[0] ^= 1;
		fs::write(&path, bytes).expect("written");
		let output = hcc("verify", folder.path(), &["--json"]);
		assert_eq!(output.status.code(), Some(2), "{name}");
		assert_eq!(json(&output)["file"], name);
		let output = hcc("verify", folder.path(), &[]);
		assert!(text(&output.stdout).starts_with(&format!("refused: {name} has the digest")));
	}
}

#[test]
fn unreadable_image_is_an_error_with_a_remedy() {
	let folder = tempfile::tempdir().expect("a folder");
	for command in ["measure", "verify"] {
		let output = hcc(command, folder.path(), &[]);
		assert_eq!(output.status.code(), Some(1));
		let error = text(&output.stderr);
		assert!(error.contains("image.json") && error.contains("name the folder"), "{error}");
	}
}

#[test]
fn wrong_id_syntax_is_wrong_usage() {
	let folder = image();
	let output = hcc("verify", folder.path(), &["--image-id", "12"]);
	assert_eq!(output.status.code(), Some(1));
	assert!(text(&output.stderr).contains("64 hexadecimal digits"));
}

/// A folder of scripts whose `build.sh` does what the test says.
fn scripts(content: &str) -> tempfile::TempDir {
	use std::os::unix::fs::PermissionsExt;
	let folder = tempfile::tempdir().expect("a folder");
	let script = folder.path().join("build.sh");
	fs::write(&script, format!("#!/bin/sh\n{content}\n")).expect("written");
	fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("set");
	folder
}

fn build(scripts: &Path, out: &Path) -> Output {
	let mut hcc = Command::new(env!("CARGO_BIN_EXE_hcc"));
	hcc.args(["image", "build", "minimal", "--json", "--out"])
		.arg(out)
		.arg("--images")
		.arg(scripts);
	hcc.output().expect("hcc runs")
}

#[test]
fn build_verifies_what_the_script_makes() {
	let (source, out) = (image(), tempfile::tempdir().expect("a folder"));
	let copy = format!("echo 'image: [1/1] copy' >&2; cp {}/* \"$2\"", source.path().display());
	let output = build(scripts(&copy).path(), out.path());
	assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
	assert_eq!(json(&output)["id"], format!("0x{ID}"));
	assert!(text(&output.stderr).contains("[1/1] copy"));
}

#[test]
fn failed_build_repeats_the_last_lines() {
	let out = tempfile::tempdir().expect("a folder");
	let output = build(scripts("echo 'image: no network' >&2; exit 1").path(), out.path());
	assert_eq!(output.status.code(), Some(1));
	assert!(text(&output.stderr).contains("the build of minimal failed"));
	assert!(text(&output.stderr).contains("no network"));
}

#[test]
fn build_without_scripts_says_where_to_run() {
	let out = tempfile::tempdir().expect("a folder");
	let output = build(Path::new("/nowhere"), out.path());
	assert_eq!(output.status.code(), Some(1));
	assert!(text(&output.stderr).contains("--images"));
}
