//! The only path to standard output. The exit code never depends on the success of a write.
//!
//! A closed pipe (`| head -1`) is not an error. Any other failure, such as a full disk, is reported
//! once on standard error.

use std::{
	fmt,
	io::{self, ErrorKind, Write},
	sync::atomic::{AtomicBool, Ordering::Relaxed},
};

/// `true` once standard output has failed.
static LOST: AtomicBool = AtomicBool::new(false);
/// `true` if standard output has failed for another reason than a closed pipe.
static FAILED: AtomicBool = AtomicBool::new(false);

/// Prints a line, as `println!` does.
macro_rules! outln {
	($($argument:tt)*) => {
		$crate::output::line(format_args!($($argument)*))
	};
}
pub(crate) use outln;

/// Prints a line.
pub(crate) fn line(text: fmt::Arguments<'_>) {
	bytes(format!("{text}\n").as_bytes());
}

/// Prints bytes. They need not be text.
pub(crate) fn bytes(bytes: &[u8]) {
	if is_lost() {
		return;
	}
	let mut out = io::stdout().lock();
	note(out.write_all(bytes).and_then(|()| out.flush()));
}

/// Records the result of a write to standard output.
pub(crate) fn note(result: io::Result<()>) {
	let Err(error) = result else { return };
	let is_first = !LOST.swap(true, Relaxed);
	if is_first && error.kind() != ErrorKind::BrokenPipe {
		FAILED.store(true, Relaxed);
		warn(format_args!("error: cannot write to standard output: {error}"));
	}
}

/// Returns `true` if standard output has failed, so that later output is lost.
pub(crate) fn is_lost() -> bool {
	LOST.load(Relaxed)
}

/// Returns `true` if standard output has failed for another reason than a closed pipe.
pub(crate) fn has_failed() -> bool {
	FAILED.load(Relaxed)
}

/// Prints a line to standard error. Ignores a failure of the write.
pub(crate) fn warn(text: fmt::Arguments<'_>) {
	drop(writeln!(io::stderr().lock(), "{text}"));
}
