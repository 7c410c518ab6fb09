//! `insecure-sim`: reports of simulated chips.

use std::{
	fs,
	path::{Path, PathBuf},
};

use anyhow::Context;
use clap::Parser;
use insecure_sim::{issue_crl, issue_vcek, Chip, ReportFields};

/// INSECURE: signs SEV-SNP reports without SEV-SNP, under a hierarchy that only tests trust.
#[derive(Debug, Parser)]
#[command(version, about, arg_required_else_help = true)]
enum Command {
	/// Write the hierarchy's certificates in the layout that `hcc verify snp --roots` reads.
	Roots {
		/// The folder to write to.
		#[arg(long, value_name = "DIR")]
		out: PathBuf,
	},
	/// Write the certificate of a chip's key.
	Vek {
		/// The chip's name.
		#[arg(long)]
		chip: String,
		/// The file to write, in DER.
		#[arg(long, value_name = "FILE")]
		out: PathBuf,
	},
	/// Write a certificate revocation list of the root, valid for a week.
	Crl {
		/// The time at which the list is issued, in seconds since 1970.
		#[arg(long, value_name = "SECONDS")]
		this_update: u64,
		/// The serial number of a revoked certificate. Repeat the option for several certificates.
		#[arg(long, value_name = "NUMBER")]
		revoke: Vec<u64>,
		/// The file to write, in DER.
		#[arg(long, value_name = "FILE")]
		out: PathBuf,
	},
	/// Write a report of a chip.
	Report {
		/// The chip's name.
		#[arg(long)]
		chip: String,
		/// The value of REPORT_DATA: 64 bytes.
		#[arg(long, value_name = "HEX")]
		report_data: String,
		/// The launch measurement (MEASUREMENT): 48 bytes [default: zeroes].
		#[arg(long, value_name = "HEX")]
		measurement: Option<String>,
		/// The file to write: 1184 bytes.
		#[arg(long, value_name = "FILE")]
		out: PathBuf,
	},
	/// Make the hierarchy's certificates from its keys. Needed only after a change of the
	/// hierarchy.
	Declare {
		/// The folder to write to.
		#[arg(long, value_name = "DIR")]
		out: PathBuf,
	},
}

fn main() -> anyhow::Result<()> {
	match Command::parse() {
		Command::Roots { out } => {
			let roots = insecure_sim::roots();
			let folder = out.join(roots.product.name().to_lowercase());
			write(&folder, "ark.der", &roots.ark)?;
			write(&folder, "ask.der", &roots.ask)
		},
		Command::Vek { chip, out } => fs::write(&out, issue_vcek(&Chip::named(&chip))?)
			.with_context(|| format!("cannot write {}", out.display())),
		Command::Crl { this_update, revoke, out } => {
			fs::write(&out, issue_crl(this_update, &revoke)?)
				.with_context(|| format!("cannot write {}", out.display()))
		},
		Command::Report { chip, report_data, measurement, out } => {
			let measurement = match measurement {
				Some(text) => bytes(&text).context("--measurement")?,
				None => [0; 48],
			};
			let fields =
				ReportFields::new(bytes(&report_data).context("--report-data")?, measurement);
			fs::write(&out, fields.sign(&Chip::named(&chip))?)
				.with_context(|| format!("cannot write {}", out.display()))
		},
		Command::Declare { out } => {
			let (ark, ask) = insecure_sim::declare()?;
			write(&out, "ark.der", &ark)?;
			write(&out, "ask.der", &ask)
		},
	}
}

fn bytes<const N: usize>(text: &str) -> anyhow::Result<[u8; N]> {
	let bytes = hex::decode(text)?;
	let len = bytes.len();
	bytes.try_into().map_err(|_| anyhow::anyhow!("{len} bytes, wanted {N}"))
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
	fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
	let path = folder.join(name);
	fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))
}
