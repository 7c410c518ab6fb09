//! Exit codes of the worker.

use hcc_chain::keys::KeyError;

use crate::state::StateError;

/// The state on disk failed. Free space on the disk or replace the disk, and start the worker
/// again. A supervisor may restart the worker after a pause.
pub const STATE_FAILED: u8 = 74;
/// The passphrase of the key file is wrong or missing. Correct `--passphrase-file` or the systemd
/// credential.
pub const WRONG_PASSPHRASE: u8 = 77;
/// The state on disk and the node belong to different chains. Correct the URL of the node. If the
/// state is no longer needed, start the worker once with `--reset-state`.
pub const OTHER_CHAIN: u8 = 78;

/// The state on disk and the node belong to different chains.
#[derive(Debug, thiserror::Error)]
#[error(
	"the state belongs to another chain than the node: correct the URL of the node, or start once with --reset-state"
)]
pub struct OtherChain;

/// Returns the exit code for an error after which the worker must exit. Returns `None` for an error
/// after which the worker can retry.
pub fn code(error: &anyhow::Error) -> Option<u8> {
	if error.downcast_ref::<StateError>().is_some() {
		Some(STATE_FAILED)
	} else if error.downcast_ref::<OtherChain>().is_some() {
		Some(OTHER_CHAIN)
	} else {
		let key = error.downcast_ref::<KeyError>();
		key.filter(|error| error.is_of_passphrase()).map(|_| WRONG_PASSPHRASE)
	}
}

#[cfg(test)]
mod tests {
	use anyhow::Context;

	use super::*;

	#[test]
	fn fatal_errors_have_distinct_codes() {
		let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
		let failed = Err::<(), _>(StateError::from(full)).context("recording a block");
		assert_eq!(failed.map_err(|error| code(&error)), Err(Some(STATE_FAILED)));
		assert_eq!(code(&OtherChain.into()), Some(OTHER_CHAIN));
		let path = || "worker.key".to_string();
		let wrong = Err::<(), _>(KeyError::WrongPassphrase { path: path() }).context("reading it");
		assert_eq!(wrong.map_err(|error| code(&error)), Err(Some(WRONG_PASSPHRASE)));
		let exposed = KeyError::Exposed { path: path(), mode: 0o644 };
		assert_eq!(code(&exposed.into()), None, "wrong configuration");
		assert_eq!(code(&anyhow::anyhow!("the node is unavailable")), None);
	}
}
