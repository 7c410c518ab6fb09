//! The protocol of the service manager: `sd_notify` of systemd. Without `NOTIFY_SOCKET` in the
//! environment it has no effect.

use std::{future::Future, time::Duration};

use sd_notify::NotifyState;

use crate::{signals::stopped, Health};

/// Interval of checks of the health. A watchdog shortens it.
const CHECK_EVERY: Duration = Duration::from_secs(5);
const MAX_STATUS: usize = 200;

/// Runs a service until its work ends or a signal stops it. Returns the result of the work, or
/// `None` after a signal.
///
/// Sends the service manager `READY=1` at the start, changes of the health, and `STOPPING=1`. A
/// service that waits for its node is started: readiness for work is in its status and at
/// `/readyz`. With a watchdog it sends `WATCHDOG=1` only while all loops turn.
pub async fn supervise<T>(health: &Health, work: impl Future<Output = T>) -> Option<T> {
	notify(&[NotifyState::Ready]);
	let ended = tokio::select! {
		ended = work => Some(ended),
		() = stopped() => {
			tracing::info!("stopping");
			None
		},
		() = report(health) => None,
	};
	notify(&[NotifyState::Stopping]);
	ended
}

/// Reports the health to the service manager, without end.
async fn report(health: &Health) {
	let watchdog = sd_notify::watchdog_enabled();
	let every = watchdog.map_or(CHECK_EVERY, |limit| (limit / 3).min(CHECK_EVERY));
	let mut shown = String::new();
	loop {
		let reasons = health.unready();
		// Read last, so that a loop that is reported as stalled also stops the watchdog.
		let is_alive = health.stalled().is_empty();
		let status = status(&reasons);
		if status != shown {
			if reasons.is_empty() {
				tracing::info!("ready");
			} else {
				tracing::warn!(?reasons, "not ready");
			}
			notify(&[NotifyState::Status(&status)]);
			shown = status;
		}
		if watchdog.is_some() && is_alive {
			notify(&[NotifyState::Watchdog]);
		}
		tokio::time::sleep(every).await;
	}
}

/// Returns the status on one line.
fn status(reasons: &[String]) -> String {
	if reasons.is_empty() {
		return "ready".into();
	}
	let text = format!("not ready: {}", reasons.join("; "));
	text.chars().take(MAX_STATUS).map(|char| if char == '\n' { ' ' } else { char }).collect()
}

fn notify(states: &[NotifyState<'_>]) {
	if let Err(error) = sd_notify::notify(states) {
		tracing::debug!(%error, "cannot notify the service manager");
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn status_is_one_short_line() {
		assert_eq!(status(&[]), "ready");
		assert_eq!(status(&["a\nb".into(), "c".into()]), "not ready: a b; c");
		assert_eq!(status(&["é".repeat(500)]).chars().count(), MAX_STATUS);
	}
}
