//! The miner's machine under QEMU. A separate serial port of the machine serves to control it.

use std::{fs, path::PathBuf, time::Duration};

use tokio::{
	io::{AsyncReadExt, AsyncWriteExt},
	net::UnixStream,
	sync::Mutex,
	time::{sleep, timeout, Instant},
};

use crate::{Error, Result};

/// The time limit for an answer of the machine.
const ANSWER: Duration = Duration::from_secs(60);
/// The time limit for the connection to the port. QEMU creates a new port at each start.
const CONNECT: Duration = Duration::from_secs(30);
/// The text at the start of the last line of an answer. The exit code follows this text.
const END: &str = "##END ";
/// A command that stops the miner and waits until it has exited. The miner stays stopped until
/// [`LET_MINER_RUN`].
const STOP_MINER: &str = "touch /run/stop-miner; killall hcc-miner; \
	while pidof hcc-miner >/dev/null; do usleep 100000; done";
const LET_MINER_RUN: &str = "rm /run/stop-miner";
const MINER: &str = "/usr/bin/hcc-miner";
const CONFIG: &str = "/etc/hcc/miner.toml";
/// The output of `hcc-miner drain`, and a file that exists once it has succeeded. A reboot removes
/// both.
const DRAIN_LOG: &str = "/run/drain.log";
const DRAINED: &str = "/run/drained";
/// Prints an identifier that each boot changes.
const BOOT_ID: &str = "cat /proc/sys/kernel/random/boot_id";
/// The time limit of a reboot.
const BOOT: Duration = Duration::from_secs(120);

/// The output and the exit code of a command that the machine has run.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
	pub printed: String,
	pub code: i32,
}

/// The machine of a network.
pub struct Machine {
	folder: PathBuf,
	/// Held while a command runs, because the port serves one client at a time.
	turn: Mutex<()>,
}

impl Machine {
	/// Uses the machine of the network in this folder.
	pub fn new(folder: impl Into<PathBuf>) -> Self {
		Self { folder: folder.into(), turn: Mutex::default() }
	}

	/// Runs a command in the machine's shell.
	///
	/// ## Errors
	/// [`Error::Machine`] if the machine does not answer. Does not check the exit code of the
	/// command.
	pub async fn run(&self, command: &str) -> Result<Answer> {
		let _turn = self.turn.lock().await;
		let failed = |reason: String| Error::Machine { command: command.to_owned(), reason };
		let mut port = self.connect().await.map_err(|error| failed(error.to_string()))?;
		match timeout(ANSWER, ask(&mut port, command)).await {
			Ok(answer) => answer.map_err(|error| failed(error.to_string())),
			Err(_) => Err(failed(format!("no answer within {} s", ANSWER.as_secs()))),
		}
	}

	/// Runs a command that must succeed, and returns its output.
	///
	/// ## Errors
	/// [`Error::Machine`] if the machine does not answer or the command fails.
	pub async fn succeed(&self, command: &str) -> Result<String> {
		let Answer { printed, code } = self.run(command).await?;
		if code == 0 {
			return Ok(printed);
		}
		let reason = format!("exit code {code}: {printed}");
		Err(Error::Machine { command: command.to_owned(), reason })
	}

	/// The numbers of the miner's processes. They change when it restarts.
	pub async fn miner_processes(&self) -> Result<String> {
		self.succeed("pidof hcc-miner").await
	}

	/// Kills the miner, which then starts again.
	pub async fn kill_miner(&self) -> Result<()> {
		self.succeed("killall -9 hcc-miner; true").await.map(drop)
	}

	/// Begins `hcc-miner drain` beside the miner. Repeats it while the chain refuses the pause.
	pub async fn begin_drain(&self) -> Result<()> {
		let drain = format!(
			"(until {MINER} drain --config {CONFIG} >>{DRAIN_LOG} 2>&1; do sleep 2; done; \
			 touch {DRAINED}) >/dev/null 2>&1 &"
		);
		self.succeed(&drain).await.map(drop)
	}

	/// Returns true once `hcc-miner drain` has paused the chip.
	pub async fn is_drained(&self) -> Result<bool> {
		self.run(&format!("[ -e {DRAINED} ]")).await.map(|answer| answer.code == 0)
	}

	/// The output of `hcc-miner drain`.
	pub async fn drain_log(&self) -> Result<String> {
		self.run(&format!("cat {DRAIN_LOG}")).await.map(|answer| answer.printed)
	}

	/// Ends the maintenance with `hcc-miner drain --undo`. Returns false if it failed.
	pub async fn undo_drain(&self) -> Result<bool> {
		let undo = format!("{MINER} drain --undo --config {CONFIG}");
		self.run(&undo).await.map(|answer| answer.code == 0)
	}

	/// Stops the miner, appends a byte to its program, and starts it again. Returns the SHA-256 of
	/// the altered file.
	pub async fn alter_miner(&self) -> Result<String> {
		let alter = format!("{STOP_MINER}; printf X >>{MINER}; {LET_MINER_RUN}; sha256sum {MINER}");
		Ok(digest(&self.succeed(&alter).await?))
	}

	/// Removes the last byte of the miner's program. The miner stays stopped until the next boot.
	/// Returns the SHA-256 of the restored file.
	pub async fn restore_miner(&self) -> Result<String> {
		let shorten = format!("truncate -s $(($(stat -c %s {MINER}) - 1)) {MINER}");
		let restore = format!("{STOP_MINER}; {shorten}; sha256sum {MINER}");
		Ok(digest(&self.succeed(&restore).await?))
	}

	/// Powers off the machine. The network then starts it again.
	pub async fn power_off(&self) -> Result<()> {
		self.succeed("poweroff").await.map(drop)
	}

	/// Ends the machine, and waits until it has booted again.
	///
	/// ## Errors
	/// [`Error::Machine`] if it does not answer in time.
	pub async fn reboot(&self) -> Result<()> {
		let before = self.succeed(BOOT_ID).await?;
		self.power_off().await?;
		let deadline = Instant::now() + BOOT;
		loop {
			// An error: it has just ended, or does not answer yet.
			let booted = self.succeed(BOOT_ID).await.is_ok_and(|now| now != before);
			if booted {
				return Ok(());
			}
			if Instant::now() > deadline {
				let reason = format!("it did not boot again within {} s", BOOT.as_secs());
				return Err(Error::Machine { command: "poweroff".into(), reason });
			}
			sleep(Duration::from_millis(500)).await;
		}
	}

	/// The length of its console's log, from which [`Self::console_since`] continues.
	///
	/// ## Errors
	/// [`Error::File`].
	pub fn console_length(&self) -> Result<usize> {
		self.console().map(|log| log.len())
	}

	/// The output on its console after the log had that length.
	///
	/// ## Errors
	/// [`Error::File`].
	pub fn console_since(&self, length: usize) -> Result<String> {
		let log = self.console()?;
		Ok(String::from_utf8_lossy(log.get(length..).unwrap_or_default()).into_owned())
	}

	fn console(&self) -> Result<Vec<u8>> {
		let path = self.folder.join("logs/console.log");
		fs::read(&path).map_err(Error::file(&path))
	}

	/// Reboots the machine with additional arguments on its kernel's command line.
	pub async fn reboot_with(&self, arguments: &str) -> Result<()> {
		let path = self.folder.join("append");
		fs::write(&path, format!("{arguments}\n")).map_err(Error::file(&path))?;
		self.power_off().await
	}

	/// Lets the chip `chip` sign the reports, although they name the machine's own chip. Lasts
	/// until the next boot.
	pub async fn sign_reports_by(&self, chip: &str) -> Result<()> {
		let change = format!(
			"echo \"$(cat /run/reports) --signed-by {chip}\" >/run/reports.new; \
			 mv /run/reports.new /run/reports"
		);
		self.succeed(&change).await.map(drop)
	}

	/// Runs `hcc-miner check` on the host. Returns the list of requirements that it prints in JSON.
	pub async fn check(&self) -> Result<String> {
		let check = format!("{MINER} check --config {CONFIG} --json 2>/dev/null");
		// The exit code is ignored, because the check must fail: QEMU's processor has no SEV-SNP.
		self.run(&check).await.map(|answer| answer.printed)
	}

	async fn connect(&self) -> std::io::Result<UnixStream> {
		let path = self.folder.join("control.sock");
		let deadline = Instant::now() + CONNECT;
		loop {
			match UnixStream::connect(&path).await {
				Err(_) if Instant::now() < deadline => sleep(Duration::from_millis(300)).await,
				result => return result,
			}
		}
	}
}

async fn ask(port: &mut UnixStream, command: &str) -> std::io::Result<Answer> {
	port.write_all(format!("{command}\n").as_bytes()).await?;
	let mut seen = Vec::new();
	let mut part = [0; 4096];
	loop {
		let count = port.read(&mut part).await?;
		if count == 0 {
			return Err(std::io::Error::other("the machine closed the port"));
		}
		seen.extend(part.iter().take(count));
		if let Some(answer) = answer(&String::from_utf8_lossy(&seen)) {
			return Ok(answer);
		}
	}
}

/// Returns the answer, or `None` while its last line is not complete.
fn answer(seen: &str) -> Option<Answer> {
	let lines = seen.strip_suffix('\n')?;
	let (printed, last) = lines.rsplit_once('\n').unwrap_or(("", lines));
	let code = last.strip_prefix(END)?.parse().ok()?;
	Some(Answer { printed: printed.trim_end().to_owned(), code })
}

/// Returns the digest in the output of `sha256sum`: the first word of the last line.
fn digest(printed: &str) -> String {
	printed.lines().last().and_then(|line| line.split(' ').next()).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
	use tokio::{
		io::{AsyncBufReadExt, BufReader},
		net::UnixListener,
	};

	use super::*;

	#[test]
	fn an_answer_ends_with_its_exit_code() {
		let whole = |printed: &str, code| Some(Answer { printed: printed.into(), code });
		assert_eq!(answer("##END 0\n"), whole("", 0));
		assert_eq!(answer("one\ntwo\n##END 12\n"), whole("one\ntwo", 12));
		assert_eq!(answer("\n##END 1\n"), whole("", 1));
		for incomplete in ["", "one\n", "##END 0", "##END \n", "x##END 0\n", "##END 0\nmore\n"] {
			assert_eq!(answer(incomplete), None, "{incomplete:?}");
		}
	}

	#[test]
	fn the_digest_is_the_last_lines_first_word() {
		assert_eq!(digest("killall: no process\nab12  /usr/bin/hcc-miner"), "ab12");
		assert_eq!(digest(""), "");
	}

	#[test]
	fn console_is_read_from_a_length_on() {
		let folder = tempfile::tempdir().expect("a folder");
		let machine = Machine::new(folder.path());
		assert!(machine.console_length().is_err(), "there is no log");
		let logs = folder.path().join("logs");
		fs::create_dir(&logs).expect("it is writable");
		fs::write(logs.join("console.log"), "before\n").expect("it is writable");
		let length = machine.console_length().expect("there is a log");
		fs::write(logs.join("console.log"), "before\nafter\n").expect("it is writable");
		assert_eq!(machine.console_since(length).expect("there is a log"), "after\n");
	}

	#[tokio::test]
	async fn reboot_waits_for_another_boot() {
		let folder = tempfile::tempdir().expect("a folder");
		let port = UnixListener::bind(folder.path().join("control.sock")).expect("it is new");
		let serve = async {
			for (command, answer) in
				[(BOOT_ID, "1\n"), ("poweroff", ""), (BOOT_ID, "1\n"), (BOOT_ID, "2\n")]
			{
				let (stream, _) = port.accept().await.expect("a client");
				let mut stream = BufReader::new(stream);
				let mut sent = String::new();
				stream.read_line(&mut sent).await.expect("a command");
				assert_eq!(sent.trim_end(), command);
				let answer = format!("{answer}{END}0\n");
				stream.write_all(answer.as_bytes()).await.expect("the client reads");
			}
		};
		let machine = Machine::new(folder.path());
		let (rebooted, ()) = tokio::join!(machine.reboot(), serve);
		rebooted.expect("it boots");
	}

	#[tokio::test]
	async fn commands_are_sent_by_the_control_port() {
		let folder = tempfile::tempdir().expect("a folder");
		let port = UnixListener::bind(folder.path().join("control.sock")).expect("it is new");
		let serve = async {
			for answer in ["fine\n##END 0\n", "no such file\n##END 3\n"] {
				let (stream, _) = port.accept().await.expect("a client");
				let mut stream = BufReader::new(stream);
				let mut command = String::new();
				stream.read_line(&mut command).await.expect("a command");
				assert_eq!(command, "cat file\n");
				stream.write_all(answer.as_bytes()).await.expect("the client reads");
			}
		};
		let machine = Machine::new(folder.path());
		let ask = async {
			assert_eq!(machine.succeed("cat file").await.expect("it succeeds"), "fine");
			machine.succeed("cat file").await.expect_err("it fails").to_string()
		};
		let (error, ()) = tokio::join!(ask, serve);
		assert!(error.contains("exit code 3: no such file"), "{error}");
	}
}
