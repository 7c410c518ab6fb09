//! Aligns the miner's offer on the chain with the configuration.

use anyhow::{ensure, Context};
use hcc_chain::{api, AccountId32, Chain};

use crate::config::Config;

type Offer = api::runtime_types::pallet_registry::types::Offer;

/// Changes the offer on the chain if the configuration has another one.
pub(crate) async fn ensure_offered(
	chain: &Chain,
	config: &Config,
	miner: &AccountId32,
) -> anyhow::Result<()> {
	let Some(wanted) = config.offer else { return Ok(()) };
	let at = chain.best().await?;
	let storage = at.storage();
	let row = storage.fetch(api::storage().registry().miners(), (*miner,)).await?.decode()?;
	let next = storage.try_fetch(api::storage().registry().next_asks(), (*miner,)).await?;
	let next = next.map(|next| next.decode()).transpose()?;
	let Offer { region, vcpus, memory, disk, price } = row.offer;
	let asked = next.map_or(price, |next| next.price);
	let known = (region, vcpus, memory, disk, asked);
	if known == (wanted.region, wanted.vcpus, wanted.memory, wanted.disk, wanted.price) {
		return Ok(());
	}
	let owner = config.owner()?;
	let owner =
		owner.context("the chain has another offer, and changing it needs the owner's key")?;
	ensure!(owner.account() == *miner, "the owner's key belongs to another miner");
	let offer = Offer {
		region: wanted.region,
		vcpus: wanted.vcpus,
		memory: wanted.memory,
		disk: wanted.disk,
		price: wanted.price,
	};
	let call = api::tx().registry().set_offer(offer);
	owner.submit(chain, &call).await.context("changing the offer")?;
	tracing::info!(?wanted, "offer changed");
	Ok(())
}
