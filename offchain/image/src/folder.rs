//! The folder of an image, and its verification.

use std::{
	fs,
	io::Read,
	path::{Path, PathBuf},
};

use hcc_evidence::vm::image::{image_id, ImageDigests, ImageId, ImageRow};
use sha2::{Digest, Sha256};

use crate::{
	hash_table::KernelHashTable,
	manifest::{Sha256Digest, MAX_MANIFEST},
	rows::rows,
	verity::TreeBuilder,
	Error, File, Firmware, Manifest, MANIFEST,
};

/// The size of the parts in which files are read.
const PART: usize = 1024 * 1024;

/// The progress of a verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
	/// The file that is read.
	pub file: File,
	/// The number of bytes read so far, of all files.
	pub done: u64,
	/// The size of all files.
	pub total: u64,
}

/// An image whose every byte was verified.
///
/// Only [`Image::verify`] makes one. It states what the files were at that time: a program that
/// launches the image must keep others from writing to the folder.
#[derive(Clone, Debug)]
pub struct Image {
	folder: PathBuf,
	manifest: Manifest,
	firmware: Firmware,
	rows: Vec<ImageRow>,
}

impl Image {
	/// Verifies the image in a folder: the manifest, the size and digest of each file, the tables
	/// of the firmware, and the hash tree of the root file system. Computes the rows.
	///
	/// Other files in the folder are ignored, because nothing reads them. The files are read in
	/// parts; the largest part of memory is that for the hash tree, 1/128 of the root file system.
	///
	/// ## Errors
	/// All variants of [`Error`], except [`Error::NoRow`] and [`Error::Id`].
	pub fn verify(folder: &Path, mut progress: impl FnMut(Progress)) -> Result<Self, Error> {
		let manifest = read_manifest(folder)?;
		// An incomplete download shows in the sizes, without reading the files.
		for file in File::ALL {
			check_size(file, open(&folder.join(file.name()))?.1, manifest.files.get(file).size)?;
		}
		let total = File::ALL.iter().map(|file| manifest.files.get(*file).size).sum();
		let mut done = 0;
		let mut firmware = Vec::new();
		let mut tree = TreeBuilder::new();
		for file in File::ALL {
			read_file(folder, &manifest, file, |part| {
				match file {
					File::Firmware => firmware.extend_from_slice(part),
					File::Root => tree.update(part),
					File::Kernel | File::Initrd | File::Verity => {},
				}
				done += part.len() as u64;
				progress(Progress { file, done, total });
			})?;
		}
		let firmware = Firmware::parse(&firmware)?;
		check_tree(&manifest, tree)?;
		let rows = rows(folder, &manifest)?;
		Ok(Self { folder: folder.to_owned(), manifest, firmware, rows })
	}

	/// Returns the contents of `image.json`.
	pub fn manifest(&self) -> &Manifest {
		&self.manifest
	}

	/// Returns the path of a file.
	pub fn path(&self, file: File) -> PathBuf {
		self.folder.join(file.name())
	}

	/// Returns the digests that the id covers.
	pub fn digests(&self) -> ImageDigests {
		self.manifest.digests()
	}

	/// Returns the rows, by ascending number of vCPUs.
	pub fn rows(&self) -> &[ImageRow] {
		&self.rows
	}

	/// Returns the row for a number of vCPUs.
	///
	/// ## Errors
	/// [`Error::NoRow`].
	pub fn row(&self, vcpus: u32) -> Result<ImageRow, Error> {
		let row = self.rows.iter().find(|row| row.vcpus == vcpus);
		row.copied().ok_or_else(|| {
			let numbers: Vec<String> = self.rows.iter().map(|row| row.vcpus.to_string()).collect();
			Error::NoRow { vcpus, available: numbers.join(", ") }
		})
	}

	/// Returns the id, as the chain computes it.
	pub fn id(&self) -> ImageId {
		let Manifest { name, version, .. } = &self.manifest;
		image_id(name.as_bytes(), version.as_bytes(), &self.digests(), &self.rows)
	}

	/// Checks that the image has the wanted id.
	///
	/// ## Errors
	/// [`Error::Id`].
	pub fn check_id(&self, wanted: &ImageId) -> Result<(), Error> {
		let id = self.id();
		if id == *wanted {
			return Ok(());
		}
		Err(Error::Id { seen: hex::encode(id), wanted: hex::encode(wanted) })
	}

	/// Returns the table of kernel hashes, with which the firmware enforces the measured boot on
	/// machines without SEV-SNP.
	///
	/// ## Errors
	/// [`Error::Firmware`].
	pub fn kernel_hash_table(&self) -> Result<KernelHashTable, Error> {
		KernelHashTable::new(&self.manifest, &self.firmware)
	}
}

/// Opens a regular file, and returns its size as well.
fn open(path: &Path) -> Result<(fs::File, u64), Error> {
	let unreadable = |error| Error::Unreadable { path: path.to_owned(), error };
	// Before it is opened: opening a pipe would wait.
	if !fs::symlink_metadata(path).map_err(unreadable)?.is_file() {
		return Err(Error::NotRegular(path.to_owned()));
	}
	let file = fs::File::open(path).map_err(unreadable)?;
	let size = file.metadata().map_err(unreadable)?.len();
	Ok((file, size))
}

fn read_manifest(folder: &Path) -> Result<Manifest, Error> {
	let path = folder.join(MANIFEST);
	let mut bytes = Vec::new();
	let (file, _) = open(&path)?;
	// One byte more than allowed, so that a larger file shows.
	let read = file.take(MAX_MANIFEST.saturating_add(1)).read_to_end(&mut bytes);
	read.map_err(|error| Error::Unreadable { path, error })?;
	Manifest::parse(&bytes)
}

fn check_size(file: File, seen: u64, wanted: u64) -> Result<(), Error> {
	if seen == wanted {
		return Ok(());
	}
	Err(Error::Size { file, seen, wanted })
}

/// Reads a file in parts, and checks its size and digest.
fn read_file(
	folder: &Path,
	manifest: &Manifest,
	file: File,
	mut take: impl FnMut(&[u8]),
) -> Result<(), Error> {
	let path = folder.join(file.name());
	let wanted = manifest.files.get(file);
	// A file that grows meanwhile is not read without limit.
	let mut reader = open(&path)?.0.take(wanted.size.saturating_add(1));
	let (mut hasher, mut size, mut buffer) = (Sha256::new(), 0u64, vec![0; PART]);
	loop {
		let len = match reader.read(&mut buffer) {
			Ok(0) => break,
			Ok(len) => len,
			Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
			Err(error) => return Err(Error::Unreadable { path, error }),
		};
		let part = buffer.get(..len).unwrap_or_default();
		hasher.update(part);
		take(part);
		size = size.saturating_add(len as u64);
	}
	check_size(file, size, wanted.size)?;
	let seen = Sha256Digest(hasher.finalize().into());
	if seen == wanted.sha256 {
		return Ok(());
	}
	Err(Error::Digest { file, seen: seen.to_string(), wanted: wanted.sha256.to_string() })
}

fn check_tree(manifest: &Manifest, tree: TreeBuilder) -> Result<(), Error> {
	let tree = tree.finish();
	let wanted = manifest.root_hash()?;
	if tree.root_hash != wanted.0 {
		let seen = Sha256Digest(tree.root_hash).to_string();
		return Err(Error::RootHash { seen, wanted: wanted.to_string() });
	}
	if tree.digest != manifest.files.verity.sha256.0 {
		return Err(Error::HashTree);
	}
	Ok(())
}
