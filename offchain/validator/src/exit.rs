//! Exit codes of the worker.

use crate::state::StateError;

/// The state on disk failed. Free space on the disk or replace the disk, and start the worker
/// again. A supervisor may restart the worker after a pause.
pub const STATE_FAILED: u8 = 74;
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
	let is_state_failure = error.downcast_ref::<StateError>().is_some();
	let is_other_chain = error.downcast_ref::<OtherChain>().is_some();
	match (is_state_failure, is_other_chain) {
		(true, _) => Some(STATE_FAILED),
		(false, true) => Some(OTHER_CHAIN),
		(false, false) => None,
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
		assert_eq!(code(&anyhow::anyhow!("the node is unavailable")), None);
	}
}
