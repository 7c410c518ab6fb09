use std::{sync::Arc, time::Duration};

use subxt::{
	backend::LegacyBackend,
	config::{RpcConfigFor, SubstrateConfig},
	ext::jsonrpsee::ws_client::WsClientBuilder,
	rpcs::{LegacyRpcMethods, RpcClient},
	OnlineClient, OnlineClientAtBlock,
};

use crate::{api, AccountId32, ChainError, H256};

/// The state of the chain at one block.
pub type ChainAt = OnlineClientAtBlock<SubstrateConfig>;

/// Units of the token in one α.
const ALPHA: f64 = 1e9;
/// Time that a node has to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// Time that a node has to answer a health query, before it counts as failed.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// Maximum size of a request and of an answer, in bytes.
///
/// A longer answer closes the connection, so that all pending requests fail. This limit therefore
/// exceeds a node's own limit: a node refuses only the request whose answer is too long. The limit
/// also exceeds the size of a full block in hexadecimal.
pub const MAX_MESSAGE: u32 = 64 << 20;
const _: () = assert!(MAX_MESSAGE >= 16 << 20, "a node may send answers of 15 MiB by default");

/// A connection to a node. A `Chain` does not reconnect. After a call fails with
/// [`ChainError::Node`], connect again, or use [`crate::Nodes`].
#[derive(Clone)]
pub struct Chain {
	pub(crate) api: OnlineClient<SubstrateConfig>,
	pub(crate) rpc: LegacyRpcMethods<RpcConfigFor<SubstrateConfig>>,
	genesis: H256,
	url: Arc<str>,
	/// The type of the chain, as the node's `system_chainType` names it.
	kind: Arc<str>,
}

impl Chain {
	/// Connects to the first node that answers and has synced. If no node has synced, connects to
	/// the first node that answers. `urls` is a WebSocket URL, or several with commas between them.
	///
	/// ## Errors
	/// The error of the last node in the list, if no node answers.
	pub async fn connect(urls: &str) -> Result<Self, ChainError> {
		let reason = "the list of nodes is empty".to_string();
		let mut failure = ChainError::Unreachable { url: urls.to_string(), reason };
		let mut syncing = None;
		for url in split_urls(urls) {
			let chain = match Self::connect_to(url).await {
				Ok(chain) => chain,
				Err(error) => {
					failure = error;
					continue;
				},
			};
			if chain.is_syncing().await.is_ok_and(|syncing| !syncing) {
				return Ok(chain);
			}
			syncing = syncing.or(Some(chain));
		}
		syncing.ok_or(failure)
	}

	/// Connects to the node at one URL.
	pub(crate) async fn connect_to(url: &str) -> Result<Self, ChainError> {
		let unreachable = |reason: String| ChainError::Unreachable { url: url.to_string(), reason };
		let connecting = async {
			let client = WsClientBuilder::new()
				.max_request_size(MAX_MESSAGE)
				.max_response_size(MAX_MESSAGE)
				.max_buffer_capacity_per_subscription(4_096)
				.build(url)
				.await
				.map_err(|error| unreachable(error.to_string()))?;
			let rpc = RpcClient::new(client);
			// If a node never answers, subxt's newer backend waits forever. The legacy backend
			// returns an answer or an error.
			let backend = LegacyBackend::<SubstrateConfig>::builder()
				.storage_page_size(512)
				.build(rpc.clone());
			let api =
				OnlineClient::from_backend_with_config(SubstrateConfig::new(), Arc::new(backend))
					.await
					.map_err(|error| unreachable(error.to_string()))?;
			let genesis = api.genesis_hash();
			let rpc = LegacyRpcMethods::new(rpc);
			let kind = rpc.system_chain_type().await.unwrap_or_else(|_| "unknown".into());
			Ok(Self { api, rpc, genesis, url: url.into(), kind: kind.into() })
		};
		tokio::time::timeout(CONNECT_TIMEOUT, connecting)
			.await
			.map_err(|_| unreachable("it does not answer".into()))?
	}

	/// Returns `true` while the node downloads blocks that its peers already have. Until the node
	/// has caught up, its answers are stale.
	pub async fn is_syncing(&self) -> Result<bool, ChainError> {
		Ok(self.rpc.system_health().await.map_err(rpc)?.is_syncing)
	}

	/// Returns the URL of the node.
	pub fn url(&self) -> &str {
		&self.url
	}

	/// Returns the type of the chain: `Development`, `Local`, `Live`, or a name of its own.
	pub(crate) fn kind(&self) -> &str {
		&self.kind
	}

	/// Returns `true` if both values share one connection.
	pub(crate) fn is_same(&self, other: &Self) -> bool {
		Arc::ptr_eq(&self.url, &other.url)
	}

	/// Returns `true` if the node still answers.
	pub async fn answers(&self) -> bool {
		let answer = tokio::time::timeout(ANSWER_TIMEOUT, self.rpc.system_health()).await;
		answer.is_ok_and(|answer| answer.is_ok())
	}

	/// Connects, and retries until one of the nodes is available. For `urls` see [`Self::connect`].
	pub async fn connect_when_ready(urls: &str) -> Self {
		let mut pause = Duration::from_millis(500);
		loop {
			match Self::connect(urls).await {
				Ok(chain) => return chain,
				Err(error) => {
					tracing::warn!(%error, "waiting for the node");
					tokio::time::sleep(pause).await;
					pause = (pause * 2).min(Duration::from_secs(10));
				},
			}
		}
	}

	/// Returns the hash of block 0, which every signed statement of the protocol contains.
	pub fn genesis(&self) -> [u8; 32] {
		self.genesis.0
	}

	/// Returns the free balance of an account in the best block, in α. For display only: it is
	/// rounded.
	pub async fn balance(&self, account: &AccountId32) -> Result<f64, ChainError> {
		let at = self.best().await?;
		let address = api::storage().system().account();
		let row = at.storage().try_fetch(address, (*account,)).await?;
		let free = row.map(|row| row.decode()).transpose()?.map_or(0, |row| row.data.free);
		Ok(free as f64 / ALPHA)
	}

	/// Returns the state of the chain at the last finalised block.
	pub async fn finalised(&self) -> Result<ChainAt, ChainError> {
		Ok(self.api.at_current_block().await?)
	}

	/// Returns the state of the chain at the best block. Another block may still replace the best
	/// block.
	pub async fn best(&self) -> Result<ChainAt, ChainError> {
		let hash = self.rpc.chain_get_block_hash(None).await.map_err(rpc)?;
		let hash = hash.ok_or_else(|| ChainError::Incompatible("the node has no block".into()))?;
		Ok(self.api.at_block(hash).await?)
	}

	/// Returns the state of the chain at the block with this hash.
	pub async fn at(&self, block: H256) -> Result<ChainAt, ChainError> {
		Ok(self.api.at_block(block).await?)
	}

	/// Returns the state of the chain at the parent of a block.
	pub async fn parent(&self, at: &ChainAt) -> Result<ChainAt, ChainError> {
		let unknown = || ChainError::Incompatible("the node does not know a parent block".into());
		let header = self.rpc.chain_get_header(Some(at.block_hash())).await.map_err(rpc)?;
		Ok(self.api.at_block(header.ok_or_else(unknown)?.parent_hash).await?)
	}

	/// Returns the extrinsics of a block. They are available even if the node has pruned the
	/// block's state. Returns `None` if the node has pruned the extrinsics.
	pub(crate) async fn body(&self, number: u64) -> Result<Option<Vec<Vec<u8>>>, ChainError> {
		let hash = self.rpc.chain_get_block_hash(Some(number.into())).await.map_err(rpc)?;
		let Some(hash) = hash else { return Ok(None) };
		let found = self.rpc.chain_get_block(Some(hash)).await.map_err(rpc)?;
		Ok(found.map(|found| found.block.extrinsics.into_iter().map(|bytes| bytes.0).collect()))
	}

	/// Returns the state of the chain at the block with this number on the best chain.
	pub async fn block(&self, number: u64) -> Result<ChainAt, ChainError> {
		Ok(self.api.at_block(number).await?)
	}

	/// Returns the number of the last finalised block.
	pub async fn finalised_number(&self) -> Result<u64, ChainError> {
		let head = self.rpc.chain_get_finalized_head().await.map_err(rpc)?;
		let header = self.rpc.chain_get_header(Some(head)).await.map_err(rpc)?;
		let header =
			header.ok_or_else(|| ChainError::Incompatible("the node has no head".into()))?;
		Ok(header.number)
	}
}

/// Splits a list of URLs with commas between them.
pub(crate) fn split_urls(urls: &str) -> impl Iterator<Item = &str> {
	urls.split(',').map(str::trim).filter(|url| !url.is_empty())
}

/// Converts an error of the RPC connection.
pub(crate) fn rpc(error: subxt::rpcs::Error) -> ChainError {
	ChainError::Node(Box::new(subxt::Error::from(error)))
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn urls_are_split_at_commas() {
		let urls: Vec<_> = split_urls("ws://a:1, ws://b:2,,").collect();
		assert_eq!(urls, ["ws://a:1", "ws://b:2"]);
		assert_eq!(split_urls(" , ").count(), 0);
	}

	#[tokio::test]
	async fn connect_reports_last_unreachable_node() {
		// Ports 1 and 2 of the loopback interface refuse connections.
		let refused = Chain::connect("ws://127.0.0.1:1,ws://127.0.0.1:2").await;
		let error = refused.err().expect("no node listens").to_string();
		assert!(error.contains("ws://127.0.0.1:2"), "{error}");
		assert!(Chain::connect("").await.is_err());
	}
}
