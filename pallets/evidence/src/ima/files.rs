//! Which measured files are acceptable. Files are judged by their digests alone: names are chosen by whoever puts the file there.

use alloc::{collections::BTreeMap, vec::Vec};

/// The hashes that lists are kept in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HashAlgorithm {
	Sha256,
	Sha384,
	Sha512,
}

impl HashAlgorithm {
	/// The algorithm of that name in the kernel's `hash_algo_name`. SHA-1 and older ones are not among them.
	pub fn from_name(name: &str) -> Option<Self> {
		match name {
			"sha256" => Some(Self::Sha256),
			"sha384" => Some(Self::Sha384),
			"sha512" => Some(Self::Sha512),
			_ => None,
		}
	}

	/// The name in the kernel.
	pub const fn name(self) -> &'static str {
		match self {
			Self::Sha256 => "sha256",
			Self::Sha384 => "sha384",
			Self::Sha512 => "sha512",
		}
	}

	/// The length of a digest, in bytes.
	pub const fn digest_len(self) -> usize {
		match self {
			Self::Sha256 => 32,
			Self::Sha384 => 48,
			Self::Sha512 => 64,
		}
	}
}

/// The digest of a file.
pub type FileDigest = (HashAlgorithm, Vec<u8>);

/// What a list says of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileVerdict {
	Allowed,
	Forbidden,
	Unknown,
	/// It was allowed when it was measured, and is no more.
	Outdated,
}

/// Something that knows files.
pub trait Files {
	/// What it says of the file with that digest.
	fn judge(&self, algorithm: HashAlgorithm, digest: &[u8]) -> FileVerdict;

	/// What it says of the file where that is entry `index` of a boot's log.
	fn judge_entry(&self, index: u32, algorithm: HashAlgorithm, digest: &[u8]) -> FileVerdict {
		let _ = index;
		self.judge(algorithm, digest)
	}
}

/// A list by which the entries below `before` were judged by an older one, and accepted: what is not allowed among them is outdated.
#[derive(Clone, Copy, Debug)]
pub struct Renewed<'a, F> {
	pub files: &'a F,
	pub before: u32,
}

impl<F: Files> Files for Renewed<'_, F> {
	fn judge(&self, algorithm: HashAlgorithm, digest: &[u8]) -> FileVerdict {
		self.files.judge(algorithm, digest)
	}

	fn judge_entry(&self, index: u32, algorithm: HashAlgorithm, digest: &[u8]) -> FileVerdict {
		match self.judge(algorithm, digest) {
			FileVerdict::Allowed => FileVerdict::Allowed,
			_ if index < self.before => FileVerdict::Outdated,
			other => other,
		}
	}
}

/// A list in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DigestList(BTreeMap<FileDigest, FileVerdict>);

impl DigestList {
	/// Adds a file. One that is forbidden once stays so.
	pub fn insert(&mut self, digest: FileDigest, verdict: FileVerdict) {
		let judged = self.0.entry(digest).or_insert(verdict);
		if verdict == FileVerdict::Forbidden {
			*judged = verdict;
		}
	}

	/// How many files it lists.
	pub fn len(&self) -> usize {
		self.0.len()
	}

	/// Whether it lists none.
	pub fn is_empty(&self) -> bool {
		self.0.is_empty()
	}
}

impl Files for DigestList {
	fn judge(&self, algorithm: HashAlgorithm, digest: &[u8]) -> FileVerdict {
		self.0.get(&(algorithm, digest.to_vec())).copied().unwrap_or(FileVerdict::Unknown)
	}
}
