//! The TPM on a separate thread, because calls of the software stack block without a time limit. If
//! a command hangs, the agent abandons the thread and opens the TPM again.

use std::{
	sync::{
		atomic::{AtomicU64, AtomicUsize, Ordering},
		mpsc::{self, Receiver, RecvTimeoutError, Sender},
		Arc, Mutex, PoisonError,
	},
	thread,
	time::{Duration, Instant},
};

use prometheus_client::metrics::counter::Counter;

use super::{Tpm, TpmError, TpmSettings};

/// Maximum number of threads, including abandoned ones.
const MAX_THREADS: usize = 4;
/// Factor by which the time limit is longer for a command that creates an RSA key. A hardware TPM
/// needs up to a minute for such a command.
const RSA_FACTOR: u32 = 10;

/// Counters of the TPM's failures, for metrics.
#[derive(Clone, Debug, Default)]
pub struct TpmCounters {
	/// Number of commands that the TPM did not answer in time.
	pub timeouts: Counter,
	/// Number of operations that failed, including time-outs.
	pub failures: Counter,
	/// Number of times that the TPM was opened. It is opened again only after a failure.
	pub opened: Counter,
}

/// The time at which the TPM is overdue. Each command extends it.
#[derive(Clone, Debug)]
pub(super) struct Deadline {
	origin: Instant,
	/// The time limit of a command.
	limit: Duration,
	/// The deadline, in milliseconds after `origin`.
	at: Arc<AtomicU64>,
}

impl Deadline {
	pub(super) fn new(limit: Duration) -> Self {
		let deadline = Self { origin: Instant::now(), limit, at: Arc::default() };
		deadline.begin_command();
		deadline
	}

	/// Extends the deadline, because a command begins.
	pub(super) fn begin_command(&self) {
		self.extend(self.limit);
	}

	/// Extends the deadline, because a command begins that creates an RSA key.
	pub(super) fn begin_rsa_key(&self) {
		self.extend(self.limit.saturating_mul(RSA_FACTOR));
	}

	fn extend(&self, by: Duration) {
		let at = self.origin.elapsed().saturating_add(by).as_millis();
		self.at.store(u64::try_from(at).unwrap_or(u64::MAX), Ordering::Relaxed);
	}

	fn remaining(&self) -> Duration {
		let at = Duration::from_millis(self.at.load(Ordering::Relaxed));
		at.saturating_sub(self.origin.elapsed())
	}

	/// Waits for an answer until the deadline, which each new command extends. Returns `None` if
	/// the thread has ended.
	fn wait<T>(&self, answer: &Receiver<T>) -> Result<Option<T>, TpmError> {
		loop {
			match answer.recv_timeout(self.remaining()) {
				Ok(answer) => return Ok(Some(answer)),
				Err(RecvTimeoutError::Disconnected) => return Ok(None),
				Err(RecvTimeoutError::Timeout) if self.remaining().is_zero() => {
					return Err(TpmError::TimedOut(self.limit.as_secs()));
				},
				// Another command has begun and has extended the deadline.
				Err(RecvTimeoutError::Timeout) => {},
			}
		}
	}
}

type Job = Box<dyn FnOnce(&mut Tpm) + Send>;

/// A thread with an open TPM. The thread ends after this value is dropped and the last command has
/// ended.
struct Worker {
	jobs: Sender<Job>,
	deadline: Deadline,
}

/// A TPM that is opened when it is first used, and again after a failure. One operation runs at a
/// time.
pub struct SharedTpm {
	settings: TpmSettings,
	worker: Mutex<Option<Worker>>,
	/// The number of threads, including abandoned ones.
	threads: Arc<AtomicUsize>,
	counters: TpmCounters,
}

impl SharedTpm {
	/// Refers to a TPM without opening it.
	pub fn new(settings: TpmSettings) -> Self {
		Self {
			settings,
			worker: Mutex::default(),
			threads: Arc::default(),
			counters: TpmCounters::default(),
		}
	}

	/// Counts failures in the given counters.
	pub fn with_counters(mut self, counters: TpmCounters) -> Self {
		self.counters = counters;
		self
	}

	/// Returns the counters of failures.
	pub fn counters(&self) -> TpmCounters {
		self.counters.clone()
	}

	/// Runs an operation. Blocks until the operation ends or one of its commands exceeds the time
	/// limit.
	///
	/// ## Errors
	/// The errors of the operation. If the connection may be unusable, the next call opens the TPM
	/// again.
	pub fn run<T: Send + 'static>(
		&self,
		ask: impl FnOnce(&mut Tpm) -> Result<T, TpmError> + Send + 'static,
	) -> Result<T, TpmError> {
		let mut slot = self.worker.lock().unwrap_or_else(PoisonError::into_inner);
		let outcome = match slot.take().map_or_else(|| self.open(), Ok) {
			Ok(worker) => {
				let outcome = self.run_on(&worker, ask);
				// Dropping the worker closes the TPM.
				let usable = outcome.as_ref().err().is_none_or(|error| !error.is_of_connection());
				*slot = usable.then_some(worker);
				outcome
			},
			Err(error) => Err(error),
		};
		if let Err(error) = &outcome {
			self.counters.failures.inc();
			if matches!(error, TpmError::TimedOut(_)) {
				self.counters.timeouts.inc();
			}
		}
		outcome
	}

	fn run_on<T: Send + 'static>(
		&self,
		worker: &Worker,
		ask: impl FnOnce(&mut Tpm) -> Result<T, TpmError> + Send + 'static,
	) -> Result<T, TpmError> {
		let (sender, answer) = mpsc::channel();
		let job: Job = Box::new(move |tpm: &mut Tpm| send(&sender, ask(tpm)));
		worker.deadline.begin_command();
		worker.jobs.send(job).map_err(|_| self.ended())?;
		worker.deadline.wait(&answer)?.unwrap_or_else(|| Err(self.ended()))
	}

	/// Starts a thread, and waits until it has opened the TPM.
	fn open(&self) -> Result<Worker, TpmError> {
		let threads = self.threads.load(Ordering::Acquire);
		if threads >= MAX_THREADS {
			return Err(TpmError::Hanging(threads));
		}
		let deadline = Deadline::new(self.settings.timeout);
		let (jobs, queue) = mpsc::channel::<Job>();
		let (sender, opened) = mpsc::channel();
		let (settings, within) = (self.settings.clone(), deadline.clone());
		let running = Running::begin(&self.threads);
		let thread = thread::Builder::new().name("tpm".into()).spawn(move || {
			let _running = running;
			match Tpm::open(&settings, within) {
				Ok(mut tpm) => {
					send(&sender, Ok(()));
					for job in queue {
						job(&mut tpm);
					}
				},
				Err(error) => send(&sender, Err(error)),
			}
		});
		thread.map(drop).map_err(|error| self.unusable(error.to_string()))?;
		deadline.wait(&opened)?.unwrap_or_else(|| Err(self.ended()))?;
		self.counters.opened.inc();
		Ok(Worker { jobs, deadline })
	}

	fn ended(&self) -> TpmError {
		self.unusable("the thread of the TPM has ended".into())
	}

	fn unusable(&self, reason: String) -> TpmError {
		TpmError::Unusable { tcti: self.settings.tcti.clone(), reason }
	}
}

/// Sends an answer, unless the caller no longer waits.
fn send<T>(sender: &Sender<T>, answer: T) {
	if sender.send(answer).is_err() {
		tracing::debug!("the TPM answered after its time limit");
	}
}

/// Counts a thread as long as it runs.
struct Running(Arc<AtomicUsize>);

impl Running {
	fn begin(threads: &Arc<AtomicUsize>) -> Self {
		threads.fetch_add(1, Ordering::AcqRel);
		Self(threads.clone())
	}
}

impl Drop for Running {
	fn drop(&mut self) {
		self.0.fetch_sub(1, Ordering::AcqRel);
	}
}
