//! The host's side of a VM, and secure processors for it.

use std::{
	path::{Path, PathBuf},
	time::Duration,
};

use codec::Decode;
use ed25519_dalek::{Signer, SigningKey};
use hcc_evidence::vm::{
	config::{config_hash, config_revision_statement, ConfigRevision},
	vm_host_data,
};
use hcc_guest::{serve, BootAgent, Fatal, Folder, Keys, VmAgent};
use hcc_guest_protocol::{
	connect,
	vm::{Configure, VmRequest, VERSIONS},
	Address, Listener, Peers, Session,
};
use hccam::{
	usage::{Meter, Reading},
	ReportError, ReportSource,
};
use insecure_sim::{Chip, ReportFields};
use tempfile::TempDir;
use tokio::{task::JoinHandle, time::timeout};

pub const GENESIS: [u8; 32] = [1; 32];
pub const VM: u64 = 7;
pub const GENERATION: u32 = 2;
const HOLDERS: [u8; 32] = [8; 32];
/// The peers that the agent records. A UNIX socket has none.
const PEERS: Peers = Peers::privileged(2);
pub const CONFIG: &str = r#"{"version":1,"host_name":"web-1"}"#;
pub const ANOTHER_CONFIG: &str = r#"{"version":1,"host_name":"web-2"}"#;
/// Time limit for a step that should be immediate.
const SOON: Duration = Duration::from_secs(10);

/// Returns the request for a configuration, signed by the tenant.
pub fn configure(config: &str, revision: u32) -> VmRequest {
	sign(config, revision, 6)
}

/// Returns the request for a configuration, signed by the key with this seed.
pub fn sign(config: &str, revision: u32, seed: u8) -> VmRequest {
	let signer = SigningKey::from_bytes(&[seed; 32]);
	let hash = config_hash(config.as_bytes()).unwrap_or_default();
	let (tenant, order_nonce) = ([5; 32], 4);
	let statement = config_revision_statement(
		&GENESIS,
		&ConfigRevision { tenant, order_nonce, revision, hash },
	);
	VmRequest::Configure(Box::new(Configure {
		genesis: GENESIS,
		vm: VM,
		generation: GENERATION,
		holders_root: HOLDERS,
		config: config.as_bytes().to_vec(),
		tenant,
		order_nonce,
		revision,
		signer: signer.verifying_key().to_bytes(),
		signature: signer.sign(&statement).to_bytes(),
	}))
}

/// A simulated secure processor.
pub struct Processor {
	host_data: [u8; 32],
}

impl Processor {
	/// Returns the processor of a VM that was launched for a configuration.
	pub fn launched_with(config: &str) -> Self {
		let hash = config_hash(config.as_bytes()).unwrap_or_default();
		Self { host_data: vm_host_data(&GENESIS, VM, GENERATION, &hash, &HOLDERS) }
	}
}

impl ReportSource for Processor {
	fn report(&mut self, report_data: [u8; 64]) -> Result<Vec<u8>, ReportError> {
		let fields =
			ReportFields { host_data: self.host_data, ..ReportFields::new(report_data, [3; 48]) };
		let report = fields.sign(&Chip::named("vm"));
		Ok(report.map_err(|error| ReportError(error.to_string()))?.to_vec())
	}
}

/// A secure processor that fails after a number of reports.
pub struct Broken {
	processor: Processor,
	reports: u32,
}

impl Broken {
	/// Returns a processor that never returns a report.
	pub fn always() -> Self {
		Self { processor: Processor::launched_with(CONFIG), reports: 0 }
	}

	/// Returns a processor that fails after the agent has started.
	pub fn after_start(config: &str) -> Self {
		Self { processor: Processor::launched_with(config), reports: 1 }
	}
}

impl ReportSource for Broken {
	fn report(&mut self, report_data: [u8; 64]) -> Result<Vec<u8>, ReportError> {
		match self.reports.checked_sub(1) {
			Some(left) => {
				self.reports = left;
				self.processor.report(report_data)
			},
			None => Err(ReportError("no such device".into())),
		}
	}
}

/// A machine whose clock advances by a minute with each reading.
pub struct Steady {
	pub minutes: u64,
}

impl Meter for Steady {
	fn read(&mut self) -> std::io::Result<Reading> {
		self.minutes += 1;
		let uptime = Duration::from_secs(60 * self.minutes);
		Ok(Reading {
			uptime,
			cpu_time: uptime / 2,
			steal: uptime / 60,
			memory: 512,
			disk: 10,
			egress: self.minutes << 20,
		})
	}
}

/// Returns the agent in the initramfs.
pub fn agent<S: ReportSource>(source: S, run: &Path) -> Result<BootAgent<S, Steady>, Fatal> {
	let folder = Folder::create(run).expect("a folder");
	let keys = Keys::generate().expect("keys");
	BootAgent::new(source, Steady { minutes: 0 }, keys, folder, PEERS)
}

/// Starts the agent in the initramfs.
pub fn booting<S: ReportSource + 'static>(source: S) -> Vm {
	let folder = tempfile::tempdir().expect("a folder");
	let agent = agent(source, &folder.path().join("run")).expect("the agent starts");
	Vm::serving(folder, agent)
}

/// A VM whose agent listens at a UNIX socket.
pub struct Vm {
	folder: TempDir,
	serving: JoinHandle<Result<(), Fatal>>,
}

impl Vm {
	/// Serves an agent whose state is in a folder.
	pub fn serving<A: VmAgent>(folder: TempDir, agent: A) -> Self {
		let address = Address::Unix(folder.path().join("vm.sock"));
		let listener = Listener::bind(&address, PEERS).expect("it listens");
		let serving = tokio::spawn(async move { serve(&listener, agent).await });
		Self { folder, serving }
	}

	pub fn address(&self) -> Address {
		Address::Unix(self.folder.path().join("vm.sock"))
	}

	pub fn run_dir(&self) -> PathBuf {
		self.folder.path().join("run")
	}

	/// Returns the folder, for the next stage of the VM.
	pub fn into_folder(self) -> TempDir {
		self.folder
	}

	pub async fn host(&self) -> Host {
		let stream = connect(&self.address()).await.expect("connected");
		Host { session: Session::connect(stream, VERSIONS).await.expect("a common version") }
	}

	pub fn has_ended(&self) -> bool {
		self.serving.is_finished()
	}

	/// Waits for the agent to end.
	pub async fn ended(&mut self) -> Result<(), Fatal> {
		timeout(SOON, &mut self.serving).await.expect("in time").expect("no panic")
	}

	pub fn stop(&mut self) {
		self.serving.abort();
	}
}

/// A session of a host.
pub struct Host {
	pub session: Session,
}

impl Host {
	pub async fn ask<R: Decode>(&mut self, request: &VmRequest) -> R {
		self.session.send(request).await.expect("sent");
		let answer = timeout(SOON, self.session.receive()).await.expect("in time");
		answer.expect("received").expect("an answer")
	}
}
