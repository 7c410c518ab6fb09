//! Calls that only the owner of the miner can sign. The owner's key belongs on another machine, so
//! the agent states which call it needs, and continues once the chain has it.

use std::io::Write as _;

use anyhow::{ensure, Context};
use hcc_chain::{api, AccountId32, Chain, Payload, UnsignedCall};
use hcc_evidence::host::ChipHash;

use crate::{
	agent_vm,
	config::{Config, Offer},
	drain::emptied,
	guest::Guest,
	offer::offer_of,
	register::{chip_of, holder_of, hot_key_of},
};

/// The owner must sign a call elsewhere, because this host does not have its key.
#[derive(Debug, thiserror::Error)]
#[error("{purpose} needs the owner: {call}. This agent continues once a block includes it")]
pub(crate) struct OwnerMustSign {
	purpose: &'static str,
	call: UnsignedCall,
}

/// Submits a call with the owner's key, if this host has it.
///
/// ## Errors
/// [`OwnerMustSign`] if it does not; otherwise those of the submission.
pub(crate) async fn submit_as_owner<P: Payload>(
	chain: &Chain,
	config: &Config,
	miner: &AccountId32,
	call: &P,
	purpose: &'static str,
) -> anyhow::Result<()> {
	let Some(owner) = config.owner()? else {
		let call = UnsignedCall::new(chain, *miner, call).await?;
		return Err(OwnerMustSign { purpose, call }.into());
	};
	ensure!(owner.account() == *miner, "the owner's key belongs to another miner");
	owner.submit(chain, call).await.context(purpose)?;
	Ok(())
}

/// Returns the call that registers a miner, without an offer. Its bond is that of the
/// configuration.
pub(crate) fn register(config: &Config, hot: AccountId32) -> impl Payload {
	let none = Offer { region: 0, vcpus: 0, memory: 0, disk: 0, price: 1_000 };
	api::tx().registry().register(config.bond, hot, chain_offer(none))
}

/// Returns the call that registers a chip.
pub(crate) fn add_chip(chip: ChipHash) -> impl Payload {
	api::tx().registry().add_chip(chip)
}

/// Returns the call that changes the offer.
pub(crate) fn set_offer(offer: Offer) -> impl Payload {
	api::tx().registry().set_offer(chain_offer(offer))
}

fn chain_offer(offer: Offer) -> api::runtime_types::pallet_registry::types::Offer {
	let Offer { region, vcpus, memory, disk, price } = offer;
	api::runtime_types::pallet_registry::types::Offer { region, vcpus, memory, disk, price }
}

/// Prints the calls that the owner must sign before this host can work as configured.
///
/// ## Errors
/// Fails if the node does not answer.
pub async fn print_missing(config: &Config) -> anyhow::Result<()> {
	let hot = config.hot()?;
	let miner = config.miner(&hot)?;
	let chain = Chain::connect(&config.node).await?;
	let mut calls = Vec::new();
	let known = hot_key_of(&chain, &miner).await?;
	match known {
		Some(known) if known == hot.account() => {},
		Some(_) => {
			let call = api::tx().registry().set_hot(hot.account());
			calls.push(UnsignedCall::new(&chain, miner, &call).await?);
		},
		None => {
			let call = register(config, hot.account());
			calls.push(UnsignedCall::new(&chain, miner, &call).await?);
		},
	}
	match missing_chip(&chain, config).await {
		Ok(Some(chip)) => {
			calls.push(UnsignedCall::new(&chain, miner, &add_chip(chip)).await?);
		},
		Ok(None) => {},
		Err(error) => tracing::warn!(error = format!("{error:#}"), "the chip is unknown"),
	}
	if let Some(wanted) = config.offer {
		let is_other = match known {
			Some(_) => offer_of(&chain.best().await?, &miner).await? != wanted,
			None => true,
		};
		if is_other {
			calls.push(UnsignedCall::new(&chain, miner, &set_offer(wanted)).await?);
		}
	}
	print(&calls)
}

/// Returns the chip of this host if no miner has registered it.
async fn missing_chip(chain: &Chain, config: &Config) -> anyhow::Result<Option<ChipHash>> {
	let guest = Guest::meet(&agent_vm::address(config, chain.genesis()).await?).await?;
	let (chip, _) = chip_of(&guest.report)?;
	Ok(holder_of(chain, chip).await?.is_none().then_some(chip))
}

/// Prints the call that empties the offer for maintenance or, with `undo`, restores it.
///
/// ## Errors
/// Fails if the node does not answer or the miner is not registered.
pub async fn print_drain(config: &Config, undo: bool) -> anyhow::Result<()> {
	let miner = config.miner(&config.hot()?)?;
	let chain = Chain::connect(&config.node).await?;
	let known = offer_of(&chain.best().await?, &miner).await?;
	let wanted =
		if undo { config.offer.context("the configuration has no offer")? } else { emptied(known) };
	if known == wanted {
		return print(&[]);
	}
	print(&[UnsignedCall::new(&chain, miner, &set_offer(wanted)).await?])
}

fn print(calls: &[UnsignedCall]) -> anyhow::Result<()> {
	Ok(std::io::stdout().write_all(listed(calls).as_bytes())?)
}

/// Lists calls in the order in which they must be signed.
fn listed(calls: &[UnsignedCall]) -> String {
	if calls.is_empty() {
		return "the owner need not sign a call\n".into();
	}
	let mut text = String::from("sign these calls in this order, on the machine with the key:\n");
	for (number, call) in calls.iter().enumerate() {
		text += &format!(
			"{}. {}\n   account: {}\n   call:    {}\n   SCALE:   {}\n",
			number + 1,
			call.name,
			call.signer,
			call.text,
			call.hex()
		);
	}
	text
}

#[cfg(test)]
mod tests {
	use super::*;

	fn call() -> UnsignedCall {
		UnsignedCall {
			signer: AccountId32([1; 32]),
			name: "Registry.add_chip".into(),
			text: "Registry (add_chip { chip: 0x07 })".into(),
			data: vec![12, 7],
		}
	}

	#[test]
	fn error_without_owner_names_call_and_account() {
		let error = OwnerMustSign { purpose: "adding the chip", call: call() }.to_string();
		for part in ["adding the chip", "Registry.add_chip", "0x0c07", &call().signer.to_string()] {
			assert!(error.contains(part), "{part}: {error}");
		}
	}

	#[test]
	fn calls_are_listed_in_order() {
		let text = listed(&[call(), call()]);
		assert!(text.contains("1. Registry.add_chip") && text.contains("2. Registry.add_chip"));
		assert!(text.contains("SCALE:   0x0c07"), "{text}");
		assert_eq!(listed(&[]), "the owner need not sign a call\n");
	}
}
