//! Where the vectors are, and that none is forgotten.

use std::{
	collections::BTreeSet,
	fs,
	path::{Path, PathBuf},
};

use serde_json::Value;

/// The folder of all vectors.
pub(crate) fn root() -> PathBuf {
	std::env::var_os("HCC_VECTORS").map_or_else(
		|| {
			// As cargo sets it now: a checkout that shares its target directory may run what another one compiled.
			let package = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo runs the tests");
			Path::new(&package).join("../../../shared/vectors")
		},
		PathBuf::from,
	)
}

/// One vector: a folder of files.
pub(crate) struct Vector {
	name: String,
	folder: PathBuf,
}

impl Vector {
	/// The vector of that name, or nothing, having said that it is skipped.
	pub(crate) fn find(name: &str) -> Option<Self> {
		let folder = root().join(name);
		if !folder.is_dir() {
			println!("skipped: {name} is not at {}", folder.display());
			return None;
		}
		Some(Self { name: name.to_owned(), folder })
	}

	pub(crate) fn name(&self) -> &str {
		&self.name
	}

	pub(crate) fn file(&self, name: &str) -> Vec<u8> {
		let path = self.folder.join(name);
		fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
	}

	pub(crate) fn has(&self, name: &str) -> bool {
		self.folder.join(name).exists()
	}

	pub(crate) fn json(&self, name: &str) -> Value {
		serde_json::from_slice(&self.file(name))
			.unwrap_or_else(|error| panic!("{}/{name}: {error}", self.name))
	}

	/// A file of hexadecimal text.
	pub(crate) fn hex(&self, name: &str) -> Vec<u8> {
		let text = String::from_utf8(self.file(name)).expect("hexadecimal is text");
		hex::decode(text.trim()).expect("hexadecimal")
	}

	/// A file in PEM, without its armour.
	pub(crate) fn pem(&self, name: &str) -> Vec<u8> {
		pem::parse(self.file(name)).expect("the file is PEM").into_contents()
	}
}

/// Every vector of `family` that is there must be in `known`, so that a new one is not passed over in silence.
pub(crate) fn assert_all_known(family: &str, known: &[&str]) {
	let folder = root().join(family);
	let Ok(entries) = fs::read_dir(&folder) else {
		println!("skipped: {family} is not at {}", folder.display());
		return;
	};
	let there: BTreeSet<String> = entries
		.map(|entry| entry.expect("the folder can be listed"))
		.filter(|entry| entry.path().is_dir())
		.map(|entry| entry.file_name().into_string().expect("names are text"))
		.collect();
	let known: BTreeSet<String> = known.iter().map(|name| (*name).to_owned()).collect();
	let unknown: Vec<_> = there.difference(&known).collect();
	assert!(unknown.is_empty(), "{family}: no test for {unknown:?}");
}
