//! Follows finalised blocks over connections that may break.

use std::time::Duration;

use anyhow::Context;
use hcc_chain::Chain;

use super::watch::{events, EventRow};
use crate::{
	exit::{Exit, Failure},
	output,
};

/// Interval at which the number of the last finalised block is read.
const POLL_EVERY: Duration = Duration::from_secs(1);
/// Number of failures of the same block, each on a new connection, before the command gives up. The
/// connection is then not the likely cause: the node may have pruned the block, or this program may
/// not know the node's runtime.
const MAX_FAILURES: u32 = 5;

/// The blocks of a chain, read over a connection that may break.
pub(super) trait Blocks {
	/// Returns the number of the last finalised block.
	async fn finalised(&mut self) -> anyhow::Result<u64>;
	/// Returns all events of a block.
	async fn events(&mut self, block: u64) -> anyhow::Result<Vec<EventRow>>;
	/// Connects again. Retries until a node accepts the connection.
	async fn reconnect(&mut self) -> anyhow::Result<()>;
}

/// Prints the events of every finalised block once, from block `from` on. If `print` returns an
/// exit code, this function ends and returns the code.
pub(super) async fn follow(
	blocks: &mut impl Blocks,
	from: Option<u64>,
	mut print: impl FnMut(u64, Vec<EventRow>) -> Option<Exit>,
) -> anyhow::Result<Exit> {
	let mut next = from;
	let mut failures = 0;
	loop {
		match step(blocks, &mut next).await {
			Ok(None) => tokio::time::sleep(POLL_EVERY).await,
			Ok(Some((block, rows))) => {
				failures = 0;
				if let Some(exit) = print(block, rows) {
					return Ok(exit);
				}
			},
			Err(error) if Exit::of(&error) == Exit::Unreachable && failures < MAX_FAILURES => {
				failures += 1;
				output::warn(format_args!("the connection is lost, connecting again: {error:#}"));
				blocks.reconnect().await?;
			},
			Err(error) => return Err(error),
		}
	}
}

/// Reads the next block, if it is finalised. `next` advances only if all events of the block were
/// read.
async fn step(
	blocks: &mut impl Blocks,
	next: &mut Option<u64>,
) -> anyhow::Result<Option<(u64, Vec<EventRow>)>> {
	let finalised = blocks.finalised().await?;
	// Block 0 has no events.
	let block = (*next.get_or_insert(finalised)).max(1);
	if block > finalised {
		return Ok(None);
	}
	let rows = blocks.events(block).await?;
	*next = Some(block.saturating_add(1));
	Ok(Some((block, rows)))
}

/// The blocks of the chain, read from a node.
pub(super) struct NodeBlocks {
	urls: String,
	chain: Chain,
}

impl NodeBlocks {
	/// Connects to the first node in a list of URLs that answers.
	pub(super) async fn connect(urls: &str) -> anyhow::Result<Self> {
		Ok(Self { urls: urls.to_owned(), chain: Chain::connect(urls).await? })
	}
}

impl Blocks for NodeBlocks {
	async fn finalised(&mut self) -> anyhow::Result<u64> {
		Ok(self.chain.finalised_number().await?)
	}

	async fn events(&mut self, block: u64) -> anyhow::Result<Vec<EventRow>> {
		let at = self.chain.block(block).await?;
		events(&at).await.with_context(|| format!("reading block {block}"))
	}

	async fn reconnect(&mut self) -> anyhow::Result<()> {
		tokio::time::sleep(POLL_EVERY).await;
		let chain = Chain::connect_when_ready(&self.urls).await;
		if chain.genesis() != self.chain.genesis() {
			return Err(Failure::error(Exit::Incompatible, "the node now runs another chain"));
		}
		self.chain = chain;
		Ok(())
	}
}

#[cfg(test)]
mod tests {
	use std::{cell::RefCell, collections::VecDeque};

	use hcc_chain::ChainError;
	use serde_json::json;

	use super::*;

	/// A chain of `finalised` blocks. Each call takes the next element of `broken`, and the
	/// connection breaks if that element is `true`.
	struct Flaky {
		finalised: u64,
		broken: VecDeque<bool>,
		reconnects: u32,
	}

	impl Flaky {
		fn answer<T>(&mut self, answer: T) -> anyhow::Result<T> {
			if self.broken.pop_front().unwrap_or(false) {
				let (url, reason) = ("ws://a".into(), "broken".into());
				return Err(ChainError::Unreachable { url, reason }.into());
			}
			Ok(answer)
		}
	}

	impl Blocks for Flaky {
		async fn finalised(&mut self) -> anyhow::Result<u64> {
			let finalised = self.finalised;
			self.answer(finalised)
		}

		async fn events(&mut self, block: u64) -> anyhow::Result<Vec<EventRow>> {
			self.answer(vec![(json!({ "block": block }), format!("event of {block}"))])
		}

		async fn reconnect(&mut self) -> anyhow::Result<()> {
			self.reconnects += 1;
			Ok(())
		}
	}

	async fn printed(blocks: &mut Flaky, from: Option<u64>) -> (anyhow::Result<Exit>, Vec<u64>) {
		let printed = RefCell::new(Vec::new());
		let last = blocks.finalised;
		let result = follow(blocks, from, |block, rows| {
			assert_eq!(rows.len(), 1);
			printed.borrow_mut().push(block);
			(block == last).then_some(Exit::Done)
		});
		(result.await, printed.into_inner())
	}

	#[tokio::test]
	async fn no_event_is_lost_or_doubled_over_broken_connections() {
		for at in 0..8 {
			let broken = (0..8).map(|call| call == at || call == at + 1).collect();
			let mut blocks = Flaky { finalised: 5, broken, reconnects: 0 };
			let (result, seen) = printed(&mut blocks, Some(2)).await;
			assert_eq!(result.expect("done"), Exit::Done);
			assert_eq!(seen, [2, 3, 4, 5], "broken at call {at}");
			assert!(blocks.reconnects >= 1);
		}
	}

	#[tokio::test]
	async fn block_that_no_node_has_is_an_error() {
		let mut blocks = Flaky { finalised: 5, broken: vec![true; 100].into(), reconnects: 0 };
		let (result, seen) = printed(&mut blocks, None).await;
		assert_eq!(Exit::of(&result.expect_err("an error")), Exit::Unreachable);
		assert!(seen.is_empty() && blocks.reconnects == MAX_FAILURES);
	}
}
