//! `/dev/sev-guest` of a chip that does not exist.

use std::{
	fs::{self, File},
	io::{Read, Write},
	path::PathBuf,
};

use anyhow::Context;
use clap::Parser;
use insecure_agent::{
	reports::Reports,
	sev_guest::{Device, MAX_REQUEST},
};

/// INSECURE: presents /dev/sev-guest without SEV-SNP, by CUSE. Its reports are signed under a hierarchy that only tests trust.
#[derive(Parser)]
#[command(name = "insecure-sev-guest", version)]
struct Cli {
	/// A file that says what the reports are to hold, in the words of insecure-hccam's options; read anew for each report.
	#[arg(long, value_name = "FILE")]
	reports: PathBuf,
}

/// What the file holds.
#[derive(Parser)]
#[command(no_binary_name = true)]
struct Wanted {
	#[command(flatten)]
	reports: Reports,
}

fn wanted(file: &PathBuf) -> anyhow::Result<Reports> {
	let text =
		fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
	Ok(Wanted::try_parse_from(text.split_whitespace())?.reports)
}

fn main() -> anyhow::Result<()> {
	let cli = Cli::parse();
	tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).init();
	tracing::warn!("INSECURE: /dev/sev-guest of a chip that does not exist");
	wanted(&cli.reports)?;
	let mut kernel = File::options()
		.read(true)
		.write(true)
		.open("/dev/cuse")
		.context("cannot open /dev/cuse: is the module cuse loaded, and are you root?")?;
	let mut device = Device::new(|report_data| wanted(&cli.reports)?.report(report_data));
	let mut buffer = vec![0; MAX_REQUEST];
	loop {
		let len = kernel.read(&mut buffer).context("the kernel has closed the device")?;
		if let Some(reply) = device.answer(buffer.get(..len).unwrap_or_default()) {
			kernel.write_all(&reply).context("the kernel takes no reply")?;
		}
	}
}
