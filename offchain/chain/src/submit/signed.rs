//! Transactions that are signed once and can be sent again.

use subxt::{
	config::{DefaultExtrinsicParamsBuilder, SubstrateConfig},
	tx::Payload,
};
use tokio::time::timeout;

use super::{timed_out, Submitter, CHECK_INTERVAL, INCLUSION_TIMEOUT, MORTALITY};
use crate::{
	client::rpc,
	inclusion::{included, Receipt, Sent},
	AccountId32, Chain, ChainError, H256,
};

/// The pool's error code for a transaction that it already has.
const ALREADY_IMPORTED: i32 = 1013;

/// A signed transaction.
///
/// The transaction contains its nonce, so blocks include it at most once, however often it is sent.
/// A program that stores the transaction before it is sent can query its fate later
/// ([`Chain::fate`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCall {
	pub bytes: Vec<u8>,
	pub nonce: u64,
	/// Number of the block from which on the transaction is valid.
	pub birth: u64,
}

/// The fate of a signed transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
	/// The block with this hash includes the transaction. The call may have failed.
	Included(H256),
	/// No block includes the transaction yet, but a later block still can.
	Pending,
	/// No block can include the transaction any longer.
	Void,
}

impl Submitter {
	/// Signs a call without sending it.
	pub async fn sign<P: Payload>(
		&self,
		chain: &Chain,
		call: &P,
	) -> Result<SignedCall, ChainError> {
		self.key.check_chain(chain.kind())?;
		let nonce = self.next_nonce(chain).await?;
		let at = chain.finalised().await?;
		let params = DefaultExtrinsicParamsBuilder::<SubstrateConfig>::new()
			.nonce(nonce)
			.mortal_from_unchecked(MORTALITY, at.block_number(), at.block_hash())
			.build();
		let signed = at.tx().create_signable_offline(call, params)?.sign(&self.key.pair)?;
		Ok(SignedCall { bytes: signed.into_encoded(), nonce, birth: at.block_number() })
	}

	/// Sends a signed transaction, possibly again, and waits until a block includes it.
	///
	/// ## Errors
	/// The errors of [`Self::submit`].
	pub async fn submit_signed(
		&self,
		chain: &Chain,
		signed: &SignedCall,
	) -> Result<Receipt, ChainError> {
		let waiting = self.send_signed(chain, signed);
		timeout(INCLUSION_TIMEOUT, waiting).await.map_err(|_| timed_out())?
	}

	async fn send_signed(&self, chain: &Chain, signed: &SignedCall) -> Result<Receipt, ChainError> {
		let at = chain.finalised().await?;
		let reserved = self.nonces.reserve(signed.nonce);
		let sent = at.tx().from_bytes(signed.bytes.clone()).submit_and_watch().await;
		match sent {
			Ok(progress) => {
				let (signer, genesis) = (self.account(), chain.genesis());
				included(Sent { progress, call: None, signer, genesis, _nonce: reserved }).await
			},
			Err(error) => match ChainError::not_taken(error.into(), at.metadata_ref()) {
				ChainError::NotTaken { code: ALREADY_IMPORTED, .. } => {
					self.await_fate(chain, signed).await
				},
				error => Err(error),
			},
		}
	}

	/// Waits until a block includes a transaction that the pool already has. The outcome of the
	/// call remains unknown.
	async fn await_fate(&self, chain: &Chain, signed: &SignedCall) -> Result<Receipt, ChainError> {
		loop {
			match chain.fate(signed, &self.account()).await? {
				Fate::Included(block) => return Err(ChainError::Unconfirmed(block)),
				Fate::Pending => tokio::time::sleep(CHECK_INTERVAL).await,
				Fate::Void => return Err(ChainError::NotIncluded("it has expired".into())),
			}
		}
	}
}

impl Chain {
	/// Searches for a signed transaction in the blocks that can include it.
	///
	/// ## Errors
	/// [`ChainError::Incompatible`] if the node no longer has one of these blocks.
	pub async fn fate(
		&self,
		signed: &SignedCall,
		signer: &AccountId32,
	) -> Result<Fate, ChainError> {
		// The finalised block and its nonce are read before the search below. So the search also
		// covers blocks that are finalised in the meantime.
		let finalised = self.finalised().await?;
		let is_used = finalised.tx().account_nonce(signer).await? > signed.nonce;
		let end = signed.birth.saturating_add(MORTALITY);
		let last = self.best().await?.block_number().min(end);
		for number in signed.birth.saturating_add(1)..=last {
			if let Some(block) = self.block_with(number, &signed.bytes).await? {
				return Ok(Fate::Included(block));
			}
		}
		let is_void = is_used || finalised.block_number() >= end;
		Ok(if is_void { Fate::Void } else { Fate::Pending })
	}

	/// Returns the hash of a block if it includes a transaction.
	async fn block_with(&self, number: u64, bytes: &[u8]) -> Result<Option<H256>, ChainError> {
		let hash = self.rpc.chain_get_block_hash(Some(number.into())).await.map_err(rpc)?;
		let Some(hash) = hash else { return Ok(None) };
		let found = self.rpc.chain_get_block(Some(hash)).await.map_err(rpc)?;
		let pruned = || ChainError::Incompatible(format!("the node has pruned block {number}"));
		let extrinsics = found.ok_or_else(pruned)?.block.extrinsics;
		Ok(extrinsics.iter().any(|extrinsic| extrinsic.0 == bytes).then_some(hash))
	}
}
