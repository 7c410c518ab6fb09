use subxt::ext::codec::{Decode, DecodeAll, Encode};

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
	answered(&answer).map_err(incompatible)
}

/// What the runtime's answer says: `Result<Vec<u8>, ViewFunctionDispatchError>`, of whose error only that there is one.
fn answered<T: Decode>(answer: &[u8]) -> Result<T, &'static str> {
	const UNDECODABLE: &str = "the runtime's answer cannot be decoded";
	let (failed, rest) = answer.split_first().ok_or("the runtime gives no answer")?;
	if *failed != 0 {
		return Err("the runtime refuses it");
	}
	let output = Vec::<u8>::decode_all(&mut &rest[..]).map_err(|_| UNDECODABLE)?;
	T::decode_all(&mut &output[..]).map_err(|_| UNDECODABLE)
}

#[cfg(test)]
mod tests {
	use subxt::ext::codec::Encode;

	use super::answered;

	#[test]
	fn an_answer_is_read_whole_or_not_at_all() {
		let answer = Ok::<_, u8>(Some(432_100_000u64).encode()).encode();
		assert_eq!(answered(&answer), Ok(Some(432_100_000u64)));
		for len in 0..answer.len() {
			assert!(answered::<Option<u64>>(&answer[..len]).is_err(), "{len}");
		}
		assert!(answered::<Option<u64>>(&[&answer[..], &[0]].concat()).is_err());
		assert!(answered::<u64>(&answer).is_err(), "of another type");
	}

	#[test]
	fn a_refusal_is_no_answer() {
		let refused = Err::<Vec<u8>, _>(2u8).encode();
		assert_eq!(answered::<Option<u64>>(&refused), Err("the runtime refuses it"));
	}
}
