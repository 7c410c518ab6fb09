//! `hcc image`: images of VMs.

mod build;
pub(crate) mod chain;
mod measure;
mod progress;
mod pull;
mod verify;

use std::path::Path;

use hcc_evidence::vm::image::ImageId;
use hcc_image::Image as VerifiedImage;
use serde_json::{json, Value};

use crate::{exit::Exit, output::outln};

/// Build, fetch and verify images of VMs, and register them on the chain.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Image {
	Build(build::Build),
	Measure(measure::Measure),
	Verify(verify::Verify),
	Register(chain::Register),
	List(chain::List),
	Pull(pull::Pull),
}

/// Runs the command.
pub(crate) fn run(command: &Image) -> anyhow::Result<Exit> {
	match command {
		Image::Build(args) => args.run()?,
		Image::Measure(args) => args.run()?,
		Image::Verify(args) => return args.run(),
		Image::Register(args) => args.run()?,
		Image::List(args) => args.run()?,
		Image::Pull(args) => args.run()?,
	}
	Ok(Exit::Done)
}

/// Prints an image as one JSON object, or as a table.
fn print(image: &VerifiedImage, as_json: bool) {
	if as_json {
		outln!("{}", to_json(image));
	} else {
		outln!("{}", to_text(image));
	}
}

/// Verifies the image in a folder, and returns its id. The id covers all rows, which are computed
/// from the bytes.
pub(crate) fn computed_id(folder: &Path) -> anyhow::Result<ImageId> {
	Ok(progress::verify(folder).map_err(with_remedy)?.id())
}

/// Adds to an error what its reader can do.
fn with_remedy(error: hcc_image::Error) -> anyhow::Error {
	let remedy = error.remedy();
	anyhow::anyhow!("{error}: {remedy}")
}

/// Describes an image as JSON. The names of the fields are stable.
fn to_json(image: &VerifiedImage) -> Value {
	let manifest = image.manifest();
	let rows: Vec<Value> = image
		.rows()
		.iter()
		.map(|row| json!({ "vcpus": row.vcpus, "measurement": hex::encode(row.measurement) }))
		.collect();
	json!({
		"name": manifest.name,
		"version": manifest.version,
		"insecure": manifest.insecure,
		"id": id_text(&image.id()),
		"memory_mib": manifest.memory_mib,
		"cmdline": manifest.cmdline,
		"rows": rows,
	})
}

/// Describes an image in a table.
fn to_text(image: &VerifiedImage) -> String {
	let manifest = image.manifest();
	let mut lines = vec![
		format!("{} {}", manifest.name, manifest.version),
		format!("  {:10}{}", "id", id_text(&image.id())),
	];
	if manifest.insecure {
		lines.push("  INSECURE: it simulates the secure processor, for tests only".to_owned());
	}
	for row in image.rows() {
		let name = format!("{} vCPU{}", row.vcpus, if row.vcpus == 1 { "" } else { "s" });
		lines.push(format!("  {name:10}{}", hex::encode(row.measurement)));
	}
	lines.join("\n")
}

/// Returns an id in hexadecimal, with the prefix that the chain's tools use.
fn id_text(id: &[u8; 32]) -> String {
	format!("0x{}", hex::encode(id))
}
