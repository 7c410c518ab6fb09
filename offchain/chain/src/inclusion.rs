//! The inclusion of a transaction in a block, and its outcome.

use std::{future::Future, time::Duration};

use subxt::{
	client::OnlineClientAtBlockImpl,
	config::SubstrateConfig,
	error::TransactionEventsError,
	ext::scale_decode::DecodeAsType,
	tx::{TransactionInBlock, TransactionProgress, TransactionStatus},
};
use tokio::time::timeout;

use crate::{
	api, numbers::ReservedNonce, outcome::took_effect, submit::not_included, AccountId32, ChainAt,
	ChainError, H256,
};

/// Time that a node has to return the events that explain why a call had no effect.
const REASON_TIMEOUT: Duration = Duration::from_secs(10);

type Client = OnlineClientAtBlockImpl<SubstrateConfig>;

/// A pending transaction, with its reserved nonce.
pub(crate) struct Sent<'a> {
	pub(crate) progress: TransactionProgress<SubstrateConfig, Client>,
	/// The call, if this program can decode it. The outcome is read from the call's effect in the
	/// state.
	pub(crate) call: Option<api::Call>,
	pub(crate) signer: AccountId32,
	pub(crate) genesis: [u8; 32],
	pub(crate) _nonce: ReservedNonce<'a>,
}

/// A transaction that succeeded in a block.
#[derive(Clone, Copy, Debug)]
pub struct Receipt {
	/// The hash of the block, which another block may still replace.
	pub block: H256,
}

/// Decodes a call. Returns `None` for a call in the format of a newer runtime.
pub(crate) fn decode_call(at: &ChainAt, bytes: &[u8]) -> Option<api::Call> {
	let metadata = at.metadata_ref();
	let call = metadata.outer_enums().call_enum_ty();
	api::Call::decode_as_type(&mut &bytes[..], call, metadata.types()).ok()
}

/// Waits until a block includes a transaction, and returns its outcome.
pub(crate) async fn included(mut sent: Sent<'_>) -> Result<Receipt, ChainError> {
	while let Some(status) = sent.progress.next().await {
		match status? {
			TransactionStatus::InBestBlock(block) | TransactionStatus::InFinalizedBlock(block) => {
				let at = block.at().await?;
				let effect = match &sent.call {
					Some(call) => took_effect(call, sent.signer, &sent.genesis, &at).await?,
					None => None,
				};
				return outcome(block.block_hash(), effect, reason(&block)).await;
			},
			TransactionStatus::Error { message }
			| TransactionStatus::Invalid { message }
			| TransactionStatus::Dropped { message } => return Err(not_included(message)),
			TransactionStatus::Validated
			| TransactionStatus::Broadcasted
			| TransactionStatus::NoLongerInBestBlock => {},
		}
	}
	Err(ChainError::NotIncluded("the node stopped reporting its status".into()))
}

/// Returns the outcome of an included call by its effect in the state. If there is no effect, waits
/// for the reason. The reason is `None` if the node does not return the events.
async fn outcome(
	block: H256,
	effect: Option<bool>,
	reason: impl Future<Output = Option<Result<(), ChainError>>>,
) -> Result<Receipt, ChainError> {
	if effect == Some(true) {
		return Ok(Receipt { block });
	}
	match (reason.await, effect) {
		(Some(outcome), _) => outcome.map(|()| Receipt { block }),
		(None, Some(_)) => Err(ChainError::no_effect(block)),
		(None, None) => Err(ChainError::Unconfirmed(block)),
	}
}

/// Reads the outcome of a call from the events of its block. Returns `None` if the node does not
/// return the events, for example because they are too large.
async fn reason(
	block: &TransactionInBlock<SubstrateConfig, Client>,
) -> Option<Result<(), ChainError>> {
	match timeout(REASON_TIMEOUT, block.wait_for_success()).await.ok()? {
		Ok(_) => Some(Ok(())),
		Err(TransactionEventsError::ExtrinsicFailed(error)) => {
			Some(Err(ChainError::dispatch(&error)))
		},
		Err(error) => {
			tracing::debug!(%error, "the node does not return the events of the block");
			None
		},
	}
}

#[cfg(test)]
mod tests {
	use std::future::{pending, ready};

	use super::*;

	const BLOCK: H256 = H256([3; 32]);

	fn refusal() -> ChainError {
		let (pallet, error) = ("Verdicts".into(), "NotOnCommittee".into());
		ChainError::Refused { pallet, error, meaning: String::new() }
	}

	#[tokio::test]
	async fn effect_decides_without_events() {
		let took = outcome(BLOCK, Some(true), pending()).await;
		assert_eq!(took.expect("the state shows the effect").block, BLOCK);
	}

	#[tokio::test]
	async fn events_explain_missing_effect() {
		for effect in [Some(false), None] {
			let failed = outcome(BLOCK, effect, ready(Some(Err(refusal())))).await;
			assert!(failed.is_err_and(|error| error.is("Verdicts", "NotOnCommittee")));
			let succeeded = outcome(BLOCK, effect, ready(Some(Ok(())))).await;
			assert!(succeeded.is_ok(), "some calls succeed without an effect");
		}
	}

	#[tokio::test]
	async fn unreadable_events_leave_the_state_as_truth() {
		let failed = outcome(BLOCK, Some(false), ready(None)).await;
		assert!(failed.is_err_and(|error| error.is("chain", "NoEffect")));
		let unknown = outcome(BLOCK, None, ready(None)).await;
		assert!(matches!(unknown, Err(ChainError::Unconfirmed(block)) if block == BLOCK));
	}
}
