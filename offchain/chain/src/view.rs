use subxt::ext::codec::{Decode, Encode};

use crate::{ChainAt, ChainError};

/// Asks a view function of a pallet at a block.
///
/// subxt has this as well, but hands the runtime arguments that lack their length, which it cannot read.
pub async fn view<T: Decode>(
	at: &ChainAt,
	pallet: &str,
	function: &str,
	arguments: impl Encode,
) -> Result<T, ChainError> {
	let incompatible =
		|what: &str| ChainError::Incompatible(format!("{pallet}.{function}: {what}"));
	let id = at
		.metadata_ref()
		.pallet_by_name(pallet)
		.and_then(|pallet| pallet.view_function_by_name(function))
		.map(|function| *function.query_id())
		.ok_or_else(|| incompatible("the runtime has no such view function"))?;
	let input = (id, arguments.encode()).encode();
	let answer = at
		.runtime_apis()
		.call_raw("RuntimeViewFunction_execute_view_function", Some(&input))
		.await?;
	let undecodable = |_| incompatible("the runtime's answer cannot be decoded");
	// Of the error, only that there is one: its type is the runtime's own.
	let (failed, rest) =
		answer.split_first().ok_or_else(|| incompatible("the runtime gives no answer"))?;
	if *failed != 0 {
		return Err(incompatible("the runtime refuses it"));
	}
	let output = Vec::<u8>::decode(&mut &rest[..]).map_err(undecodable)?;
	T::decode(&mut &output[..]).map_err(undecodable)
}
