use std::path::PathBuf;

use serde_json::json;

use super::{id_text, print, progress, with_remedy};
use crate::output::outln;

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
		let Some(vcpus) = self.vcpus else {
			print(&image, self.json);
			return Ok(());
		};
		let row = image.row(vcpus).map_err(with_remedy)?;
		let measurement = hex::encode(row.measurement);
		if self.json {
			let id = id_text(&image.id());
			outln!("{}", json!({ "id": id, "vcpus": vcpus, "measurement": measurement }));
		} else {
			outln!("{measurement}");
		}
		Ok(())
	}
}
