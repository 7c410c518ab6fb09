//! Detects a node that lags behind, because such a node has a stale state of VMs.

use std::{
	fmt,
	time::{Duration, SystemTime},
};

use hcc_chain::{api, Chain, ChainAt};

/// Maximum age of the last finalised block of a node that does not lag behind.
const RECENT: Duration = Duration::from_secs(5 * 60);

/// Reasons why the agent must not end a VM because of the node's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behind {
	/// The node is still downloading blocks. Wait.
	Syncing,
	/// The last finalised block is old: the node lost its peers, finality has stalled, or this
	/// host's clock is wrong.
	Old(Duration),
	/// The last finalised block is ahead of this host's clock, so its age is unknown. Set the
	/// clock.
	Early(Duration),
}

impl Behind {
	/// Returns true if both reasons are of the same kind, regardless of their durations.
	pub(crate) fn is_same_kind(&self, other: &Self) -> bool {
		std::mem::discriminant(self) == std::mem::discriminant(other)
	}
}

impl fmt::Display for Behind {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		match self {
			Self::Syncing => f.write_str("the node is syncing: wait until it is done"),
			Self::Old(age) => write!(
				f,
				"the node's last finalised block is {} s old, more than {} s: check its peers, and this host's clock",
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

/// Returns the last finalised block, or the reason why the node lags or may lag behind.
pub(crate) async fn finalised_now(chain: &Chain) -> anyhow::Result<Result<ChainAt, Behind>> {
	let syncing = chain.is_syncing().await?;
	let at = chain.finalised().await?;
	let made = at.storage().fetch(api::storage().timestamp().now(), ()).await?.decode()?;
	// A time before 1970 counts as 1970.
	let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
	Ok(match behind(syncing, Duration::from_millis(made), now) {
		Some(behind) => Err(behind),
		None => Ok(at),
	})
}

/// Returns the reason why a node lags or may lag behind: it syncs, or its last finalised block is
/// too old or too new. `made` is the time of this block. Both times are durations since 1970.
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
	fn syncing_node_is_behind() {
		assert_eq!(behind(true, NOW, NOW), Some(Behind::Syncing));
	}

	#[test]
	fn old_finalised_block_is_behind() {
		assert_eq!(behind(false, NOW - RECENT, NOW), None);
		let second = Duration::from_secs(1);
		let older = behind(false, NOW - RECENT - second, NOW);
		assert_eq!(older, Some(Behind::Old(RECENT + second)));
	}

	#[test]
	fn slow_clock_is_detected() {
		assert_eq!(behind(false, NOW + RECENT, NOW), None, "clocks differ");
		assert_eq!(behind(false, NOW, Duration::ZERO), Some(Behind::Early(NOW)));
	}

	#[test]
	fn same_reason_matches_any_duration() {
		assert!(Behind::Old(RECENT).is_same_kind(&Behind::Old(2 * RECENT)));
		assert!(!Behind::Old(RECENT).is_same_kind(&Behind::Syncing));
	}
}
