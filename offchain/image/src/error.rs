use std::{io, path::PathBuf};

use crate::{File, MANIFEST};

/// The reason why a folder is not the image that it should be.
#[derive(Debug, thiserror::Error)]
pub enum Error {
	/// A file cannot be read: it is missing, or a permission is.
	#[error("cannot read {}: {error}", .path.display())]
	Unreadable { path: PathBuf, error: io::Error },
	/// A symbolic link or a device stands where a file should be. Fetch the image again.
	#[error("{} is not a regular file", .0.display())]
	NotRegular(PathBuf),
	/// `image.json` is larger than any image needs.
	#[error("image.json is larger than {limit} bytes")]
	ManifestSize { limit: u64 },
	/// `image.json` is not JSON of this format. A later release may have made it.
	#[error("image.json is malformed: {0}")]
	ManifestSyntax(serde_json::Error),
	/// A field of `image.json` has a value that no image may have.
	#[error("image.json: {field} is {seen}, wanted {wanted}")]
	Field { field: &'static str, seen: String, wanted: String },
	/// A file has another size than `image.json` states. Fetch or build the image again.
	#[error("{file} has {seen} bytes, but image.json states {wanted}")]
	Size { file: File, seen: u64, wanted: u64 },
	/// A file has other bytes than `image.json` states. Fetch or build the image again.
	#[error("{file} has the digest {seen}, but image.json states {wanted}")]
	Digest { file: File, seen: String, wanted: String },
	/// The firmware lacks a table that a measured boot needs. Use a firmware for AMD SEV, such as
	/// Debian's `ovmf-amdsev`, version 2026.02 or later.
	#[error("OVMF.fd cannot measure a boot: {0}")]
	Firmware(&'static str),
	/// The hash tree is not that of the root file system, so that the image cannot boot. Build it
	/// again.
	#[error("root.verity is not the hash tree of root.squashfs")]
	HashTree,
	/// The command line names another root file system, so that the image cannot boot. Build it
	/// again.
	#[error("the command line names the root hash {wanted}, but root.squashfs has {seen}")]
	RootHash { seen: String, wanted: String },
	/// The image has no row for a number of vCPUs. Use a number that it has.
	#[error("the image has no row for {vcpus} vCPUs, only for {available}")]
	NoRow { vcpus: u32, available: String },
	/// The launch measurement cannot be computed. A file of the image may have changed since it was
	/// read.
	#[error("the launch measurement cannot be computed: {0}")]
	Measurement(String),
	/// The image has another id than the wanted one.
	#[error("the image has the id {seen}, wanted {wanted}")]
	Id { seen: String, wanted: String },
}

impl Error {
	/// Returns true if the folder could be read, and is not the wanted image.
	pub fn is_mismatch(&self) -> bool {
		!matches!(self, Self::Unreadable { .. } | Self::NoRow { .. })
	}

	/// Returns the file of the image that is to blame, if it is one.
	pub fn file(&self) -> Option<&'static str> {
		match self {
			Self::Size { file, .. } | Self::Digest { file, .. } => Some(file.name()),
			Self::Firmware(_) => Some(File::Firmware.name()),
			Self::HashTree => Some(File::Verity.name()),
			Self::ManifestSize { .. } | Self::ManifestSyntax(_) | Self::Field { .. } => {
				Some(MANIFEST)
			},
			Self::RootHash { .. } => Some(File::Root.name()),
			_ => None,
		}
	}

	/// Returns what a reader of the error can do about it.
	pub fn remedy(&self) -> &'static str {
		match self {
			Self::Unreadable { .. } => "name the folder of an image, with image.json in it",
			Self::NotRegular(_) | Self::Size { .. } | Self::Digest { .. } => {
				"the image is damaged or incomplete; fetch or build it again"
			},
			Self::ManifestSize { .. } | Self::ManifestSyntax(_) | Self::Field { .. } => {
				"another release may have made the image; build it with this one"
			},
			Self::Firmware(_) => "use a firmware for AMD SEV, such as Debian's ovmf-amdsev",
			Self::HashTree | Self::RootHash { .. } => "the image cannot boot; build it again",
			Self::NoRow { .. } => "use a number of vCPUs that the image has",
			Self::Measurement(_) => {
				"verify the image again; a file may have changed since it was read"
			},
			Self::Id { .. } => "this is another image: do not trust it in place of the wanted one",
		}
	}

	pub(crate) fn field(field: &'static str, seen: impl ToString, wanted: impl ToString) -> Self {
		Self::Field { field, seen: seen.to_string(), wanted: wanted.to_string() }
	}
}
