//! The folder of the vectors, and a check that every vector has a test.

use std::{
	collections::BTreeSet,
	fs,
	path::{Path, PathBuf},
};

use serde_json::Value;

/// Returns the folder of all vectors.
pub(crate) fn root() -> PathBuf {
	std::env::var_os("HCC_VECTORS").map_or_else(
		|| {
			// Read at run time: another checkout with the same target directory may have compiled
			// the test.
			let package = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo runs the tests");
			Path::new(&package).join("../../../shared/vectors")
		},
		PathBuf::from,
	)
}

/// Returns the folder of the field cases: `HCC_FIELD`, or else `field` beside the vectors.
fn field() -> PathBuf {
	std::env::var_os("HCC_FIELD").map_or_else(|| root().join("../field"), PathBuf::from)
}

/// A vector: a folder of files.
pub(crate) struct Vector {
	name: String,
	folder: PathBuf,
}

impl Vector {
	/// Returns the vector with this name. If it is absent, prints that it is skipped and returns
	/// `None`.
	pub(crate) fn find(name: &str) -> Option<Self> {
		Self::at(root(), name)
	}

	/// Returns the field cases with this name, like [`Self::find`].
	pub(crate) fn find_field(name: &str) -> Option<Self> {
		Self::at(field(), name)
	}

	fn at(parent: PathBuf, name: &str) -> Option<Self> {
		let folder = parent.join(name);
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

	/// Returns the bytes of a file of hexadecimal text.
	pub(crate) fn hex(&self, name: &str) -> Vec<u8> {
		let text = String::from_utf8(self.file(name)).expect("hexadecimal is text");
		hex::decode(text.trim()).expect("hexadecimal")
	}

	/// Returns the decoded contents of a PEM file.
	pub(crate) fn pem(&self, name: &str) -> Vec<u8> {
		pem::parse(self.file(name)).expect("the file is PEM").into_contents()
	}
}

/// Checks that every existing vector of `family` is in `known`, so that a new vector cannot remain
/// without a test.
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
