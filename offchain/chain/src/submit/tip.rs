//! Tips for normal calls with a deadline.
//!
//! A normal call waits in the pool while other calls fill the space for normal calls in each block.
//! Calls with higher tips go first. So the tip of a call with a deadline is doubled until a block
//! includes the call.

use std::{future::Future, time::Duration};

use subxt::tx::Payload;
use tokio::time::timeout;

use super::{included, is_occupied, timed_out, Receipt, Submitter};
use crate::{Chain, ChainError};

/// The first tip: 10⁻³ α.
const FIRST: u128 = 1_000_000;
/// Maximum number of raises. The last tip is 0.032 α.
const RAISES: u32 = 6;
/// Time without inclusion after which the tip is raised: three blocks.
const RAISE_AFTER: Duration = Duration::from_secs(18);

/// Returns the tip after a number of raises. Without a raise, the tip is zero.
fn tip(raises: u32) -> u128 {
	let Some(doublings) = raises.min(RAISES).checked_sub(1) else { return 0 };
	FIRST.saturating_mul(2u128.saturating_pow(doublings))
}

impl Submitter {
	/// Submits a call of the class `Normal` that has a deadline, as [`Self::submit`] does. Until a
	/// block includes the call, it is resubmitted with higher and higher tips. Each new
	/// transaction replaces the previous one.
	///
	/// Tips have no effect on the priority of operational calls.
	///
	/// ## Errors
	/// The errors of [`Self::submit`].
	pub async fn submit_raising_tip<P: Payload>(
		&self,
		chain: &Chain,
		call: &P,
	) -> Result<Receipt, ChainError> {
		let _room = self.acquire_room(1).await?;
		let (nonce, sent) = {
			let _nonce_lock = self.nonce_lock.lock().await;
			let nonce = self.next_nonce(chain).await?;
			(nonce, self.send_tipped(chain, call, nonce, tip(0)).await?)
		};
		let resend = |raises| async move {
			Ok::<_, ChainError>(included(self.send_tipped(chain, call, nonce, tip(raises)).await?))
		};
		wait_raising(included(sent), RAISE_AFTER, resend).await
	}
}

/// Waits until a block includes a transaction. Each time that the period `each` passes without
/// inclusion, sends the transaction again. `resend` takes the number of raises.
async fn wait_raising<T, W, R>(
	first: W,
	each: Duration,
	resend: impl Fn(u32) -> R,
) -> Result<T, ChainError>
where
	W: Future<Output = Result<T, ChainError>>,
	R: Future<Output = Result<W, ChainError>>,
{
	let mut waiting = Box::pin(first);
	for raises in 1..=RAISES {
		if let Ok(outcome) = timeout(each, waiting.as_mut()).await {
			return outcome;
		}
		match resend(raises).await {
			Ok(next) => waiting = Box::pin(next),
			// Either a block has included the transaction in the meantime, or the account cannot
			// pay the tip.
			Err(error) if is_occupied(&error) => {},
			Err(error) => return Err(error),
		}
	}
	timeout(each, waiting).await.map_err(|_| timed_out())?
}

#[cfg(test)]
mod tests {
	use std::{
		cell::RefCell,
		future::{pending, ready},
		pin::Pin,
	};

	use super::*;
	use crate::error::INVALID;

	type Waiting = Pin<Box<dyn Future<Output = Result<u32, ChainError>>>>;

	const EACH: Duration = Duration::from_millis(20);

	#[test]
	fn tip_doubles_up_to_limit() {
		let tips: Vec<_> = (0..=RAISES).map(tip).collect();
		let thousandths = [0, 1, 2, 4, 8, 16, 32].map(|part| part * FIRST);
		assert_eq!(tips, thousandths);
		assert_eq!(tip(u32::MAX), tip(RAISES));
	}

	#[tokio::test]
	async fn tip_is_raised_until_inclusion() {
		let raised = RefCell::new(Vec::new());
		let resend = |raises: u32| {
			raised.borrow_mut().push(raises);
			let waiting: Waiting = match raises {
				3 => Box::pin(ready(Ok(7))),
				_ => Box::pin(pending()),
			};
			ready(Ok(waiting))
		};
		let first: Waiting = Box::pin(pending());
		let outcome = wait_raising(first, EACH, resend).await;
		assert_eq!(outcome.expect("it is included"), 7);
		assert_eq!(raised.into_inner(), [1, 2, 3]);
	}

	/// A block includes the transaction while it is sent again. Sending then fails because the
	/// nonce is used.
	#[tokio::test]
	async fn included_transaction_is_awaited_although_resend_fails() {
		let first: Waiting = Box::pin(async {
			tokio::time::sleep(EACH.saturating_mul(2)).await;
			Ok(7)
		});
		let resend = |_| {
			ready(Err(ChainError::NotTaken { code: INVALID, reason: "the nonce is used".into() }))
		};
		assert_eq!(wait_raising(first, EACH, resend).await.expect("it is included"), 7);
	}

	#[tokio::test]
	async fn wait_ends_after_last_raise() {
		let first: Waiting = Box::pin(pending());
		let resend = |_| ready(Ok(Box::pin(pending()) as Waiting));
		let outcome = wait_raising(first, EACH, resend).await;
		assert!(matches!(outcome, Err(ChainError::TimedOut(_))));
	}
}
