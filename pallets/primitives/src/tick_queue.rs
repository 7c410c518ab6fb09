//! Queues of work that are keyed by tick. Books work, processes overdue ticks, and bounds
//! histories.

use frame_support::{traits::Get, BoundedVec};

use crate::Tick;

/// Maximum number of ticks by which a booking is postponed because earlier ticks are full.
pub const SLACK: Tick = 16;

/// Books work at the first tick from `earliest` to `earliest + SLACK` at which `append` succeeds.
///
/// Returns the tick, or `None` if all these ticks are full.
pub fn book<E>(earliest: Tick, mut append: impl FnMut(Tick) -> Result<(), E>) -> Option<Tick> {
	(earliest..=earliest.saturating_add(SLACK)).find(|tick| append(*tick).is_ok())
}

/// Processes the ticks after `done`, up to and including `now`, in order, but not more than `most`
/// of them.
///
/// `process` returns `false` if the block has no room for the work of a tick. The next call then
/// starts with that tick. Returns the last complete tick, which the caller stores as its cursor.
pub fn catch_up(
	mut done: Tick,
	now: Tick,
	most: u32,
	mut process: impl FnMut(Tick) -> bool,
) -> Tick {
	let last = now.min(done.saturating_add(most));
	while done < last {
		let tick = done.saturating_add(1);
		if !process(tick) {
			break;
		}
		done = tick;
	}
	done
}

/// Appends an item to a bounded history. A full history loses its oldest item.
pub fn push_evicting<T, S: Get<u32>>(history: &mut BoundedVec<T, S>, item: T) {
	if history.is_full() && !history.is_empty() {
		history.remove(0);
	}
	// Fails only if the bound is zero: such a history keeps nothing.
	let _ = history.try_push(item);
}

#[cfg(test)]
mod tests {
	use frame_support::traits::ConstU32;

	use super::*;

	#[test]
	fn book_takes_first_tick_with_room() {
		let full_before =
			|limit: Tick| move |tick: Tick| if tick < limit { Err(()) } else { Ok(()) };
		assert_eq!(book(10, full_before(0)), Some(10));
		assert_eq!(book(10, full_before(13)), Some(13));
		assert_eq!(book(10, full_before(10 + SLACK)), Some(10 + SLACK));
		assert_eq!(book(10, full_before(11 + SLACK)), None);
	}

	#[test]
	fn catch_up_stops_at_now_limit_or_refusal() {
		let mut seen = Vec::new();
		let mut all = |tick| {
			seen.push(tick);
			true
		};
		assert_eq!(catch_up(3, 6, 16, &mut all), 6);
		assert_eq!(catch_up(6, 6, 16, &mut all), 6);
		assert_eq!(catch_up(6, 100, 2, &mut all), 8);
		assert_eq!(seen, [4, 5, 6, 7, 8]);
		assert_eq!(catch_up(0, 9, 16, |tick| tick < 5), 4);
	}

	#[test]
	fn full_history_loses_its_oldest_item() {
		let mut history = BoundedVec::<u8, ConstU32<3>>::new();
		for item in 1..=5 {
			push_evicting(&mut history, item);
		}
		assert_eq!(history.into_inner(), [3, 4, 5]);
		let mut none = BoundedVec::<u8, ConstU32<0>>::new();
		push_evicting(&mut none, 1);
		assert!(none.is_empty());
	}
}
