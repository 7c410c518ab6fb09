//! The firmware's event log. If the chain requires this log, it rejects evidence without the log.
//! So the agent reports a faulty log before it sends anything.

use std::{
	fs::File,
	io::{self, Read},
	path::Path,
};

use hcc_evidence::{boot::Events, host::MAX_BOOT_LOG};

/// Reasons why the log cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BootLogError {
	/// The log cannot be read. Mount securityfs, run the agent as root, and boot by UEFI.
	#[error(
		"cannot read the firmware's event log {path}: {error}; mount securityfs, run as root, and \
		boot by UEFI with the TPM enabled"
	)]
	Unreadable { path: String, error: io::Error },
	/// The firmware provided no log. Boot by UEFI with the TPM enabled.
	#[error("the firmware's event log {path} is empty; boot by UEFI with the TPM enabled")]
	Empty { path: String },
	/// The log is longer than evidence allows.
	#[error(
		"the firmware's event log {path} has more than {MAX_BOOT_LOG} bytes, the limit in evidence; \
		disable option ROMs and boot entries that the machine does not need"
	)]
	TooLong { path: String },
	/// The file is not an event log. Correct `boot_log` in the configuration.
	#[error("{path} is not an event log of UEFI: {reason}; correct boot_log")]
	Malformed { path: String, reason: String },
}

/// Reads the event log of the current boot.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, BootLogError> {
	let shown = || path.display().to_string();
	let limit = MAX_BOOT_LOG as u64 + 1;
	let mut log = Vec::new();
	File::open(path)
		.and_then(|file| file.take(limit).read_to_end(&mut log))
		.map_err(|error| BootLogError::Unreadable { path: shown(), error })?;
	if log.is_empty() {
		return Err(BootLogError::Empty { path: shown() });
	}
	if log.len() > MAX_BOOT_LOG {
		return Err(BootLogError::TooLong { path: shown() });
	}
	match Events::new(&log).and_then(|mut events| events.try_for_each(|event| event.map(drop))) {
		Ok(()) => Ok(log),
		Err(why) => Err(BootLogError::Malformed { path: shown(), reason: why.to_string() }),
	}
}

/// Returns the log for evidence of a new boot.
///
/// If the log is faulty and the chain does not require it, logs a warning and returns `None`.
///
/// ## Errors
/// Fails if the log is faulty and the chain requires it.
pub(crate) fn for_evidence(
	path: &Path,
	is_required: bool,
) -> Result<Option<Vec<u8>>, BootLogError> {
	match read(path) {
		Ok(log) => Ok(Some(log)),
		Err(error) if is_required => Err(error),
		Err(error) => {
			tracing::warn!(%error, "evidence without the firmware's event log");
			Ok(None)
		},
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	/// Returns an event without data, in the event log format that has no header event.
	fn event() -> Vec<u8> {
		[&4u32.to_le_bytes()[..], &4u32.to_le_bytes(), &[7; 20], &0u32.to_le_bytes()].concat()
	}

	fn log(bytes: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
		let folder = tempfile::tempdir().expect("a folder");
		let path = folder.path().join("log");
		std::fs::write(&path, bytes).expect("written");
		(folder, path)
	}

	#[test]
	fn faulty_log_is_reported_before_evidence_is_sent() {
		let (_folder, whole) = log(&event());
		assert_eq!(for_evidence(&whole, true).expect("it is read"), Some(event()));
		let missing = for_evidence(&whole.with_extension("missing"), true);
		assert!(matches!(missing, Err(BootLogError::Unreadable { .. })), "{missing:?}");
		let (_folder, path) = log(&[]);
		assert!(matches!(for_evidence(&path, true), Err(BootLogError::Empty { .. })));
		let (_folder, path) = log(&event().repeat(MAX_BOOT_LOG / event().len() + 1));
		assert!(matches!(for_evidence(&path, true), Err(BootLogError::TooLong { .. })));
		let (_folder, path) = log(&event()[..20]);
		assert!(matches!(for_evidence(&path, true), Err(BootLogError::Malformed { .. })));
	}

	#[test]
	fn endless_file_is_too_long() {
		assert!(matches!(read(Path::new("/dev/zero")), Err(BootLogError::TooLong { .. })));
	}

	#[test]
	fn optional_log_is_omitted_if_faulty() {
		let (_folder, path) = log(&[]);
		assert_eq!(for_evidence(&path, false).expect("it is not required"), None);
	}
}
