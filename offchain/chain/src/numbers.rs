//! Nonces of transactions that are pending.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The nonces of the pending transactions of one [`crate::Submitter`].
///
/// The node derives an account's next nonce from the best block and from the transactions in its
/// pool that are ready. While the node imports a block, its answer may miss a transaction that was
/// sent shortly before. Two transactions would then receive the same nonce, and one of these
/// transactions would replace the other.
#[derive(Default)]
pub(crate) struct PendingNonces(Mutex<Vec<u64>>);

/// A reserved nonce. Dropping this value releases the nonce.
pub(crate) struct ReservedNonce<'a> {
	nonce: u64,
	pending: &'a PendingNonces,
}

impl PendingNonces {
	/// Returns the lowest nonce that is at least `next` and not reserved. A transaction that was
	/// lost keeps its nonce reserved until its sender stops waiting. After that, this function
	/// returns the lost nonce.
	pub(crate) fn free_from(&self, next: u64) -> u64 {
		let reserved = self.lock();
		(next..u64::MAX).find(|nonce| !reserved.contains(nonce)).unwrap_or(next)
	}

	/// Reserves a nonce. A nonce may be reserved twice, because an urgent transaction takes the
	/// nonce of the transaction that it replaces.
	pub(crate) fn reserve(&self, nonce: u64) -> ReservedNonce<'_> {
		self.lock().push(nonce);
		ReservedNonce { nonce, pending: self }
	}

	fn lock(&self) -> MutexGuard<'_, Vec<u64>> {
		self.0.lock().unwrap_or_else(PoisonError::into_inner)
	}
}

impl Drop for ReservedNonce<'_> {
	fn drop(&mut self) {
		let mut reserved = self.pending.lock();
		if let Some(place) = reserved.iter().position(|nonce| *nonce == self.nonce) {
			reserved.swap_remove(place);
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn pending_nonce_is_not_reused() {
		let nonces = PendingNonces::default();
		let (five, six) = (nonces.reserve(5), nonces.reserve(6));
		assert_eq!(nonces.free_from(5), 7, "the node may not know them yet");
		assert_eq!(nonces.free_from(4), 4);
		drop(six);
		assert_eq!(nonces.free_from(5), 6);
		drop(five);
		assert_eq!(nonces.free_from(5), 5);
	}

	#[test]
	fn lost_nonce_is_reused_first() {
		let nonces = PendingNonces::default();
		let (lost, _behind) = (nonces.reserve(5), nonces.reserve(6));
		drop(lost);
		let next = nonces.free_from(5);
		assert_eq!(next, 5, "transactions with higher nonces wait for it");
		let _next = nonces.reserve(next);
		assert_eq!(nonces.free_from(next), 7);
	}

	#[test]
	fn urgent_transaction_keeps_nonce_of_replaced_one() {
		let nonces = PendingNonces::default();
		let (replaced, urgent) = (nonces.reserve(5), nonces.reserve(5));
		drop(replaced);
		assert_eq!(nonces.free_from(5), 6);
		drop(urgent);
		assert_eq!(nonces.free_from(5), 5);
	}
}
