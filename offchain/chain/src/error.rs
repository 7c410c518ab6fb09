use subxt::{
	error::{BackendError, DispatchError, ExtrinsicError, RpcError},
	rpcs::Error as RpcsError,
};

use crate::submit::MORTALITY;

/// How the node names a transaction that is invalid, as one is whose number a block has used.
pub(crate) const INVALID: i32 = 1010;
/// How the node names a transaction whose place in the pool another keeps, by its priority.
pub(crate) const TOO_LOW_PRIORITY: i32 = 1014;

/// What can go wrong between a client and the chain.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
	/// Nobody listens there, or it is no node. Start the node, or correct the URL.
	#[error("cannot reach a node at {url}: {reason}")]
	Unreachable { url: String, reason: String },
	/// The connection broke, or the node could not answer. Connect again.
	#[error("the node did not answer: {0}")]
	Node(Box<subxt::Error>),
	/// The chain refused the call, or its pool did not take it for that reason: `error` is its name in the pallet's metadata.
	#[error("{pallet}.{error}: {meaning}")]
	Refused { pallet: String, error: String, meaning: String },
	/// The node's pool did not take the transaction, which has come to nothing: `reason` says what to do, `code` is the node's.
	#[error("the pool did not take the transaction: {reason} ({code})")]
	NotTaken { code: i32, reason: String },
	/// The pool took the transaction, and let it go.
	#[error("the transaction was not included: {0}")]
	NotIncluded(String),
	/// It was accepted by the pool, and no block has it yet. It may still come until it is too old: look before you submit it again.
	#[error(
		"no block included the transaction within {0} s: one may do so until {MORTALITY} blocks after it was submitted, so look before you submit it again"
	)]
	TimedOut(u64),
	/// The node runs another chain, or a newer runtime than this client knows.
	#[error("{0}")]
	Incompatible(String),
	/// The key's text is neither a phrase nor a seed nor a path of derivation.
	#[error("no such key: {0}")]
	Key(String),
}

impl<E: Into<subxt::Error>> From<E> for ChainError {
	fn from(error: E) -> Self {
		Self::Node(Box::new(error.into()))
	}
}

impl ChainError {
	/// The error of a dispatch, by the names of the pallet and its error.
	pub(crate) fn dispatch(error: &DispatchError) -> Self {
		if let DispatchError::Module(module) = error {
			if let Ok(details) = module.details() {
				return Self::Refused {
					pallet: details.pallet.name().to_string(),
					error: details.variant.name.clone(),
					meaning: details.variant.docs.join(" ").trim().to_string(),
				};
			}
		}
		Self::Refused { pallet: "chain".into(), error: error.to_string(), meaning: String::new() }
	}

	/// The reason for which the pool took no transaction: one of ours, by the number that the runtime's extension `CheckStanding` gives, or the pool's own.
	/// Anything else is an error of the node.
	pub(crate) fn not_taken(error: subxt::Error, metadata: &subxt::Metadata) -> Self {
		let told = format!("{error:?}");
		let number = told.split_once("Custom error: ").and_then(|(_, rest)| {
			let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
			rest.get(..end)?.parse().ok()
		});
		let standing = number.and_then(|number| Self::standing(number, metadata));
		let known = standing.or_else(|| Self::untaken(&error));
		known.unwrap_or_else(|| error.into())
	}

	/// What a node's pool says; none where it is something else that went wrong.
	fn untaken(error: &subxt::Error) -> Option<Self> {
		let subxt::Error::ExtrinsicError(ExtrinsicError::ErrorSubmittingTransaction(
			BackendError::Rpc(RpcError::ClientError(RpcsError::User(said))),
		)) = error
		else {
			return None;
		};
		let data = said.data.as_deref().map_or("", |data| data.get());
		let reason = reason(said.code, &said.message, data.trim_matches('"'))?;
		Some(Self::NotTaken { code: said.code, reason })
	}

	fn standing(number: u8, metadata: &subxt::Metadata) -> Option<Self> {
		const PALLETS: [&str; 4] = ["Attestation", "Verdicts", "Registry", "Oracle"];
		let pallet = metadata.pallet_by_name(PALLETS.get(usize::from(number / 64))?)?;
		let error = pallet.error_variant_by_index(number % 64)?;
		Some(Self::Refused {
			pallet: pallet.name().to_string(),
			error: error.name.clone(),
			meaning: error.docs.join(" ").trim().to_string(),
		})
	}

	/// Whether the chain refused the call with that error.
	pub fn is(&self, pallet: &str, error: &str) -> bool {
		matches!(self, Self::Refused { pallet: p, error: e, .. } if p == pallet && e == error)
	}
}

/// Why a pool takes no transaction, and what to do, by the node's code, message and data: `sc-rpc-api`, `author/error.rs`. None where that is none of these codes.
fn reason(code: i32, message: &str, data: &str) -> Option<String> {
	let said = if data.is_empty() { message } else { data };
	let reason: String = match code {
		1001 => "the node cannot read it: update this program".into(),
		1002 => format!("the node's runtime could not judge it: {said}"),
		INVALID => invalid(said),
		1011 => format!("whether it is valid cannot be told now: submit it again later ({said})"),
		1012 => "it was invalid before, and is banned for half an hour: wait".into(),
		1013 => "the pool has it already: wait until a block includes it".into(),
		TOO_LOW_PRIORITY => "another transaction of this account waits with its number: wait \
			until a block includes that, and submit it again"
			.into(),
		1015 => "it and others wait for each other: wait until these are gone".into(),
		1016 => "the pool is full: wait, and submit it again".into(),
		1018 => "the node neither makes blocks nor passes it on: use another node".into(),
		1020 => "the node does not know its own last block: wait until it has synced".into(),
		1021 => "the pool takes none ahead of its turn: wait until blocks include those \
			before it"
			.into(),
		code if (1000..1100).contains(&code) => said.into(),
		_ => return None,
	};
	Some(reason)
}

/// Why a transaction is invalid, by the runtime's words: `sp-runtime`, `transaction_validity.rs`.
fn invalid(said: &str) -> String {
	const MEANINGS: [(&str, &str); 7] = [
		("Inability to pay", "the account cannot pay the fee: send some α to it"),
		("is outdated", "a block has another transaction of its number: submit it again"),
		("ancient birth block", "it is too old: submit it again, to a node that has synced"),
		("exhaust the block limits", "it is too large for a block"),
		("bad signature", "the node's chain or runtime is another: update this program"),
		("Custom error: 255", "calls of that kind are not taken from this account, or not alone"),
		("valid in the future", "those before it are missing: wait, and submit it again"),
	];
	let known = MEANINGS.iter().find(|(words, _)| said.contains(words));
	known.map_or_else(|| format!("it is invalid: {said}"), |(_, meaning)| (*meaning).into())
}

#[cfg(test)]
mod tests {
	use subxt::{
		rpcs::{client::RawValue, UserError},
		Metadata,
	};

	use super::*;

	/// What a node answers to what is submitted.
	fn answered(code: i32, message: &str, data: Option<&str>) -> subxt::Error {
		let data = data.map(|data| RawValue::from_string(format!("\"{data}\"")).expect("JSON"));
		let said = UserError { code, message: message.into(), data };
		let said = BackendError::from(RpcsError::User(said));
		ExtrinsicError::ErrorSubmittingTransaction(said).into()
	}

	fn told(code: i32, data: &str) -> String {
		let told = ChainError::untaken(&answered(code, "Invalid Transaction", Some(data)));
		told.expect("it is known").to_string()
	}

	#[test]
	fn what_the_pool_says_is_told_with_what_to_do() {
		let pay = told(INVALID, "Inability to pay some fees (e.g. account balance too low)");
		assert!(pay.ends_with("the account cannot pay the fee: send some α to it (1010)"), "{pay}");
		assert!(told(INVALID, "Transaction is outdated").contains("submit it again"));
		assert!(told(INVALID, "Custom error: 255").contains("not taken from this account"));
		assert!(told(INVALID, "something new").contains("it is invalid: something new"));
		assert!(told(1012, "").contains("banned"));
		assert!(told(1013, "0x00").contains("already"));
		assert!(told(TOO_LOW_PRIORITY, "").contains("waits with its number"));
		assert!(told(1016, "").contains("the pool is full"));
		assert!(told(1040, "something new").contains("something new"));
	}

	#[test]
	fn what_is_not_of_the_pool_is_an_error_of_the_node() {
		let internal = answered(-32603, "Internal error", None);
		assert!(ChainError::untaken(&internal).is_none());
		assert!(ChainError::untaken(&subxt::Error::other_str("the connection is gone")).is_none());
	}

	#[test]
	fn what_the_runtime_says_by_a_number_is_told_by_its_name() {
		let metadata = Metadata::decode_from(include_bytes!("../hccs.scale")).expect("metadata");
		let number = |number: u8| {
			let data = format!("Custom error: {number}");
			ChainError::not_taken(answered(INVALID, "Invalid Transaction", Some(&data)), &metadata)
		};
		let first = number(0);
		assert!(
			matches!(&first, ChainError::Refused { pallet, .. } if pallet == "Attestation"),
			"{first}"
		);
		let unknown = number(63);
		assert!(matches!(&unknown, ChainError::NotTaken { code: INVALID, .. }), "{unknown}");
	}

	#[test]
	fn what_may_still_come_is_told_so() {
		let told = ChainError::TimedOut(120).to_string();
		assert!(told.contains("within 120 s") && told.contains("64 blocks"), "{told}");
	}
}
