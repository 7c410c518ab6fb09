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
	/// The chain refused the call, or its pool did not take it: `error` is its name in the pallet's metadata.
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

	/// The reason for which the pool took no transaction, where it is one of ours: the number that the runtime's extension `CheckStanding` gives.
	pub(crate) fn not_taken(error: subxt::Error, metadata: &subxt::Metadata) -> Self {
		let told = format!("{error:?}");
		let number = told.split_once("Custom error: ").and_then(|(_, rest)| {
			let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
			rest.get(..end)?.parse().ok()
		});
		number.and_then(|number| Self::standing(number, metadata)).unwrap_or_else(|| error.into())
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
