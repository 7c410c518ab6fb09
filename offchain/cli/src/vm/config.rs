mod options;

use std::path::PathBuf;

use anyhow::{ensure, Context};
use ed25519_dalek::{Signer, SigningKey};
use hcc_chain::{api, Chain};
use hcc_evidence::vm::config::{
	config_hash, config_revision_statement, ConfigRevision, MAX_CONFIG,
};
use hcc_vm_config::{Egress, VmConfig};

use super::{act::Change, order::read_config_key, Common, Tenant};
use crate::chain::connected;

pub(super) use options::ConfigOptions;

use api::runtime_types::{
	bounded_collections::bounded_vec::BoundedVec,
	pallet_compute::types::{Egress as ChainEgress, SignedConfig},
};

/// Set the configuration of a VM, from its next boot on.
#[derive(Debug, clap::Args)]
pub(crate) struct SetConfig {
	/// The VM's number.
	vm: u64,
	#[command(flatten)]
	config: ConfigOptions,
	/// The ed25519 key of the order, which signs the configuration: a file with a seed in
	/// hexadecimal.
	#[arg(long, value_name = "FILE")]
	config_key_file: PathBuf,
	#[command(flatten)]
	tenant: Tenant,
	#[command(flatten)]
	common: Common,
}

impl SetConfig {
	pub(super) fn run(&self) -> anyhow::Result<()> {
		let (config, bytes) = self.config.read()?;
		let egress = egress_of(&config);
		let key = read_config_key(&self.config_key_file)?;
		let change = Change::new(self.vm, &self.tenant, &self.common)?;
		connected(&self.common.node, async |chain: Chain| {
			let at = chain.best().await?;
			let tenant = change.tenant(&at).await?.0;
			let orders = api::storage().compute().orders();
			let order = at.storage().try_fetch(orders, (self.vm,)).await?;
			let order = order.context("the VM has ended")?.decode()?;
			ensure!(
				order.egress == egress,
				"the order allows the egress {:?}, and the configuration has {egress:?}",
				order.egress
			);
			let current = order.config;
			ensure!(
				current.signer == key.verifying_key().to_bytes(),
				"the key is not that of the order, whose public key is {}",
				hex::encode(current.signer)
			);
			let next = current.revision.checked_add(1);
			let revision = next.context("the VM has had the last revision")?;
			let nonce = current.order_nonce;
			let config = sign(&chain.genesis(), &key, tenant, nonce, revision, &bytes)?;
			let calls = api::tx().compute();
			let call = calls.set_config(self.vm, config.bytes, revision, config.signature);
			let done = change.make(&chain, &call, "configured from its next boot on");
			done.await.context("setting the configuration")
		})
	}
}

/// Returns the kind of egress, which the order states as well.
pub(super) fn egress_of(config: &VmConfig) -> ChainEgress {
	match config.egress {
		Egress::Open => ChainEgress::Open,
		Egress::Closed => ChainEgress::Closed,
		Egress::Listed(_) => ChainEgress::Listed,
	}
}

/// Signs a revision of the configuration in an order of the tenant.
pub(super) fn sign(
	genesis: &[u8; 32],
	key: &SigningKey,
	tenant: [u8; 32],
	order_nonce: u64,
	revision: u32,
	bytes: &[u8],
) -> anyhow::Result<SignedConfig> {
	let hash = config_hash(bytes).with_context(|| {
		format!("a configuration has 1 to {MAX_CONFIG} bytes, and not {}", bytes.len())
	})?;
	let signed = ConfigRevision { tenant, order_nonce, revision, hash };
	Ok(SignedConfig {
		bytes: BoundedVec(bytes.to_vec()),
		order_nonce,
		revision,
		signer: key.verifying_key().to_bytes(),
		signature: key.sign(&config_revision_statement(genesis, &signed)).to_bytes(),
	})
}

#[cfg(test)]
mod tests {
	use ed25519_dalek::Verifier;

	use super::*;

	#[test]
	fn signature_covers_revision() {
		let key = SigningKey::from_bytes(&[7; 32]);
		let config = sign(&[1; 32], &key, [2; 32], 3, 4, b"{}").expect("it is short");
		let hash = config_hash(b"{}").expect("it is short");
		let statement = |revision| {
			let signed = ConfigRevision { tenant: [2; 32], order_nonce: 3, revision, hash };
			config_revision_statement(&[1; 32], &signed)
		};
		let signature = ed25519_dalek::Signature::from_bytes(&config.signature);
		assert!(key.verifying_key().verify(&statement(4), &signature).is_ok());
		assert!(key.verifying_key().verify(&statement(3), &signature).is_err());
	}

	#[test]
	fn length_of_configuration_is_checked() {
		let key = SigningKey::from_bytes(&[7; 32]);
		for bytes in [vec![], vec![b' '; MAX_CONFIG + 1]] {
			assert!(sign(&[1; 32], &key, [2; 32], 3, 4, &bytes).is_err(), "{}", bytes.len());
		}
	}
}
