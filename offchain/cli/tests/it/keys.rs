//! Key files: encrypted, private, and shown only on request.

use std::{
	fs,
	io::Write,
	os::unix::fs::{OpenOptionsExt, PermissionsExt},
	path::Path,
	process::{Command, Stdio},
};

use serde_json::Value;

use crate::verify::path;

/// The exit codes of the README.
const USAGE: i32 = 1;
const WRONG_PASSPHRASE: i32 = 12;
const EXPOSED_KEY: i32 = 13;
/// A node that does not exist.
const NO_NODE: &str = "ws://127.0.0.1:1";

/// Runs the program with an input. Returns its exit code, standard output and standard error.
fn run(arguments: &[&str], input: &str) -> (i32, String, String) {
	let mut command = Command::new(env!("CARGO_BIN_EXE_hcc"));
	command.args(arguments).env_remove("CREDENTIALS_DIRECTORY");
	command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
	let mut child = command.spawn().expect("hcc starts");
	let mut stdin = child.stdin.take().expect("an input");
	// A command that does not read its input may have ended.
	drop(stdin.write_all(input.as_bytes()));
	drop(stdin);
	let ended = child.wait_with_output().expect("hcc ends");
	let text = |bytes| String::from_utf8(bytes).expect("text");
	(ended.status.code().expect("no signal"), text(ended.stdout), text(ended.stderr))
}

/// Writes a private file.
fn write(folder: &Path, name: &str, content: &str) -> String {
	let path = folder.join(name);
	let mut options = fs::OpenOptions::new();
	let mut file = options.write(true).create_new(true).mode(0o600).open(&path).expect("a file");
	file.write_all(content.as_bytes()).expect("written");
	path.to_str().expect("text").into()
}

/// Creates a key. Returns its file, the file of its passphrase, and the printed object.
fn created(folder: &Path) -> (String, String, Value) {
	let (file, passphrase) = (path(folder, "hot.json"), write(folder, "right", "right one\n"));
	let arguments = ["key", "new", &file, "--passphrase-file", &passphrase, "--json"];
	let (code, output, errors) = run(&arguments, "");
	assert_eq!(code, 0, "{errors}");
	(file, passphrase, serde_json::from_str(&output).expect("JSON"))
}

#[test]
fn encrypted_key_is_created_private_and_shown() {
	let folder = tempfile::tempdir().expect("a folder");
	let (file, passphrase, created) = created(folder.path());
	let mode = fs::metadata(&file).expect("it exists").permissions().mode();
	assert_eq!(mode & 0o777, 0o600);
	let (code, output, _) = run(&["key", "show", &file, "--json"], "");
	assert_eq!((code, serde_json::from_str::<Value>(&output).ok()), (0, Some(created.clone())));
	let secret = ["key", "show", &file, "--secret", "--passphrase-file", &passphrase, "--json"];
	let (code, output, errors) = run(&secret, "yes\n");
	assert_eq!(code, 0, "{errors}");
	let shown: Value = serde_json::from_str(&output).expect("JSON");
	assert_eq!(shown["address"], created["address"]);
	assert_eq!(shown["secret"].as_str().map(str::len), Some(2 + 128));
	let content = fs::read_to_string(&file).expect("readable");
	let secret = shown["secret"].as_str().expect("text").trim_start_matches("0x");
	assert!(!content.contains(secret), "the file is encrypted");
	let (code, _, errors) = run(&["key", "new", &file, "--passphrase-file", &passphrase], "");
	assert_eq!(code, USAGE, "the file exists: {errors}");
}

#[test]
fn wrong_passphrase_has_its_own_exit_code() {
	let folder = tempfile::tempdir().expect("a folder");
	let (file, _, _) = created(folder.path());
	let wrong = write(folder.path(), "wrong", "wrong one\n");
	let stop = ["vm", "stop", "1", "--node", NO_NODE, "--key-file", &file];
	let with_passphrase = [&stop[..], &["--passphrase-file", &wrong, "--json"]].concat();
	let (code, output, errors) = run(&with_passphrase, "");
	assert_eq!(code, WRONG_PASSPHRASE, "{errors}");
	let error: Value = serde_json::from_str(&output).expect("JSON");
	assert_eq!(error["error"], "wrong-passphrase");
}

#[test]
fn secret_is_not_shown_without_confirmation() {
	let folder = tempfile::tempdir().expect("a folder");
	let phrase = "0xe5be9a5092b81bca64be81d212e7f2f9eba183bb7a90954f7b76361f6edb5c0a";
	let file = write(folder.path(), "plain.key", phrase);
	for answer in ["no\n", "\n", ""] {
		let (code, output, errors) = run(&["key", "show", &file, "--secret"], answer);
		assert_eq!((code, output.as_str()), (USAGE, ""), "{errors}");
		assert!(!errors.contains(phrase), "{errors}");
	}
	let (code, output, _) = run(&["key", "show", &file, "--secret"], "yes\n");
	assert!(code == 0 && output.contains(phrase), "{output}");
}

#[test]
fn exposed_key_file_is_refused_with_remedy() {
	let folder = tempfile::tempdir().expect("a folder");
	let file = write(folder.path(), "tenant.key", "//One\n");
	let stop = ["vm", "stop", "1", "--node", NO_NODE, "--key-file", &file];
	for mode in [0o644, 0o640, 0o660] {
		let permissions = fs::Permissions::from_mode(mode);
		fs::set_permissions(&file, permissions).expect("the mode is set");
		let (code, _, errors) = run(&stop, "");
		assert_eq!(code, EXPOSED_KEY, "{mode:o}: {errors}");
		assert!(errors.contains("chmod 600"), "{errors}");
	}
}

#[test]
fn printed_call_needs_no_key() {
	let print = ["vm", "stop", "1", "--node", NO_NODE, "--print-call"];
	let (code, _, errors) = run(&print, "");
	assert_eq!(code, 4, "only the node is missing: {errors}");
	let (code, _, errors) = run(&print[..5], "");
	assert!(code == USAGE && errors.contains("--key-file"), "{errors}");
}
