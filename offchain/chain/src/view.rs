use subxt::ext::codec::{Decode, DecodeAll, Encode};

use crate::{ChainAt, ChainError};

/// Calls a view function of a pallet at a block. subxt has such a function as well, but encodes the
/// arguments without their length, so the runtime cannot decode them.
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
	decode_answer(&answer).map_err(incompatible)
}

/// Decodes the runtime's answer, `Result<Vec<u8>, ViewFunctionDispatchError>`. All dispatch errors
/// result in the same text.
fn decode_answer<T: Decode>(answer: &[u8]) -> Result<T, &'static str> {
	const UNDECODABLE: &str = "the runtime's answer cannot be decoded";
	let (failed, rest) = answer.split_first().ok_or("the runtime returned no answer")?;
	if *failed != 0 {
		return Err("the runtime refused the call");
	}
	let output = Vec::<u8>::decode_all(&mut &rest[..]).map_err(|_| UNDECODABLE)?;
	T::decode_all(&mut &output[..]).map_err(|_| UNDECODABLE)
}

#[cfg(test)]
mod tests {
	use subxt::ext::codec::Encode;

	use super::decode_answer;

	#[test]
	fn incomplete_or_longer_answer_is_rejected() {
		let answer = Ok::<_, u8>(Some(432_100_000u64).encode()).encode();
		assert_eq!(decode_answer(&answer), Ok(Some(432_100_000u64)));
		for len in 0..answer.len() {
			assert!(decode_answer::<Option<u64>>(&answer[..len]).is_err(), "{len}");
		}
		assert!(decode_answer::<Option<u64>>(&[&answer[..], &[0]].concat()).is_err());
		assert!(decode_answer::<u64>(&answer).is_err(), "the type differs");
	}

	#[test]
	fn refusal_is_an_error() {
		let refused = Err::<Vec<u8>, _>(2u8).encode();
		assert_eq!(decode_answer::<Option<u64>>(&refused), Err("the runtime refused the call"));
	}
}
