//! INSECURE: what stands for a tenant's VM until there are any: no machine, but its agent, which shows its boot by the real path, with reports of a chip
//! that does not exist.

use anyhow::{bail, ensure, Context};
use clap::Parser;
use hcc_evidence::{
	snp::REPORT_LEN,
	vm::{vm_report_data, Boot, VmEvidence, VmId, KEM_KEY_LEN},
};
use hccam::{
	frame::{receive, send},
	vm::{BootShown, ShowBoot, VERSION},
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
	/// Where its agent listens: unix:PATH.
	#[arg(long)]
	listen: Address,
	/// The chip's name.
	#[arg(long, default_value = "alice")]
	chip: String,
}

/// What the VM has made at this boot.
struct Keys {
	guest_pk: [u8; 32],
	kem_pk: Vec<u8>,
	ssh_host_key_hash: [u8; 32],
}

impl Keys {
	/// Random, as keys are: nobody uses them yet.
	fn new() -> anyhow::Result<Self> {
		let mut keys =
			Self { guest_pk: [0; 32], kem_pk: vec![0; KEM_KEY_LEN], ssh_host_key_hash: [0; 32] };
		for bytes in [&mut keys.guest_pk[..], &mut keys.kem_pk, &mut keys.ssh_host_key_hash] {
			getrandom::fill(bytes).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
		}
		Ok(keys)
	}
}

impl Cli {
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
			guest_pk: keys.guest_pk,
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

	async fn answer(&self, keys: &Keys, stream: &mut UnixStream) -> anyhow::Result<()> {
		while let Some(asked) = receive::<_, ShowBoot>(stream).await? {
			let answer = match self.report(keys, &asked) {
				Ok(report) => BootShown::Evidence {
					snp_report: report.to_vec(),
					guest_pk: keys.guest_pk,
					kem_pk: keys.kem_pk.clone(),
					ssh_host_key_hash: keys.ssh_host_key_hash,
				},
				Err(error) => BootShown::Failed { message: format!("{error:#}") },
			};
			send(stream, &answer).await?;
		}
		Ok(())
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
	let listener =
		UnixListener::bind(path).with_context(|| format!("listening on {}", path.display()))?;
	loop {
		let (mut stream, _) = listener.accept().await?;
		if let Err(error) = cli.answer(&keys, &mut stream).await {
			tracing::warn!(%error, "the host went away");
		}
	}
}
