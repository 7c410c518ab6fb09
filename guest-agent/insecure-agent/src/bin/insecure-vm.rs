//! INSECURE: what stands for a tenant's VM until there are any: no machine, but its agent, which shows its boot by the real path, with reports of a chip
//! that does not exist.

use std::time::Instant;

use anyhow::{bail, ensure, Context};
use clap::Parser;
use ed25519_dalek::SigningKey;
use hcc_evidence::{
	snp::REPORT_LEN,
	vm::{vm_report_data, Boot, VmEvidence, VmId, KEM_KEY_LEN},
};
use hccam::{
	frame::{receive, send},
	usage::{Meter, Reading, Teller},
	vm::{BootShown, Question, ShowBoot, TellUse, UseTold, VERSION},
	Address,
};
use insecure_sim::{Chip, ReportFields};
use tokio::net::{UnixListener, UnixStream};
use tracing_subscriber::EnvFilter;

/// INSECURE: a VM that does not exist, for tests and demos only.
#[derive(Parser)]
#[command(name = "insecure-vm", version)]
struct Cli {
	/// The VM's number.
	#[arg(long)]
	vm: VmId,
	/// To how many miners it was given.
	#[arg(long)]
	generation: u32,
	/// The number of the boot.
	#[arg(long)]
	boot: u32,
	/// The image's launch measurement, 48 bytes: what MEASUREMENT says.
	#[arg(long, value_name = "HEX")]
	image: String,
	/// What HOST_DATA says, 32 bytes.
	#[arg(long, value_name = "HEX")]
	host_data: String,
	/// How many vCPUs it has.
	#[arg(long)]
	vcpus: u32,
	/// How much memory, in MiB.
	#[arg(long)]
	memory: u32,
	/// How much disk, in GiB.
	#[arg(long)]
	disk: u32,
	/// Which part of their time its vCPUs are kept waiting, in thousandths.
	#[arg(long, default_value_t = 0)]
	steal: u32,
	/// Where its agent listens: unix:PATH.
	#[arg(long)]
	listen: Address,
	/// The chip's name.
	#[arg(long, default_value = "alice")]
	chip: String,
}

/// What the VM has made at this boot.
struct Keys {
	guest: SigningKey,
	kem_pk: Vec<u8>,
	ssh_host_key_hash: [u8; 32],
}

impl Keys {
	/// Random, as keys are.
	fn new() -> anyhow::Result<Self> {
		let (mut seed, mut kem_pk, mut ssh_host_key_hash) =
			([0; 32], vec![0; KEM_KEY_LEN], [0; 32]);
		for bytes in [&mut seed[..], &mut kem_pk, &mut ssh_host_key_hash] {
			getrandom::fill(bytes).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
		}
		Ok(Self { guest: SigningKey::from_bytes(&seed), kem_pk, ssh_host_key_hash })
	}

	fn guest_pk(&self) -> [u8; 32] {
		self.guest.verifying_key().to_bytes()
	}
}

/// A machine that is not there: its vCPUs work all the time that they are not kept waiting.
struct NoMachine {
	began: Instant,
	vcpus: u32,
	memory: u32,
	disk: u32,
	steal: u32,
}

impl Meter for NoMachine {
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
	fn teller(&self, keys: &Keys) -> Teller<NoMachine> {
		let machine = NoMachine {
			began: Instant::now(),
			vcpus: self.vcpus,
			memory: self.memory,
			disk: self.disk,
			steal: self.steal,
		};
		Teller::new(machine, keys.guest.clone(), self.vm, self.generation, self.boot)
	}

	fn report(&self, keys: &Keys, asked: &ShowBoot) -> anyhow::Result<[u8; REPORT_LEN]> {
		ensure!(asked.version == VERSION, "version {} of the messages", asked.version);
		let boot = (asked.vm, asked.generation, asked.counter);
		ensure!(boot == (self.vm, self.generation, self.boot), "asked for another boot");
		let boot = Boot {
			vm: asked.vm,
			generation: asked.generation,
			counter: asked.counter,
			nonce: asked.nonce,
			// Bound by HOST_DATA, which the host has set.
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
		hex::decode_to_slice(&self.image, &mut measurement).context("the image")?;
		let data = vm_report_data(&asked.genesis, &boot, &evidence);
		let mut fields = ReportFields::new(data, measurement);
		hex::decode_to_slice(&self.host_data, &mut fields.host_data).context("the host data")?;
		fields.sign(&Chip::named(&self.chip))
	}

	fn show(&self, keys: &Keys, asked: &ShowBoot) -> BootShown {
		match self.report(keys, asked) {
			Ok(report) => BootShown::Evidence {
				snp_report: report.to_vec(),
				guest_pk: keys.guest_pk(),
				kem_pk: keys.kem_pk.clone(),
				ssh_host_key_hash: keys.ssh_host_key_hash,
			},
			Err(error) => BootShown::Failed { message: format!("{error:#}") },
		}
	}

	async fn answer(
		&self,
		keys: &Keys,
		teller: &mut Teller<NoMachine>,
		stream: &mut UnixStream,
	) -> anyhow::Result<()> {
		while let Some(asked) = receive::<_, Question>(stream).await? {
			match asked {
				Question::ShowBoot(asked) => {
					teller.begin()?;
					send(stream, &self.show(keys, &asked)).await?;
				},
				Question::TellUse(asked) => send(stream, &told(teller, &asked)).await?,
			}
		}
		Ok(())
	}
}

fn told(teller: &mut Teller<NoMachine>, asked: &TellUse) -> UseTold {
	if asked.version != VERSION {
		return UseTold::Failed { message: format!("version {} of the messages", asked.version) };
	}
	match teller.tell(&asked.genesis, asked.interval) {
		Ok(receipt) => UseTold::Receipt(receipt),
		Err(error) => UseTold::Failed { message: error.to_string() },
	}
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
	let cli = Cli::parse();
	tracing_subscriber::fmt()
		.with_env_filter(EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into()))
		.with_writer(std::io::stderr)
		.init();
	tracing::warn!(vm = cli.vm, "INSECURE: a VM that does not exist");
	let Address::Unix(path) = &cli.listen else { bail!("it listens on a socket only: unix:PATH") };
	match std::fs::remove_file(path) {
		Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
			return Err(error).with_context(|| format!("cannot remove {}", path.display()));
		},
		_ => {},
	}
	let keys = Keys::new()?;
	let mut teller = cli.teller(&keys);
	let listener =
		UnixListener::bind(path).with_context(|| format!("listening on {}", path.display()))?;
	loop {
		let (mut stream, _) = listener.accept().await?;
		if let Err(error) = cli.answer(&keys, &mut teller, &mut stream).await {
			tracing::warn!(%error, "the host went away");
		}
	}
}
