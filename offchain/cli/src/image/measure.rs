use std::{
	io::{self, Write},
	path::PathBuf,
};

use serde_json::json;

use super::{id_text, progress, to_json, to_text, with_remedy};

/// Print the id and the launch measurements of an image.
///
/// Verifies every byte of the image first. Compare the measurements with those on the chain before
/// you order the image, and with MEASUREMENT in the report of a VM.
#[derive(Debug, clap::Args)]
pub(crate) struct Measure {
	/// The folder of the image.
	#[arg(value_name = "DIR")]
	folder: PathBuf,

	/// Print only the measurement with this number of vCPUs.
	#[arg(long, value_name = "N")]
	vcpus: Option<u32>,

	/// Print one JSON object.
	#[arg(long)]
	json: bool,
}

impl Measure {
	pub(super) fn run(&self) -> anyhow::Result<()> {
		let image = progress::verify(&self.folder).map_err(with_remedy)?;
		let mut out = io::stdout().lock();
		let Some(vcpus) = self.vcpus else {
			if self.json {
				writeln!(out, "{}", to_json(&image))?;
			} else {
				writeln!(out, "{}", to_text(&image))?;
			}
			return Ok(());
		};
		let row = image.row(vcpus).map_err(with_remedy)?;
		let measurement = hex::encode(row.measurement);
		if self.json {
			let id = id_text(&image.id());
			writeln!(out, "{}", json!({ "id": id, "vcpus": vcpus, "measurement": measurement }))?;
		} else {
			writeln!(out, "{measurement}")?;
		}
		Ok(())
	}
}
