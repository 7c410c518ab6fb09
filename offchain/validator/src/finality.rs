//! Statements of the last finalised block. Without statements, the chain's clock stops. So
//! statements wait neither for the judging of blocks nor for the inclusion of votes.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use api::runtime_types::{
	bounded_collections::bounded_vec::BoundedVec, pallet_clock::types::Statement,
};
use hcc_chain::{api, AccountId32, Chain, ChainAt, ChainError};

use crate::{metrics::Metrics, worker::Worker};

/// The block numbers that this worker has stated as finalised.
#[derive(Default)]
pub(crate) struct Stated {
	/// The highest number that was stated so far. The chain refuses a lower number.
	highest: AtomicU32,
	/// The best block at the last refusal of a statement, or 0. A refused statement costs its fee,
	/// so the next one must wait.
	refused: AtomicU64,
}

impl Stated {
	/// Returns the number to state: `finalised`, or the highest number so far if that is greater.
	/// Call this function while no other transaction can take a nonce, so that the numbers rise
	/// with the nonces.
	pub(crate) fn raise(&self, finalised: u32) -> u32 {
		self.highest.fetch_max(finalised, Ordering::SeqCst).max(finalised)
	}

	/// Returns `true` if a statement in the block after `best` is due. `row` is the last statement
	/// of the validator in the chain's state.
	fn is_due(&self, row: Option<&Statement<AccountId32, u32>>, best: u64, interval: u64) -> bool {
		let refused = self.refused.load(Ordering::SeqCst);
		let free_from = row.map_or(0, |row| u64::from(row.at).saturating_add(interval));
		let retry_from = if refused == 0 { 0 } else { refused.saturating_add(interval) };
		best.saturating_add(1) >= free_from.max(retry_from)
	}
}

impl Worker {
	/// States the number of the last finalised block, if a statement is due.
	pub(crate) async fn state_finality(&self, chain: &Chain) -> Result<(), ChainError> {
		let validator = self.validator;
		let best = chain.best().await?;
		let interval = best.constants().entry(api::constants().clock().statement_interval())?;
		let row = statement(&best, &validator).await?;
		if !self.stated.is_due(row.as_ref(), best.block_number(), interval.into()) {
			return Ok(());
		}
		let finalised = block_number(chain.finalised_number().await?)?;
		let statement = || {
			let number = self.stated.raise(finalised);
			api::tx().verdicts().vote(validator, BoundedVec(Vec::new()), number)
		};
		let outcome = self.submitter.submit_promptly(chain, statement).await;
		note_outcome(&self.stated, &self.metrics, best.block_number(), outcome)
	}
}

/// Records the outcome of a statement. After a refusal, the next statement is due after the
/// interval.
fn note_outcome<T>(
	stated: &Stated,
	metrics: &Metrics,
	best: u64,
	outcome: Result<T, ChainError>,
) -> Result<(), ChainError> {
	match outcome {
		Ok(_) => {
			metrics.statements.inc();
			Ok(())
		},
		Err(error @ ChainError::Refused { .. }) => {
			stated.refused.store(best, Ordering::SeqCst);
			metrics.failures.inc();
			tracing::error!(%error, "the chain refused the statement of the finalised block");
			Ok(())
		},
		Err(error) => Err(error),
	}
}

/// Returns the last statement of a validator in the state of a block.
async fn statement(
	at: &ChainAt,
	validator: &AccountId32,
) -> Result<Option<Statement<AccountId32, u32>>, ChainError> {
	let rows = at.storage().fetch(api::storage().clock().statements(), ()).await?.decode()?;
	Ok(rows.0.into_iter().find(|row| row.validator == *validator))
}

/// Converts a block number to the type of the chain.
pub(crate) fn block_number(number: u64) -> Result<u32, ChainError> {
	u32::try_from(number).map_err(|_| ChainError::Incompatible("block numbers have 32 bits".into()))
}

#[cfg(test)]
mod tests {
	use super::*;

	const INTERVAL: u64 = 10;

	fn row(at: u32) -> Statement<AccountId32, u32> {
		Statement { validator: AccountId32([1; 32]), finalised: at, at }
	}

	fn refusal() -> ChainError {
		let (pallet, error) = ("Clock".into(), "BadStatement".into());
		ChainError::Refused { pallet, error, meaning: String::new() }
	}

	#[test]
	fn statement_is_due_after_interval() {
		let stated = Stated::default();
		assert!(stated.is_due(None, 1, INTERVAL));
		assert!(!stated.is_due(Some(&row(100)), 108, INTERVAL));
		assert!(stated.is_due(Some(&row(100)), 109, INTERVAL), "the next block is 110");
	}

	#[test]
	fn refused_statement_is_repeated_after_interval() {
		let (stated, metrics) = (Stated::default(), Metrics::default());
		let refused = note_outcome::<()>(&stated, &metrics, 109, Err(refusal()));
		assert!(refused.is_ok(), "the other tasks continue");
		assert!(!stated.is_due(Some(&row(100)), 110, INTERVAL));
		assert!(stated.is_due(Some(&row(100)), 118, INTERVAL));
		assert_eq!((metrics.statements.get(), metrics.failures.get()), (0, 1));
	}

	#[test]
	fn lost_statement_is_repeated_at_once() {
		let (stated, metrics) = (Stated::default(), Metrics::default());
		let lost = note_outcome::<()>(&stated, &metrics, 109, Err(ChainError::TimedOut(120)));
		assert!(lost.is_err() && stated.is_due(Some(&row(100)), 110, INTERVAL));
		note_outcome(&stated, &metrics, 110, Ok(())).expect("it was included");
		assert_eq!(metrics.statements.get(), 1);
	}

	#[test]
	fn stated_numbers_never_fall() {
		let stated = Stated::default();
		assert_eq!(stated.raise(105), 105);
		assert_eq!(stated.raise(103), 105, "votes found by an older block");
		assert_eq!(stated.raise(106), 106);
	}
}
