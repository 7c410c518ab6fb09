use std::path::{Path, PathBuf};

use anyhow::{ensure, Context};
use ed25519_dalek::SigningKey;
use hcc_chain::{
	api,
	keys::{read_secret, write_secret, ExposeSecret, SecretString},
	view, AccountId32, Chain, ChainError, Fate, SignedCall, Submitter, H256,
};
use hcc_evidence::vm::image::ImageId;
use serde_json::json;
use sha2::{Digest, Sha256};
use subxt::tx::Payload;

use super::{
	alpha,
	amount::{parse_alpha, parse_usd},
	config::{egress_of, sign, ConfigOptions},
	pending::{PendingOrder, Sender},
	show::{flavours, named, state},
	wait::{self, Stage},
	Common,
};
use crate::{
	chain::connected,
	exit::{Exit, Failure},
	image,
	key::KeyArgs,
	output::{self, outln},
};

use api::runtime_types::{
	bounded_collections::bounded_vec::BoundedVec,
	hcc_primitives::challenge::Tier as ChainTier,
	pallet_compute::types::{
		Choice, Egress as ChainEgress, ImageDemand, OrderRequest, SignedConfig,
	},
};

/// Order a VM, and put an escrow on hold for it.
///
/// The command stores the signed order beside the configuration key until the outcome is known. If
/// the outcome remains unknown (exit codes 4 and 6), run the same command again. It looks for the
/// stored order before it sends another order.
#[derive(Debug, clap::Args)]
pub(crate) struct Order {
	/// The flavour, by number or name: hcc vm flavours lists them.
	#[arg(long)]
	flavour: String,
	/// The image: its id, its name, its name and version as NAME:VERSION (hcc image list shows
	/// all), or the folder of the image, with a slash. The command verifies every byte of a folder,
	/// and computes the id and all rows. Otherwise it trusts the directory of the chain.
	#[arg(long, value_name = "ID|NAME|DIR")]
	image: String,
	/// Order only if governance endorses the image.
	#[arg(long)]
	endorsed: bool,
	/// Order only if the chain has this number of statements that the image was rebuilt.
	#[arg(long, value_name = "N", default_value_t = 0)]
	min_rebuilds: u32,
	#[command(flatten)]
	config: ConfigOptions,
	/// The ed25519 key that signs the configuration: a file with a seed in hexadecimal. If the file
	/// is missing, the command creates it.
	#[arg(long, value_name = "FILE")]
	config_key_file: PathBuf,
	/// The Merkle root of the list of holders of shares of the disk key: 32 bytes.
	#[arg(long, value_name = "HEX", value_parser = bytes::<32>, default_value = ZEROES)]
	holders_root: Bytes<32>,
	/// The highest acceptable price, in USD an hour.
	#[arg(long, value_parser = parse_usd)]
	max_price: u64,
	/// The amount to put on hold, in α.
	#[arg(long, value_parser = parse_alpha)]
	escrow: u128,
	/// The lowest acceptable tier.
	#[arg(long, value_enum, default_value_t = Tier::Regular)]
	tier: Tier,
	/// Also accept chips of a product line with reduced trust.
	#[arg(long)]
	reduced: bool,
	/// The country, by its ISO 3166-1 numeric code.
	#[arg(long)]
	region: Option<u16>,
	/// The only acceptable miner.
	#[arg(long, value_name = "ACCOUNT", conflicts_with = "except")]
	miner: Option<AccountId32>,
	/// A miner to exclude. Repeat the option for up to eight miners.
	#[arg(long, value_name = "ACCOUNT")]
	except: Vec<AccountId32>,
	/// Wait until the VM runs in a final block, for at most 30 minutes. Shows each state with the
	/// time since the order.
	#[arg(long)]
	wait: bool,
	#[command(flatten)]
	key: KeyArgs,
	#[command(flatten)]
	common: Common,
}

const ZEROES: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Bytes of a fixed length.
#[derive(Clone, Copy, Debug)]
struct Bytes<const N: usize>([u8; N]);

fn bytes<const N: usize>(text: &str) -> Result<Bytes<N>, String> {
	let mut bytes = [0; N];
	hex::decode_to_slice(text.trim_start_matches("0x"), &mut bytes)
		.map_err(|error| format!("expected {N} bytes in hexadecimal: {error}"))?;
	Ok(Bytes(bytes))
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Tier {
	Trusted,
	Regular,
	Probation,
}

impl Order {
	pub(super) fn run(&self) -> anyhow::Result<()> {
		ensure!(self.except.len() <= 8, "at most eight miners can be excluded");
		let (config, bytes) = self.config.read()?;
		let egress = egress_of(&config);
		let computed = self.image.contains('/').then(|| image::computed_id(self.image.as_ref()));
		let computed = computed.transpose()?;
		let key = config_key(&self.config_key_file)?;
		let submitter = self.key.submitter()?;
		connected(&self.common.node, async |chain| {
			let tenant = submitter.account();
			let (flavour, image) = self.selected(&chain, computed).await?;
			let call = |nonce| {
				let config = sign(&chain.genesis(), &key, tenant.0, nonce, 1, &bytes)?;
				let order = self.order(flavour, image, config, egress.clone());
				anyhow::Ok(api::tx().compute().order(order, self.escrow))
			};
			// The same command finds its order, whose nonce is random.
			let call_data = chain.best().await?.tx().call_data(&call(0)?)?;
			let digest = Sha256::new().chain_update(chain.genesis()).chain_update(tenant.0);
			let digest = digest.chain_update(call_data).finalize().into();
			let pending = PendingOrder::beside(&self.config_key_file, &digest);
			let call = call(random_nonce()?)?;
			let sender = OrderSender { order: self, chain: &chain, submitter: &submitter, call };
			let block = pending.submit(&sender).await?;
			let config = Sha256::digest(&bytes).into();
			let Some(vm) = ordered_vm(&chain, block, &tenant, config).await? else {
				pending.clear()?;
				let message = format!("the chain refused the order in block {block:?}");
				return Err(Failure::error(Exit::Refused, message));
			};
			pending.clear()?;
			self.report(&chain, vm, block).await
		})
	}

	/// Reports the outcome of an order, after the wait for the VM if that is wanted.
	async fn report(&self, chain: &Chain, vm: u64, block: H256) -> anyhow::Result<()> {
		let escrow = alpha(self.escrow);
		if !self.common.json {
			outln!("VM {vm} is ordered; {escrow} α are on hold");
		}
		let stages = if self.wait {
			let show = |stage: &Stage| output::warn(format_args!("{stage}"));
			Some(wait::until_final(chain, vm, show).await?)
		} else {
			None
		};
		if self.common.json {
			let mut report = json!({ "vm": vm, "escrow": escrow, "block": format!("{block:?}") });
			if let Some(stages) = stages {
				report["stages"] = stages.iter().map(Stage::to_json).collect();
			}
			outln!("{report}");
		} else if self.wait {
			outln!("it runs: hcc vm ssh {vm}");
		} else {
			outln!("it is {}; hcc vm show {vm} shows its progress", state(chain, vm).await?);
		}
		Ok(())
	}

	/// Returns the flavour and the image. `computed` is the id that follows from the image's bytes,
	/// if the command has them.
	async fn selected(
		&self,
		chain: &Chain,
		computed: Option<ImageId>,
	) -> anyhow::Result<(u16, ImageId)> {
		let at = chain.best().await?;
		let flavour = named(&flavours(&at).await?, &self.flavour)?;
		let listed = image::chain::list(&at).await?;
		let Some(id) = computed else {
			let selected = image::chain::select(&listed, &self.image)?;
			output::warn(format_args!(
				"note: the rows of {}:{} are the word of the directory; with the folder of the image \
				 this command computes them",
				selected.name, selected.version
			));
			return Ok((flavour, selected.id));
		};
		if !listed.iter().any(|image| image.id == id) {
			let message = format!("the chain does not list the image in {}", self.image);
			return Err(Failure::error(Exit::NotFound, message));
		}
		Ok((flavour, id))
	}

	fn order(
		&self,
		flavour: u16,
		image: ImageId,
		config: SignedConfig,
		egress: ChainEgress,
	) -> OrderRequest<AccountId32> {
		OrderRequest {
			flavour,
			image: ImageDemand { id: image, rebuilds: self.min_rebuilds, endorsed: self.endorsed },
			config,
			holders_root: self.holders_root.0,
			egress,
			max_price: self.max_price,
			tier: match self.tier {
				Tier::Trusted => ChainTier::Trusted,
				Tier::Regular => ChainTier::Regular,
				Tier::Probation => ChainTier::Probation,
			},
			reduced: self.reduced,
			region: self.region,
			miner: match self.miner {
				Some(miner) => Choice::Named(miner),
				None => Choice::Drawn { except: BoundedVec(self.except.clone()) },
			},
		}
	}

	/// Checks the escrow before the order, because the chain's error does not contain the minimum.
	async fn check_escrow(&self, chain: &Chain) -> anyhow::Result<()> {
		let at = chain.best().await?;
		let least: Option<u128> = view(&at, "Compute", "least_escrow", self.max_price).await?;
		let least = least.context("the chain has no valid price of α: retry later")?;
		ensure!(
			self.escrow >= least,
			"at this price the escrow must be at least {} α, for a boot and the first hours",
			alpha(least)
		);
		Ok(())
	}
}

/// The real [`Sender`]: signs and sends one order.
struct OrderSender<'a, P> {
	order: &'a Order,
	chain: &'a Chain,
	submitter: &'a Submitter,
	call: P,
}

impl<P: Payload> Sender for OrderSender<'_, P> {
	async fn fate(&self, signed: &SignedCall) -> Result<Fate, ChainError> {
		self.chain.fate(signed, &self.submitter.account()).await
	}

	async fn sign(&self) -> anyhow::Result<SignedCall> {
		self.order.check_escrow(self.chain).await?;
		Ok(self.submitter.sign(self.chain, &self.call).await?)
	}

	async fn send(&self, signed: &SignedCall) -> Result<H256, ChainError> {
		Ok(self.submitter.submit_signed(self.chain, signed).await?.block)
	}
}

/// Finds the VM that a tenant ordered in a block, by the hash of the VM's configuration. Returns
/// `None` if the order failed.
async fn ordered_vm(
	chain: &Chain,
	block: H256,
	tenant: &AccountId32,
	config: [u8; 32],
) -> anyhow::Result<Option<u64>> {
	let at = chain.at(block).await?;
	let before = chain.parent(&at).await?;
	let last_id = api::storage().compute().last_id();
	let last = at.storage().fetch(last_id.clone(), ()).await?.decode()?;
	let known = before.storage().fetch(last_id, ()).await?.decode()?;
	for id in (known..last).map(|known| known + 1).rev() {
		let order = at.storage().try_fetch(api::storage().compute().orders(), (id,)).await?;
		let vm = at.storage().try_fetch(api::storage().compute().vms(), (id,)).await?;
		let (Some(order), Some(vm)) = (order, vm) else { continue };
		if order.decode()?.config.hash == config && vm.decode()?.tenant == *tenant {
			return Ok(Some(id));
		}
	}
	Ok(None)
}

/// Returns a number that distinguishes the orders of a tenant.
fn random_nonce() -> anyhow::Result<u64> {
	let mut nonce = [0; 8];
	getrandom::fill(&mut nonce)
		.map_err(|error| anyhow::anyhow!("cannot generate a nonce: {error}"))?;
	Ok(u64::from_le_bytes(nonce))
}

/// Reads the key from a file. If the file is missing, creates it with a new key.
fn config_key(path: &Path) -> anyhow::Result<SigningKey> {
	if !path.exists() {
		let mut seed = [0; 32];
		getrandom::fill(&mut seed)
			.map_err(|error| anyhow::anyhow!("cannot generate a key: {error}"))?;
		write_secret(path, &SecretString::from(hex::encode(seed) + "\n"))?;
	}
	read_config_key(path)
}

/// Reads the key from a file.
pub(super) fn read_config_key(path: &Path) -> anyhow::Result<SigningKey> {
	let text = read_secret(path)?;
	let mut seed = [0; 32];
	hex::decode_to_slice(text.expose_secret().trim(), &mut seed)
		.with_context(|| format!("{} is not a seed of 32 bytes in hexadecimal", path.display()))?;
	Ok(SigningKey::from_bytes(&seed))
}

#[cfg(test)]
mod tests {
	use std::fs;

	use super::*;

	#[test]
	fn config_key_is_created_once() {
		let folder = tempfile::tempdir().expect("a folder");
		let path = folder.path().join("config.key");
		let made = config_key(&path).expect("made");
		assert_eq!(config_key(&path).expect("read").to_bytes(), made.to_bytes());
		fs::write(&path, "not a seed").expect("written");
		assert!(config_key(&path).is_err());
	}

	#[test]
	fn bytes_need_exact_length() {
		assert_eq!(bytes::<2>("0x01ff").expect("two").0, [1, 255]);
		assert!(bytes::<2>("01").is_err());
		assert!(bytes::<2>("zzzz").is_err());
		assert!(bytes::<32>(ZEROES).is_ok());
	}
}
