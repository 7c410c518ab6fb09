//! A shared connection to one of several nodes.

use std::time::Duration;

use tokio::sync::Mutex;

use crate::{client::split_urls, Chain, ChainError};

/// Pause before the next attempt if no node was available. It doubles each time, up to
/// [`MAX_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const MAX_PAUSE: Duration = Duration::from_secs(10);

/// The nodes that a program can use. All tasks of the program share one connection. If the
/// connected node fails, the program connects to the next node.
pub struct Nodes {
	urls: Vec<String>,
	current: Mutex<Current>,
}

/// The connection in use.
#[derive(Default)]
struct Current {
	chain: Option<Chain>,
	/// The index of the URL that is tried next.
	next: usize,
	/// The genesis hash of the node that was connected first. Nodes of other chains are not used.
	genesis: Option<[u8; 32]>,
}

impl Nodes {
	/// Creates the list from WebSocket URLs with commas between them.
	///
	/// ## Errors
	/// [`ChainError::Unreachable`] if the list is empty.
	pub fn new(urls: &str) -> Result<Self, ChainError> {
		let list: Vec<_> = split_urls(urls).map(str::to_owned).collect();
		if list.is_empty() {
			let reason = "the list of nodes is empty".into();
			return Err(ChainError::Unreachable { url: urls.into(), reason });
		}
		Ok(Self { urls: list, current: Mutex::default() })
	}

	/// Returns the shared connection. Waits until a node of the chain is available.
	pub async fn chain(&self) -> Chain {
		let mut current = self.current.lock().await;
		let mut pause = FIRST_PAUSE;
		loop {
			if let Some(chain) = &current.chain {
				return chain.clone();
			}
			for _ in 0..self.urls.len() {
				if let Some(chain) = self.try_next(&mut current).await {
					return chain;
				}
			}
			tokio::time::sleep(pause).await;
			pause = (pause * 2).min(MAX_PAUSE);
		}
	}

	/// Tries to connect to the next node. If that fails, the following call tries the node after
	/// it.
	async fn try_next(&self, current: &mut Current) -> Option<Chain> {
		let url = self.urls.get(current.next % self.urls.len())?;
		match Chain::connect_to(url).await {
			Ok(chain) if current.genesis.is_none_or(|genesis| genesis == chain.genesis()) => {
				tracing::info!(url, "connected");
				current.genesis = Some(chain.genesis());
				current.chain = Some(chain.clone());
				return Some(chain);
			},
			Ok(_) => tracing::error!(url, "the node runs another chain, and is not used"),
			Err(error) => tracing::warn!(%error, "waiting for a node"),
		}
		current.next = next_index(current.next, self.urls.len());
		None
	}

	/// Checks a connection after a call on it failed. If the node does not answer, the next call of
	/// [`Self::chain`] connects to the next node. Returns `true` if the node answers.
	pub async fn check(&self, failed: &Chain) -> bool {
		if failed.answers().await {
			return true;
		}
		let mut current = self.current.lock().await;
		// Another task may have replaced the connection already.
		if current.chain.as_ref().is_some_and(|chain| chain.is_same(failed)) {
			tracing::warn!(url = failed.url(), "the node no longer answers");
			current.chain = None;
			current.next = next_index(current.next, self.urls.len());
		}
		false
	}
}

/// Returns the index of the node after the one at `index`.
fn next_index(index: usize, nodes: usize) -> usize {
	(index + 1) % nodes.max(1)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn empty_list_is_refused() {
		assert!(Nodes::new(" , ").is_err());
		assert_eq!(Nodes::new("ws://a, ws://b").map(|nodes| nodes.urls.len()).ok(), Some(2));
	}

	#[tokio::test]
	async fn unavailable_node_is_followed_by_next() {
		// Ports 1 and 2 of the loopback interface refuse connections.
		let nodes = Nodes::new("ws://127.0.0.1:1,ws://127.0.0.1:2").expect("two nodes");
		let mut current = nodes.current.lock().await;
		assert!(nodes.try_next(&mut current).await.is_none());
		assert_eq!(current.next, 1);
		assert!(nodes.try_next(&mut current).await.is_none());
		assert_eq!(current.next, 0, "the first node is tried again");
	}
}
