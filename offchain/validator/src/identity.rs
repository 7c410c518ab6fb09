//! The validator for which the worker signs.

use std::sync::{Mutex, PoisonError};

use hcc_chain::{api, AccountId32, ChainAt, ChainError};

/// The worker's account and its validator.
///
/// Any validator can name any worker key. So the worker keeps to the configured validator, or else
/// to the one that it signed for before.
pub struct Identity {
	worker: AccountId32,
	configured: Option<AccountId32>,
	known: Mutex<Option<AccountId32>>,
}

impl Identity {
	/// Creates an identity. `configured` takes precedence over `known`, the validator of an earlier
	/// run.
	pub fn new(
		worker: AccountId32,
		configured: Option<AccountId32>,
		known: Option<AccountId32>,
	) -> Self {
		Self { worker, configured, known: Mutex::new(configured.or(known)) }
	}

	/// Returns the validator in the state of a block, or `None` if no validator or several ones
	/// name this worker.
	pub async fn validator(&self, at: &ChainAt) -> Result<Option<AccountId32>, ChainError> {
		if let Some(known) = self.known() {
			let address = api::storage().validators().worker_of();
			let row = at.storage().try_fetch(address, (known,)).await?;
			let worker = row.map(|row| row.decode()).transpose()?;
			if worker == Some(self.worker) {
				return Ok(Some(known));
			}
		}
		if self.configured.is_some() {
			return Ok(None);
		}
		let found = only(self.named(at).await?);
		if found.is_some() {
			*self.known.lock().unwrap_or_else(PoisonError::into_inner) = found;
		}
		Ok(found)
	}

	/// Returns the validator that was found last.
	pub fn known(&self) -> Option<AccountId32> {
		*self.known.lock().unwrap_or_else(PoisonError::into_inner)
	}

	/// Returns the validators that name this worker.
	async fn named(&self, at: &ChainAt) -> Result<Vec<AccountId32>, ChainError> {
		let address = api::storage().validators().worker_of();
		let mut rows = at.storage().iter(address, ()).await?;
		let mut named = Vec::new();
		while let Some(row) = rows.next().await {
			let row = row?;
			if row.value().decode()? == self.worker {
				let (validator,) = row.key()?.decode()?;
				named.push(validator);
			}
		}
		Ok(named)
	}
}

/// Returns the only validator of a list.
fn only(named: Vec<AccountId32>) -> Option<AccountId32> {
	match named.as_slice() {
		[validator] => Some(*validator),
		[] => None,
		several => {
			let count = several.len();
			tracing::error!(count, "several validators name this worker: set validator");
			None
		},
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn ambiguous_validator_is_not_chosen() {
		let (one, other) = (AccountId32([1; 32]), AccountId32([2; 32]));
		assert_eq!(only(vec![one]), Some(one));
		assert_eq!(only(vec![one, other]), None);
		assert_eq!(only(Vec::new()), None);
	}

	#[test]
	fn configured_validator_takes_precedence() {
		let (worker, one, other) =
			(AccountId32([9; 32]), AccountId32([1; 32]), AccountId32([2; 32]));
		assert_eq!(Identity::new(worker, Some(one), Some(other)).known(), Some(one));
		assert_eq!(Identity::new(worker, None, Some(other)).known(), Some(other));
	}
}
