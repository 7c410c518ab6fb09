//! The download of an image of the directory.

use std::{
	fs,
	io::Write,
	path::{Path, PathBuf},
	time::Duration,
};

use anyhow::{ensure, Context};
use hcc_chain::Chain;
use hcc_evidence::vm::image::ImageId;
use hcc_image::{File, Image, Manifest, MANIFEST, MAX_MANIFEST};
use indicatif::ProgressBar;
use reqwest::{Client, Response};

use super::{
	chain::{list, select},
	print, progress, with_remedy,
};
use crate::{
	chain::{connected, NODE},
	exit::{Exit, Failure},
	output,
};

/// Time limit of a connection.
const CONNECT: Duration = Duration::from_secs(15);
/// Time limit of the next bytes of a download.
const READ: Duration = Duration::from_secs(60);

/// Fetch an image of the directory of the chain into a new folder.
///
/// Verifies every byte, and computes the id from the bytes. The addresses need not be trusted. A
/// miner pulls images into the folder `image_dir` of its configuration.
#[derive(Debug, clap::Args)]
pub(crate) struct Pull {
	/// The image: its id, its name, or its name and version as NAME:VERSION.
	#[arg(value_name = "ID|NAME")]
	image: String,

	/// The folder to make.
	#[arg(long, value_name = "DIR")]
	out: PathBuf,

	/// The HTTPS address of the folder, instead of those in the directory.
	#[arg(long, value_name = "URL")]
	location: Option<String>,

	/// The WebSocket URL of a node.
	#[arg(long, default_value = NODE)]
	node: String,

	/// Print one JSON object.
	#[arg(long)]
	json: bool,
}

impl Pull {
	pub(super) fn run(&self) -> anyhow::Result<()> {
		ensure!(!self.out.exists(), "{} exists: name a new folder", self.out.display());
		connected(&self.node, async |chain: Chain| {
			let listed = list(&chain.best().await?).await?;
			let image = select(&listed, &self.image)?;
			let locations = match &self.location {
				Some(location) => std::slice::from_ref(location),
				None => &image.locations[..],
			};
			let fetched = self.fetch_any(&client(true)?, locations, &image.id).await?;
			print(&fetched, self.json);
			Ok(())
		})
	}

	/// Fetches an image from the first address that has it.
	async fn fetch_any(
		&self,
		client: &Client,
		locations: &[String],
		id: &ImageId,
	) -> anyhow::Result<Image> {
		let missing = "the directory has no address of the image: name one with --location";
		let mut failure = Failure::error(Exit::NotFound, missing);
		for location in locations {
			match fetch(client, location, id, &self.out).await {
				Ok(image) => return Ok(image),
				Err(error) => {
					output::warn(format_args!("{location}: {error:#}"));
					failure = error.context("no address has the image");
				},
			}
		}
		Err(failure)
	}
}

fn client(https_only: bool) -> anyhow::Result<Client> {
	let client = Client::builder().https_only(https_only).connect_timeout(CONNECT);
	let agent = concat!("hcc/", env!("CARGO_PKG_VERSION"));
	client.read_timeout(READ).user_agent(agent).build().context("cannot use TLS")
}

/// Fetches an image from an address. The folder appears once all of its bytes are verified.
async fn fetch(client: &Client, location: &str, id: &ImageId, out: &Path) -> anyhow::Result<Image> {
	let mut partial = out.as_os_str().to_owned();
	partial.push(".partial");
	let partial = PathBuf::from(partial);
	if partial.exists() {
		fs::remove_dir_all(&partial)
			.with_context(|| format!("cannot remove {}", partial.display()))?;
	}
	fs::create_dir_all(&partial).with_context(|| format!("cannot make {}", partial.display()))?;
	let fetched = fetch_into(client, location, id, &partial).await.and_then(|image| {
		fs::rename(&partial, out).with_context(|| format!("cannot make {}", out.display()))?;
		Ok(image)
	});
	if fetched.is_err() {
		// Its bytes are useless. The error matters more than one of the removal.
		drop(fs::remove_dir_all(&partial));
	}
	fetched
}

async fn fetch_into(
	client: &Client,
	location: &str,
	id: &ImageId,
	folder: &Path,
) -> anyhow::Result<Image> {
	let location = location.trim_end_matches('/');
	let bar = progress::download();
	let path = folder.join(MANIFEST);
	get(client, &format!("{location}/{MANIFEST}"), MAX_MANIFEST, &path, &bar).await?;
	let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
	let manifest = Manifest::parse(&bytes).map_err(with_remedy)?;
	let total: u64 = File::ALL.iter().map(|file| manifest.files.get(*file).size).sum();
	bar.set_length(total);
	bar.set_position(0);
	for file in File::ALL {
		bar.set_message(file.name());
		let (url, limit) = (format!("{location}/{file}"), manifest.files.get(file).size);
		get(client, &url, limit, &folder.join(file.name()), &bar).await?;
	}
	bar.finish_and_clear();
	let image = progress::verify(folder).map_err(with_remedy)?;
	image.check_id(id).map_err(with_remedy)?;
	Ok(image)
}

/// Fetches one file, which has at most `limit` bytes.
async fn get(
	client: &Client,
	url: &str,
	limit: u64,
	path: &Path,
	bar: &ProgressBar,
) -> anyhow::Result<()> {
	let failed = || format!("cannot fetch {url}");
	let unwritable = || format!("cannot write {}", path.display());
	let response = client.get(url).send().await.and_then(Response::error_for_status);
	let mut response = response.with_context(failed)?;
	let mut file = fs::File::create(path).with_context(unwritable)?;
	let mut size = 0u64;
	while let Some(part) = response.chunk().await.with_context(failed)? {
		size = size.saturating_add(part.len() as u64);
		ensure!(size <= limit, "{url} has more than {limit} bytes");
		file.write_all(&part).with_context(unwritable)?;
		bar.inc(part.len() as u64);
	}
	file.sync_all().with_context(unwritable)
}

#[cfg(test)]
#[path = "../../../image/tests/it/synthetic.rs"]
mod synthetic;

#[cfg(test)]
mod tests {
	use axum::{routing, Router};

	use super::*;

	/// Serves the files of an image. Returns its id and the address.
	async fn serve(change: impl Fn(&str, &mut Vec<u8>)) -> (ImageId, String) {
		let folder = tempfile::tempdir().expect("a folder");
		synthetic::write(folder.path());
		let id = Image::verify(folder.path(), |_| {}).expect("an image").id();
		let mut app = Router::new();
		for name in synthetic::FILES.into_iter().chain([MANIFEST]) {
			let mut bytes = fs::read(folder.path().join(name)).expect("read");
			change(name, &mut bytes);
			let serve = routing::get(move || async move { bytes });
			app = app.route(&format!("/image/{name}"), serve);
		}
		let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
		let address = listener.local_addr().expect("an address");
		tokio::spawn(async move { axum::serve(listener, app).await });
		(id, format!("http://{address}/image/"))
	}

	async fn fetched(location: &str, id: &ImageId, out: &Path) -> Result<Image, String> {
		let client = client(false).expect("a client");
		fetch(&client, location, id, out).await.map_err(|error| format!("{error:#}"))
	}

	#[tokio::test]
	async fn image_is_fetched_and_verified() {
		let folder = tempfile::tempdir().expect("a folder");
		let out = folder.path().join("images/minimal");
		let (id, location) = serve(|_, _| {}).await;
		assert_eq!(fetched(&location, &id, &out).await.expect("fetched").id(), id);
		assert!(out.join(synthetic::ROOT).is_file());
		assert!(!folder.path().join("images/minimal.partial").exists());
	}

	#[tokio::test]
	async fn other_bytes_leave_no_folder() {
		let folder = tempfile::tempdir().expect("a folder");
		let out = folder.path().join("minimal");
		let (id, genuine) = serve(|_, _| {}).await;
		let changed = |name: &str, bytes: &mut Vec<u8>| {
			if name == synthetic::INITRD {
				bytes[0] ^= 1;
			}
		};
		let (_, swapped) = serve(changed).await;
		let longer = |name: &str, bytes: &mut Vec<u8>| {
			if name == synthetic::ROOT {
				bytes.push(0);
			}
		};
		let (_, endless) = serve(longer).await;
		let nowhere = format!("{genuine}none");
		for (location, id, wanted) in [
			(&swapped, &id, "initrd has the digest"),
			(&endless, &id, "has more than"),
			(&genuine, &[7; 32], "has the id"),
			(&nowhere, &id, "404"),
		] {
			let error = fetched(location, id, &out).await.expect_err("refused");
			assert!(error.contains(wanted), "{error}");
			assert_eq!(fs::read_dir(folder.path()).expect("read").count(), 0, "{wanted}");
		}
	}
}
