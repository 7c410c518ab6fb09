//! The files of an image.

use std::{fs, os::unix::fs::symlink, path::Path};

use hcc_image::{Error, Image, KernelHashTable};
use sev::measurement::sev_hashes::SevHashes;

use crate::synthetic;

fn image() -> tempfile::TempDir {
	let folder = tempfile::tempdir().expect("a folder");
	synthetic::write(folder.path());
	folder
}

fn verify(folder: &Path) -> Result<Image, Error> {
	Image::verify(folder, |_| {})
}

fn fault(folder: &Path) -> Error {
	verify(folder).expect_err("the image is refused")
}

/// The vectors were made by `sev-snp-measure` 0.0.13 (PyPI) from the same files.
#[test]
fn rows_equal_those_of_sev_snp_measure() {
	let folder = image();
	let image = verify(folder.path()).expect("verified");
	let rows: Vec<_> =
		image.rows().iter().map(|row| (row.vcpus, hex::encode(row.measurement))).collect();
	let wanted = [
		(
			1,
			"7988e9a1924461a7e4d884f84aa6be0b2db2dea78c136b82187fca01f457466b1eeb60afdc7ecd1ad47d590533c572c7",
		),
		(
			2,
			"eebc625a21dc7f48ebd31f73f75a1322f5a3951c4fa9d5e26b63adb49d3aad0e67d77806290d1a38f08a44ec26c1331c",
		),
		(
			4,
			"7708df31fa6476b3875ba40a2660b6ec61974ba90333e709154930e1f8b212664a153037b11695d1d7947aa54bf9434a",
		),
	];
	assert_eq!(rows, wanted.map(|(vcpus, row)| (vcpus, row.to_owned())));
	assert_eq!(image.row(2).expect("a row"), image.rows()[1]);
	assert!(matches!(image.row(3), Err(Error::NoRow { vcpus: 3, .. })));
}

/// Computed independently, with Python's hashlib, from the layout in `docs/protocol.md`.
#[test]
fn id_matches_its_vector() {
	let folder = image();
	let image = verify(folder.path()).expect("verified");
	let id = image.id();
	let wanted = "ed4f5ae2a08606a6bb791a1ffd591b2080f8a6cad8588b619535e52243f88346";
	assert_eq!(hex::encode(id), wanted);
	assert!(image.check_id(&id).is_ok());
	assert!(matches!(image.check_id(&[0; 32]), Err(Error::Id { .. })));
}

#[test]
fn kernel_hash_table_equals_that_of_sev() {
	let folder = image();
	let image = verify(folder.path()).expect("verified");
	let KernelHashTable { address, bytes } = image.kernel_hash_table().expect("a table");
	assert_eq!(address, 0x81_0c00);
	let path = |name: &str| folder.path().join(name);
	let line = Some(image.manifest().cmdline.as_str());
	let theirs =
		SevHashes::new(path(synthetic::KERNEL), Some(path(synthetic::INITRD)), line).expect("read");
	assert_eq!(bytes, theirs.construct_table().expect("a table"));
}

#[test]
fn changed_bytes_are_refused_with_the_name_of_the_file() {
	let folder = image();
	for name in synthetic::FILES {
		let path = folder.path().join(name);
		let genuine = fs::read(&path).expect("read");
		// All bytes of small files, and some of each block of others.
		let step = if genuine.len() < 100 { 1 } else { 97 };
		for at in (0..genuine.len()).step_by(step) {
			let mut bytes = genuine.clone();
			bytes[at] ^= 1;
			fs::write(&path, &bytes).expect("written");
			let error = fault(folder.path());
			assert!(matches!(error, Error::Digest { .. }), "{name}, byte {at}: {error}");
			assert_eq!(error.file(), Some(name), "byte {at}");
			assert!(error.is_mismatch());
		}
		fs::write(&path, &genuine).expect("written");
	}
	assert!(verify(folder.path()).is_ok());
}

#[test]
fn shorter_and_longer_files_are_refused() {
	let folder = image();
	for name in synthetic::FILES {
		let path = folder.path().join(name);
		let genuine = fs::read(&path).expect("read");
		let longer = [&genuine[..], b"\0"].concat();
		for bytes in [&genuine[1..], &longer[..], &[]] {
			fs::write(&path, bytes).expect("written");
			let error = fault(folder.path());
			assert!(matches!(error, Error::Size { .. }), "{name}: {error}");
			assert_eq!(error.file(), Some(name));
		}
		fs::write(&path, &genuine).expect("written");
	}
}

#[test]
fn missing_files_are_named() {
	for name in synthetic::FILES.into_iter().chain([synthetic::MANIFEST]) {
		let folder = image();
		fs::remove_file(folder.path().join(name)).expect("removed");
		let error = fault(folder.path());
		assert!(!error.is_mismatch());
		assert!(error.to_string().contains(name), "{error}");
	}
}

#[test]
fn links_and_folders_are_refused() {
	let folder = image();
	let path = folder.path().join(synthetic::KERNEL);
	fs::rename(&path, folder.path().join("elsewhere")).expect("moved");
	symlink("elsewhere", &path).expect("linked");
	assert!(matches!(fault(folder.path()), Error::NotRegular(at) if at == path));
	fs::remove_file(&path).expect("removed");
	fs::create_dir(&path).expect("made");
	assert!(matches!(fault(folder.path()), Error::NotRegular(at) if at == path));
}

#[test]
fn root_that_the_command_line_does_not_name_is_refused() {
	let folder = image();
	synthetic::replace(folder.path(), synthetic::ROOT, &[9; 3 * 4096]);
	assert!(matches!(fault(folder.path()), Error::RootHash { .. }));
}

#[test]
fn tree_of_other_data_is_refused() {
	let folder = image();
	synthetic::replace(folder.path(), synthetic::VERITY, &[9; 4096]);
	assert!(matches!(fault(folder.path()), Error::HashTree));
}

#[test]
fn progress_covers_all_bytes() {
	let folder = image();
	let mut last = None;
	Image::verify(folder.path(), |progress| last = Some(progress)).expect("verified");
	let last = last.expect("a report");
	assert_eq!(last.done, last.total);
	let size = |name| fs::metadata(folder.path().join(name)).expect("a file").len();
	assert_eq!(last.total, synthetic::FILES.into_iter().map(size).sum::<u64>());
}
