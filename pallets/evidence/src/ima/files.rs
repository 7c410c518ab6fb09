//! Lists of acceptable files. Files are judged by their digests only, because the creator of a file
//! chooses its name.

use alloc::{collections::BTreeMap, vec::Vec};

/// The hash algorithms that file lists use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HashAlgorithm {
	Sha256,
	Sha384,
	Sha512,
}

impl HashAlgorithm {
	/// Returns the algorithm with this name in the kernel's `hash_algo_name`. SHA-1 and older
	/// algorithms are not supported.
	pub fn from_name(name: &str) -> Option<Self> {
		match name {
			"sha256" => Some(Self::Sha256),
			"sha384" => Some(Self::Sha384),
			"sha512" => Some(Self::Sha512),
			_ => None,
		}
	}

	/// Returns the kernel's name.
	pub const fn name(self) -> &'static str {
		match self {
			Self::Sha256 => "sha256",
			Self::Sha384 => "sha384",
			Self::Sha512 => "sha512",
		}
	}

	/// Returns the length of a digest in bytes.
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

/// The judgement of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileVerdict {
	Allowed,
	Forbidden,
	Unknown,
	/// The file was allowed when it was measured, and is no longer allowed.
	Outdated,
}

/// A list of known files.
pub trait Files {
	/// Judges the file with this digest.
	fn judge(&self, algorithm: HashAlgorithm, digest: &[u8]) -> FileVerdict;

	/// Judges the file with this digest as entry `index` of a boot's log.
	fn judge_entry(&self, index: u32, algorithm: HashAlgorithm, digest: &[u8]) -> FileVerdict {
		let _ = index;
		self.judge(algorithm, digest)
	}
}

/// A list that replaced an earlier list. The log entries below `before` were accepted by the
/// earlier list, so a file in these entries that is not allowed now is outdated.
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

/// A file list in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DigestList(BTreeMap<FileDigest, FileVerdict>);

impl DigestList {
	/// Adds a file. The first verdict stays, except that a later `Forbidden` replaces it.
	pub fn insert(&mut self, digest: FileDigest, verdict: FileVerdict) {
		let judged = self.0.entry(digest).or_insert(verdict);
		if verdict == FileVerdict::Forbidden {
			*judged = verdict;
		}
	}

	/// Returns the number of listed files.
	pub fn len(&self) -> usize {
		self.0.len()
	}

	/// Returns `true` if the list is empty.
	pub fn is_empty(&self) -> bool {
		self.0.is_empty()
	}
}

impl Files for DigestList {
	fn judge(&self, algorithm: HashAlgorithm, digest: &[u8]) -> FileVerdict {
		self.0.get(&(algorithm, digest.to_vec())).copied().unwrap_or(FileVerdict::Unknown)
	}
}
