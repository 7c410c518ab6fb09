//! `hcc policy` on a root folder that the test creates.

use std::{
	fs,
	os::unix::fs::{symlink, PermissionsExt},
	path::Path,
};

use assert_cmd::Command;

fn hcc() -> Command {
	Command::new(env!("CARGO_BIN_EXE_hcc"))
}

fn write(root: &Path, name: &str, content: &[u8], mode: u32) {
	let path = root.join(name);
	fs::create_dir_all(path.parent().expect("a folder")).expect("made");
	fs::write(&path, content).expect("written");
	fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("set");
}

fn root() -> tempfile::TempDir {
	let root = tempfile::tempdir().expect("a folder");
	write(root.path(), "usr/bin/hcc-miner", b"\x7fELF miner", 0o755);
	write(root.path(), "usr/bin/start", b"#!/bin/sh\n", 0o755);
	write(root.path(), "usr/lib/libc.so.6", b"\x7fELF libc", 0o644);
	write(root.path(), "lib/modules/6.1/tun.ko.xz", b"module", 0o644);
	write(root.path(), "lib/firmware/amd/microcode.bin", b"firmware", 0o644);
	write(root.path(), "etc/hostname", b"host\n", 0o644);
	symlink("hcc-miner", root.path().join("usr/bin/link")).expect("linked");
	root
}

fn digests(arguments: &[&str]) -> String {
	let output = hcc().args(["policy", "ima-digests"]).args(arguments).output().expect("hcc runs");
	assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
	String::from_utf8(output.stdout).expect("text")
}

#[test]
fn only_measured_files_are_listed() {
	let root = root();
	let text = digests(&[root.path().to_str().expect("text")]);
	let paths: Vec<_> =
		text.lines().filter_map(|line| line.split_once("  ").map(|(_, path)| path)).collect();
	assert_eq!(
		paths,
		[
			"/lib/firmware/amd/microcode.bin",
			"/lib/modules/6.1/tun.ko.xz",
			"/usr/bin/hcc-miner",
			"/usr/bin/start",
			"/usr/lib/libc.so.6",
		]
	);
}

#[test]
fn digests_match_sha256sum() {
	let root = root();
	let text = digests(&[root.path().to_str().expect("text"), "--all"]);
	assert_eq!(text.lines().count(), 6);
	for line in text.lines() {
		let (digest, path) = line.split_once("  ").expect("two columns");
		let file = root.path().join(path.trim_start_matches('/'));
		let output = std::process::Command::new("sha256sum").arg(file).output().expect("sha256sum");
		let theirs = String::from_utf8(output.stdout).expect("text");
		assert_eq!(theirs.split(' ').next(), Some(digest), "{path}");
	}
}

#[test]
fn sha512_json_lists_digests() {
	let root = root();
	let text = digests(&[root.path().to_str().expect("text"), "--hash", "sha512", "--json"]);
	let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
	let digests = json["sha512"].as_object().expect("an object");
	assert_eq!(digests.len(), 5);
	assert!(digests.keys().all(|digest| digest.len() == 128));
}

#[test]
fn empty_root_is_an_error() {
	let root = tempfile::tempdir().expect("a folder");
	for path in [root.path(), Path::new("/nowhere")] {
		let output = hcc().args(["policy", "ima-digests"]).arg(path).output().expect("hcc runs");
		assert_eq!(output.status.code(), Some(1));
	}
}
