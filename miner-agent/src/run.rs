//! The main loop of the agent: it registers and enrols the host, answers challenges, and maintains
//! VMs.

use std::{
	future::Future,
	sync::Arc,
	time::{Duration, Instant},
};

use codec::Encode;
use hcc_chain::{api, AccountId32, Chain, ChainError, RuntimeWatch, Submitter};
use hcc_evidence::host::ChipHash;

use crate::{
	agent_vm,
	attest::{gather, open_challenge, submit, Challenge},
	config::Config,
	drain::{answers_now, is_draining},
	enrol::ensure_enrolled,
	guest::Guest,
	host::Host,
	lock::AgentLock,
	log_submission::{capacity, ensure_log_submitted},
	monitor::Monitor,
	offer::ensure_offered,
	owner::OwnerMustSign,
	register::{check_host_data, chip_of, ensure_miner, ensure_registered, launched_for},
	relay,
	vms::Vms,
};

/// Interval at which the agent reads the open challenge.
const POLL_EVERY: Duration = Duration::from_secs(2);
/// Interval at which the agent checks if the IMA log must be submitted in parts.
const CHECK_LOG_EVERY: Duration = Duration::from_secs(60);
/// Delay after a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(5);
/// Interval of checks if the owner has signed a call.
const AFTER_OWNER_CALL: Duration = Duration::from_secs(60);

/// Runs the agent until it is stopped. Reconnects if the node or the guest agent becomes
/// unavailable.
pub async fn run(config: Config, monitor: &Monitor) -> anyhow::Result<()> {
	let lock = AgentLock::take(&config.run_dir)?;
	run_locked(config, lock, monitor).await
}

/// Runs the agent as [`run`] does. The caller has already taken the lock of the folder.
pub(crate) async fn run_locked(
	config: Config,
	lock: AgentLock,
	monitor: &Monitor,
) -> anyhow::Result<()> {
	let _lock = lock;
	let hot = Arc::new(config.hot()?);
	let own = config.miner(&hot)?;
	agent_vm::configured(&config)?;
	let host = Host::open(config, monitor)?;
	let work = async {
		let miner = registered_miner(&host, &hot).await;
		let mut vms = Vms::new(&host.config, monitor);
		let vms = maintain(&mut vms, &host.config, &hot, &miner);
		let vms = async { tokio::join!(vms, relay::run_beside(&host.config, &hot, &miner)).0 };
		side_by_side(attest(&host, &hot, &miner), vms).await;
	};
	tokio::select! {
		() = work => {},
		never = monitor.watch_node(&host.config.node, hot.account()) => match never {},
		// The owner needs the chip's id, which hccam states, to register it.
		never = agent_vm::keep(&host, &own) => match never {},
	}
	Ok(())
}

/// Waits until the miner is registered with this hot key. Returns its account.
async fn registered_miner(host: &Host, hot: &Submitter) -> AccountId32 {
	until_success(async || {
		let connecting = Chain::connect_when_ready(&host.config.node);
		let chain = host.monitor.attesting.waiting(connecting).await;
		log_incompatible(chain.check_compatible().await);
		let registered = ensure_miner(&chain, &host.config, hot).await;
		registered.inspect_err(|error| host.monitor.host_failed(error))
	})
	.await
}

/// Does the work for the host and the work for VMs concurrently. Neither waits for the other.
///
/// Work for VMs needs only the hot key's account and the chain. VMs continue to run if the guest
/// agent, the TPM, the enrolment or the chip's key fails, and if the node is unavailable.
async fn side_by_side(host: impl Future<Output = ()>, vms: impl Future<Output = ()>) {
	tokio::join!(host, vms);
}

/// Repeats work until it succeeds.
pub(crate) async fn until_success<T>(mut work: impl AsyncFnMut() -> anyhow::Result<T>) -> T {
	loop {
		match work().await {
			Ok(done) => return done,
			Err(error) => {
				tracing::warn!(error = format!("{error:#}"), "retrying");
				tokio::time::sleep(delay_after(&error)).await;
			},
		}
	}
}

/// Returns the delay after an error. A call that the owner signs elsewhere takes its time.
fn delay_after(error: &anyhow::Error) -> Duration {
	match error.downcast_ref::<OwnerMustSign>() {
		Some(_) => AFTER_OWNER_CALL,
		None => AFTER_FAILURE,
	}
}

/// Logs an error if the node's runtime differs from the runtime that this agent was built for. The
/// agent continues, because the calls that it needs may be unchanged.
fn log_incompatible(checked: Result<(), ChainError>) {
	if let Err(error) = checked {
		tracing::error!(%error, "the agent may not work");
	}
}

/// Registers and enrols the host if necessary, and answers challenges. Starts again after a
/// failure.
async fn attest(host: &Host, hot: &Arc<Submitter>, miner: &AccountId32) {
	loop {
		let connecting = Chain::connect_when_ready(&host.config.node);
		let chain = host.monitor.attesting.waiting(connecting).await;
		if let Err(error) = serve(&chain, host, hot, miner).await {
			host.monitor.host_failed(&error);
			tracing::warn!(error = format!("{error:#}"), "no evidence of the host: retrying");
			tokio::time::sleep(delay_after(&error)).await;
		}
	}
}

/// Maintains VMs. Connects again if the node becomes unavailable. VMs continue to run during that
/// time.
async fn maintain(vms: &mut Vms, config: &Config, hot: &Arc<Submitter>, miner: &AccountId32) {
	loop {
		let chain = vms.connect(&config.node).await;
		vms.maintain(&chain, hot, miner).await;
		// The tasks use the lost connection, so they are cancelled.
		vms.cancel_tasks().await;
		tokio::time::sleep(AFTER_FAILURE).await;
	}
}

async fn serve(
	chain: &Chain,
	host: &Host,
	hot: &Arc<Submitter>,
	miner: &AccountId32,
) -> anyhow::Result<()> {
	let report = Guest::meet(&host.guest()?).await?.report;
	check_host_data(&report, &launched_for(chain, miner))?;
	let (chip, _) = chip_of(&report)?;
	ensure_registered(chain, &host.config, hot, miner, &report).await?;
	// The chain challenges the chip as soon as the TPM is enrolled, so the log must be submitted
	// first.
	ensure_log_submitted(chain, host, hot, miner, chip, false).await?;
	ensure_enrolled(chain, host, hot, miner).await?;
	tracing::info!(%miner, chip = hex::encode(chip), "ready");
	answer_beside(
		answer_challenges(chain, host, hot, miner, chip),
		ensure_offered(chain, &host.config, miner),
	)
	.await
}

/// Answers challenges, and changes the offer concurrently. Returns only if answering fails,
/// regardless of the outcome of the change.
async fn answer_beside(
	answering: impl Future<Output = anyhow::Result<()>>,
	offering: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<()> {
	let offering = async {
		if let Err(error) = offering.await {
			// If the change fails, the previous offer remains in effect.
			tracing::error!(
				error = format!("{error:#}"),
				"the chain's offer differs from the configuration"
			);
		}
	};
	let mut answering = std::pin::pin!(answering);
	let mut offering = std::pin::pin!(offering);
	tokio::select! {
		ended = &mut answering => return ended,
		_ = &mut offering => {},
	}
	answering.await
}

async fn answer_challenges(
	chain: &Chain,
	host: &Host,
	hot: &Submitter,
	miner: &AccountId32,
	chip: ChipHash,
) -> anyhow::Result<()> {
	let capacity = capacity(chain, host).await?;
	let mut last_check = Instant::now();
	let mut runtime = RuntimeWatch::default();
	loop {
		host.monitor.host_works();
		log_incompatible(runtime.check(&chain.best().await?));
		// The log grows, and policy can become stricter. So parts of the log are submitted before a
		// challenge needs them.
		if last_check.elapsed() > CHECK_LOG_EVERY {
			ensure_log_submitted(chain, host, hot, miner, chip, false).await?;
			last_check = Instant::now();
		}
		if due_challenge(chain, host, miner, chip).await?.is_some() {
			ensure_log_submitted(chain, host, hot, miner, chip, true).await?;
		}
		if let Some(challenge) = due_challenge(chain, host, miner, chip).await? {
			let seq = challenge.seq;
			tracing::info!(seq, "challenged");
			let evidence = gather(host, chain.genesis(), capacity, challenge).await?;
			let (bytes, log) = (evidence.encoded_size(), evidence.ima_delta.records.len());
			let block = submit(chain, hot, evidence).await?;
			host.monitor.metrics.evidence.inc();
			tracing::info!(seq, bytes, log, %block, "evidence included");
		}
		tokio::time::sleep(POLL_EVERY).await;
	}
}

/// Returns the open challenge of a chip, if the agent must answer it now.
async fn due_challenge(
	chain: &Chain,
	host: &Host,
	miner: &AccountId32,
	chip: ChipHash,
) -> anyhow::Result<Option<Challenge>> {
	let Some(challenge) = open_challenge(chain, miner, chip).await? else { return Ok(None) };
	let draining = is_draining(&host.config.run_dir);
	if !challenge.is_of_pause || !draining {
		return Ok(Some(challenge));
	}
	let at = chain.best().await?;
	let tick = at.storage().fetch(api::storage().clock().current_tick(), ()).await?.decode()?;
	let left = challenge.deadline.saturating_sub(tick);
	let whole = challenge.deadline.saturating_sub(challenge.made);
	let is_due = |challenge: &Challenge| answers_now(challenge.is_of_pause, draining, left, whole);
	Ok(Some(challenge).filter(is_due))
}

#[cfg(test)]
mod tests {
	use std::future::{pending, ready};

	use super::*;

	const TIMEOUT: Duration = Duration::from_secs(10);

	/// Returns the error of [`answer_beside`] if answering challenges fails shortly after the
	/// start.
	async fn outcome_with(offering: impl Future<Output = anyhow::Result<()>>) -> String {
		let answering = async {
			tokio::time::sleep(Duration::from_millis(20)).await;
			Err(anyhow::anyhow!("the node became unavailable"))
		};
		let ended = tokio::time::timeout(TIMEOUT, answer_beside(answering, offering)).await;
		ended.expect("it ends in time").expect_err("the answers failed").to_string()
	}

	#[tokio::test]
	async fn challenges_answered_if_offer_fails() {
		let failing = ready(Err(anyhow::anyhow!("changing it needs the owner's key")));
		assert_eq!(outcome_with(failing).await, "the node became unavailable");
	}

	#[tokio::test]
	async fn challenges_answered_while_offer_is_slow() {
		assert_eq!(outcome_with(pending()).await, "the node became unavailable");
	}

	#[tokio::test]
	async fn vms_maintained_while_host_cannot_attest() {
		let failing = async {
			// The work for the host fails, as it does if `hccam`, the TPM, the enrolment or the
			// chip's key fails.
			until_success(async || Err::<(), _>(anyhow::anyhow!("no guest agent"))).await;
		};
		let mut rounds = 0;
		let maintenance = async {
			for _ in 0..3 {
				tokio::time::sleep(Duration::from_millis(5)).await;
				rounds += 1;
			}
		};
		let both =
			tokio::time::timeout(Duration::from_millis(500), side_by_side(failing, maintenance));
		assert!(both.await.is_err(), "the host never attests");
		assert_eq!(rounds, 3);
	}
}
