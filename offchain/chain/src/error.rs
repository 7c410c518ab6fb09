use subxt::{
	error::{BackendError, DispatchError, ExtrinsicError, RpcError},
	rpcs::Error as RpcsError,
};

use crate::{compatibility::incompatible_item, submit::MORTALITY, H256};

/// The code for an invalid transaction, for example a transaction whose nonce was already used in a
/// block.
pub(crate) const INVALID: i32 = 1010;
/// The code for a transaction whose nonce is taken in the pool by a transaction of equal or higher
/// priority.
pub(crate) const TOO_LOW_PRIORITY: i32 = 1014;

/// An error in the communication between a client and the chain.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
	/// No node listens at this URL. Start the node, or correct the URL.
	#[error("cannot reach a node at {url}: {reason}")]
	Unreachable { url: String, reason: String },
	/// The connection broke, or the node could not answer. Connect again.
	#[error("the node did not answer: {0}")]
	Node(Box<subxt::Error>),
	/// The runtime refused the call, either in a block or when the pool validated it. `error` is
	/// the name of the error in the metadata of `pallet`.
	#[error("{pallet}.{error}: {meaning}")]
	Refused { pallet: String, error: String, meaning: String },
	/// The node's pool rejected the transaction, so it has no effect. `reason` contains the remedy,
	/// and `code` is the error code of the node's RPC.
	#[error("the pool rejected the transaction: {reason} ({code})")]
	NotTaken { code: i32, reason: String },
	/// The pool accepted the transaction and dropped it later.
	#[error("the transaction was not included: {0}")]
	NotIncluded(String),
	/// The pool accepted the transaction, but no block included it in time. A block may still
	/// include the transaction until it expires. Check that before you submit it again.
	#[error(
		"no block included the transaction within {0} s: one may still do so until {MORTALITY} blocks after submission, so check before you submit it again"
	)]
	TimedOut(u64),
	/// A block includes the transaction, but its outcome is unknown: the state does not show it,
	/// and the node could not return the block's events. Check the state before you submit it
	/// again.
	#[error("block {0:?} includes the transaction, but its outcome is unknown: check the state")]
	Unconfirmed(H256),
	/// The node belongs to another chain, or its runtime differs from the runtime that this program
	/// was built for. The text gives the remedy, and both versions if they are known.
	#[error("{0}")]
	Incompatible(String),
	/// The secret URI is neither a phrase nor a seed nor a derivation path.
	#[error("invalid key: {0}")]
	Key(String),
}

impl<E: Into<subxt::Error>> From<E> for ChainError {
	fn from(error: E) -> Self {
		let error = error.into();
		incompatible_item(&error).unwrap_or_else(|| Self::Node(Box::new(error)))
	}
}

impl ChainError {
	/// Converts a dispatch error. An error of a pallet is converted to the names of the pallet and
	/// of the error.
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

	/// Returns the error for an included call that had no effect for an unknown reason.
	pub(crate) fn no_effect(block: H256) -> Self {
		Self::Refused {
			pallet: "chain".into(),
			error: "NoEffect".into(),
			meaning: format!("block {block:?} includes the call, and its state shows no effect"),
		}
	}

	/// Returns `true` if the node has pruned the state or the body of a block.
	pub fn is_pruned(&self) -> bool {
		// Error texts of `sc-client-db` and `sp-blockchain`. The RPC has no separate error code for
		// pruned data.
		const TEXTS: [&str; 3] = ["State already discarded", "UnknownBlock", "Unknown block"];
		let Self::Node(error) = self else { return false };
		let text = format!("{error:?}");
		TEXTS.iter().any(|known| text.contains(known))
	}

	/// Converts an error of a submission. If the runtime's extension `CheckStanding` rejected the
	/// transaction, its number stands for an error of a pallet. The other cases are an error of the
	/// pool and an error of the node.
	pub(crate) fn not_taken(error: subxt::Error, metadata: &subxt::Metadata) -> Self {
		let text = format!("{error:?}");
		let number = text.split_once("Custom error: ").and_then(|(_, rest)| {
			let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
			rest.get(..end)?.parse().ok()
		});
		let standing = number.and_then(|number| Self::standing(number, metadata));
		let known = standing.or_else(|| Self::from_pool(&error));
		known.unwrap_or_else(|| error.into())
	}

	/// Converts an error of a node's pool. Returns `None` for any other error.
	fn from_pool(error: &subxt::Error) -> Option<Self> {
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
		const PALLETS: [&str; 5] = ["Attestation", "Verdicts", "Registry", "Oracle", "Compute"];
		const CODES_PER_PALLET: u8 = 48;
		let pallet =
			metadata.pallet_by_name(PALLETS.get(usize::from(number / CODES_PER_PALLET))?)?;
		let error = pallet.error_variant_by_index(number % CODES_PER_PALLET)?;
		Some(Self::Refused {
			pallet: pallet.name().to_string(),
			error: error.name.clone(),
			meaning: error.docs.join(" ").trim().to_string(),
		})
	}

	/// Returns `true` if the runtime refused the call with this error.
	pub fn is(&self, pallet: &str, error: &str) -> bool {
		matches!(self, Self::Refused { pallet: p, error: e, .. } if p == pallet && e == error)
	}
}

/// Returns the reason why a pool rejected a transaction, with the remedy. Returns `None` for an
/// unknown code. The node sent `code`, `message` and `data`: see `sc-rpc-api`, `author/error.rs`.
fn reason(code: i32, message: &str, data: &str) -> Option<String> {
	let said = if data.is_empty() { message } else { data };
	let reason: String = match code {
		1001 => "the node cannot decode it: update this program".into(),
		1002 => format!("the node's runtime could not validate it: {said}"),
		INVALID => invalid(said),
		1011 => format!("its validity is unknown at present: submit it again later ({said})"),
		1012 => "it was invalid before, and is banned for half an hour: wait".into(),
		1013 => "it is already in the pool: wait until a block includes it".into(),
		TOO_LOW_PRIORITY => {
			"another transaction of this account has its nonce: wait until a block \
			includes that one, and submit it again"
				.into()
		},
		1015 => {
			"it and other transactions depend on each other: wait until the pool drops them".into()
		},
		1016 => "the pool is full: wait, and submit it again".into(),
		1018 => "the node neither makes blocks nor propagates it: use another node".into(),
		1020 => "the node does not know its latest block: wait until it has synced".into(),
		1021 => "its nonce is too high for the pool: wait until blocks include the \
			transactions before it"
			.into(),
		code if (1000..1100).contains(&code) => said.into(),
		_ => return None,
	};
	Some(reason)
}

/// Returns the reason why a transaction is invalid, with the remedy. The reason is derived from the
/// runtime's message: see `sp-runtime`, `transaction_validity.rs`.
fn invalid(said: &str) -> String {
	const MEANINGS: [(&str, &str); 7] = [
		("Inability to pay", "the account cannot pay the fee: send some α to it"),
		("is outdated", "a block has another transaction with its nonce: submit it again"),
		("ancient birth block", "it has expired: submit it again, to a node that has synced"),
		("exhaust the block limits", "it is too large for a block"),
		("bad signature", "the node has another chain or runtime: update this program"),
		(
			"Custom error: 255",
			"this account may not make calls of this kind, or not inside another call",
		),
		("valid in the future", "transactions before it are missing: wait, and submit it again"),
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

	/// Returns the error with which a node answers a submission.
	fn node_error(code: i32, message: &str, data: Option<&str>) -> subxt::Error {
		let data = data.map(|data| RawValue::from_string(format!("\"{data}\"")).expect("JSON"));
		let said = UserError { code, message: message.into(), data };
		let said = BackendError::from(RpcsError::User(said));
		ExtrinsicError::ErrorSubmittingTransaction(said).into()
	}

	fn message(code: i32, data: &str) -> String {
		let error = ChainError::from_pool(&node_error(code, "Invalid Transaction", Some(data)));
		error.expect("the code is known").to_string()
	}

	#[test]
	fn pool_error_contains_remedy() {
		let pay = message(INVALID, "Inability to pay some fees (e.g. account balance too low)");
		assert!(pay.ends_with("the account cannot pay the fee: send some α to it (1010)"), "{pay}");
		assert!(message(INVALID, "Transaction is outdated").contains("submit it again"));
		assert!(message(INVALID, "Custom error: 255").contains("this account may not make calls"));
		assert!(message(INVALID, "something new").contains("it is invalid: something new"));
		assert!(message(1012, "").contains("banned"));
		assert!(message(1013, "0x00").contains("already"));
		assert!(message(TOO_LOW_PRIORITY, "").contains("has its nonce"));
		assert!(message(1016, "").contains("the pool is full"));
		assert!(message(1040, "something new").contains("something new"));
	}

	#[test]
	fn other_error_is_an_error_of_the_node() {
		let internal = node_error(-32603, "Internal error", None);
		assert!(ChainError::from_pool(&internal).is_none());
		assert!(
			ChainError::from_pool(&subxt::Error::other_str("the connection is closed")).is_none()
		);
	}

	#[test]
	fn custom_error_is_reported_by_name() {
		let metadata = Metadata::decode_from(include_bytes!("../hccs.scale")).expect("metadata");
		let number = |number: u8| {
			let data = format!("Custom error: {number}");
			ChainError::not_taken(
				node_error(INVALID, "Invalid Transaction", Some(&data)),
				&metadata,
			)
		};
		let first = number(0);
		assert!(
			matches!(&first, ChainError::Refused { pallet, .. } if pallet == "Attestation"),
			"{first}"
		);
		let last = number(4 * 48);
		assert!(
			matches!(&last, ChainError::Refused { pallet, .. } if pallet == "Compute"),
			"{last}"
		);
		let unknown = number(47);
		assert!(matches!(&unknown, ChainError::NotTaken { code: INVALID, .. }), "{unknown}");
	}

	#[test]
	fn pruned_state_is_recognised() {
		let message = "Client error: UnknownBlock: State already discarded for 0x01";
		let pruned = ChainError::from(node_error(4003, message, None));
		assert!(pruned.is_pruned(), "{pruned}");
		assert!(!ChainError::from(node_error(-32603, "Internal error", None)).is_pruned());
		assert!(!ChainError::TimedOut(120).is_pruned());
	}

	#[test]
	fn timeout_states_remaining_lifetime() {
		let text = ChainError::TimedOut(120).to_string();
		assert!(text.contains("within 120 s") && text.contains("64 blocks"), "{text}");
	}
}
