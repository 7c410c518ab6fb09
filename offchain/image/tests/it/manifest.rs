//! `image.json`.

use hcc_image::{Error, Manifest, MAX_COMMAND_LINE, MAX_MANIFEST};
use serde_json::{json, Value};

use crate::synthetic;

fn manifest() -> Value {
	let folder = tempfile::tempdir().expect("a folder");
	synthetic::write(folder.path());
	let bytes = std::fs::read(folder.path().join(synthetic::MANIFEST)).expect("read");
	serde_json::from_slice(&bytes).expect("JSON")
}

fn parse(manifest: &Value) -> Result<Manifest, Error> {
	Manifest::parse(manifest.to_string().as_bytes())
}

/// Asserts that a manifest with one value replaced is refused because of a field.
fn assert_refused(pointer: &str, value: Value, wanted: &str) {
	let mut manifest = manifest();
	*manifest.pointer_mut(pointer).expect("a field") = value.clone();
	match parse(&manifest) {
		Err(Error::Field { field, .. }) => assert_eq!(field, wanted, "{pointer} {value}"),
		other => panic!("{pointer} {value}: {other:?}"),
	}
}

#[test]
fn manifest_survives_a_round_trip() {
	let parsed = parse(&manifest()).expect("a manifest");
	assert_eq!(serde_json::to_value(&parsed).expect("JSON"), manifest());
}

#[test]
fn unknown_fields_are_refused() {
	for parent in ["", "/files", "/files/initrd"] {
		let mut manifest = manifest();
		manifest.pointer_mut(parent).expect("an object")["more"] = json!(1);
		assert!(matches!(parse(&manifest), Err(Error::ManifestSyntax(_))), "in {parent:?}");
	}
}

#[test]
fn missing_fields_are_refused() {
	let whole = manifest();
	for name in whole.as_object().expect("an object").keys() {
		let mut manifest = whole.clone();
		manifest.as_object_mut().expect("an object").remove(name);
		assert!(matches!(parse(&manifest), Err(Error::ManifestSyntax(_))), "without {name}");
	}
}

#[test]
fn repeated_fields_are_refused() {
	let text = manifest().to_string().replacen('{', "{\"name\":\"other\",", 1);
	assert!(matches!(Manifest::parse(text.as_bytes()), Err(Error::ManifestSyntax(_))));
}

#[test]
fn digests_have_one_encoding() {
	for digest in ["A".repeat(64), "a".repeat(63), "a".repeat(66), "g".repeat(64)] {
		let mut manifest = manifest();
		manifest["files"]["initrd"]["sha256"] = json!(digest);
		assert!(matches!(parse(&manifest), Err(Error::ManifestSyntax(_))), "{digest}");
	}
}

#[test]
fn oversized_manifest_is_refused() {
	let padding = " ".repeat(MAX_MANIFEST as usize);
	let text = format!("{}{padding}", manifest());
	assert!(matches!(Manifest::parse(text.as_bytes()), Err(Error::ManifestSize { .. })));
}

#[test]
fn values_out_of_bounds_are_refused() {
	for (pointer, value, field) in [
		("/format", json!(2), "format"),
		("/name", json!(""), "name"),
		("/name", json!("a".repeat(33)), "name"),
		("/name", json!("../other"), "name"),
		("/name", json!("-x"), "name"),
		("/version", json!("1\n2"), "version"),
		("/memory_mib", json!(0), "memory_mib"),
		("/memory_mib", json!(2_000_000), "memory_mib"),
		("/cpu", json!("EPYC-Milan"), "cpu"),
		("/vcpus", json!([]), "vcpus"),
		("/vcpus", json!([0]), "vcpus"),
		("/vcpus", json!([2, 1]), "vcpus"),
		("/vcpus", json!([1, 1]), "vcpus"),
		("/vcpus", json!([256]), "vcpus"),
		("/vcpus", json!((1..=17).collect::<Vec<u32>>()), "vcpus"),
		("/files/OVMF.fd/size", json!(0), "OVMF.fd"),
		("/files/OVMF.fd/size", json!(4097), "OVMF.fd"),
		("/files/OVMF.fd/size", json!(17u64 << 20), "OVMF.fd"),
		("/files/vmlinuz/size", json!(65u64 << 20), "vmlinuz"),
		("/files/initrd/size", json!(257u64 << 20), "initrd"),
		("/files/root.verity/size", json!(81u64 << 20), "root.verity"),
		("/files/root.verity/size", json!(u64::MAX), "root.verity"),
	] {
		assert_refused(pointer, value, field);
	}
}

#[test]
fn ambiguous_command_lines_are_refused() {
	let line = manifest()["cmdline"].as_str().expect("text").to_owned();
	for other in [
		String::new(),
		format!(" {line}"),
		format!("{line} "),
		format!("{line}\n"),
		format!("{line}\u{e9}"),
		format!("{line} {}", "a".repeat(MAX_COMMAND_LINE)),
	] {
		assert_refused("/cmdline", json!(other), "cmdline");
	}
	let root_hash = "a".repeat(64);
	for (other, field) in [
		(line.replace("hcc.root=", "hcc.root=0"), "cmdline hcc.root"),
		(format!("{line} hcc.root={root_hash}"), "cmdline hcc.root"),
		("console=ttyS0".to_owned(), "cmdline hcc.root"),
		(line.replace("hcc.blocks=3", "hcc.blocks=4"), "cmdline hcc.blocks"),
		(format!("{line} hcc.blocks=3"), "cmdline hcc.blocks"),
	] {
		assert_refused("/cmdline", json!(other), field);
	}
}

#[test]
fn root_of_one_block_is_refused() {
	let mut manifest = manifest();
	manifest["files"]["root.squashfs"]["size"] = json!(4096);
	let line = manifest["cmdline"].as_str().expect("text").replace("blocks=3", "blocks=1");
	manifest["cmdline"] = json!(line);
	let error = parse(&manifest).expect_err("refused");
	assert_eq!(error.file(), Some("image.json"));
	assert!(error.to_string().contains("root.squashfs is one block"), "{error}");
}
