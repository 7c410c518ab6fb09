//! Copies bytes between a client and a VM.

use std::{
	io,
	sync::{Mutex, MutexGuard},
	time::Duration,
};

use hcc_guest_protocol::Stream;
use tokio::{
	io::{split, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
	time::Instant,
};

/// Size of the buffer for each direction.
const BUFFER: usize = 16 << 10;

/// Times without a byte after which a connection ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
	/// While both directions are open.
	pub idle: Duration,
	/// After one direction has ended.
	pub linger: Duration,
}

/// Reasons for which a connection ended.
#[derive(Debug)]
pub(crate) enum Ended {
	/// Both directions ended.
	Closed,
	/// No byte arrived for too long.
	Idle,
	/// One of the ends failed, for example by a reset.
	Broken(io::Error),
}

/// Copies in both directions until both have ended.
///
/// The end of a client's output reaches the VM if `half_close`. Otherwise it would also cut the
/// VM's output, so the VM only learns of it when the connection ends.
pub(crate) async fn pipe(
	client: impl Stream,
	vm: impl Stream,
	half_close: bool,
	patience: Patience,
) -> Ended {
	let (mut client_in, mut client_out) = split(client);
	let (mut vm_in, mut vm_out) = split(vm);
	let activity = Activity::new(patience);
	let upward = async {
		copy(&mut client_in, &mut vm_out, &activity).await?;
		if half_close {
			// The VM may have closed its side already.
			drop(vm_out.shutdown().await);
		} else {
			activity.linger();
		}
		Ok::<_, io::Error>(())
	};
	let downward = async {
		copy(&mut vm_in, &mut client_out, &activity).await?;
		drop(client_out.shutdown().await);
		activity.linger();
		Ok::<_, io::Error>(())
	};
	tokio::select! {
		ended = async { tokio::try_join!(upward, downward) } => match ended {
			Ok(((), ())) => Ended::Closed,
			Err(error) => Ended::Broken(error),
		},
		() = activity.wait_until_idle() => Ended::Idle,
	}
}

/// Copies until the reader ends, or until the writer fails. An end that no longer reads may still
/// send, so a failed write does not end the other direction.
async fn copy(
	reader: &mut (impl AsyncRead + Unpin),
	writer: &mut (impl AsyncWrite + Unpin),
	activity: &Activity,
) -> io::Result<()> {
	let mut buffer = vec![0; BUFFER];
	loop {
		let count = reader.read(&mut buffer).await?;
		activity.note();
		if count == 0 || writer.write_all(&buffer[..count]).await.is_err() {
			return Ok(());
		}
		activity.note();
	}
}

/// The time of the last byte, and the time that may pass without one.
struct Activity {
	patience: Patience,
	state: Mutex<(Instant, Duration)>,
}

impl Activity {
	fn new(patience: Patience) -> Self {
		Self { patience, state: Mutex::new((Instant::now(), patience.idle)) }
	}

	fn state(&self) -> MutexGuard<'_, (Instant, Duration)> {
		self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
	}

	fn note(&self) {
		self.state().0 = Instant::now();
	}

	/// Shortens the time that may pass, because one direction has ended.
	fn linger(&self) {
		let mut state = self.state();
		*state = (Instant::now(), state.1.min(self.patience.linger));
	}

	async fn wait_until_idle(&self) {
		loop {
			let (last, allowed) = *self.state();
			let now = Instant::now();
			if last + allowed <= now {
				return;
			}
			// The allowed time can become shorter during the sleep.
			tokio::time::sleep_until((last + allowed).min(now + self.patience.linger)).await;
		}
	}
}

#[cfg(test)]
mod tests {
	use tokio::{
		io::{duplex, DuplexStream},
		task::JoinHandle,
		time::timeout,
	};

	use super::*;

	const TIMEOUT: Duration = Duration::from_secs(10);
	const HOUR: Duration = Duration::from_secs(3_600);
	const PATIENT: Patience = Patience { idle: HOUR, linger: HOUR };

	/// Starts a pipe. Returns the far ends of client and VM.
	fn piped(
		half_close: bool,
		patience: Patience,
	) -> (DuplexStream, DuplexStream, JoinHandle<Ended>) {
		let (client, near_client) = duplex(1 << 10);
		let (vm, near_vm) = duplex(1 << 10);
		let pipe = tokio::spawn(pipe(near_client, near_vm, half_close, patience));
		(client, vm, pipe)
	}

	async fn end(pipe: JoinHandle<Ended>) -> Ended {
		timeout(TIMEOUT, pipe).await.expect("it ends in time").expect("no panic")
	}

	async fn read_all(stream: &mut DuplexStream) -> Vec<u8> {
		let mut read = Vec::new();
		let reading = timeout(TIMEOUT, stream.read_to_end(&mut read));
		reading.await.expect("in time").expect("read");
		read
	}

	#[tokio::test]
	async fn answer_after_end_of_request_arrives() {
		let (mut client, mut vm, pipe) = piped(true, PATIENT);
		client.write_all(&[7; 1_000]).await.expect("written");
		client.shutdown().await.expect("ended");
		assert_eq!(read_all(&mut vm).await, [7; 1_000], "the VM sees the end of the request");
		vm.write_all(b"answer").await.expect("written");
		drop(vm);
		assert_eq!(read_all(&mut client).await, b"answer");
		assert!(matches!(end(pipe).await, Ended::Closed));
	}

	#[tokio::test]
	async fn end_of_request_does_not_reach_device_without_half_close() {
		let (mut client, mut vm, pipe) = piped(false, PATIENT);
		client.write_all(b"request").await.expect("written");
		client.shutdown().await.expect("ended");
		let mut request = [0; 7];
		vm.read_exact(&mut request).await.expect("read");
		let end_of_request = timeout(Duration::from_millis(50), vm.read(&mut request)).await;
		assert!(end_of_request.is_err(), "the VM must not see the end: it would cut the answer");
		vm.write_all(b"answer").await.expect("written");
		drop(vm);
		assert_eq!(read_all(&mut client).await, b"answer");
		assert!(matches!(end(pipe).await, Ended::Closed));
	}

	#[tokio::test]
	async fn last_words_of_vm_that_reads_no_longer_arrive() {
		let (mut client, vm, pipe) = piped(true, PATIENT);
		let (vm_in, mut vm_out) = split(vm);
		vm_out.write_all(b"too large").await.expect("written");
		vm_out.shutdown().await.expect("ended");
		assert_eq!(read_all(&mut client).await, b"too large");
		drop((vm_in, vm_out));
		// The relay can no longer write to the VM.
		client.write_all(b"more").await.expect("written");
		assert!(matches!(end(pipe).await, Ended::Closed));
	}

	#[tokio::test]
	async fn idle_connection_ends() {
		let idle = Duration::from_millis(400);
		let (mut client, mut vm, pipe) = piped(true, Patience { idle, linger: HOUR });
		for _ in 0..3 {
			tokio::time::sleep(idle / 2).await;
			client.write_all(b"x").await.expect("the connection is open");
			vm.read_exact(&mut [0]).await.expect("it arrives");
		}
		let start = Instant::now();
		assert!(matches!(end(pipe).await, Ended::Idle));
		assert!(start.elapsed() >= idle / 2, "{:?}", start.elapsed());
		assert_eq!(vm.read(&mut [0]).await.expect("the end"), 0);
	}

	#[tokio::test]
	async fn hanging_vm_does_not_hold_half_closed_connection() {
		let linger = Duration::from_millis(100);
		let (mut client, _vm, pipe) = piped(false, Patience { idle: HOUR, linger });
		client.shutdown().await.expect("ended");
		assert!(matches!(end(pipe).await, Ended::Idle));
	}
}
