//! What the guests of this miner's VMs tell of: gathered once an interval, and told to the chain.

use std::{future::Future, sync::Arc, time::Duration};

use anyhow::Context;
use api::runtime_types::bounded_collections::bounded_vec::BoundedVec;
use hcc_chain::{api, Chain, ChainAt, ChainError, Submitter};
use hcc_evidence::vm::{SignedReceipt, VmId};
use hccam::{
	connect,
	frame::{receive, send},
	vm::{Question, TellUse, UseTold, VERSION},
	Address,
};
use tokio::{task::JoinSet, time::timeout};

/// How long a guest may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long it may take until it is known what a guest tells, with what is asked of the node for that.
const PATIENCE_IN_ALL: Duration = Duration::from_secs(30);
/// The most receipts in one extrinsic.
const BATCH: usize = 64;

/// Who gathers receipts.
#[derive(Default)]
pub(crate) struct Receipts {
	/// The last interval of which guests were asked.
	told: Option<u32>,
	/// Who asks them, and tells the chain; gives the interval. One at a time.
	telling: JoinSet<u32>,
}

impl Receipts {
	/// Has the guests tell of the interval that is over, once, and waits for none of it. A guest that does not, or not what holds, keeps no other from it.
	pub(crate) async fn tell(
		&mut self,
		chain: &Chain,
		hot: &Arc<Submitter>,
		at: &ChainAt,
		guests: Vec<(VmId, Address)>,
	) -> anyhow::Result<()> {
		self.settle();
		if !self.telling.is_empty() {
			return Ok(());
		}
		let current = api::storage().attestation().current_interval();
		let current = at.storage().fetch(current, ()).await?.decode()?;
		let Some(interval) = current.index.checked_sub(1) else { return Ok(()) };
		if self.told == Some(interval) {
			return Ok(());
		}
		let (chain, hot, at, until) = (chain.clone(), hot.clone(), at.clone(), current.from);
		self.telling.spawn(async move {
			let asked = guests.into_iter().map(|(id, address)| {
				let (chain, at) = (chain.clone(), at.clone());
				let asking =
					async move { receipt_of(&chain, &at, id, &address, interval, until).await };
				(id, asking)
			});
			let receipts = side_by_side(asked, PATIENCE_IN_ALL).await;
			for batch in receipts.chunks(BATCH) {
				tell_all(&chain, &hot, batch).await;
			}
			interval
		});
		Ok(())
	}

	/// Breaks off what goes on, and waits until it has ended. The interval will be told of anew: of what was told the chain knows.
	pub(crate) async fn end(&mut self) {
		self.telling.shutdown().await;
	}

	/// Takes note of the interval of which was told.
	fn settle(&mut self) {
		while let Some(ended) = self.telling.try_join_next() {
			match ended {
				Ok(interval) => self.told = Some(interval),
				Err(error) => tracing::warn!(%error, "telling what VMs got broke off"),
			}
		}
	}
}

/// What guests answer that are asked at the same time, each for no longer than `patience`: one that hangs holds up no other.
async fn side_by_side<T, F>(asked: impl Iterator<Item = (VmId, F)>, patience: Duration) -> Vec<T>
where
	T: Send + 'static,
	F: Future<Output = anyhow::Result<Option<T>>> + Send + 'static,
{
	let mut asking = JoinSet::new();
	for (id, ask) in asked {
		asking.spawn(async move {
			let answer = timeout(patience, ask).await.context("no answer in time");
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

/// What a guest tells of the interval; nothing where it has booted since, or was told of already.
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
	let told = match at.storage().try_fetch(accounts, (id,)).await? {
		Some(account) => account.decode()?.last >= interval,
		None => false,
	};
	if told || boot.at >= until {
		return Ok(None);
	}
	let question = TellUse { version: VERSION, genesis: chain.genesis(), interval };
	let told = timeout(PATIENCE, ask(address, question))
		.await
		.context("the VM's agent does not answer")??;
	match told {
		UseTold::Receipt(receipt) => Ok(Some(receipt)),
		UseTold::Failed { message } => anyhow::bail!("the VM's agent failed: {message}"),
	}
}

async fn ask(address: &Address, question: TellUse) -> anyhow::Result<UseTold> {
	let mut stream = connect(address).await?;
	send(&mut stream, &Question::TellUse(question)).await?;
	receive(&mut stream).await?.context("the VM's agent gave no answer")
}

/// Tells them together, or, where one does not hold, each alone.
async fn tell_all(chain: &Chain, hot: &Submitter, receipts: &[SignedReceipt]) {
	let call = |receipts: &[SignedReceipt]| {
		let receipts = receipts.iter().map(|receipt| (*receipt).into()).collect::<Vec<_>>();
		api::tx().usage().tell(BoundedVec(receipts))
	};
	loop {
		match hot.submit(chain, &call(receipts)).await {
			Ok(_) => {
				tracing::info!(vms = receipts.len(), "told what VMs got");
				return;
			},
			// Evidence went before it.
			Err(error) if error.is_replaced() => tracing::debug!("telling once more"),
			// It may still come, and each alone would wait for as long; and what keeps the pool from taking it is nothing that is in it.
			Err(error @ (ChainError::TimedOut(_) | ChainError::NotTaken { .. })) => {
				tracing::warn!(vms = receipts.len(), %error, "telling what VMs got");
				return;
			},
			Err(_) => break,
		}
	}
	for receipt in receipts {
		let alone = std::slice::from_ref(receipt);
		if let Err(error) = hot.submit(chain, &call(alone)).await {
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
	async fn guests_that_hang_hold_up_no_other() {
		let mut asked: Vec<(VmId, Asking)> = (0..50).map(|id| (id, asking(pending()))).collect();
		asked.push((50, asking(ready(Ok(Some(7))))));
		asked.push((51, asking(ready(Ok(None)))));
		asked.push((52, asking(ready(Err(anyhow::anyhow!("it has no receipt"))))));
		let begun = Instant::now();
		let answers = side_by_side(asked.into_iter(), Duration::from_millis(200)).await;
		assert_eq!(answers, [7u8]);
		assert!(begun.elapsed() < Duration::from_secs(5), "they wait together");
	}
}
