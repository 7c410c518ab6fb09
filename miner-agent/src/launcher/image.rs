//! The images on a host, and the bytes that a VM is launched from.

use std::{
	collections::BTreeMap,
	fs,
	path::{Path, PathBuf},
	sync::{Mutex, PoisonError},
};

use hcc_evidence::vm::image::ImageId;
use hcc_image::{File, Image, KernelHashTable, MANIFEST};

use super::{AgentImage, LauncherError, AGENT_VCPUS};

/// A launch measurement.
pub(super) type Measurement = [u8; 48];

/// An image whose bytes were verified for a launch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LaunchImage {
	/// The id in hexadecimal.
	pub id: String,
	/// The launch measurement that follows from the bytes.
	pub measurement: Measurement,
	pub firmware: PathBuf,
	pub kernel: PathBuf,
	pub initrd: PathBuf,
	pub root: PathBuf,
	pub verity: PathBuf,
	pub cmdline: String,
	/// The virtual CPU model.
	pub cpu: String,
	/// The table of kernel hashes, or the reason why the firmware has no place for it. Only
	/// launches without SEV-SNP need it.
	pub hash_table: Result<KernelHashTable, String>,
}

/// The images of a host.
pub(super) trait Images: Send + Sync + 'static {
	/// Returns the image with that id, after a verification of all of its bytes.
	///
	/// ## Errors
	/// [`LauncherError::ImageMissing`], or a failure to read. [`LauncherError::ImageMismatch`] if
	/// bytes are damaged, or if the row for `vcpus` has another launch measurement.
	fn find(
		&self,
		id: &ImageId,
		measurement: &Measurement,
		vcpus: u32,
	) -> Result<LaunchImage, LauncherError>;
}

/// A folder with a folder for each image.
pub(super) struct ImageFolder {
	folder: PathBuf,
	/// The ids of images that were verified before, so that a search reads one image.
	known: Mutex<BTreeMap<PathBuf, Known>>,
}

/// An image in the folder of images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SurveyedImage {
	pub folder: PathBuf,
	/// The id of the image, or the reason why it is damaged.
	pub image: Result<ImageId, String>,
}

/// An image that was verified before.
#[derive(Clone)]
struct Known {
	/// The bytes of `image.json`.
	manifest: Vec<u8>,
	id: ImageId,
}

impl ImageFolder {
	pub(super) fn new(folder: PathBuf) -> Self {
		Self { folder, known: Mutex::default() }
	}

	/// Returns the folders that have a manifest, with its bytes.
	fn folders(&self) -> Result<BTreeMap<PathBuf, Vec<u8>>, LauncherError> {
		let failed = |error| LauncherError::of_file(&self.folder, error);
		let mut folders = BTreeMap::new();
		for entry in fs::read_dir(&self.folder).map_err(failed)? {
			let folder = entry.map_err(failed)?.path();
			if let Ok(manifest) = fs::read(folder.join(MANIFEST)) {
				folders.insert(folder, manifest);
			}
		}
		Ok(folders)
	}

	/// Verifies all images.
	///
	/// ## Errors
	/// [`LauncherError::Storage`] if the folder cannot be read.
	pub(super) fn survey(&self) -> Result<Vec<SurveyedImage>, LauncherError> {
		let folders = self.folders()?.into_keys();
		Ok(folders
			.map(|folder| SurveyedImage {
				image: Image::verify(&folder, |_| {})
					.map(|image| image.id())
					.map_err(|error| error.to_string()),
				folder,
			})
			.collect())
	}

	/// Returns the id of an image if it was verified with the same manifest.
	fn id(&self, folder: &Path, manifest: &[u8]) -> Option<ImageId> {
		let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
		known.get(folder).filter(|known| known.manifest == manifest).map(|known| known.id)
	}

	fn verify(&self, folder: &Path, manifest: &[u8]) -> Result<Image, LauncherError> {
		let image = Image::verify(folder, |_| {}).map_err(|error| mismatch(folder, &error))?;
		let verified = Known { manifest: manifest.into(), id: image.id() };
		let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
		known.insert(folder.into(), verified);
		Ok(image)
	}
}

impl Images for ImageFolder {
	fn find(
		&self,
		id: &ImageId,
		measurement: &Measurement,
		vcpus: u32,
	) -> Result<LaunchImage, LauncherError> {
		let mut damaged = None;
		for (folder, manifest) in self.folders()? {
			if self.id(&folder, &manifest).is_some_and(|known| known != *id) {
				continue;
			}
			match self.verify(&folder, &manifest) {
				Ok(image) if image.id() == *id => {
					return launch(&folder, &image, measurement, vcpus);
				},
				Ok(_) => {},
				Err(error) => {
					tracing::warn!(code = error.code(), %error, "an image cannot be used");
					damaged = Some(error);
				},
			}
		}
		Err(damaged.unwrap_or_else(|| LauncherError::ImageMissing {
			dir: self.folder.display().to_string(),
			id: hex::encode(id),
		}))
	}
}

/// A folder with a single image.
pub(super) struct OneImage(pub PathBuf);

impl OneImage {
	fn verify(&self) -> Result<Image, LauncherError> {
		Image::verify(&self.0, |_| {}).map_err(|error| mismatch(&self.0, &error))
	}

	/// Verifies the image, and describes the VM of hccam.
	pub(super) fn agent_image(&self) -> Result<AgentImage, LauncherError> {
		let image = self.verify()?;
		let row = image.row(AGENT_VCPUS).map_err(|error| mismatch(&self.0, &error))?;
		let (id, memory) = (image.id(), image.manifest().memory_mib);
		Ok(AgentImage { id, measurement: row.measurement, memory })
	}
}

impl Images for OneImage {
	fn find(
		&self,
		id: &ImageId,
		measurement: &Measurement,
		vcpus: u32,
	) -> Result<LaunchImage, LauncherError> {
		let image = self.verify()?;
		if image.id() != *id {
			return Err(LauncherError::ImageMissing {
				dir: self.0.display().to_string(),
				id: hex::encode(id),
			});
		}
		launch(&self.0, &image, measurement, vcpus)
	}
}

fn mismatch(folder: &Path, error: &hcc_image::Error) -> LauncherError {
	LauncherError::ImageMismatch { folder: folder.display().to_string(), why: error.to_string() }
}

/// Describes the launch of a verified image. The id covers all rows, so the row has the ordered
/// measurement unless the chain's copy is another one.
fn launch(
	folder: &Path,
	image: &Image,
	measurement: &Measurement,
	vcpus: u32,
) -> Result<LaunchImage, LauncherError> {
	let row = image.row(vcpus).map_err(|error| mismatch(folder, &error))?;
	if row.measurement != *measurement {
		let (seen, wanted) = (hex::encode(row.measurement), hex::encode(measurement));
		return Err(LauncherError::ImageMismatch {
			folder: folder.display().to_string(),
			why: format!("its launch measurement with {vcpus} vCPUs is {seen}, not {wanted}"),
		});
	}
	let manifest = image.manifest();
	Ok(LaunchImage {
		id: hex::encode(image.id()),
		measurement: row.measurement,
		firmware: image.path(File::Firmware),
		kernel: image.path(File::Kernel),
		initrd: image.path(File::Initrd),
		root: image.path(File::Root),
		verity: image.path(File::Verity),
		cmdline: manifest.cmdline.clone(),
		cpu: manifest.cpu.clone(),
		hash_table: image.kernel_hash_table().map_err(|error| error.to_string()),
	})
}

#[cfg(test)]
mod tests {
	use hcc_image::{FileEntry, Files, Manifest, Sha256Digest, CPU, FORMAT};

	use super::*;

	const BLOCK: usize = 4096;

	/// Writes an image whose digests are right, and whose firmware is none.
	fn write_image(folder: &Path) {
		fs::create_dir_all(folder).expect("a folder");
		let write = |file: File| {
			// The hash tree of two blocks is one block.
			let blocks = if file == File::Root { 2 } else { 1 };
			let bytes = vec![file as u8; blocks * BLOCK];
			fs::write(folder.join(file.name()), &bytes).expect("written");
			FileEntry { sha256: Sha256Digest::of(&bytes), size: bytes.len() as u64 }
		};
		let manifest = Manifest {
			format: FORMAT,
			name: "test".into(),
			version: "1".into(),
			cmdline: format!("console=ttyS0 hcc.root={} hcc.blocks=2", "00".repeat(32)),
			files: Files {
				firmware: write(File::Firmware),
				kernel: write(File::Kernel),
				initrd: write(File::Initrd),
				root: write(File::Root),
				verity: write(File::Verity),
			},
			memory_mib: 256,
			cpu: CPU.into(),
			vcpus: vec![1],
			insecure: true,
		};
		let text = serde_json::to_vec(&manifest).expect("it has a form");
		fs::write(folder.join(MANIFEST), text).expect("written");
	}

	fn failure(images: &ImageFolder) -> LauncherError {
		images.find(&[7; 32], &[8; 48], 1).expect_err("there is no such image")
	}

	#[test]
	fn missing_image_is_named_by_its_id() {
		let folder = tempfile::tempdir().expect("a folder");
		fs::create_dir(folder.path().join("other")).expect("a folder without a manifest");
		let error = failure(&ImageFolder::new(folder.path().into()));
		assert_eq!(error.code(), "image-missing");
		assert!(error.to_string().contains(&"07".repeat(32)), "{error}");
	}

	#[test]
	fn damaged_image_of_agent_is_a_mismatch() {
		let folder = tempfile::tempdir().expect("a folder");
		let image = OneImage(folder.path().join("hccam"));
		assert_eq!(image.agent_image().expect_err("it is missing").code(), "image-mismatch");
		write_image(&image.0);
		let error = image.agent_image().expect_err("it has no firmware");
		assert!(error.to_string().contains("OVMF.fd cannot measure a boot"), "{error}");
		let error = image.find(&[7; 32], &[8; 48], 1).expect_err("it has no firmware");
		assert_eq!(error.code(), "image-mismatch");
	}

	#[test]
	fn missing_folder_is_a_storage_error() {
		let folder = tempfile::tempdir().expect("a folder");
		let error = failure(&ImageFolder::new(folder.path().join("nothing")));
		assert_eq!(error.code(), "storage");
	}

	#[test]
	fn swapped_byte_of_each_file_is_a_mismatch() {
		let folder = tempfile::tempdir().expect("a folder");
		let images = ImageFolder::new(folder.path().into());
		let image = folder.path().join("test-1");
		write_image(&image);
		// All digests are right, so the verification only fails at the firmware's tables.
		let wanted = "OVMF.fd cannot measure a boot";
		let error = failure(&images).to_string();
		assert!(error.contains(wanted), "{error}");
		let surveyed = images.survey().expect("the folder can be read");
		let [SurveyedImage { folder: seen, image: Err(why) }] = &surveyed[..] else {
			panic!("one damaged image, not {surveyed:?}")
		};
		assert!(*seen == image && why.contains(wanted), "{why}");
		for file in File::ALL {
			write_image(&image);
			let mut bytes = fs::read(image.join(file.name())).expect("read");
			bytes[BLOCK - 1] ^= 1;
			fs::write(image.join(file.name()), bytes).expect("written");
			let error = failure(&images);
			assert_eq!(error.code(), "image-mismatch");
			let wanted = format!("{file} has the digest");
			assert!(error.to_string().contains(&wanted), "{error}");
		}
	}
}
