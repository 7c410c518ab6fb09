//! INSECURE: simulates a tenant's VM. No machine runs, only the VM's agent. It attests the boot as
//! a real agent would, but with reports of a simulated chip.

use std::time::Instant;

use anyhow::{bail, ensure, Context};
use clap::Parser;
use ed25519_dalek::{Signer, SigningKey};
use hcc_evidence::{
	snp::REPORT_LEN,
	vm::{
		config::config_hash, confirmation_statement, vm_host_data, vm_report_data, Boot,
		Confirmation, SignedConfirmation, VmEvidence, VmId, KEM_KEY_LEN,
	},
};
use hcc_guest_protocol::{
	vm::{
		BootRequest, BootResponse, Configure, ConfigureResponse, ConfirmRequest, ConfirmResponse,
		StopResponse, UsageRequest, UsageResponse, VmRequest, VERSIONS,
	},
	Address, Session, SessionError,
};
use hccam::usage::{Meter, Reading, ReceiptIssuer};
use insecure_sim::{Chip, ReportFields};
use tokio::net::{UnixListener, UnixStream};
use tracing_subscriber::EnvFilter;

/// INSECURE: a simulated VM, for tests and demonstrations only.
#[derive(Parser)]
#[command(name = "insecure-vm", version)]
struct Cli {
	/// The VM's number.
	#[arg(long)]
	vm: VmId,
	/// The number of miners that the VM was assigned to so far.
	#[arg(long)]
	generation: u32,
	/// The number of the boot.
	#[arg(long)]
	boot: u32,
	/// The launch measurement of the image: 48 bytes. It becomes MEASUREMENT in the report.
	#[arg(long, value_name = "HEX")]
	image: String,
	/// The HOST_DATA in the report: 32 bytes.
	#[arg(long, value_name = "HEX")]
	host_data: String,
	/// The number of vCPUs.
	#[arg(long)]
	vcpus: u32,
	/// Memory in MiB.
	#[arg(long)]
	memory: u32,
	/// Disk in GiB.
	#[arg(long)]
	disk: u32,
	/// The share of time that the vCPUs wait for the host, in thousandths.
	#[arg(long, default_value_t = 0)]
	steal: u32,
	/// The address at which the VM's agent listens: unix:PATH.
	#[arg(long)]
	listen: Address,
	/// The name of the simulated chip.
	#[arg(long, default_value = "alice")]
	chip: String,
}

/// The codes of refusals, as in `hcc-guest`.
const HOST_DATA: u16 = 3;
const NOT_SHOWN: u16 = 9;
const OTHER_BOOT: u16 = 10;

/// The keys that the VM generates at this boot.
struct Keys {
	guest: SigningKey,
	kem_pk: Vec<u8>,
	ssh_host_key_hash: [u8; 32],
}

impl Keys {
	/// Generates random keys.
	fn new() -> anyhow::Result<Self> {
		let (mut seed, mut kem_pk, mut ssh_host_key_hash) =
			([0; 32], vec![0; KEM_KEY_LEN], [0; 32]);
		for bytes in [&mut seed[..], &mut kem_pk, &mut ssh_host_key_hash] {
			getrandom::fill(bytes)
				.map_err(|error| anyhow::anyhow!("cannot generate keys: {error}"))?;
		}
		Ok(Self { guest: SigningKey::from_bytes(&seed), kem_pk, ssh_host_key_hash })
	}

	fn guest_pk(&self) -> [u8; 32] {
		self.guest.verifying_key().to_bytes()
	}
}

/// A simulated machine. Its vCPUs run all the time, except while they wait for the host.
struct SimulatedMachine {
	began: Instant,
	vcpus: u32,
	memory: u32,
	disk: u32,
	steal: u32,
}

impl Meter for SimulatedMachine {
	fn read(&mut self) -> std::io::Result<Reading> {
		let uptime = self.began.elapsed();
		let all = uptime.saturating_mul(self.vcpus);
		let steal = all.saturating_mul(self.steal.min(1_000)) / 1_000;
		Ok(Reading {
			uptime,
			cpu_time: all.saturating_sub(steal),
			steal,
			memory: self.memory,
			disk: self.disk,
			egress: 0,
		})
	}
}

impl Cli {
	fn issuer(&self, keys: &Keys) -> ReceiptIssuer<SimulatedMachine> {
		let machine = SimulatedMachine {
			began: Instant::now(),
			vcpus: self.vcpus,
			memory: self.memory,
			disk: self.disk,
			steal: self.steal,
		};
		ReceiptIssuer::new(machine, keys.guest.clone(), self.vm, self.generation, self.boot)
	}

	fn report(&self, keys: &Keys, asked: &BootRequest) -> anyhow::Result<[u8; REPORT_LEN]> {
		let boot = (asked.vm, asked.generation, asked.counter);
		ensure!(boot == (self.vm, self.generation, self.boot), "the request names another boot");
		let boot = Boot {
			vm: asked.vm,
			generation: asked.generation,
			counter: asked.counter,
			nonce: asked.nonce,
			// HOST_DATA commits to these values, and the host sets HOST_DATA directly. So the
			// simulation does not need them.
			config_hash: [0; 32],
			holders_root: [0; 32],
			measurement: [0; 48],
		};
		let evidence = VmEvidence {
			vm: asked.vm,
			generation: asked.generation,
			boot_counter: asked.counter,
			snp_report: Vec::new(),
			guest_pk: keys.guest_pk(),
			kem_pk: keys.kem_pk.clone(),
			ssh_host_key_hash: keys.ssh_host_key_hash,
		};
		let mut measurement = [0; 48];
		hex::decode_to_slice(&self.image, &mut measurement)
			.context("invalid launch measurement")?;
		let data = vm_report_data(&asked.genesis, &boot, &evidence);
		let mut fields = ReportFields::new(data, measurement);
		hex::decode_to_slice(&self.host_data, &mut fields.host_data)
			.context("invalid host data")?;
		fields.sign(&Chip::named(&self.chip))
	}

	fn attest_boot(&self, keys: &Keys, asked: &BootRequest) -> BootResponse {
		match self.report(keys, asked) {
			Ok(report) => BootResponse::Evidence {
				snp_report: report.to_vec(),
				guest_pk: keys.guest_pk(),
				kem_pk: keys.kem_pk.clone(),
				ssh_host_key_hash: keys.ssh_host_key_hash,
			},
			Err(error) => BootResponse::Failed { message: format!("{error:#}") },
		}
	}

	/// Checks a configuration as a real agent does. It is not required: load tests have none.
	fn configure(&self, asked: &Configure) -> ConfigureResponse {
		let Configure { genesis, vm, generation, holders_root, config, .. } = asked;
		let bound = config_hash(config)
			.map(|hash| vm_host_data(genesis, *vm, *generation, &hash, holders_root));
		if bound.map(hex::encode).as_deref() == Some(self.host_data.as_str()) {
			return ConfigureResponse::Configured;
		}
		let message = "host_data binds another configuration".into();
		ConfigureResponse::Refused { code: HOST_DATA, message }
	}

	/// Confirms the boot that was shown last.
	fn confirm(
		keys: &Keys,
		shown: Option<&BootRequest>,
		asked: &ConfirmRequest,
	) -> ConfirmResponse {
		let Some(shown) = shown else {
			let message = "the VM has not shown its boot yet".into();
			return ConfirmResponse::Refused { code: NOT_SHOWN, message };
		};
		let boot = (shown.vm, shown.generation, shown.counter);
		if (asked.vm, asked.generation, asked.counter) != boot {
			let message = "the request is for another boot".into();
			return ConfirmResponse::Refused { code: OTHER_BOOT, message };
		}
		let confirmation = Confirmation {
			vm: shown.vm,
			generation: shown.generation,
			boot_counter: shown.counter,
			key_commit: None,
			token_root: [0; 32],
			stamp: 0,
		};
		let statement = confirmation_statement(&shown.genesis, &confirmation);
		let signature = keys.guest.sign(&statement).to_bytes();
		ConfirmResponse::Confirmed(SignedConfirmation { confirmation, signature })
	}

	/// Serves one session. Returns true if the VM has to stop.
	async fn answer(&self, vm: &mut SimulatedVm, stream: UnixStream) -> anyhow::Result<bool> {
		let mut session = match Session::accept(stream, VERSIONS).await {
			// The peer only probed the socket, and closed the connection without a message.
			Err(SessionError::Closed) => return Ok(false),
			opened => opened?,
		};
		while let Some(asked) = session.receive::<VmRequest>().await? {
			ensure!(asked.since() <= session.version(), "the request needs a later version");
			match asked {
				VmRequest::Configure(asked) => session.send(&self.configure(&asked)).await?,
				VmRequest::ShowBoot(asked) => {
					vm.issuer.begin()?;
					session.send(&self.attest_boot(&vm.keys, &asked)).await?;
					vm.shown = Some(asked);
				},
				VmRequest::Confirm(asked) => {
					let response = Self::confirm(&vm.keys, vm.shown.as_ref(), &asked);
					session.send(&response).await?;
				},
				VmRequest::ReportUsage(asked) => {
					session.send(&usage(&mut vm.issuer, &asked)).await?;
				},
				VmRequest::Stop => {
					session.send(&StopResponse::Stopping).await?;
					return Ok(true);
				},
			}
		}
		Ok(false)
	}
}

/// The state of the simulated VM.
struct SimulatedVm {
	keys: Keys,
	issuer: ReceiptIssuer<SimulatedMachine>,
	/// The boot that was shown last.
	shown: Option<BootRequest>,
}

fn usage(issuer: &mut ReceiptIssuer<SimulatedMachine>, asked: &UsageRequest) -> UsageResponse {
	match issuer.issue(&asked.genesis, asked.interval) {
		Ok(receipt) => UsageResponse::Receipt(receipt),
		Err(error) => UsageResponse::Failed { message: error.to_string() },
	}
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
	let cli = Cli::parse();
	tracing_subscriber::fmt()
		.with_env_filter(EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into()))
		.with_writer(std::io::stderr)
		.init();
	tracing::warn!(vm = cli.vm, "INSECURE: a simulated VM");
	let Address::Unix(path) = &cli.listen else { bail!("the address must be unix:PATH") };
	match std::fs::remove_file(path) {
		Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
			return Err(error).with_context(|| format!("cannot remove {}", path.display()));
		},
		_ => {},
	}
	let keys = Keys::new()?;
	let issuer = cli.issuer(&keys);
	let mut vm = SimulatedVm { keys, issuer, shown: None };
	let listener =
		UnixListener::bind(path).with_context(|| format!("listening on {}", path.display()))?;
	loop {
		let (stream, _) = listener.accept().await?;
		match cli.answer(&mut vm, stream).await {
			Ok(true) => return Ok(()),
			Ok(false) => {},
			Err(error) => tracing::warn!(%error, "the session with the host failed"),
		}
	}
}
