use std::{sync::Arc, time::Duration};

use subxt::{
	backend::LegacyBackend,
	config::{RpcConfigFor, SubstrateConfig},
	rpcs::{LegacyRpcMethods, RpcClient},
	OnlineClient, OnlineClientAtBlock,
};

use crate::{ChainError, H256};

/// The state of the chain at one block.
pub type ChainAt = OnlineClientAtBlock<SubstrateConfig>;

/// Time that a node has to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// A connection to a node. It does not reconnect: connect again after a call fails with
/// [`ChainError::Node`].
#[derive(Clone)]
pub struct Chain {
	pub(crate) api: OnlineClient<SubstrateConfig>,
	pub(crate) rpc: LegacyRpcMethods<RpcConfigFor<SubstrateConfig>>,
	genesis: H256,
}

impl Chain {
	/// Connects to the node at a WebSocket URL.
	pub async fn connect(url: &str) -> Result<Self, ChainError> {
		let unreachable = |reason: String| ChainError::Unreachable { url: url.to_string(), reason };
		let connecting = async {
			let rpc = RpcClient::from_insecure_url(url)
				.await
				.map_err(|error| unreachable(error.to_string()))?;
			// The newer backend can wait forever for an answer that the node does not give. This
			// one returns an answer or an error.
			let backend = LegacyBackend::<SubstrateConfig>::builder()
				.storage_page_size(512)
				.build(rpc.clone());
			let api =
				OnlineClient::from_backend_with_config(SubstrateConfig::new(), Arc::new(backend))
					.await
					.map_err(|error| unreachable(error.to_string()))?;
			let genesis = api.genesis_hash();
			Ok(Self { api, rpc: LegacyRpcMethods::new(rpc), genesis })
		};
		tokio::time::timeout(CONNECT_TIMEOUT, connecting)
			.await
			.map_err(|_| unreachable("it does not answer".into()))?
	}

	/// Returns `true` while the node downloads blocks that others have. Its answers are stale until
	/// it has caught up.
	pub async fn is_syncing(&self) -> Result<bool, ChainError> {
		Ok(self.rpc.system_health().await.map_err(rpc)?.is_syncing)
	}

	/// Connects, and retries until the node is available.
	pub async fn connect_when_ready(url: &str) -> Self {
		let mut pause = Duration::from_millis(500);
		loop {
			match Self::connect(url).await {
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

	/// Returns the last finalised block.
	pub async fn finalised(&self) -> Result<ChainAt, ChainError> {
		Ok(self.api.at_current_block().await?)
	}

	/// Returns the best block, which another block may still replace.
	pub async fn best(&self) -> Result<ChainAt, ChainError> {
		let hash = self.rpc.chain_get_block_hash(None).await.map_err(rpc)?;
		let hash = hash.ok_or_else(|| ChainError::Incompatible("the node has no block".into()))?;
		Ok(self.api.at_block(hash).await?)
	}

	/// Returns the block with this number on the best chain.
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

/// Wraps an error of the connection.
pub(crate) fn rpc(error: subxt::rpcs::Error) -> ChainError {
	ChainError::Node(Box::new(subxt::Error::from(error)))
}
