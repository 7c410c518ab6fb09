//! Provides the device `/dev/sev-guest` of a simulated chip.

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

/// INSECURE: provides /dev/sev-guest without SEV-SNP, by a character device in user space (CUSE).
/// Only tests trust the hierarchy that signs its reports.
#[derive(Parser)]
#[command(name = "insecure-sev-guest", version)]
struct Cli {
	/// A file that determines the contents of the reports, in the format of insecure-hccam's
	/// options. The program reads the file again for each report.
	#[arg(long, value_name = "FILE")]
	reports: PathBuf,
}

/// The options in the file.
#[derive(Parser)]
#[command(no_binary_name = true)]
struct ReportFile {
	#[command(flatten)]
	reports: Reports,
}

fn read_reports(file: &PathBuf) -> anyhow::Result<Reports> {
	let text =
		fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
	Ok(ReportFile::try_parse_from(text.split_whitespace())?.reports)
}

fn main() -> anyhow::Result<()> {
	let cli = Cli::parse();
	tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).init();
	tracing::warn!("INSECURE: /dev/sev-guest of a simulated chip");
	read_reports(&cli.reports)?;
	let mut kernel = File::options()
		.read(true)
		.write(true)
		.open("/dev/cuse")
		.context("cannot open /dev/cuse: is the module cuse loaded, and are you root?")?;
	let mut device = Device::new(|report_data| read_reports(&cli.reports)?.report(report_data));
	let mut buffer = vec![0; MAX_REQUEST];
	loop {
		let len = kernel.read(&mut buffer).context("the kernel has closed the device")?;
		if let Some(reply) = device.answer(buffer.get(..len).unwrap_or_default()) {
			kernel.write_all(&reply).context("the kernel rejected a reply")?;
		}
	}
}
