use subxt::error::DispatchError;

/// What can go wrong between a client and the chain.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
	/// Nobody listens there, or it is no node. Start the node, or correct the URL.
	#[error("cannot reach a node at {url}: {reason}")]
	Unreachable { url: String, reason: String },
	/// The connection broke, or the node could not answer. Connect again.
	#[error("the node did not answer: {0}")]
	Node(Box<subxt::Error>),
	/// The chain refused the call: `error` is its name in the pallet's metadata.
	#[error("{pallet}.{error}: {meaning}")]
	Refused { pallet: String, error: String, meaning: String },
	/// The pool refused the transaction, or dropped it.
	#[error("the transaction was not included: {0}")]
	NotIncluded(String),
	/// It was accepted by the pool, and no block has it yet. It may still come.
	#[error("no block included the transaction within {0} s")]
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

	/// Whether the chain refused the call with that error.
	pub fn is(&self, pallet: &str, error: &str) -> bool {
		matches!(self, Self::Refused { pallet: p, error: e, .. } if p == pallet && e == error)
	}
}
