//! The kernel's measurement log, from where the chain takes it up.

use std::{fs, io, path::Path};

use hcc_evidence::{
	host::{BootState, ImaDelta},
	ima::Records,
	tpm::ClockInfo,
};

/// What can go wrong with the log.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
	/// The log cannot be read. securityfs must be mounted, and the user be root.
	#[error("cannot read {path}: {error}")]
	Unreadable { path: String, error: io::Error },
	/// The log is no measurement log. Blame: another file, or a kernel with `ima_canonical_fmt` off on a big-endian machine.
	#[error("{path} is no measurement log: {reason}")]
	Malformed { path: String, reason: String },
	/// The log has fewer entries than the chain has seen, though the TPM was not reset.
	#[error("the log has {seen} entries, of which the chain has seen {known}")]
	Short { seen: u32, known: u32 },
}

/// The records that the chain has not seen. Where the TPM was reset since, that is all of them.
pub(crate) fn delta(
	path: &Path,
	checkpoint: Option<&BootState>,
	clock: &ClockInfo,
) -> Result<ImaDelta, LogError> {
	let unreadable = |error| LogError::Unreadable { path: path.display().to_string(), error };
	let log = fs::read(path).map_err(unreadable)?;
	let known = checkpoint
		.filter(|boot| {
			boot.reset_count == clock.reset_count && boot.restart_count == clock.restart_count
		})
		.map_or(0, |boot| boot.entries);
	let mut records = Records::new(&log, 0);
	for seen in 0..known {
		match records.next() {
			Some(Ok(_)) => {},
			Some(Err(why)) => {
				let reason = why.to_string();
				return Err(LogError::Malformed { path: path.display().to_string(), reason });
			},
			None => return Err(LogError::Short { seen, known }),
		}
	}
	Ok(ImaDelta { from_entry: known, records: records.rest().to_vec() })
}
