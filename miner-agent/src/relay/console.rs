//! The console log of a VM, as its host keeps it.

use std::{
	io::{self, SeekFrom},
	path::Path,
	time::{Duration, Instant},
};

use hcc_guest_protocol::Stream;
use tokio::{
	fs::File,
	io::{split, AsyncReadExt, AsyncSeekExt, AsyncWrite, AsyncWriteExt},
	time::timeout,
};

/// The maximum length of the part of a log that a client receives first, in bytes.
const TAIL: u64 = 256 << 10;
/// Interval between two looks at a log that a client follows.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Time that a client has to take a part of the log.
const TAKE: Duration = Duration::from_secs(30);
/// Size of the buffer.
const BUFFER: usize = 16 << 10;

/// Sends the last part of a log, from the start of a line. With `follow` it also sends what is
/// appended later, until the client closes the stream or nothing is appended for `idle`.
pub(crate) async fn send(
	path: &Path,
	follow: bool,
	client: impl Stream,
	idle: Duration,
) -> io::Result<()> {
	let (mut client_in, mut client_out) = split(client);
	let mut file = File::open(path).await?;
	let (tail, mut position) = tail(&mut file).await?;
	write(&mut client_out, &tail).await?;
	let mut buffer = vec![0; BUFFER];
	let mut last = Instant::now();
	while follow && last.elapsed() < idle {
		let count = file.read(&mut buffer).await?;
		write(&mut client_out, &buffer[..count]).await?;
		position += count as u64;
		if count > 0 {
			last = Instant::now();
			continue;
		}
		// A client sends nothing: each read is its end.
		if timeout(LOOK_EVERY, client_in.read_u8()).await.is_ok() {
			break;
		}
		if tokio::fs::metadata(path).await.is_ok_and(|log| log.len() < position) {
			// The log was rotated.
			(file, position) = (File::open(path).await?, 0);
		}
	}
	client_out.shutdown().await
}

/// Reads the last part of a log. Returns it with the position after it.
async fn tail(file: &mut File) -> io::Result<(Vec<u8>, u64)> {
	let len = file.metadata().await?.len();
	let start = len.saturating_sub(TAIL);
	file.seek(SeekFrom::Start(start)).await?;
	let mut tail = Vec::new();
	file.take(len - start).read_to_end(&mut tail).await?;
	let position = start + tail.len() as u64;
	if start > 0 {
		if let Some(at) = tail.iter().position(|byte| *byte == b'\n') {
			tail.drain(..=at);
		}
	}
	Ok((tail, position))
}

/// Writes bytes. Fails if the client does not take them.
async fn write(client: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
	for part in bytes.chunks(BUFFER) {
		let writing = timeout(TAKE, client.write_all(part));
		writing.await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
	}
	Ok(())
}

#[cfg(test)]
mod tests {
	use std::{fs, io::Write as _};

	use tokio::io::{duplex, DuplexStream};

	use super::*;

	const HOUR: Duration = Duration::from_secs(3_600);

	async fn read_exactly(client: &mut DuplexStream, wanted: &str) {
		let mut read = vec![0; wanted.len()];
		let reading = timeout(Duration::from_secs(10), client.read_exact(&mut read));
		reading.await.expect("in time").expect("read");
		assert_eq!(String::from_utf8_lossy(&read), wanted);
	}

	#[tokio::test]
	async fn long_log_starts_at_a_line() {
		let folder = tempfile::tempdir().expect("a folder");
		let path = folder.path().join("console.log");
		let line = "0123456789\n";
		fs::write(&path, line.repeat(50_000)).expect("written");
		let (mut client, near) = duplex(1 << 20);
		send(&path, false, near, HOUR).await.expect("sent");
		let mut read = String::new();
		client.read_to_string(&mut read).await.expect("read");
		assert!(read.len() as u64 <= TAIL && read.len() as u64 > TAIL - 20, "{}", read.len());
		assert!(read.lines().all(|line| line == "0123456789"));
	}

	#[tokio::test]
	async fn followed_log_grows_and_rotates_until_client_leaves() {
		let folder = tempfile::tempdir().expect("a folder");
		let path = folder.path().join("console.log");
		fs::write(&path, "one\n").expect("written");
		let (mut client, near) = duplex(1 << 10);
		let log = path.clone();
		let sending = tokio::spawn(async move { send(&log, true, near, HOUR).await });
		read_exactly(&mut client, "one\n").await;
		let mut file = fs::OpenOptions::new().append(true).open(&path).expect("opened");
		file.write_all(b"two\n").expect("appended");
		read_exactly(&mut client, "two\n").await;
		fs::write(&path, "new\n").expect("rotated");
		read_exactly(&mut client, "new\n").await;
		drop(client);
		let ended = timeout(Duration::from_secs(10), sending).await.expect("in time");
		assert!(ended.is_ok(), "no panic");
	}
}
