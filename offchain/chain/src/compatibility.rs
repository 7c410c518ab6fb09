//! Detects a node whose runtime differs from the runtime that this program was built for.

use std::sync::OnceLock;

use codec::Decode;
use subxt::Metadata;

use crate::{api, Chain, ChainAt, ChainError};

const METADATA: &[u8] = include_bytes!("../hccs.scale");

/// Returns the `spec_version` of the runtime that this program was built for.
pub fn built_for() -> Option<u32> {
	static VERSION: OnceLock<Option<u32>> = OnceLock::new();
	*VERSION.get_or_init(|| spec_version(&Metadata::decode_from(METADATA).ok()?))
}

/// Returns the `spec_version` in a runtime's metadata.
fn spec_version(metadata: &Metadata) -> Option<u32> {
	let version = metadata.pallet_by_name("System")?.constant_by_name("Version")?;
	// The first fields of `RuntimeVersion`: `spec_name`, `impl_name`, `authoring_version` and
	// `spec_version`.
	type Beginning = (String, String, u32, u32);
	let (_, _, _, version) = Beginning::decode(&mut version.value()).ok()?;
	Some(version)
}

/// Checks that this program was built for the runtime of a block. The check only gives an early
/// warning. Without it, each call or storage item that differs would fail when it is used.
///
/// ## Errors
/// [`ChainError::Incompatible`] names both versions and the remedy.
pub fn check_runtime(at: &ChainAt) -> Result<(), ChainError> {
	if api::is_codegen_valid_for(at.metadata_ref()) {
		return Ok(());
	}
	Err(incompatible(at.spec_version(), built_for()))
}

/// Returns the error for a node with the runtime version `seen`. `built` is the version that this
/// program was built for.
fn incompatible(seen: u32, built: Option<u32>) -> ChainError {
	ChainError::Incompatible(match built {
		Some(built) if built == seen => format!(
			"the node's runtime has version {seen}, for which this program was built, but other \
			metadata: one of them is a development build; install the release for version {seen}, \
			or connect to a node of the right chain"
		),
		Some(built) => format!(
			"the node's runtime has version {seen}, but this program was built for version {built}: \
			install the release for version {seen}, or connect to a node of the right chain"
		),
		None => format!(
			"the node's runtime has version {seen}, and this program was built for another one: \
			install the release for version {seen}, or connect to a node of the right chain"
		),
	})
}

/// Checks the node's runtime at the start, and again after each upgrade of the runtime.
#[derive(Debug, Default)]
pub struct RuntimeWatch {
	/// The version that was checked last.
	checked: Option<u32>,
}

impl RuntimeWatch {
	/// Checks the runtime of a block, unless the last check was of the same version.
	///
	/// ## Errors
	/// The errors of [`check_runtime`], once for each version.
	pub fn check(&mut self, at: &ChainAt) -> Result<(), ChainError> {
		let version = at.spec_version();
		if self.checked == Some(version) {
			return Ok(());
		}
		self.checked = Some(version);
		check_runtime(at)
	}
}

impl Chain {
	/// Checks the runtime of the last finalised block.
	///
	/// ## Errors
	/// The errors of [`check_runtime`].
	pub async fn check_compatible(&self) -> Result<(), ChainError> {
		check_runtime(&self.finalised().await?)
	}
}

/// Returns [`ChainError::Incompatible`] if the node's runtime lacks a call or a storage item, or
/// has it in another form. Returns `None` for any other error.
pub(crate) fn incompatible_item(error: &subxt::Error) -> Option<ChainError> {
	// Calls, storage, constants and so on have their own error types. Each of these types has some
	// of these variants.
	const VARIANTS: [&str; 6] = [
		"IncompatibleCodegen",
		"PalletNameNotFound",
		"CallNameNotFound",
		"StorageEntryNotFound",
		"ConstantNameNotFound",
		"MethodNotFound",
	];
	let text = format!("{error:?}");
	if !VARIANTS.iter().any(|variant| text.contains(variant)) {
		return None;
	}
	let built = built_for().map_or_else(|| "another version".into(), |v| format!("version {v}"));
	Some(ChainError::Incompatible(format!(
		"the node's runtime is incompatible with this program, which was built for {built}: install \
		the release for the node's runtime ({error})"
	)))
}

#[cfg(test)]
mod tests {
	use subxt::error::StorageError;

	use super::*;

	#[test]
	fn committed_metadata_states_version() {
		let metadata = Metadata::decode_from(METADATA).expect("metadata");
		assert!(built_for().is_some_and(|version| version > 0));
		assert_eq!(built_for(), spec_version(&metadata));
	}

	#[test]
	fn incompatible_runtime_names_both_versions_and_remedy() {
		let error = incompatible(7, Some(5)).to_string();
		assert!(error.contains("version 7") && error.contains("version 5"), "{error}");
		assert!(error.contains("install the release for version 7"), "{error}");
	}

	#[test]
	fn incompatible_storage_does_not_read_as_silent_node() {
		let error = ChainError::from(StorageError::IncompatibleCodegen);
		assert!(matches!(error, ChainError::Incompatible(_)), "{error}");
		let built = format!("version {}", built_for().expect("it is in the metadata"));
		assert!(error.to_string().contains(&built), "{error}");
		let other = ChainError::from(subxt::Error::other_str("the connection is closed"));
		assert!(matches!(other, ChainError::Node(_)), "{other}");
	}
}
