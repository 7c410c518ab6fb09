//! The numbers of transactions that somebody waits for.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The numbers of what one [`crate::Submitter`] has sent and waits for.
///
/// The node tells an account's next number by the best block and by what its pool has ready there. Where a block comes in between, that may lack for a moment
/// what was sent just now, and two transactions of one number would put each other out.
#[derive(Default)]
pub(crate) struct Numbers(Mutex<Vec<u64>>);

/// A number that is given back when this is dropped.
pub(crate) struct Taken<'a> {
	number: u64,
	numbers: &'a Numbers,
}

impl Numbers {
	/// The first number from `next` on that is not taken. One that was lost in the midst of others is, once nobody waits for it.
	pub(crate) fn free_from(&self, next: u64) -> u64 {
		let taken = self.lock();
		(next..u64::MAX).find(|number| !taken.contains(number)).unwrap_or(next)
	}

	/// Takes a number. Two may have the same: what is urgent takes the place of another.
	pub(crate) fn take(&self, number: u64) -> Taken<'_> {
		self.lock().push(number);
		Taken { number, numbers: self }
	}

	fn lock(&self) -> MutexGuard<'_, Vec<u64>> {
		self.0.lock().unwrap_or_else(PoisonError::into_inner)
	}
}

impl Drop for Taken<'_> {
	fn drop(&mut self) {
		let mut taken = self.numbers.lock();
		if let Some(place) = taken.iter().position(|number| *number == self.number) {
			taken.swap_remove(place);
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_number_that_is_waited_for_is_not_used_again() {
		let numbers = Numbers::default();
		let (five, six) = (numbers.take(5), numbers.take(6));
		assert_eq!(numbers.free_from(5), 7, "though the node may not know of them yet");
		assert_eq!(numbers.free_from(4), 4);
		drop(six);
		assert_eq!(numbers.free_from(5), 6);
		drop(five);
		assert_eq!(numbers.free_from(5), 5);
	}

	#[test]
	fn a_number_that_was_lost_is_used_before_those_behind_it() {
		let numbers = Numbers::default();
		let (lost, _behind) = (numbers.take(5), numbers.take(6));
		drop(lost);
		let next = numbers.free_from(5);
		assert_eq!(next, 5, "what is behind it waits for that");
		let _next = numbers.take(next);
		assert_eq!(numbers.free_from(next), 7);
	}

	#[test]
	fn what_is_replaced_gives_its_number_to_what_is_urgent() {
		let numbers = Numbers::default();
		let (replaced, urgent) = (numbers.take(5), numbers.take(5));
		drop(replaced);
		assert_eq!(numbers.free_from(5), 6);
		drop(urgent);
		assert_eq!(numbers.free_from(5), 5);
	}
}
