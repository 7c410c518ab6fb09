//! Registers the miner, its chip and the chip's key. Existing registrations stay unchanged.

use anyhow::{bail, ensure, Context};
use hcc_chain::{api, AccountId32, Chain, Submitter};
use hcc_evidence::{
	host::{agent_host_data, chip_hash, ChipHash, Hash256},
	snp::Report,
};

use crate::{
	config::{certificate, Config},
	owner::{self, submit_as_owner},
};

/// Reads the chip's hash and REPORTED_TCB from an SNP report.
pub(crate) fn chip_of(report: &[u8]) -> anyhow::Result<(ChipHash, [u8; 8])> {
	let report = Report::parse(report)?;
	ensure!(report.chip_id != [0; 64], "the report masks its chip id: clear MASK_CHIP_ID");
	let product = report
		.cpu
		.context("the report does not contain the CPU: upgrade to firmware with report version 3")?
		.product_line()
		.context("the CPU's product line is unknown")?;
	Ok((chip_hash(product, &report.chip_id), report.reported_tcb))
}

/// Returns the HOST_DATA with which the guest of a miner's agent must be launched on a chain.
pub(crate) fn launched_for(chain: &Chain, miner: &AccountId32) -> Hash256 {
	agent_host_data(&chain.genesis(), &miner.0)
}

/// Checks the HOST_DATA of the guest's report. The chain would reject evidence with another value,
/// and the score would fall.
pub(crate) fn check_host_data(report: &[u8], wanted: &Hash256) -> anyhow::Result<()> {
	let seen = Report::parse(report)?.host_data;
	ensure!(
		seen == *wanted,
		"the guest of hccam has HOST_DATA {}, and this miner's is {}",
		hex::encode(seen),
		hex::encode(wanted)
	);
	Ok(())
}

/// Registers the miner's chip and the chip's key, if they are not registered yet.
pub(crate) async fn ensure_registered(
	chain: &Chain,
	config: &Config,
	hot: &Submitter,
	miner: &AccountId32,
	report: &[u8],
) -> anyhow::Result<()> {
	let (chip, reported_tcb) = chip_of(report)?;
	ensure_chip(chain, config, miner, chip).await?;
	ensure_vek(chain, config, hot, miner, chip, reported_tcb).await
}

pub(crate) async fn ensure_miner(
	chain: &Chain,
	config: &Config,
	hot: &Submitter,
) -> anyhow::Result<AccountId32> {
	let miner = config.miner(hot)?;
	match hot_key_of(chain, &miner).await? {
		Some(known) if known == hot.account() => return Ok(miner),
		Some(known) => bail!(
			"miner {miner} has hot key {known}, not {}: set hot_key_file, or sign the call that hcc-miner run --print-call prints",
			hot.account()
		),
		None => {},
	}
	ensure!(
		config.miner.is_some() || config.owner_key_file.is_some(),
		"the hot key {miner} is no miner itself: set miner to the owner's account"
	);
	let call = owner::register(config, hot.account());
	submit_as_owner(chain, config, &miner, &call, "registering the miner").await?;
	tracing::info!(%miner, hot = %hot.account(), "registered");
	Ok(miner)
}

/// Returns the hot key of a miner. Returns `None` if the miner is not registered or has left.
pub(crate) async fn hot_key_of(
	chain: &Chain,
	miner: &AccountId32,
) -> anyhow::Result<Option<AccountId32>> {
	let at = chain.best().await?;
	let row = at.storage().try_fetch(api::storage().registry().miners(), (*miner,)).await?;
	let row = row.map(|row| row.decode()).transpose()?;
	Ok(row.filter(|row| row.withdrawable.is_none()).map(|row| row.hot))
}

async fn ensure_chip(
	chain: &Chain,
	config: &Config,
	miner: &AccountId32,
	chip: ChipHash,
) -> anyhow::Result<()> {
	if let Some(holder) = holder_of(chain, chip).await? {
		ensure!(
			holder == *miner,
			"chip {} is registered by {holder}: if it is in this machine, run hcc-miner contest",
			hex::encode(chip)
		);
		return Ok(());
	}
	submit_as_owner(chain, config, miner, &owner::add_chip(chip), "registering the chip").await?;
	tracing::info!(chip = hex::encode(chip), "chip registered");
	Ok(())
}

/// Returns the miner that has registered a chip.
pub(crate) async fn holder_of(
	chain: &Chain,
	chip: ChipHash,
) -> anyhow::Result<Option<AccountId32>> {
	let at = chain.best().await?;
	let address = api::storage().registry().miner_of_chip();
	match at.storage().try_fetch(address, (chip,)).await? {
		Some(found) => Ok(Some(found.decode()?)),
		None => Ok(None),
	}
}

/// Registers the chip's key for the TCB version that the chip currently reports.
async fn ensure_vek(
	chain: &Chain,
	config: &Config,
	hot: &Submitter,
	miner: &AccountId32,
	chip: ChipHash,
	reported_tcb: [u8; 8],
) -> anyhow::Result<()> {
	let at = chain.best().await?;
	let rows = at.storage().fetch(api::storage().policy().veks(), (chip,)).await?.decode()?;
	let known = rows.0.iter().find(|row| row.vek.0.is_for(reported_tcb));
	// If another account paid the deposit for the key, it could remove the key during a challenge.
	// So the miner takes over the deposit if it has the certificate.
	if let Some(row) = known {
		let own = row.depositor == *miner || row.depositor == hot.account();
		if own || config.vcek.is_none() {
			return Ok(());
		}
	}
	if registered(register_vek(chain, config, hot).await, known.is_some())? {
		tracing::info!(chip = hex::encode(chip), "the chip's key is registered");
	}
	Ok(())
}

async fn register_vek(chain: &Chain, config: &Config, hot: &Submitter) -> anyhow::Result<()> {
	let path = config.vcek.as_deref().context(
		"the chip's key is not registered: fetch its certificate from AMD's key server and set vcek",
	)?;
	let der = certificate(path)?;
	let bytes = api::runtime_types::bounded_collections::bounded_vec::BoundedVec(der);
	let call = api::tx().policy().register_vek(bytes);
	// The tip is raised, because evidence needs the key and a challenge has a deadline.
	hot.submit_raising_tip(chain, &call).await.context("registering the chip's key")?;
	Ok(())
}

/// Returns true if the registration of the chip's key succeeded.
///
/// A failure is tolerated if the chain already has the key (`known`) with a deposit of another
/// account. The miner can then answer challenges without its own deposit.
fn registered(outcome: anyhow::Result<()>, known: bool) -> anyhow::Result<bool> {
	match outcome {
		Ok(()) => Ok(true),
		Err(error) if known => {
			tracing::warn!(
				error = format!("{error:#}"),
				"another account registered the chip's key and can remove it"
			);
			Ok(false)
		},
		Err(error) => Err(error),
	}
}

#[cfg(test)]
mod tests {
	use hcc_evidence::snp::REPORT_LEN;

	use super::*;

	#[test]
	fn guest_of_another_miner_is_refused_with_the_wanted_value() {
		let mut report = [0; REPORT_LEN];
		// The version, bit 17 of POLICY, SIGNATURE_ALGO, and HOST_DATA.
		(report[0], report[0x0a], report[0x34]) = (2, 2, 1);
		report[0xc0..0xe0].fill(7);
		assert!(check_host_data(&report, &[7; 32]).is_ok());
		let error = check_host_data(&report, &[8; 32]).expect_err("another miner").to_string();
		assert!(error.contains(&"07".repeat(32)) && error.contains(&"08".repeat(32)), "{error}");
	}

	#[test]
	fn known_key_suffices_if_registration_fails() {
		let refused = || Err(anyhow::anyhow!("the certificate is registered"));
		assert!(matches!(registered(refused(), true), Ok(false)));
		assert!(registered(refused(), false).is_err(), "there is no key");
		assert!(matches!(registered(Ok(()), true), Ok(true)));
		assert!(matches!(registered(Ok(()), false), Ok(true)));
	}
}
