use std::{
	fs,
	io::Write,
	os::unix::fs::OpenOptionsExt,
	path::{Path, PathBuf},
};

use anyhow::{ensure, Context};
use ed25519_dalek::{Signer, SigningKey};
use hcc_chain::{api, view, AccountId32, Chain, ChainError, Fate, SignedCall, Submitter, H256};
use hcc_evidence::vm::config_statement;
use serde_json::json;
use sha2::{Digest, Sha256};
use subxt::tx::Payload;

use super::{
	alpha,
	amount::{parse_alpha, parse_usd},
	pending::{PendingOrder, Sender},
	show::{flavours, named, state},
	Common, Tenant,
};
use crate::{
	chain::connected,
	exit::{Exit, Failure},
	input::{self, Limit},
	output::outln,
};

use api::runtime_types::{
	bounded_collections::bounded_vec::BoundedVec,
	hcc_primitives::challenge::Tier as ChainTier,
	pallet_compute::types::{Choice, Configuration, Egress as ChainEgress, Order as ChainOrder},
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
	/// The launch measurement of the image, 48 bytes.
	#[arg(long, value_name = "HEX", value_parser = bytes::<48>)]
	image: Bytes<48>,
	/// The VM's configuration. The chain stores its SHA-256 digest. The VM accepts no other data
	/// from its host.
	#[arg(long, value_name = "FILE")]
	config: PathBuf,
	/// The ed25519 key that signs the configuration: a file with a seed in hexadecimal. If the file
	/// is missing, the command creates it.
	#[arg(long, value_name = "FILE")]
	config_key_file: PathBuf,
	/// The Merkle root of the list of holders of shares of the disk key: 32 bytes.
	#[arg(long, value_name = "HEX", value_parser = bytes::<32>, default_value = ZEROES)]
	holders_root: Bytes<32>,
	/// The network destinations that the VM may reach.
	#[arg(long, value_enum, default_value_t = Egress::Open)]
	egress: Egress,
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
	#[command(flatten)]
	tenant: Tenant,
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
enum Egress {
	/// No destinations.
	Closed,
	/// The destinations that the configuration lists.
	Listed,
	/// All destinations.
	Open,
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
		let config = input::read(&self.config, &Limit::CONFIG)?;
		let key = config_key(&self.config_key_file)?;
		let submitter = self.tenant.submitter()?;
		connected(&self.common.node, async |chain| {
			let order = self.order(&chain, &config, &key).await?;
			let call = api::tx().compute().order(order, self.escrow);
			let tenant = submitter.account();
			let call_data = chain.best().await?.tx().call_data(&call)?;
			let digest = Sha256::new().chain_update(chain.genesis()).chain_update(tenant.0);
			let digest = digest.chain_update(call_data).finalize().into();
			let pending = PendingOrder::beside(&self.config_key_file, &digest);
			let sender = OrderSender { order: self, chain: &chain, submitter: &submitter, call };
			let block = pending.submit(&sender).await?;
			let config = Sha256::digest(&config).into();
			let Some(vm) = ordered_vm(&chain, block, &tenant, config).await? else {
				pending.clear()?;
				let message = format!("the chain refused the order in block {block:?}");
				return Err(Failure::error(Exit::Refused, message));
			};
			if self.common.json {
				let block = format!("{block:?}");
				outln!("{}", json!({ "vm": vm, "escrow": alpha(self.escrow), "block": block }));
			} else {
				outln!("VM {vm} is ordered; {} α are on hold", alpha(self.escrow));
				outln!("it is {}; hcc vm show {vm} shows its progress", state(&chain, vm).await?);
			}
			pending.clear()
		})
	}

	async fn order(
		&self,
		chain: &Chain,
		config: &[u8],
		key: &SigningKey,
	) -> anyhow::Result<ChainOrder<AccountId32>> {
		let known = flavours(&chain.best().await?).await?;
		let flavour = named(&known, &self.flavour)?;
		let hash = Sha256::digest(config).into();
		let signature = key.sign(&config_statement(&chain.genesis(), &hash)).to_bytes();
		Ok(ChainOrder {
			flavour,
			measurement: self.image.0,
			config: Configuration { hash, signer: key.verifying_key().to_bytes(), signature },
			holders_root: self.holders_root.0,
			egress: match self.egress {
				Egress::Closed => ChainEgress::Closed,
				Egress::Listed => ChainEgress::Listed,
				Egress::Open => ChainEgress::Open,
			},
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
		})
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

/// Reads the key from a file. If the file is missing, creates it with a new key.
fn config_key(path: &Path) -> anyhow::Result<SigningKey> {
	if !path.exists() {
		let mut seed = [0; 32];
		getrandom::fill(&mut seed)
			.map_err(|error| anyhow::anyhow!("cannot generate a key: {error}"))?;
		let mut file = fs::OpenOptions::new()
			.write(true)
			.create_new(true)
			.mode(0o600)
			.open(path)
			.with_context(|| format!("cannot create {}", path.display()))?;
		writeln!(file, "{}", hex::encode(seed))?;
		file.sync_all()?;
	}
	let text = input::read_text(path, &Limit::SECRET)?;
	let mut seed = [0; 32];
	hex::decode_to_slice(text.trim(), &mut seed)
		.with_context(|| format!("{} is not a seed of 32 bytes in hexadecimal", path.display()))?;
	Ok(SigningKey::from_bytes(&seed))
}

#[cfg(test)]
mod tests {
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
