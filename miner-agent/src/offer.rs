//! Changes the miner's offer on the chain to the configured offer.

use hcc_chain::{api, AccountId32, Chain, ChainAt};

use crate::{
	config::{Config, Offer},
	drain::is_draining,
	owner::{self, submit_as_owner},
};

/// Changes the offer on the chain if the configured offer differs. Does nothing while the host is
/// drained for maintenance.
pub(crate) async fn ensure_offered(
	chain: &Chain,
	config: &Config,
	miner: &AccountId32,
) -> anyhow::Result<()> {
	let Some(wanted) = config.offer else { return Ok(()) };
	if is_draining(&config.run_dir) {
		tracing::warn!("the offer stays empty until hcc-miner drain --undo");
		return Ok(());
	}
	if offer_of(&chain.best().await?, miner).await? == wanted {
		return Ok(());
	}
	set_offer(chain, config, miner, wanted).await?;
	tracing::info!(?wanted, "offer changed");
	Ok(())
}

/// Returns the offer of a miner, with the price that the miner announced last.
pub(crate) async fn offer_of(at: &ChainAt, miner: &AccountId32) -> anyhow::Result<Offer> {
	let storage = at.storage();
	let row = storage.fetch(api::storage().registry().miners(), (*miner,)).await?.decode()?;
	let next = storage.try_fetch(api::storage().registry().next_asks(), (*miner,)).await?;
	let next = next.map(|next| next.decode()).transpose()?;
	Ok(Offer {
		region: row.offer.region,
		vcpus: row.offer.vcpus,
		memory: row.offer.memory,
		disk: row.offer.disk,
		price: next.map_or(row.offer.price, |next| next.price),
	})
}

/// Changes the offer with the owner's key.
///
/// ## Errors
/// [`owner::OwnerMustSign`] if this host does not have the key.
pub(crate) async fn set_offer(
	chain: &Chain,
	config: &Config,
	miner: &AccountId32,
	offer: Offer,
) -> anyhow::Result<()> {
	let call = owner::set_offer(offer);
	submit_as_owner(chain, config, miner, &call, "changing the offer").await
}
