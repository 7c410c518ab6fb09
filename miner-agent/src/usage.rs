//! Usage receipts. Once per billing interval, the agent collects them from the guests of this
//! miner's VMs and submits them to the chain.

use std::{future::Future, sync::Arc, time::Duration};

use anyhow::Context;
use api::runtime_types::bounded_collections::bounded_vec::BoundedVec;
use hcc_chain::{api, Chain, ChainAt, ChainError, Submitter};
use hcc_evidence::vm::{SignedReceipt, VmId};
use hcc_guest_protocol::{
	connect,
	vm::{UsageRequest, UsageResponse, VmRequest, VERSIONS},
	Address, Session,
};
use tokio::{task::JoinSet, time::timeout};

/// Time limit for a guest's answer.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Time limit for one receipt, including the requests to the node.
const RECEIPT_TIMEOUT: Duration = Duration::from_secs(30);
/// Maximum number of receipts in one transaction.
const BATCH: usize = 64;

/// Collects receipts and submits them.
#[derive(Default)]
pub(crate) struct Receipts {
	/// The last interval whose receipts were submitted.
	reported: Option<u32>,
	/// The task that collects and submits receipts. It returns the interval of the receipts. At
	/// most one task runs.
	reporting: JoinSet<u32>,
}

impl Receipts {
	/// Starts a task that collects the receipts of the last complete interval, once for each
	/// interval, and does not wait for it. A guest that fails does not affect the other guests.
	pub(crate) async fn report(
		&mut self,
		chain: &Chain,
		hot: &Arc<Submitter>,
		at: &ChainAt,
		guests: Vec<(VmId, Address)>,
	) -> anyhow::Result<()> {
		self.settle();
		if !self.reporting.is_empty() {
			return Ok(());
		}
		let current = api::storage().attestation().current_interval();
		let current = at.storage().fetch(current, ()).await?.decode()?;
		let Some(interval) = current.index.checked_sub(1) else { return Ok(()) };
		if self.reported == Some(interval) {
			return Ok(());
		}
		let (chain, hot, at, until) = (chain.clone(), hot.clone(), at.clone(), current.from);
		self.reporting.spawn(async move {
			let asked = guests.into_iter().map(|(id, address)| {
				let (chain, at) = (chain.clone(), at.clone());
				let asking =
					async move { receipt_of(&chain, &at, id, &address, interval, until).await };
				(id, asking)
			});
			let receipts = collect_answers(asked, RECEIPT_TIMEOUT).await;
			for batch in receipts.chunks(BATCH) {
				submit_batch(&chain, &hot, batch).await;
			}
			interval
		});
		Ok(())
	}

	/// Cancels the task, and waits until it has ended. A later task for the same interval submits
	/// only receipts that the chain does not have yet.
	pub(crate) async fn end(&mut self) {
		self.reporting.shutdown().await;
	}

	/// Records the interval of a finished task as reported.
	fn settle(&mut self) {
		while let Some(ended) = self.reporting.try_join_next() {
			match ended {
				Ok(interval) => self.reported = Some(interval),
				Err(error) => tracing::warn!(%error, "submitting receipts failed"),
			}
		}
	}
}

/// Collects answers concurrently, each with a time limit. A guest that hangs does not delay the
/// other guests.
async fn collect_answers<T, F>(asked: impl Iterator<Item = (VmId, F)>, patience: Duration) -> Vec<T>
where
	T: Send + 'static,
	F: Future<Output = anyhow::Result<Option<T>>> + Send + 'static,
{
	let mut asking = JoinSet::new();
	for (id, ask) in asked {
		asking.spawn(async move {
			let answer = timeout(patience, ask).await.context("the guest did not answer in time");
			(id, answer.and_then(|answer| answer))
		});
	}
	let mut answers = Vec::new();
	while let Some(asked) = asking.join_next().await {
		match asked {
			Ok((_, Ok(answer))) => answers.extend(answer),
			Ok((id, Err(error))) => {
				tracing::warn!(vm = id, error = format!("{error:#}"), "no receipt");
			},
			Err(error) => tracing::warn!(%error, "no receipt"),
		}
	}
	answers
}

/// Requests a guest's receipt for an interval.
///
/// Returns `None` if the VM booted after the interval, or if the chain already has the receipt.
async fn receipt_of(
	chain: &Chain,
	at: &ChainAt,
	id: VmId,
	address: &Address,
	interval: u32,
	until: u32,
) -> anyhow::Result<Option<SignedReceipt>> {
	let boots = api::storage().compute().boots();
	let Some(boot) = at.storage().try_fetch(boots, (id,)).await? else { return Ok(None) };
	let boot = boot.decode()?;
	let accounts = api::storage().usage().accounts();
	let reported = match at.storage().try_fetch(accounts, (id,)).await? {
		Some(account) => account.decode()?.last >= interval,
		None => false,
	};
	// The chain accepts no receipt before the boot is confirmed.
	if reported || boot.at >= until || boot.confirmed.is_none() {
		return Ok(None);
	}
	let request = UsageRequest { genesis: chain.genesis(), interval };
	let response = timeout(TIMEOUT, ask(address, request))
		.await
		.context("the VM's agent does not answer")??;
	match response {
		UsageResponse::Receipt(receipt) => Ok(Some(receipt)),
		UsageResponse::Failed { message } => anyhow::bail!("the VM's agent failed: {message}"),
	}
}

async fn ask(address: &Address, request: UsageRequest) -> anyhow::Result<UsageResponse> {
	let mut session = Session::connect(connect(address).await?, VERSIONS).await?;
	session.send(&VmRequest::ReportUsage(request)).await?;
	session.receive().await?.context("the VM's agent closed the session without an answer")
}

/// Submits receipts in one transaction. If the chain refuses it, submits each receipt in a separate
/// transaction.
async fn submit_batch(chain: &Chain, hot: &Submitter, receipts: &[SignedReceipt]) {
	let call = |receipts: &[SignedReceipt]| {
		let receipts = receipts.iter().map(|receipt| (*receipt).into()).collect::<Vec<_>>();
		api::tx().usage().submit_receipts(BoundedVec(receipts))
	};
	loop {
		match hot.submit_raising_tip(chain, &call(receipts)).await {
			Ok(_) => {
				tracing::info!(vms = receipts.len(), "receipts submitted");
				return;
			},
			// A transaction with evidence replaced this transaction in the pool.
			Err(error) if error.is_replaced() => tracing::debug!("submitting the receipts again"),
			// A block may still include the transaction, or the pool rejected it for a reason that
			// does not concern the receipts. Separate transactions would not help.
			Err(
				error @ (ChainError::TimedOut(_)
				| ChainError::Unconfirmed(_)
				| ChainError::NotTaken { .. }),
			) => {
				tracing::warn!(vms = receipts.len(), %error, "submitting receipts");
				return;
			},
			Err(_) => break,
		}
	}
	for receipt in receipts {
		let alone = std::slice::from_ref(receipt);
		if let Err(error) = hot.submit_raising_tip(chain, &call(alone)).await {
			let vm = receipt.receipt.vm;
			tracing::warn!(vm, error = format!("{error:#}"), "a receipt was refused");
		}
	}
}

#[cfg(test)]
mod tests {
	use std::{
		future::{pending, ready},
		pin::Pin,
		time::Instant,
	};

	use super::*;

	type Answer = anyhow::Result<Option<u8>>;
	type Asking = Pin<Box<dyn Future<Output = Answer> + Send>>;

	fn asking(answer: impl Future<Output = Answer> + Send + 'static) -> Asking {
		Box::pin(answer)
	}

	#[tokio::test]
	async fn hanging_guests_do_not_delay_others() {
		let mut asked: Vec<(VmId, Asking)> = (0..50).map(|id| (id, asking(pending()))).collect();
		asked.push((50, asking(ready(Ok(Some(7))))));
		asked.push((51, asking(ready(Ok(None)))));
		asked.push((52, asking(ready(Err(anyhow::anyhow!("the guest has no receipt"))))));
		let begun = Instant::now();
		let answers = collect_answers(asked.into_iter(), Duration::from_millis(200)).await;
		assert_eq!(answers, [7u8]);
		assert!(begun.elapsed() < Duration::from_secs(5), "the guests wait concurrently");
	}
}
