//! Exit codes of all commands, and errors as text and as JSON.

use std::fmt;

use hcc_chain::{keys::KeyError, ChainError};
use serde_json::{json, Value};
use subxt::error::{
	BackendError, EventsError, ExtrinsicError, RuntimeApiError, StorageError, StorageKeyError,
	StorageValueError,
};

use crate::output::{self, outln};

/// An exit code. The meaning of a number never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
	Done = 0,
	Usage = 1,
	Rejected = 2,
	Undecided = 3,
	Unreachable = 4,
	Refused = 5,
	Unconfirmed = 6,
	NotFound = 7,
	Incompatible = 8,
	NotReady = 9,
	Relay = 10,
	HostKey = 11,
	WrongPassphrase = 12,
	ExposedKey = 13,
}

impl Exit {
	/// All codes, in ascending order.
	pub(crate) const ALL: [Self; 14] = [
		Self::Done,
		Self::Usage,
		Self::Rejected,
		Self::Undecided,
		Self::Unreachable,
		Self::Refused,
		Self::Unconfirmed,
		Self::NotFound,
		Self::Incompatible,
		Self::NotReady,
		Self::Relay,
		Self::HostKey,
		Self::WrongPassphrase,
		Self::ExposedKey,
	];

	/// Returns the numeric exit code.
	pub(crate) const fn number(self) -> u8 {
		self as u8
	}

	/// Returns the stable name of the code. JSON errors contain this name.
	pub(crate) const fn name(self) -> &'static str {
		match self {
			Self::Done => "done",
			Self::Usage => "usage",
			Self::Rejected => "rejected",
			Self::Undecided => "undecided",
			Self::Unreachable => "unreachable",
			Self::Refused => "refused",
			Self::Unconfirmed => "unconfirmed",
			Self::NotFound => "not-found",
			Self::Incompatible => "incompatible",
			Self::NotReady => "not-ready",
			Self::Relay => "relay",
			Self::HostKey => "host-key",
			Self::WrongPassphrase => "wrong-passphrase",
			Self::ExposedKey => "exposed-key",
		}
	}

	/// Returns the meaning of the code in words.
	pub(crate) const fn meaning(self) -> &'static str {
		match self {
			Self::Done => "accepted, or done",
			Self::Usage => "wrong usage, or a file that cannot be read or has another format",
			Self::Rejected => "the evidence or the image is rejected",
			Self::Undecided => "undecided: the verifier lacks an input",
			Self::Unreachable => "no node can be reached, or it stopped answering",
			Self::Refused => "the chain refused the transaction, which has no effect",
			Self::Unconfirmed => "a transaction was sent, and its outcome is unknown",
			Self::NotFound => "the chain has no such object",
			Self::Incompatible => "this program and the chain have different versions",
			Self::NotReady => "the VM does not run, or its boot is not final yet",
			Self::Relay => "the miner's relay cannot be reached, or refused the connection",
			Self::HostKey => "the SSH host key is not the one of the VM's boot",
			Self::WrongPassphrase => "the passphrase of a key file is wrong or missing",
			Self::ExposedKey => "others may use a file with a secret, by its mode or owner",
		}
	}

	/// Returns the exit code for an error.
	pub(crate) fn of(error: &anyhow::Error) -> Self {
		if let Some(failure) = error.downcast_ref::<Failure>() {
			return failure.exit;
		}
		if let Some(error) = error.chain().find_map(|cause| cause.downcast_ref::<ChainError>()) {
			return Self::of_chain(error);
		}
		if let Some(error) = error.chain().find_map(|cause| cause.downcast_ref::<KeyError>()) {
			return Self::of_key(error);
		}
		if error.chain().any(|cause| cause.to_string().contains(INCOMPATIBLE)) {
			Self::Incompatible
		} else if error.chain().any(is_of_node) {
			Self::Unreachable
		} else {
			Self::Usage
		}
	}

	fn of_key(error: &KeyError) -> Self {
		if error.is_of_passphrase() {
			Self::WrongPassphrase
		} else if error.is_exposed() {
			Self::ExposedKey
		} else {
			Self::Usage
		}
	}

	fn of_chain(error: &ChainError) -> Self {
		match error {
			ChainError::Node(inner) if inner.to_string().contains(INCOMPATIBLE) => {
				Self::Incompatible
			},
			ChainError::Unreachable { .. } | ChainError::Node(_) => Self::Unreachable,
			ChainError::Refused { .. } | ChainError::NotTaken { .. } => Self::Refused,
			ChainError::NotIncluded(_) | ChainError::TimedOut(_) | ChainError::Unconfirmed(_) => {
				Self::Unconfirmed
			},
			ChainError::Incompatible(_) => Self::Incompatible,
			ChainError::Key(_) => Self::Usage,
		}
	}
}

/// Text in subxt's errors about a call or a storage item that the node's runtime does not have. All
/// of these errors contain it.
const INCOMPATIBLE: &str = "is not compatible with the live chain";

/// Returns `true` if the error means that a node could not answer a query.
fn is_of_node(cause: &(dyn std::error::Error + 'static)) -> bool {
	cause.is::<subxt::Error>()
		|| cause.is::<BackendError>()
		|| cause.is::<EventsError>()
		|| cause.is::<ExtrinsicError>()
		|| cause.is::<RuntimeApiError>()
		|| cause.is::<StorageError>()
		|| cause.is::<StorageKeyError>()
		|| cause.is::<StorageValueError>()
}

/// An error that determines its exit code.
#[derive(Debug)]
pub(crate) struct Failure {
	exit: Exit,
	message: String,
}

impl Failure {
	/// Creates an error.
	pub(crate) fn error(exit: Exit, message: impl Into<String>) -> anyhow::Error {
		Self { exit, message: message.into() }.into()
	}
}

impl fmt::Display for Failure {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.write_str(&self.message)
	}
}

impl std::error::Error for Failure {}

/// Reports an error on standard error and, with `--json`, as an object on standard output. Returns
/// the exit code of the error.
pub(crate) fn report(error: &anyhow::Error, as_json: bool) -> Exit {
	let exit = Exit::of(error);
	let message = format!("{error:#}");
	output::warn(format_args!("error: {message}"));
	if as_json {
		outln!("{}", object(exit, &message));
	}
	exit
}

/// Returns the JSON object of an error.
pub(crate) fn object(exit: Exit, message: &str) -> Value {
	json!({ "error": exit.name(), "exit": exit.number(), "message": message })
}

/// Returns the table of exit codes for the help.
pub(crate) fn table() -> String {
	let rows = Exit::ALL.map(|exit| format!("  {:>2}  {}", exit.number(), exit.meaning()));
	format!("Exit codes:\n{}", rows.join("\n"))
}

#[cfg(test)]
mod tests {
	use anyhow::Context;

	use super::*;

	#[test]
	fn readme_lists_every_code() {
		let readme = include_str!("../README.md");
		for exit in Exit::ALL {
			let row = format!("| {} | `{}` | {} |", exit.number(), exit.name(), exit.meaning());
			assert!(readme.contains(&row), "{row}");
		}
	}

	#[test]
	fn exit_code_survives_context() {
		let not_found = Failure::error(Exit::NotFound, "no such VM");
		let not_found = Err::<(), _>(not_found).context("showing it").expect_err("an error");
		assert_eq!(Exit::of(&not_found), Exit::NotFound);
		for (error, exit) in [
			(ChainError::TimedOut(120), Exit::Unconfirmed),
			(ChainError::NotTaken { code: 1016, reason: String::new() }, Exit::Refused),
			(ChainError::Incompatible(String::new()), Exit::Incompatible),
			(ChainError::Key(String::new()), Exit::Usage),
		] {
			let error = Err::<(), _>(error).context("ordering").expect_err("an error");
			assert_eq!(Exit::of(&error), exit, "{error:#}");
		}
		assert_eq!(Exit::of(&anyhow::anyhow!("no such file")), Exit::Usage);
	}
}
