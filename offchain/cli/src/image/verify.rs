use std::{
	io::{self, Write},
	path::PathBuf,
};

use hcc_image::{Error, Image};
use serde_json::json;

use super::{id_text, progress, to_json, to_text, with_remedy};
use crate::exit::Exit;

/// Verify every byte of an image.
///
/// Exit codes: 0 verified, 2 refused, 1 wrong usage or unreadable files.
#[derive(Debug, clap::Args)]
pub(crate) struct Verify {
	/// The folder of the image.
	#[arg(value_name = "DIR")]
	folder: PathBuf,

	/// The id that the image must have, in hexadecimal: that of the order, or of the chain's
	/// directory.
	#[arg(long, value_name = "ID", value_parser = id)]
	image_id: Option<Id>,

	/// Print one JSON object.
	#[arg(long)]
	json: bool,
}

/// An image's id.
type Id = [u8; 32];

fn id(text: &str) -> Result<Id, String> {
	let mut id = [0; 32];
	hex::decode_to_slice(text.trim_start_matches("0x"), &mut id)
		.map_err(|_| "expected 64 hexadecimal digits".to_owned())?;
	Ok(id)
}

impl Verify {
	pub(super) fn run(&self) -> anyhow::Result<Exit> {
		match self.verified() {
			Ok(image) => self.print_verified(&image).map(|()| Exit::Done),
			Err(error) if error.is_mismatch() => {
				self.print_refused(&error).map(|()| Exit::Rejected)
			},
			Err(error) => Err(with_remedy(error)),
		}
	}

	fn verified(&self) -> Result<Image, Error> {
		let image = progress::verify(&self.folder)?;
		if let Some(wanted) = &self.image_id {
			image.check_id(wanted)?;
		}
		Ok(image)
	}

	fn print_verified(&self, image: &Image) -> anyhow::Result<()> {
		let mut out = io::stdout().lock();
		if self.json {
			let mut report = to_json(image);
			report["verdict"] = json!("verified");
			writeln!(out, "{report}")?;
		} else {
			writeln!(out, "verified: {}", to_text(image))?;
		}
		Ok(())
	}

	fn print_refused(&self, error: &Error) -> anyhow::Result<()> {
		let mut out = io::stdout().lock();
		if self.json {
			let report = json!({
				"verdict": "refused",
				"file": error.file(),
				"message": error.to_string(),
				"remedy": error.remedy(),
				"wanted_id": self.image_id.as_ref().map(id_text),
			});
			writeln!(out, "{report}")?;
		} else {
			writeln!(out, "refused: {error}\n  {}", error.remedy())?;
		}
		Ok(())
	}
}
