//! Configurations of VMs in block bodies. The state of the chain contains only their hashes.

use crate::{calls::Body, Chain, ChainAt, ChainError};

/// Returns the configuration with this hash from the body of a block, which the order names.
///
/// Returns `None` if the body is pruned, or contains the bytes in a form that this program does not
/// know.
pub async fn configuration(
	chain: &Chain,
	at: &ChainAt,
	block: u32,
	hash: &[u8; 32],
) -> Result<Option<Vec<u8>>, ChainError> {
	let body = Body::fetch_by_number(chain, at, block.into()).await?;
	Ok(body.and_then(|body| body.configuration(hash)))
}
