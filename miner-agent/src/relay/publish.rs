//! The endpoint of the relay on the chain.

use anyhow::Context;
use hcc_chain::{
	api::{self, runtime_types::bounded_collections::bounded_vec::BoundedVec},
	AccountId32, Chain, Submitter,
};

use crate::config::Config;

/// Publishes the configured endpoint if the chain has another one.
pub(crate) async fn ensure_published(
	config: &Config,
	hot: &Submitter,
	miner: &AccountId32,
) -> anyhow::Result<()> {
	let endpoint = config.relay.as_ref().and_then(|relay| relay.endpoint.as_ref());
	let Some(endpoint) = endpoint else { return Ok(()) };
	let chain = Chain::connect_when_ready(&config.node).await;
	let at = chain.best().await?;
	let known = at.storage().try_fetch(api::storage().registry().relays(), (*miner,)).await?;
	let known = known.map(|known| known.decode()).transpose()?;
	if known.is_some_and(|known| known.0 == endpoint.as_bytes()) {
		return Ok(());
	}
	let call = api::tx().registry().set_relay(*miner, BoundedVec(endpoint.clone().into_bytes()));
	hot.submit(&chain, &call).await.context("publishing the relay")?;
	tracing::info!(endpoint, "relay published");
	Ok(())
}
