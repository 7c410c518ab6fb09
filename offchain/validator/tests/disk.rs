//! Tests of the worker's state on a disk that fails.

use std::{
	io,
	process::Command,
	sync::{
		atomic::{AtomicBool, Ordering},
		Arc,
	},
};

use hcc_chain::H256;
use hcc_validator::{
	exit,
	state::{BlockRecord, PendingVote, State, StateError},
};
use redb::{backends::InMemoryBackend, StorageBackend};

/// The environment variable that passes the folder of the state to [`state_in_limited_file`].
const FOLDER: &str = "HCC_TEST_STATE";

/// A disk that is full while the flag is set.
#[derive(Debug)]
struct Disk {
	memory: InMemoryBackend,
	full: Arc<AtomicBool>,
}

impl Disk {
	fn room(&self) -> io::Result<()> {
		if self.full.load(Ordering::SeqCst) {
			return Err(io::ErrorKind::StorageFull.into());
		}
		Ok(())
	}
}

impl StorageBackend for Disk {
	fn len(&self) -> io::Result<u64> {
		self.memory.len()
	}

	fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
		self.memory.read(offset, out)
	}

	fn set_len(&self, len: u64) -> io::Result<()> {
		self.room()?;
		self.memory.set_len(len)
	}

	fn sync_data(&self) -> io::Result<()> {
		self.room()?;
		self.memory.sync_data()
	}

	fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
		self.room()?;
		self.memory.write(offset, data)
	}
}

/// Returns the record of a block with one vote.
fn record(block: u64) -> BlockRecord {
	let mut subject = [0; 32];
	subject[..8].copy_from_slice(&block.to_be_bytes());
	let vote = PendingVote { subject: H256(subject), code: 0, claims: vec![7; 65_536] };
	BlockRecord { block, votes: vec![vote], ..BlockRecord::default() }
}

fn exit_code(error: StateError) -> Option<u8> {
	exit::code(&anyhow::Error::new(error).context("recording a block"))
}

#[test]
fn full_disk_ends_the_worker_even_once_it_has_room() {
	let full = Arc::new(AtomicBool::new(false));
	let disk = Disk { memory: InMemoryBackend::new(), full: full.clone() };
	let state = State::with_backend(disk, "//Worker").expect("the disk has room");
	state.record(&record(1)).expect("the disk has room");
	full.store(true, Ordering::SeqCst);
	let failed = state.record(&record(2)).expect_err("the disk is full");
	assert_eq!(exit_code(failed), Some(exit::STATE_FAILED));
	// The database does not recover when the disk has room again. Therefore the worker must exit.
	full.store(false, Ordering::SeqCst);
	let failed = state.record(&record(2)).expect_err("the database must be reopened");
	assert_eq!(exit_code(failed), Some(exit::STATE_FAILED));
}

/// Runs [`state_in_limited_file`] in a process whose files cannot exceed a few megabytes. The
/// signal SIGXFSZ is ignored, so that writes beyond the limit fail as on a full disk.
#[test]
fn state_survives_full_disk() {
	let folder = tempfile::tempdir().expect("a temporary folder");
	let ended = Command::new("sh")
		.args(["-c", "trap '' XFSZ; ulimit -f 8192; exec \"$0\" \"$@\""])
		.arg(std::env::current_exe().expect("the path of this program"))
		.args(["--exact", "state_in_limited_file", "--ignored"])
		.env(FOLDER, folder.path())
		.status()
		.expect("there is a shell");
	assert_eq!(ended.code(), Some(exit::STATE_FAILED.into()));
	let state = State::open(folder.path(), "//Worker").expect("the disk has room again");
	let done = state.cursor().expect("the state is readable").expect("some blocks fit");
	let votes = state.pending().expect("the state is readable");
	assert_eq!(u64::try_from(votes.len()), Ok(done), "each recorded block has its vote");
	state.record(&record(done + 1)).expect("the state is writable again");
}

/// Records blocks until a write fails, and exits with the worker's exit code for the error.
#[test]
#[ignore = "state_survives_full_disk runs it with a limit of the file size"]
fn state_in_limited_file() {
	let folder = std::env::var_os(FOLDER).expect("state_survives_full_disk sets it");
	let state = State::open(folder.as_ref(), "//Worker").expect("the disk has room");
	let failed = (1..100_000).find_map(|block| state.record(&record(block)).err());
	let code = failed.and_then(exit_code).expect("the limit is reached");
	std::process::exit(code.into());
}
