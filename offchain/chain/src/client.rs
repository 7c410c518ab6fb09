use std::{sync::Arc, time::Duration};

use subxt::{
	backend::LegacyBackend,
	config::{RpcConfigFor, SubstrateConfig},
	rpcs::{LegacyRpcMethods, RpcClient},
	OnlineClient, OnlineClientAtBlock,
};

use crate::{api, ChainError, H256};

/// The chain as of one block.
pub type ChainAt = OnlineClientAtBlock<SubstrateConfig>;

/// How long a node may take to accept a connection.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection to a node. It does not mend itself: when a call fails with [`ChainError::Node`], connect again.
#[derive(Clone)]
pub struct Chain {
	pub(crate) api: OnlineClient<SubstrateConfig>,
	pub(crate) rpc: LegacyRpcMethods<RpcConfigFor<SubstrateConfig>>,
	genesis: H256,
}

impl Chain {
	/// Connects to the node at that WebSocket URL.
	pub async fn connect(url: &str) -> Result<Self, ChainError> {
		let unreachable = |reason: String| ChainError::Unreachable { url: url.to_string(), reason };
		let connecting = async {
			let rpc = RpcClient::from_insecure_url(url)
				.await
				.map_err(|error| unreachable(error.to_string()))?;
			// The new backend waits without end for answers that a node may fail to give; this one has them or an error.
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
		tokio::time::timeout(PATIENCE, connecting)
			.await
			.map_err(|_| unreachable("it does not answer".into()))?
	}

	/// Whether the node is still fetching blocks that others have: what it says is then of the past.
	pub async fn is_syncing(&self) -> Result<bool, ChainError> {
		Ok(self.rpc.system_health().await.map_err(rpc)?.is_syncing)
	}

	/// Connects, and tries again until the node is there.
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

	/// The hash of block 0, which every statement of the protocol carries.
	pub fn genesis(&self) -> [u8; 32] {
		self.genesis.0
	}

	/// Checks that the node's runtime is one that this client was made for: calls and storage that changed are refused one by one, so that this
	/// is for early notice.
	pub async fn check_compatible(&self) -> Result<(), ChainError> {
		let at = self.finalised().await?;
		if api::is_codegen_valid_for(at.metadata_ref()) {
			return Ok(());
		}
		let seen = at.spec_version();
		Err(ChainError::Incompatible(format!(
			"the node's runtime (version {seen}) is not the one that this program was built for"
		)))
	}

	/// The last finalised block.
	pub async fn finalised(&self) -> Result<ChainAt, ChainError> {
		Ok(self.api.at_current_block().await?)
	}

	/// The best block: it may still be replaced.
	pub async fn best(&self) -> Result<ChainAt, ChainError> {
		let hash = self.rpc.chain_get_block_hash(None).await.map_err(rpc)?;
		let hash = hash.ok_or_else(|| ChainError::Incompatible("the node has no block".into()))?;
		Ok(self.api.at_block(hash).await?)
	}

	/// The block of that number on the best chain.
	pub async fn block(&self, number: u64) -> Result<ChainAt, ChainError> {
		Ok(self.api.at_block(number).await?)
	}

	/// The number of the last finalised block.
	pub async fn finalised_number(&self) -> Result<u64, ChainError> {
		let head = self.rpc.chain_get_finalized_head().await.map_err(rpc)?;
		let header = self.rpc.chain_get_header(Some(head)).await.map_err(rpc)?;
		let header =
			header.ok_or_else(|| ChainError::Incompatible("the node has no head".into()))?;
		Ok(header.number)
	}
}

/// An error of the connection.
pub(crate) fn rpc(error: subxt::rpcs::Error) -> ChainError {
	ChainError::Node(Box::new(subxt::Error::from(error)))
}
