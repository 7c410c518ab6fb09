use std::{str::FromStr, time::Duration};

use subxt::{
	client::OnlineClientAtBlockImpl,
	config::{DefaultExtrinsicParamsBuilder, SubstrateConfig},
	error::TransactionEventsError,
	extrinsics::ExtrinsicEvents,
	tx::{Payload, TransactionProgress, TransactionStatus},
};
use subxt_signer::{sr25519::Keypair, SecretUri};
use tokio::sync::Mutex;

use crate::{client::rpc, AccountId32, Chain, ChainError, H256};

/// For how many blocks after the last finalised one a transaction is valid: longer than finality may lag while the clock of deadlines runs.
const MORTALITY: u64 = 64;
/// How long to wait for its inclusion.
const PATIENCE: Duration = Duration::from_secs(120);

/// A transaction on its way.
type Progress = TransactionProgress<SubstrateConfig, OnlineClientAtBlockImpl<SubstrateConfig>>;

/// A transaction that a block includes and that succeeded.
pub struct Receipt {
	/// Of the block. It may still be replaced.
	pub block: H256,
	pub events: ExtrinsicEvents<SubstrateConfig>,
}

/// Signs and submits, one transaction at a time, so that numbers follow each other.
pub struct Submitter {
	key: Keypair,
	turn: Mutex<()>,
}

impl Submitter {
	/// With the key of that secret URI: a phrase, a seed in hexadecimal, with a path of derivation or without.
	pub fn from_uri(uri: &str) -> Result<Self, ChainError> {
		let bad = |reason: String| ChainError::Key(reason);
		let uri = SecretUri::from_str(uri.trim()).map_err(|error| bad(error.to_string()))?;
		let key = Keypair::from_uri(&uri).map_err(|error| bad(error.to_string()))?;
		Ok(Self { key, turn: Mutex::new(()) })
	}

	/// The account that signs.
	pub fn account(&self) -> AccountId32 {
		self.key.public_key().to_account_id()
	}

	/// Submits a call and waits until a block includes it.
	///
	/// ## Errors
	/// [`ChainError::Refused`] where the call failed, or could not but fail, so that it was not taken; nothing has changed.
	pub async fn submit<P: Payload>(&self, chain: &Chain, call: &P) -> Result<Receipt, ChainError> {
		let _turn = self.turn.lock().await;
		let waiting = self.submit_and_wait(chain, call);
		tokio::time::timeout(PATIENCE, waiting)
			.await
			.map_err(|_| ChainError::TimedOut(PATIENCE.as_secs()))?
	}

	/// Submits calls that are to be included in this order, in one block or in several, and waits for all.
	///
	/// ## Errors
	/// As [`Self::submit`], of the first call that fails. Those after it may be included nevertheless.
	pub async fn submit_all<P: Payload>(
		&self,
		chain: &Chain,
		calls: &[P],
	) -> Result<Vec<Receipt>, ChainError> {
		let _turn = self.turn.lock().await;
		let waiting = async {
			let first = self.next_nonce(chain).await?;
			let mut sent = Vec::new();
			for (nonce, call) in (first..).zip(calls) {
				sent.push(self.send(chain, call, nonce).await?);
			}
			let mut receipts = Vec::new();
			for progress in sent {
				receipts.push(included(progress).await?);
			}
			Ok(receipts)
		};
		tokio::time::timeout(PATIENCE, waiting)
			.await
			.map_err(|_| ChainError::TimedOut(PATIENCE.as_secs()))?
	}

	async fn submit_and_wait<P: Payload>(
		&self,
		chain: &Chain,
		call: &P,
	) -> Result<Receipt, ChainError> {
		let nonce = self.next_nonce(chain).await?;
		included(self.send(chain, call, nonce).await?).await
	}

	/// Of the best block and the pool: the finalised block's number would be used twice.
	async fn next_nonce(&self, chain: &Chain) -> Result<u64, ChainError> {
		chain.rpc.system_account_next_index(&self.account()).await.map_err(rpc)
	}

	async fn send<P: Payload>(
		&self,
		chain: &Chain,
		call: &P,
		nonce: u64,
	) -> Result<Progress, ChainError> {
		let at = chain.finalised().await?;
		let params = DefaultExtrinsicParamsBuilder::<SubstrateConfig>::new()
			.nonce(nonce)
			.mortal_from_unchecked(MORTALITY, at.block_number(), at.block_hash())
			.build();
		let signed = at.tx().create_signable_offline(call, params)?.sign(&self.key)?;
		signed
			.submit_and_watch()
			.await
			.map_err(|error| ChainError::not_taken(error.into(), at.metadata_ref()))
	}
}

/// Waits until a block includes a transaction.
async fn included(mut progress: Progress) -> Result<Receipt, ChainError> {
	while let Some(status) = progress.next().await {
		match status? {
			TransactionStatus::InBestBlock(block) | TransactionStatus::InFinalizedBlock(block) => {
				let hash = block.block_hash();
				return match block.wait_for_success().await {
					Ok(events) => Ok(Receipt { block: hash, events }),
					Err(TransactionEventsError::ExtrinsicFailed(error)) => {
						Err(ChainError::dispatch(&error))
					},
					Err(other) => Err(other.into()),
				};
			},
			TransactionStatus::Error { message }
			| TransactionStatus::Invalid { message }
			| TransactionStatus::Dropped { message } => return Err(ChainError::NotIncluded(message)),
			TransactionStatus::Validated
			| TransactionStatus::Broadcasted
			| TransactionStatus::NoLongerInBestBlock => {},
		}
	}
	Err(ChainError::NotIncluded("the node stopped telling of it".into()))
}
