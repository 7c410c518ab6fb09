//! `hcc vm ssh` and its relatives, with the system's OpenSSH client and a real sshd behind a relay.

use std::{
	fs,
	io::{BufRead, BufReader, Read, Write},
	net::{Shutdown, SocketAddr, TcpListener, TcpStream},
	path::{Path, PathBuf},
	process::{Child, Command, Output, Stdio},
	sync::atomic::{AtomicUsize, Ordering},
	time::Duration,
};

use hcc_guest_protocol::{
	relay::{Refusal, RelayRequest, RelayResponse, Service, VERSIONS},
	Session,
};
use tempfile::TempDir;
use tokio::{io::AsyncWriteExt, runtime::Runtime};

const GENESIS: [u8; 32] = [1; 32];
const SSHD: &str = "/usr/sbin/sshd";
/// Time for what is expected to end by itself.
const TIMEOUT: Duration = Duration::from_secs(60);

fn run(program: &str, arguments: &[&str]) -> String {
	let output = Command::new(program).args(arguments).output();
	let output = output.unwrap_or_else(|error| {
		panic!("{program}: {error}: install openssh-server and openssh-client (scripts/setup.sh)")
	});
	assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
	String::from_utf8(output.stdout).expect("text")
}

/// A relay in this process. It leads to an sshd of the given configuration for each connection.
struct World {
	folder: TempDir,
	relay: SocketAddr,
	user: String,
	_runtime: Runtime,
}

/// Answers a client. Returns the stream if the response is to open the service.
async fn answer(
	stream: tokio::net::TcpStream,
	response: impl Fn(Service) -> RelayResponse,
) -> Option<(tokio::net::TcpStream, Service)> {
	let mut session = Session::accept(stream, VERSIONS).await.ok()?;
	let request: RelayRequest = session.receive().await.ok()??;
	assert_eq!((request.vm, request.genesis), (7, GENESIS));
	let response = response(request.service);
	session.send(&response).await.ok()?;
	(response == RelayResponse::Open).then(|| (session.into_stream(), request.service))
}

/// Connects a client to an sshd of its own.
async fn serve_ssh(mut stream: tokio::net::TcpStream, config: PathBuf) {
	let mut sshd = tokio::process::Command::new(SSHD)
		.args(["-i", "-e", "-f"])
		.arg(config)
		.stdin(Stdio::piped())
		.stdout(Stdio::piped())
		.stderr(Stdio::null())
		.spawn()
		.expect("install openssh-server (scripts/setup.sh)");
	let (mut input, mut output) =
		(sshd.stdin.take().expect("piped"), sshd.stdout.take().expect("piped"));
	let (mut client_in, mut client_out) = stream.split();
	let upward = async {
		drop(tokio::io::copy(&mut client_in, &mut input).await);
		drop(input);
	};
	let downward = async {
		drop(tokio::io::copy(&mut output, &mut client_out).await);
		drop(client_out.shutdown().await);
	};
	tokio::join!(upward, downward);
	drop(sshd.wait().await);
}

/// Echoes what a client sends until its end.
async fn echo(mut stream: tokio::net::TcpStream) {
	let (mut client_in, mut client_out) = stream.split();
	drop(tokio::io::copy(&mut client_in, &mut client_out).await);
	drop(client_out.shutdown().await);
}

impl World {
	/// Starts a relay. `leads_to` selects a host key for each connection by its number.
	fn new(leads_to: impl Fn(usize) -> &'static str + Send + Sync + 'static) -> Self {
		let folder = tempfile::tempdir().expect("a folder");
		// Required by sshd of root. Elsewhere it need not exist.
		drop(fs::create_dir_all("/run/sshd"));
		let key = |name: &str| {
			let file = folder.path().join(name);
			let file = file.to_str().expect("text");
			run("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-f", file]);
		};
		key("identity");
		for name in ["genuine", "other"] {
			key(name);
			let path = |name: &str| folder.path().join(name).display().to_string();
			let config = format!(
				"HostKey {}\nAuthorizedKeysFile {}\nUsePAM no\nStrictModes no\nPermitRootLogin yes\n\
				PasswordAuthentication no\nPidFile none\nLogLevel ERROR\n",
				path(name),
				path("identity.pub")
			);
			fs::write(path(&format!("{name}.conf")), config).expect("written");
		}
		let runtime = Runtime::new().expect("a runtime");
		let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"));
		let listener = listener.expect("a port");
		let relay = listener.local_addr().expect("an address");
		let path = folder.path().to_owned();
		let count = AtomicUsize::new(0);
		runtime.spawn(async move {
			while let Ok((stream, _)) = listener.accept().await {
				let name = leads_to(count.fetch_add(1, Ordering::Relaxed));
				let config = path.join(format!("{name}.conf"));
				tokio::spawn(async move {
					let opened = answer(stream, |service| match service {
						Service::Ssh | Service::Port(80) => RelayResponse::Open,
						Service::Port(_) | Service::Logs { .. } => {
							RelayResponse::Refused(Refusal::NotPublished)
						},
					});
					match opened.await {
						Some((stream, Service::Ssh)) => serve_ssh(stream, config).await,
						Some((stream, _)) => echo(stream).await,
						None => {},
					}
				});
			}
		});
		Self { folder, relay, user: run("id", &["-un"]).trim().into(), _runtime: runtime }
	}

	fn path(&self, name: &str) -> PathBuf {
		self.folder.path().join(name)
	}

	/// Returns `hcc vm COMMAND` for the VM behind the relay.
	fn hcc(&self, command: &str) -> Command {
		let mut hcc = Command::new(env!("CARGO_BIN_EXE_hcc"));
		hcc.args(["vm", command, "7", "--relay", &self.relay.to_string()]);
		hcc.args(["--genesis", &hex::encode(GENESIS)]);
		hcc
	}

	/// Returns `hcc vm COMMAND` with the genuine host key and the user's key.
	fn with_keys(&self, command: &str) -> Command {
		let mut hcc = self.hcc(command);
		hcc.args(["--host-key", &hex::encode(digest(&self.path("genuine.pub")))]);
		hcc.args(["--user", &self.user]).arg("--identity").arg(self.path("identity"));
		hcc
	}
}

/// Returns the digest of a host key that a boot row contains.
fn digest(public: &Path) -> [u8; 32] {
	let text = fs::read_to_string(public).expect("read");
	let base64 = text.split(' ').nth(1).expect("a key");
	let decoded = run("sh", &["-c", &format!("echo {base64} | base64 -d | sha256sum")]);
	let digest = hex::decode(decoded.split(' ').next().expect("a digest")).expect("hexadecimal");
	digest.try_into().expect("32 bytes")
}

/// Runs a command with this input.
fn output(command: &mut Command, input: &[u8]) -> Output {
	command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
	let mut child = command.spawn().expect("it starts");
	let mut stdin = child.stdin.take().expect("piped");
	let input = input.to_vec();
	let writing = std::thread::spawn(move || drop(stdin.write_all(&input)));
	let output = child.wait_with_output().expect("it ends");
	writing.join().expect("written");
	output
}

fn stderr(output: &Output) -> String {
	String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A program that runs until it is dropped.
struct Running(Child);

impl Drop for Running {
	fn drop(&mut self) {
		drop(self.0.kill());
		drop(self.0.wait());
	}
}

/// Sends a request and its end to a port of this machine, and returns the answer.
fn exchange(address: SocketAddr, request: &[u8]) -> Vec<u8> {
	let start = std::time::Instant::now();
	let mut stream = loop {
		match TcpStream::connect(address) {
			Ok(stream) => break stream,
			Err(error) => assert!(start.elapsed() < TIMEOUT, "{address}: {error}"),
		}
		std::thread::sleep(Duration::from_millis(50));
	};
	stream.set_read_timeout(Some(TIMEOUT)).expect("set");
	stream.write_all(request).expect("written");
	stream.shutdown(Shutdown::Write).expect("ended");
	let mut answer = Vec::new();
	stream.read_to_end(&mut answer).expect("read");
	answer
}

#[test]
fn command_runs_in_vm_with_pinned_key() {
	let world = World::new(|_| "genuine");
	let mut ssh = world.with_keys("ssh");
	ssh.args(["--", "echo", "hello;", "cat;", "exit", "3"]);
	let input = vec![b'x'; 1 << 20];
	let output = output(&mut ssh, &input);
	assert_eq!(output.status.code(), Some(3), "the code of the command: {}", stderr(&output));
	assert!(output.stdout == [&b"hello\n"[..], &input].concat(), "{}", output.stdout.len());
}

#[test]
fn relay_that_leads_to_another_machine_is_refused() {
	let world = World::new(|_| "other");
	let output = output(world.with_keys("ssh").args(["--", "echo", "hello"]), b"");
	let stderr = stderr(&output);
	assert_eq!(output.status.code(), Some(11), "{stderr}");
	assert!(stderr.contains("DO NOT CONNECT") && output.stdout.is_empty(), "{stderr}");
}

#[test]
fn relay_that_lies_after_the_check_is_refused_by_ssh() {
	let world = World::new(|connection| if connection == 0 { "genuine" } else { "other" });
	let output = output(world.with_keys("ssh").args(["--", "echo", "hello"]), b"");
	let stderr = stderr(&output);
	assert_eq!(output.status.code(), Some(255), "the code of ssh: {stderr}");
	assert!(stderr.contains("DO NOT CONNECT") && output.stdout.is_empty(), "{stderr}");
}

#[test]
fn plain_ssh_uses_proxy_and_key_of_the_configuration() {
	let world = World::new(|_| "genuine");
	let output = output(
		Command::new(env!("CARGO_BIN_EXE_hcc"))
			.args(["vm", "ssh-config", "7", "--node", "ws://127.0.0.1:1", "--user", &world.user])
			.arg("--identity")
			.arg(world.path("identity")),
		b"",
	);
	let text = String::from_utf8(output.stdout.clone()).expect("text");
	assert!(output.status.success(), "{}", stderr(&output));
	// The block asks a node for relay and key. Here arguments replace the node.
	let way = format!("\"--relay\" \"{}\" \"--genesis\" \"{}\"", world.relay, hex::encode(GENESIS));
	let key = hex::encode(digest(&world.path("genuine.pub")));
	let text = text.replace("'--node' 'ws://127.0.0.1:1'", &way);
	let text =
		text.replace("\"--node\" \"ws://127.0.0.1:1\"", &format!("\"--host-key\" \"{key}\""));
	let config = world.path("ssh_config");
	fs::write(&config, text).expect("written");
	let mut ssh = Command::new("ssh");
	let output = self::output(ssh.arg("-F").arg(&config).args(["hcc-vm-7", "echo hello"]), b"");
	assert_eq!(output.stdout, b"hello\n", "{}", stderr(&output));
}

#[test]
fn proxy_carries_bytes_and_ends_with_the_vm() {
	let world = World::new(|_| "genuine");
	let output = output(&mut world.hcc("proxy"), b"SSH-2.0-test\r\nno packet of SSH\r\n");
	assert!(output.status.success(), "{}", stderr(&output));
	assert!(output.stdout.starts_with(b"SSH-2.0-OpenSSH"), "{:?}", output.stdout);
}

#[test]
fn host_key_is_printed_only_if_it_is_the_one_of_the_boot() {
	let world = World::new(|_| "genuine");
	let print = |name: &str| {
		let public = fs::read_to_string(world.path(name)).expect("read");
		let key = public.split(' ').nth(1).expect("a key").to_owned();
		let mut hcc = world.hcc("host-key");
		hcc.args(["--host-key", &hex::encode(digest(&world.path("genuine.pub")))]);
		(output(hcc.args(["--key", &key]), b""), key)
	};
	let (printed, key) = print("genuine.pub");
	let line = format!("hcc-vm-7 ssh-ed25519 {key}\n");
	assert_eq!(String::from_utf8_lossy(&printed.stdout), line);
	let (refused, _) = print("other.pub");
	assert_eq!((refused.status.code(), refused.stdout.len()), (Some(11), 0));
	// OpenSSH asks so to sort algorithms.
	let order = output(world.hcc("host-key").args(["--key", "NONE"]), b"");
	assert_eq!((order.status.code(), order.stdout.len()), (Some(0), 0));
}

#[test]
fn published_port_is_forwarded() {
	let world = World::new(|_| "genuine");
	let mut port = world.hcc("port");
	port.args(["0:80", "--published", "--json"]).stdout(Stdio::piped());
	let mut child = Running(port.spawn().expect("it starts"));
	let mut line = String::new();
	let stdout = child.0.stdout.take().expect("piped");
	BufReader::new(stdout).read_line(&mut line).expect("a line");
	let started: serde_json::Value = serde_json::from_str(&line).expect("JSON");
	let local = started["local"].as_str().expect("an address").parse().expect("an address");
	for request in [&b"one"[..], b"two", &[7; 100_000]] {
		assert!(exchange(local, request) == request, "half-close, {} bytes", request.len());
	}
}

#[test]
fn port_is_forwarded_through_ssh() {
	let world = World::new(|_| "genuine");
	let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
	let remote = listener.local_addr().expect("an address").port();
	std::thread::spawn(move || {
		for stream in listener.incoming() {
			let mut stream = stream.expect("a connection");
			let mut request = Vec::new();
			stream.read_to_end(&mut request).expect("read");
			stream.write_all(&request).expect("written");
		}
	});
	// Another process can take this port before ssh listens on it.
	let free = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
	let local = free.expect("a free port");
	let mut port = world.with_keys("port");
	port.arg(format!("{}:{remote}", local.port())).stderr(Stdio::null());
	let _child = Running(port.spawn().expect("it starts"));
	assert_eq!(exchange(local, b"hello"), b"hello");
}

#[test]
fn refused_and_unreachable_relays_have_an_exit_code() {
	let world = World::new(|_| "genuine");
	let refused = output(world.hcc("port").args(["0:81", "--published", "--json"]), b"");
	assert_eq!(refused.status.code(), Some(10), "{}", stderr(&refused));
	let error: serde_json::Value = serde_json::from_slice(&refused.stdout).expect("JSON");
	assert_eq!((&error["error"], &error["exit"]), (&"relay".into(), &10.into()));
	let message = error["message"].as_str().expect("text");
	assert!(message.contains("does not publish") && message.contains("code 4"), "{message}");
	// Port 1 of the loopback interface refuses connections.
	let mut hcc = Command::new(env!("CARGO_BIN_EXE_hcc"));
	hcc.args(["vm", "ssh", "7", "--relay", "127.0.0.1:1", "--host-key", &"00".repeat(32)]);
	let unreachable = output(hcc.args(["--genesis", &"00".repeat(32)]), b"");
	assert_eq!(unreachable.status.code(), Some(10), "{}", stderr(&unreachable));
}
