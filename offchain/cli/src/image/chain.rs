//! The directory of images on the chain.

use std::path::PathBuf;

use anyhow::{bail, Context};
use hcc_chain::{api, AccountId32, Chain, ChainAt};
use hcc_evidence::vm::image::{ImageId, ImageRow};
use serde_json::{json, Value};
use subxt::utils::Static;

use super::{id_text, progress, with_remedy};
use crate::{
	chain::{connected, NODE},
	exit::{Exit, Failure},
	input,
	key::KeyArgs,
	output::outln,
};

use api::runtime_types::bounded_collections::bounded_vec::BoundedVec;

/// An image of the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
	pub(crate) id: ImageId,
	pub(crate) name: String,
	pub(crate) version: String,
	pub(crate) rows: Vec<ImageRow>,
	pub(crate) locations: Vec<String>,
	pub(crate) publisher: Option<AccountId32>,
	pub(crate) endorsed: bool,
	/// The keys whose rebuild statements the chain has.
	pub(crate) rebuilders: Vec<[u8; 32]>,
}

/// Returns the images of the directory, by name, version and id.
pub(crate) async fn list(at: &ChainAt) -> anyhow::Result<Vec<Listed>> {
	let mut rows = at.storage().iter(api::storage().images().images(), ()).await?;
	let mut all = Vec::new();
	while let Some(row) = rows.next().await {
		let row = row?;
		let (id,) = row.key()?.decode()?;
		let image = row.value().decode()?;
		let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
		let address = api::storage().images().rebuilds();
		let rebuilds = at.storage().try_fetch(address, (id,)).await?;
		let rebuilds = rebuilds.map(|row| row.decode()).transpose()?;
		let rebuilds = rebuilds.iter().flat_map(|all| &all.0);
		all.push(Listed {
			id,
			name: text(&image.name.0),
			version: text(&image.version.0),
			rows: image.rows.0.into_iter().map(|row| row.0).collect(),
			locations: image.locations.0.iter().map(|location| text(&location.0)).collect(),
			publisher: image.publisher,
			endorsed: image.endorsed,
			rebuilders: rebuilds.map(|rebuild| rebuild.signer).collect(),
		});
	}
	all.sort_by(|a, b| (&a.name, &a.version, a.id).cmp(&(&b.name, &b.version, b.id)));
	Ok(all)
}

/// Selects an image by its id, its name, or its name and version: `NAME:VERSION`.
///
/// Anyone can register an image with any name. A name that several images have selects the only one
/// that governance endorses, or none.
pub(crate) fn select<'a>(all: &'a [Listed], wanted: &str) -> anyhow::Result<&'a Listed> {
	let is_named = |image: &&Listed| match wanted.split_once(':') {
		Some((name, version)) => image.name == name && image.version == version,
		None => image.name == wanted,
	};
	let by_id = input::hexadecimal(wanted).ok();
	if let Some(image) = all.iter().find(|image| by_id.as_deref() == Some(&image.id[..])) {
		return Ok(image);
	}
	let named: Vec<_> = all.iter().filter(is_named).collect();
	let endorsed: Vec<_> = named.iter().filter(|image| image.endorsed).copied().collect();
	match (&named[..], &endorsed[..]) {
		([image], _) | (_, [image]) => Ok(*image),
		([], _) => {
			let message = format!("no image is {wanted}: hcc image list shows all");
			Err(Failure::error(Exit::NotFound, message))
		},
		_ => bail!("several images are {wanted}: name one by its id, which hcc image list shows"),
	}
}

/// List the images that can be ordered.
///
/// Anyone can register an image with any name. Compute its rows with hcc image measure before you
/// trust it.
#[derive(Debug, clap::Args)]
pub(crate) struct List {
	/// The WebSocket URL of a node.
	#[arg(long, default_value = NODE)]
	node: String,

	/// Print JSON.
	#[arg(long)]
	json: bool,
}

impl List {
	pub(super) fn run(&self) -> anyhow::Result<()> {
		connected(&self.node, async |chain: Chain| {
			let images = list(&chain.best().await?).await?;
			if self.json {
				let rows: Vec<_> = images.iter().map(to_json).collect();
				outln!("{}", serde_json::to_string_pretty(&rows)?);
			} else {
				images.iter().for_each(|image| outln!("{}", to_text(image)));
			}
			Ok(())
		})
	}
}

fn to_json(image: &Listed) -> Value {
	let row =
		|row: &ImageRow| json!({ "vcpus": row.vcpus, "measurement": hex::encode(row.measurement) });
	json!({
		"id": id_text(&image.id),
		"name": image.name,
		"version": image.version,
		"rows": image.rows.iter().map(row).collect::<Vec<_>>(),
		"locations": image.locations,
		"publisher": image.publisher.as_ref().map(ToString::to_string),
		"endorsed": image.endorsed,
		"rebuilders": image.rebuilders.iter().map(hex::encode).collect::<Vec<_>>(),
	})
}

fn to_text(image: &Listed) -> String {
	let vcpus: Vec<_> = image.rows.iter().map(|row| row.vcpus.to_string()).collect();
	let endorsed = if image.endorsed { "endorsed" } else { "not endorsed" };
	let mut lines = vec![
		format!("{}:{}", image.name, image.version),
		format!("  id        {}", id_text(&image.id)),
		format!("  vCPUs     {}", vcpus.join(", ")),
		format!("  trust     {endorsed}, {} rebuild statements", image.rebuilders.len()),
	];
	lines.extend(image.locations.iter().map(|location| format!("  location  {location}")));
	lines.join("\n")
}

/// Register an image in the directory of the chain, for a deposit.
///
/// Verifies every byte of the image first. Tenants can order it from then on.
#[derive(Debug, clap::Args)]
pub(crate) struct Register {
	/// The folder of the image.
	#[arg(value_name = "DIR")]
	folder: PathBuf,

	/// The HTTPS address of the folder, for miners. Repeat the option for up to four addresses.
	#[arg(long, value_name = "URL")]
	location: Vec<String>,

	#[command(flatten)]
	key: KeyArgs,

	/// The WebSocket URL of a node.
	#[arg(long, default_value = NODE)]
	node: String,

	/// Print JSON.
	#[arg(long)]
	json: bool,
}

impl Register {
	pub(super) fn run(&self) -> anyhow::Result<()> {
		let image = progress::verify(&self.folder).map_err(with_remedy)?;
		let submitter = self.key.submitter()?;
		let bytes = |text: &String| BoundedVec(text.clone().into_bytes());
		let manifest = image.manifest();
		let call = api::tx().images().register(
			bytes(&manifest.name),
			bytes(&manifest.version),
			Static(image.digests()),
			BoundedVec(image.rows().iter().copied().map(Static).collect()),
			BoundedVec(self.location.iter().map(bytes).collect()),
		);
		let receipt = connected(&self.node, async |chain: Chain| {
			submitter.submit(&chain, &call).await.context("registering the image")
		})?;
		let (id, block) = (id_text(&image.id()), format!("{:?}", receipt.block));
		if self.json {
			outln!("{}", json!({ "id": id, "block": block }));
		} else {
			outln!("{id}: registered in block {block}");
		}
		Ok(())
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn image(id: u8, name: &str, version: &str, endorsed: bool) -> Listed {
		Listed {
			id: [id; 32],
			name: name.into(),
			version: version.into(),
			rows: Vec::new(),
			locations: Vec::new(),
			publisher: None,
			endorsed,
			rebuilders: Vec::new(),
		}
	}

	#[test]
	fn image_is_selected_by_id_name_or_version() {
		let all = [image(1, "debian", "13", false), image(2, "minimal", "1", false)];
		for wanted in ["minimal", "minimal:1", &"02".repeat(32), &format!("0x{}", "02".repeat(32))]
		{
			assert_eq!(select(&all, wanted).expect("it is listed").id, [2; 32], "{wanted}");
		}
		for unknown in ["alpine", "minimal:2", "", &"03".repeat(32)] {
			assert!(select(&all, unknown).is_err(), "{unknown}");
		}
	}

	/// An attacker registers another image with the same name.
	#[test]
	fn ambiguous_name_selects_endorsed_image_only() {
		let mut all = vec![image(1, "debian", "13", false), image(2, "debian", "13", false)];
		assert!(select(&all, "debian").is_err());
		all[1].endorsed = true;
		assert_eq!(select(&all, "debian").expect("one is endorsed").id, [2; 32]);
		all[0].endorsed = true;
		assert!(select(&all, "debian:13").is_err());
		assert_eq!(select(&all, &"01".repeat(32)).expect("it is listed").id, [1; 32]);
	}
}
