//! Signals to stop.

use tokio::signal::unix::{signal, SignalKind};

/// Returns when the process receives SIGINT or SIGTERM.
pub(crate) async fn stopped() {
	match (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) {
		(Ok(mut interrupt), Ok(mut terminate)) => {
			tokio::select! {
				_ = interrupt.recv() => {},
				_ = terminate.recv() => {},
			}
		},
		// The default action of the signals ends the process.
		_ => std::future::pending().await,
	}
}
