//! Prepares maintenance: stops new work, waits until no VM runs, and pauses the miner's chips.
//!
//! This command runs beside the agent, and writes a file to `run_dir`. While the file exists, the
//! agent leaves the offer empty. The agent also does not answer the challenge of the pause, because
//! an answer would end the pause.

use std::{
	fs, io,
	path::{Path, PathBuf},
	time::Duration,
};

use anyhow::{bail, ensure, Context};
use hcc_chain::{api, AccountId32, Chain, ChainAt, ChainError, Submitter};

use crate::{
	config::{Config, Offer},
	offer::{ensure_offered, offer_of, set_offer},
	owner::OwnerMustSign,
	register::hot_key_of,
	vm::{seen_at, State},
	vms::hosted_by,
};

/// The name of the file in `run_dir` that exists during maintenance.
const MARK: &str = "draining";
/// Interval at which the command reads the states of the VMs.
const POLL_EVERY: Duration = Duration::from_secs(6);
/// Number of blocks before the deadline of a pause at which the agent answers in any case: a missed
/// deadline costs score. A quarter of the pause, if that is less.
const LEAST_MARGIN: u32 = 50;
const MARGIN_DIVISOR: u32 = 4;

/// Stops new work, waits until no VM runs, and pauses the chips. Prints the progress.
///
/// ## Errors
/// Fails if the chain refuses the change of the offer, or the pause.
pub async fn drain(config: &Config) -> anyhow::Result<()> {
	let hot = config.hot()?;
	let miner = config.miner(&hot)?;
	let mut chain = Chain::connect(&config.node).await?;
	let known = hot_key_of(&chain, &miner).await?;
	ensure!(known == Some(hot.account()), "{} is not the hot key of {miner}", hot.account());
	mark(&config.run_dir)?;
	empty_offer(&chain, config, &miner).await?;
	let mut shown = None;
	loop {
		match active_vms(&chain, &miner).await {
			Ok(0) => break,
			Ok(active) if shown != Some(active) => {
				tracing::info!(active, "waiting until no VM runs");
				shown = Some(active);
			},
			Ok(_) => {},
			Err(error) => {
				tracing::warn!(error = format!("{error:#}"), "reconnecting");
				chain = Chain::connect_when_ready(&config.node).await;
			},
		}
		tokio::time::sleep(POLL_EVERY).await;
	}
	tracing::info!("no VM runs: pausing the chips");
	pause(&chain, &hot, &miner).await?;
	let until = deadline(&chain.best().await?, &miner).await?;
	tracing::info!(
		until,
		"the chips are paused until this tick: do the maintenance, then restart the machine, or run \
		hcc-miner drain --undo"
	);
	Ok(())
}

/// Ends the maintenance: restores the configured offer and lets the agent answer challenges.
///
/// ## Errors
/// Fails if the offer cannot be changed.
pub async fn undo(config: &Config) -> anyhow::Result<()> {
	match fs::remove_file(path(&config.run_dir)) {
		Err(error) if error.kind() != io::ErrorKind::NotFound => {
			return Err(error).context("cannot end the maintenance");
		},
		_ => {},
	}
	let miner = config.miner(&config.hot()?)?;
	let chain = Chain::connect(&config.node).await?;
	ensure_offered(&chain, config, &miner).await
}

fn path(run_dir: &Path) -> PathBuf {
	run_dir.join(MARK)
}

fn mark(run_dir: &Path) -> anyhow::Result<()> {
	let file = path(run_dir);
	fs::create_dir_all(run_dir)
		.and_then(|()| fs::write(&file, "hcc-miner drain\n"))
		.with_context(|| format!("cannot write {}", file.display()))
}

/// Returns true while the host is drained for maintenance.
pub(crate) fn is_draining(run_dir: &Path) -> bool {
	path(run_dir).exists()
}

/// Returns true if the agent answers a challenge now. While the host is drained, the challenge of a
/// pause of `whole` blocks waits until only a few blocks are `left` before its deadline.
pub(crate) fn answers_now(is_of_pause: bool, is_draining: bool, left: u32, whole: u32) -> bool {
	!is_of_pause || !is_draining || left <= LEAST_MARGIN.min(whole / MARGIN_DIVISOR)
}

/// Returns an offer without capacity. The price stays.
pub(crate) fn emptied(offer: Offer) -> Offer {
	Offer { vcpus: 0, memory: 0, disk: 0, ..offer }
}

/// Removes the offered capacity, so that the miner receives no new VMs. Without the owner's key it
/// waits until the owner has done so.
async fn empty_offer(chain: &Chain, config: &Config, miner: &AccountId32) -> anyhow::Result<()> {
	let known = offer_of(&chain.best().await?, miner).await?;
	let empty = emptied(known);
	if known == empty {
		return Ok(());
	}
	match set_offer(chain, config, miner, empty).await {
		Err(error) if error.is::<OwnerMustSign>() => {
			tracing::warn!(%error, "waiting until the offer is empty");
			while offer_of(&chain.best().await?, miner).await? != empty {
				tokio::time::sleep(POLL_EVERY).await;
			}
		},
		outcome => outcome?,
	}
	tracing::info!("the offer is empty: the miner receives no new VMs");
	Ok(())
}

/// Returns the number of the miner's VMs that are running, booting or assigned.
async fn active_vms(chain: &Chain, miner: &AccountId32) -> anyhow::Result<usize> {
	let at = chain.best().await?;
	let mut active = 0;
	for id in hosted_by(&at, miner).await? {
		let seen = seen_at(&at, id).await?;
		active += usize::from(seen.is_some_and(|seen| is_active(&seen.state)));
	}
	Ok(active)
}

fn is_active(state: &State) -> bool {
	match state {
		State::Assigned { .. }
		| State::Booting { .. }
		| State::Attested { .. }
		| State::Running { .. } => true,
		State::Stopped { .. } | State::Pending { .. } | State::Terminated => false,
	}
}

/// Pauses all chips of the miner. If a challenge is open, waits until the agent has answered it.
async fn pause(chain: &Chain, hot: &Submitter, miner: &AccountId32) -> anyhow::Result<()> {
	let call = api::tx().attestation().pause(*miner);
	loop {
		match hot.submit(chain, &call).await {
			Ok(receipt) => {
				tracing::info!(block = ?receipt.block, "pause included");
				return Ok(());
			},
			// The caller reads from the state if the call took effect.
			Err(ChainError::Unconfirmed(_)) => return Ok(()),
			Err(error) if error.is("Attestation", "ChallengeOpen") => {
				tracing::info!("a challenge is open: waiting for its verdict");
			},
			// The running agent uses the same key, so both may use the same nonce.
			Err(error @ (ChainError::NotTaken { .. } | ChainError::NotIncluded(_))) => {
				tracing::info!(%error, "submitting the pause again");
			},
			Err(error) => return Err(error).context("pausing the chips"),
		}
		tokio::time::sleep(POLL_EVERY).await;
	}
}

/// Returns the earliest deadline of the pauses of the miner's chips.
async fn deadline(at: &ChainAt, miner: &AccountId32) -> anyhow::Result<u32> {
	let miners = api::storage().registry().miners();
	let row = at.storage().fetch(miners, (*miner,)).await?.decode()?;
	let mut first = None;
	for chip in row.chips.0 {
		let hosts = api::storage().attestation().hosts();
		let host = at.storage().try_fetch(hosts, (chip,)).await?;
		let host = host.map(|host| host.decode()).transpose()?;
		let until = host.and_then(|host| host.challenge).map(|challenge| challenge.deadline);
		first = first.into_iter().chain(until).min();
	}
	match first {
		Some(until) => Ok(until),
		None => bail!("the pause is not in the state of the best block: see hcc miner show"),
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn pause_is_answered_after_maintenance_or_late() {
		assert!(answers_now(false, true, 500, 590), "an ordinary challenge");
		assert!(!answers_now(true, true, 500, 590), "the maintenance continues");
		assert!(answers_now(true, false, 500, 590), "the maintenance has ended");
		assert!(answers_now(true, true, LEAST_MARGIN, 590), "the deadline is near");
	}

	#[test]
	fn short_pause_is_not_answered_at_once() {
		assert!(!answers_now(true, true, 40, 40), "the pause has begun");
		assert!(!answers_now(true, true, 11, 40));
		assert!(answers_now(true, true, 10, 40), "the deadline is near");
	}

	#[test]
	fn mark_lasts_until_undone() {
		let folder = tempfile::tempdir().expect("a folder");
		let run_dir = folder.path().join("run");
		assert!(!is_draining(&run_dir));
		mark(&run_dir).expect("written");
		assert!(is_draining(&run_dir));
		fs::remove_file(path(&run_dir)).expect("removed");
		assert!(!is_draining(&run_dir));
	}

	#[test]
	fn stopped_vms_do_not_delay_pause() {
		assert!(is_active(&State::Assigned { until: 9 }));
		assert!(is_active(&State::Booting { nonce: [7; 32], fee: 0, since: 3, until: 9 }));
		assert!(is_active(&State::Attested { fee: 0, since: 3, until: 9 }));
		assert!(is_active(&State::Running { since: 3 }));
		assert!(!is_active(&State::Terminated));
	}
}
