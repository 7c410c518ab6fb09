//! Whether what the node says is of now: one that lags behind tells of VMs as they were.

use std::{
	fmt,
	time::{Duration, SystemTime},
};

use hcc_chain::{api, Chain, ChainAt};

/// How old the last finalised block may be.
const RECENT: Duration = Duration::from_secs(5 * 60);

/// Why the node's word is not enough to end a VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behind {
	/// It is still fetching blocks. Wait.
	Syncing,
	/// The last block that it knows to be finalised is old: its connection to others is lost, finality has stopped, or this host's clock is wrong.
	Old(Duration),
	/// By this host's clock that block is of the future, so that nothing can be said of its age. Set the clock.
	Early(Duration),
}

impl Behind {
	/// Whether the reason is the same, whatever its measure.
	pub(crate) fn is_like(&self, other: &Self) -> bool {
		std::mem::discriminant(self) == std::mem::discriminant(other)
	}
}

impl fmt::Display for Behind {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		match self {
			Self::Syncing => f.write_str("the node is syncing: wait until it is done"),
			Self::Old(age) => write!(
				f,
				"the node's last finalised block is {} s old, and may be {} s: look after its peers, and this host's clock",
				age.as_secs(),
				RECENT.as_secs()
			),
			Self::Early(by) => write!(
				f,
				"the node's last finalised block is {} s ahead of this host's clock: set the clock",
				by.as_secs()
			),
		}
	}
}

/// The last finalised block, if the node is not behind.
pub(crate) async fn finalised_now(chain: &Chain) -> anyhow::Result<Result<ChainAt, Behind>> {
	let syncing = chain.is_syncing().await?;
	let at = chain.finalised().await?;
	let made = at.storage().fetch(api::storage().timestamp().now(), ()).await?.decode()?;
	// A clock that is set to a time before that is as wrong as one that is set to it.
	let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
	Ok(match behind(syncing, Duration::from_millis(made), now) {
		Some(behind) => Err(behind),
		None => Ok(at),
	})
}

/// Why a node is behind, or may be: by its own word, or by the age of the last finalised block. Both times are since 1970.
fn behind(syncing: bool, made: Duration, now: Duration) -> Option<Behind> {
	if syncing {
		return Some(Behind::Syncing);
	}
	let (age, early) = (now.saturating_sub(made), made.saturating_sub(now));
	if early > RECENT {
		return Some(Behind::Early(early));
	}
	(age > RECENT).then_some(Behind::Old(age))
}

#[cfg(test)]
mod tests {
	use super::*;

	const NOW: Duration = Duration::from_secs(1_800_000_000);

	#[test]
	fn a_node_that_syncs_is_behind_whatever_its_blocks_say() {
		assert_eq!(behind(true, NOW, NOW), Some(Behind::Syncing));
	}

	#[test]
	fn a_node_whose_finalised_block_is_old_is_behind() {
		assert_eq!(behind(false, NOW - RECENT, NOW), None);
		let second = Duration::from_secs(1);
		let older = behind(false, NOW - RECENT - second, NOW);
		assert_eq!(older, Some(Behind::Old(RECENT + second)));
	}

	#[test]
	fn a_clock_that_is_behind_hides_no_old_block() {
		assert_eq!(behind(false, NOW + RECENT, NOW), None, "clocks differ");
		assert_eq!(behind(false, NOW, Duration::ZERO), Some(Behind::Early(NOW)));
	}

	#[test]
	fn the_same_reason_is_known_again() {
		assert!(Behind::Old(RECENT).is_like(&Behind::Old(2 * RECENT)));
		assert!(!Behind::Old(RECENT).is_like(&Behind::Syncing));
	}
}
