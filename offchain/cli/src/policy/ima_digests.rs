use std::{
	fs::{self, File},
	io::{self, BufRead, BufReader, Write},
	os::unix::{ffi::OsStrExt, fs::PermissionsExt},
	path::{Path, PathBuf},
};

use anyhow::Context;
use hcc_evidence::ima::HashAlgorithm;
use serde_json::json;
use sha2::{Digest, Sha256, Sha384, Sha512};
use walkdir::WalkDir;

use crate::output::{self, outln};

/// List the digests of the files under a root folder that IMA would measure.
///
/// The list contains executables, shared libraries, kernel modules and firmware, which the
/// project's IMA policy measures. The lines have the format of sha256sum. `hcc verify ima --allow`
/// and `sha256sum --check` can read it for any file name. The command does not follow symbolic
/// links, and skips file systems that are mounted under the root folder.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
	/// The root folder of the machine: the folder that an image is made from, or a mounted image.
	#[arg(value_name = "ROOT")]
	root: PathBuf,

	/// The hash algorithm of the machine's IMA.
	#[arg(long, value_name = "sha256|sha384|sha512", default_value = "sha256", value_parser = hash)]
	hash: HashAlgorithm,

	/// Include every regular file. This suits the kernel's policy `tcb`, which measures all files
	/// that root reads.
	#[arg(long)]
	all: bool,

	/// Print one JSON object: {"sha256": {"DIGEST": "/path"}}.
	#[arg(long)]
	json: bool,
}

fn hash(name: &str) -> Result<HashAlgorithm, String> {
	HashAlgorithm::from_name(name).ok_or_else(|| "expected sha256, sha384 or sha512".to_owned())
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
	let files = measured_files(&args.root, args.all)?;
	anyhow::ensure!(
		!files.is_empty(),
		"{} contains no files that IMA measures",
		args.root.display()
	);
	let mut rows = Vec::new();
	for file in &files {
		let digest =
			digest(file, args.hash).with_context(|| format!("cannot read {}", file.display()))?;
		rows.push((hex::encode(digest), within_root(file, &args.root)));
	}
	print(&rows, args);
	Ok(())
}

fn print(rows: &[(String, PathBuf)], args: &Args) {
	if args.json {
		let digests: serde_json::Map<_, _> = rows
			.iter()
			.map(|(digest, path)| (digest.clone(), json!(path.to_string_lossy())))
			.collect();
		outln!("{}", json!({ args.hash.name(): digests }));
		return;
	}
	let lines = rows.iter().flat_map(|(digest, path)| line(digest, path.as_os_str().as_bytes()));
	output::bytes(&lines.collect::<Vec<_>>());
}

/// Returns a line in the format of sha256sum. Escapes backslashes and line breaks in the name, and
/// marks an escaped name by a backslash before the digest. All other bytes stay as they are.
fn line(digest: &str, name: &[u8]) -> Vec<u8> {
	let is_escaped = name.iter().any(|byte| matches!(byte, b'\\' | b'\n' | b'\r'));
	let mut line = Vec::new();
	line.extend(is_escaped.then_some(b'\\'));
	line.extend(digest.bytes());
	line.extend(b"  ");
	for byte in name {
		match byte {
			b'\\' => line.extend(b"\\\\"),
			b'\n' => line.extend(b"\\n"),
			b'\r' => line.extend(b"\\r"),
			byte => line.push(*byte),
		}
	}
	line.push(b'\n');
	line
}

/// Returns the SHA-256 digests of the files under a root folder that the project's IMA policy
/// measures, in hexadecimal.
pub(crate) fn measured_digests(root: &Path) -> anyhow::Result<Vec<String>> {
	let read = |file: &PathBuf| {
		digest(file, HashAlgorithm::Sha256)
			.map(hex::encode)
			.with_context(|| format!("cannot read {}", file.display()))
	};
	measured_files(root, false)?.iter().map(read).collect()
}

/// Returns the path that a file has within the machine.
fn within_root(file: &Path, root: &Path) -> PathBuf {
	Path::new("/").join(file.strip_prefix(root).unwrap_or(file))
}

/// Returns the files to list, ordered by path.
fn measured_files(root: &Path, all: bool) -> anyhow::Result<Vec<PathBuf>> {
	let mut files = Vec::new();
	for entry in WalkDir::new(root).same_file_system(true).sort_by_file_name() {
		let entry = entry.with_context(|| format!("cannot list {}", root.display()))?;
		if entry.file_type().is_file() && (all || is_measured(entry.path(), root)?) {
			files.push(entry.into_path());
		}
	}
	Ok(files)
}

/// Returns true if the project's IMA policy measures a file, because it is executed, mapped for
/// execution, or loaded by the kernel.
fn is_measured(file: &Path, root: &Path) -> anyhow::Result<bool> {
	let unreadable = || format!("cannot read {}", file.display());
	let executable = fs::metadata(file).with_context(unreadable)?.permissions().mode() & 0o111 != 0;
	let name = file.file_name().unwrap_or_default().to_string_lossy();
	let module = name.ends_with(".ko") || name.contains(".ko.");
	// Only folders within the machine count, not the folders above the machine's root folder.
	let folders = within_root(file, root);
	let mut folders = folders.parent().into_iter().flat_map(Path::components);
	let firmware = folders.any(|part| part.as_os_str() == "firmware");
	Ok(executable || module || firmware || is_elf(file).with_context(unreadable)?)
}

/// Returns true for an ELF file. Shared libraries are mapped for execution although their files
/// need not be marked executable.
fn is_elf(file: &Path) -> io::Result<bool> {
	Ok(BufReader::with_capacity(4, File::open(file)?).fill_buf()?.starts_with(b"\x7fELF"))
}

fn digest(file: &Path, algorithm: HashAlgorithm) -> io::Result<Vec<u8>> {
	fn hash<D: Digest + Write>(file: &Path) -> io::Result<Vec<u8>> {
		let mut hasher = D::new();
		io::copy(&mut File::open(file)?, &mut hasher)?;
		Ok(hasher.finalize().to_vec())
	}
	match algorithm {
		HashAlgorithm::Sha256 => hash::<Sha256>(file),
		HashAlgorithm::Sha384 => hash::<Sha384>(file),
		HashAlgorithm::Sha512 => hash::<Sha512>(file),
	}
}
