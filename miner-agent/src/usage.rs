//! What the guests of this miner's VMs tell of: gathered once an interval, and told to the chain.

use std::time::Duration;

use anyhow::Context;
use api::runtime_types::bounded_collections::bounded_vec::BoundedVec;
use hcc_chain::{api, Chain, ChainAt, Submitter};
use hcc_evidence::vm::{SignedReceipt, VmId};
use hccam::{
	connect,
	frame::{receive, send},
	vm::{Question, TellUse, UseTold, VERSION},
	Address,
};

/// How long a guest may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// The most receipts in one extrinsic.
const BATCH: usize = 64;

/// Who gathers receipts.
#[derive(Default)]
pub(crate) struct Receipts {
	/// The last interval of which was told.
	told: Option<u32>,
}

impl Receipts {
	/// Has the guests tell of the interval that is over, once. A guest that does not, or not what holds, keeps no other from it.
	pub(crate) async fn tell(
		&mut self,
		chain: &Chain,
		hot: &Submitter,
		at: &ChainAt,
		guests: &[(VmId, Address)],
	) -> anyhow::Result<()> {
		let current = api::storage().attestation().current_interval();
		let current = at.storage().fetch(current, ()).await?.decode()?;
		let Some(interval) = current.index.checked_sub(1) else { return Ok(()) };
		if self.told == Some(interval) {
			return Ok(());
		}
		self.told = Some(interval);
		let mut receipts = Vec::new();
		for (id, address) in guests {
			match receipt_of(chain, at, *id, address, interval, current.from).await {
				Ok(receipt) => receipts.extend(receipt),
				Err(error) => {
					tracing::warn!(vm = id, error = format!("{error:#}"), "no receipt");
				},
			}
		}
		for batch in receipts.chunks(BATCH) {
			tell_all(chain, hot, batch).await;
		}
		Ok(())
	}
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
	let told = tokio::time::timeout(PATIENCE, ask(address, question))
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
	if hot.submit(chain, &call(receipts)).await.is_ok() {
		tracing::info!(vms = receipts.len(), "told what VMs got");
		return;
	}
	for receipt in receipts {
		let alone = std::slice::from_ref(receipt);
		if let Err(error) = hot.submit(chain, &call(alone)).await {
			let vm = receipt.receipt.vm;
			tracing::warn!(vm, error = format!("{error:#}"), "a receipt was refused");
		}
	}
}
