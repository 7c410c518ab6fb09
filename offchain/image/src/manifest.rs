//! `image.json`: the names and digests of an image's files, and the parameters of its launch.

use std::fmt;

use hcc_evidence::vm::image::{ImageDigests, MAX_IMAGE_NAME, MAX_IMAGE_ROWS, MAX_IMAGE_VERSION};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{Error, CPU};

/// The name of the manifest in an image's folder.
pub const MANIFEST: &str = "image.json";

/// The format of the manifest that this crate reads.
pub const FORMAT: u32 = 1;

/// The largest manifest, in bytes.
pub const MAX_MANIFEST: u64 = 64 * 1024;

/// The longest command line, in bytes. The kernel ignores what exceeds 2048 with the final zero.
pub const MAX_COMMAND_LINE: usize = 2047;

/// The largest number of vCPUs of a row.
pub const MAX_VCPUS: u32 = 255;

/// The bounds of the memory that an image may demand, in MiB.
const MEMORY: std::ops::RangeInclusive<u32> = 128..=1024 * 1024;

/// The size of a block of the root file system and of its hash tree.
pub(crate) const BLOCK: u64 = 4096;

const MIB: u64 = 1024 * 1024;

/// A file of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum File {
	Firmware,
	Kernel,
	Initrd,
	/// The root file system.
	Root,
	/// The hash tree of the root file system.
	Verity,
}

impl File {
	/// All files of an image, the small ones first.
	pub const ALL: [Self; 5] =
		[Self::Firmware, Self::Kernel, Self::Initrd, Self::Verity, Self::Root];

	/// Returns the name of the file in the image's folder.
	pub const fn name(self) -> &'static str {
		match self {
			Self::Firmware => "OVMF.fd",
			Self::Kernel => "vmlinuz",
			Self::Initrd => "initrd",
			Self::Root => "root.squashfs",
			Self::Verity => "root.verity",
		}
	}

	/// Returns the largest size of the file, in bytes.
	pub const fn max_size(self) -> u64 {
		match self {
			Self::Firmware => 16 * MIB,
			Self::Kernel => 64 * MIB,
			Self::Initrd => 256 * MIB,
			Self::Root => 8 * 1024 * MIB,
			Self::Verity => 80 * MIB,
		}
	}
}

impl fmt::Display for File {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.write_str(self.name())
	}
}

/// A SHA-256 digest, in lower-case hexadecimal in JSON.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sha256Digest(pub [u8; 32]);

impl Sha256Digest {
	/// Returns the digest of some bytes.
	pub fn of(bytes: &[u8]) -> Self {
		Self(Sha256::digest(bytes).into())
	}
}

impl fmt::Display for Sha256Digest {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.write_str(&hex::encode(self.0))
	}
}

impl fmt::Debug for Sha256Digest {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		fmt::Display::fmt(self, f)
	}
}

impl TryFrom<String> for Sha256Digest {
	type Error = &'static str;

	fn try_from(text: String) -> Result<Self, Self::Error> {
		const WANTED: &str = "a digest has 64 lower-case hexadecimal digits";
		// One encoding for each digest.
		if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
			return Err(WANTED);
		}
		let mut bytes = [0; 32];
		hex::decode_to_slice(&text, &mut bytes).map_err(|_| WANTED)?;
		Ok(Self(bytes))
	}
}

impl From<Sha256Digest> for String {
	fn from(digest: Sha256Digest) -> Self {
		digest.to_string()
	}
}

/// The digest and the size of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
	pub sha256: Sha256Digest,
	/// The size in bytes.
	pub size: u64,
}

/// The files of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Files {
	#[serde(rename = "OVMF.fd")]
	pub firmware: FileEntry,
	#[serde(rename = "vmlinuz")]
	pub kernel: FileEntry,
	pub initrd: FileEntry,
	#[serde(rename = "root.squashfs")]
	pub root: FileEntry,
	#[serde(rename = "root.verity")]
	pub verity: FileEntry,
}

impl Files {
	/// Returns the entry of a file.
	pub fn get(&self, file: File) -> FileEntry {
		match file {
			File::Firmware => self.firmware,
			File::Kernel => self.kernel,
			File::Initrd => self.initrd,
			File::Root => self.root,
			File::Verity => self.verity,
		}
	}
}

/// The contents of `image.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
	pub format: u32,
	pub name: String,
	pub version: String,
	/// The kernel's command line.
	pub cmdline: String,
	pub files: Files,
	/// The minimum memory with which the image boots, in MiB.
	pub memory_mib: u32,
	/// The virtual CPU model.
	pub cpu: String,
	/// The numbers of vCPUs for which the image has a row, ascending.
	pub vcpus: Vec<u32>,
	/// True for an image that simulates the secure processor.
	pub insecure: bool,
}

impl Manifest {
	/// Parses a manifest, and checks each field.
	///
	/// ## Errors
	/// [`Error::ManifestSize`], [`Error::ManifestSyntax`], [`Error::Field`].
	pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
		if bytes.len() as u64 > MAX_MANIFEST {
			return Err(Error::ManifestSize { limit: MAX_MANIFEST });
		}
		let manifest: Self = serde_json::from_slice(bytes).map_err(Error::ManifestSyntax)?;
		manifest.check()?;
		Ok(manifest)
	}

	/// Returns the digests that the image's id covers.
	pub fn digests(&self) -> ImageDigests {
		ImageDigests {
			firmware: self.files.firmware.sha256.0,
			kernel: self.files.kernel.sha256.0,
			initrd: self.files.initrd.sha256.0,
			command_line: Sha256Digest::of(self.cmdline.as_bytes()).0,
			squashfs: self.files.root.sha256.0,
			verity: self.files.verity.sha256.0,
		}
	}

	/// Returns the value of an argument of the command line, for example of `hcc.root`, unless it
	/// is missing or repeated.
	pub fn argument(&self, name: &str) -> Option<&str> {
		let arguments = self.cmdline.split(' ').filter_map(|argument| argument.split_once('='));
		let mut values = arguments.filter(|(key, _)| *key == name).map(|(_, value)| value);
		values.next().filter(|_| values.next().is_none())
	}

	/// Returns the root hash of the hash tree, which the command line contains.
	///
	/// ## Errors
	/// [`Error::Field`].
	pub fn root_hash(&self) -> Result<Sha256Digest, Error> {
		let text = self.argument("hcc.root").unwrap_or_default();
		Sha256Digest::try_from(text.to_owned())
			.map_err(|wanted| Error::field("cmdline hcc.root", text, wanted))
	}

	fn check(&self) -> Result<(), Error> {
		if self.format != FORMAT {
			return Err(Error::field("format", self.format, FORMAT));
		}
		check_label("name", &self.name, MAX_IMAGE_NAME, "-")?;
		check_label("version", &self.version, MAX_IMAGE_VERSION, "-.+~")?;
		self.check_command_line()?;
		self.check_files()?;
		if !MEMORY.contains(&self.memory_mib) {
			let wanted = format!("{} to {}", MEMORY.start(), MEMORY.end());
			return Err(Error::field("memory_mib", self.memory_mib, wanted));
		}
		if self.cpu != CPU {
			return Err(Error::field("cpu", &self.cpu, CPU));
		}
		self.check_vcpus()
	}

	/// Checks that the command line has one form: `sev` trims it and QEMU does not, so that spaces
	/// at an end would lead to different digests.
	fn check_command_line(&self) -> Result<(), Error> {
		let line = &self.cmdline;
		let is_printable = line.bytes().all(|byte| (b' '..=b'~').contains(&byte));
		if line.is_empty() || line.len() > MAX_COMMAND_LINE || !is_printable || line.trim() != line
		{
			let wanted = format!(
				"1 to {MAX_COMMAND_LINE} printable ASCII characters without spaces at the ends"
			);
			return Err(Error::field("cmdline", format!("{line:?}"), wanted));
		}
		self.root_hash()?;
		let blocks = self.files.root.size / BLOCK;
		if self.argument("hcc.blocks") != Some(&blocks.to_string()) {
			let seen = self.argument("hcc.blocks").unwrap_or("missing");
			return Err(Error::field("cmdline hcc.blocks", seen, blocks));
		}
		Ok(())
	}

	fn check_files(&self) -> Result<(), Error> {
		for file in File::ALL {
			let size = self.files.get(file).size;
			if size == 0 || size > file.max_size() {
				let wanted = format!("1 to {} bytes", file.max_size());
				return Err(Error::field(file.name(), format!("{size} bytes"), wanted));
			}
		}
		// dm-verity makes no tree of one block.
		if self.files.root.size <= BLOCK {
			return Err(Error::field(File::Root.name(), "one block", "two blocks or more"));
		}
		for file in [File::Firmware, File::Root, File::Verity] {
			let size = self.files.get(file).size;
			if !size.is_multiple_of(BLOCK) {
				let wanted = format!("whole blocks of {BLOCK} bytes");
				return Err(Error::field(file.name(), format!("{size} bytes"), wanted));
			}
		}
		Ok(())
	}

	fn check_vcpus(&self) -> Result<(), Error> {
		let numbers = &self.vcpus;
		let is_ascending = numbers.windows(2).all(|pair| pair[0] < pair[1]);
		let is_bounded = numbers.iter().all(|number| (1..=MAX_VCPUS).contains(number));
		if numbers.is_empty() || numbers.len() > MAX_IMAGE_ROWS || !is_ascending || !is_bounded {
			let wanted =
				format!("1 to {MAX_IMAGE_ROWS} ascending numbers from 1 to {MAX_VCPUS}, each once");
			return Err(Error::field("vcpus", format!("{numbers:?}"), wanted));
		}
		Ok(())
	}
}

/// Checks a name or a version: letters, digits and some marks. It becomes part of paths and lines.
fn check_label(field: &'static str, text: &str, limit: usize, marks: &str) -> Result<(), Error> {
	let is_allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || marks.contains(c);
	let starts = text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
	if text.len() > limit || !starts || !text.chars().all(is_allowed) {
		let wanted = format!(
			"1 to {limit} characters: lower-case letters, digits and {marks:?}, a letter or digit first"
		);
		return Err(Error::field(field, format!("{text:?}"), wanted));
	}
	Ok(())
}
