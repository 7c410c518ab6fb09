//! The relay: one TCP port that leads tenants to their VMs.
//!
//! It is not trusted. SSH is end to end, and tenants pin the VM's host key from the finalised boot
//! row. The relay therefore bounds its own cost only.

mod access;
mod console;
mod limits;
mod pipe;
mod publish;
mod session;

#[cfg(test)]
mod tests;

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context;
use hcc_chain::{AccountId32, Submitter};
use tokio::{net::TcpListener, sync::Semaphore};

use crate::{
	config::{Config, RelayConfig},
	run::until_success,
};
use access::{RunDir, VmDirectory};
use limits::Limits;

pub(crate) use access::VmAccess;

/// Maximum number of clients that have not stated a valid request yet.
const MAX_GREETINGS: usize = 64;
/// Pause after the system could not accept a connection, for example for lack of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);
/// Delay before the relay of a running agent listens again after a failure.
const LISTEN_AGAIN_AFTER: Duration = Duration::from_secs(10);

/// A relay to the VMs of a directory.
struct Relay<D> {
	vms: D,
	limits: Arc<Limits>,
	/// Limits clients that have not stated a valid request yet.
	greetings: Arc<Semaphore>,
	idle: Duration,
}

impl<D: VmDirectory> Relay<D> {
	fn new(vms: D, config: &RelayConfig) -> Self {
		Self {
			vms,
			limits: Limits::new(config.connections, config.connections_per_vm),
			greetings: Arc::new(Semaphore::new(MAX_GREETINGS)),
			idle: Duration::from_secs(config.idle_seconds),
		}
	}

	/// Serves clients without end.
	async fn accept(self: Arc<Self>, listener: TcpListener) {
		loop {
			let stream = match listener.accept().await {
				Ok((stream, _)) => stream,
				Err(error) => {
					tracing::warn!(%error, "the relay could not accept a connection");
					tokio::time::sleep(ACCEPT_PAUSE).await;
					continue;
				},
			};
			// Beyond this number new clients are dropped. Each place is free again after seconds.
			let Ok(greeting) = self.greetings.clone().try_acquire_owned() else { continue };
			// Keystrokes must not wait for more bytes. Without it the relay only is slower.
			drop(stream.set_nodelay(true));
			let relay = self.clone();
			tokio::spawn(async move {
				if let Err(error) = relay.serve(stream, greeting).await {
					tracing::debug!(%error, "a connection through the relay ended");
				}
			});
		}
	}
}

/// Runs only the relay, until it is stopped.
pub async fn run(config: &Config) -> anyhow::Result<()> {
	let relay = config.relay.clone().unwrap_or_default();
	listen(&relay, config.run_dir.clone()).await
}

async fn listen(config: &RelayConfig, run_dir: PathBuf) -> anyhow::Result<()> {
	let listener = TcpListener::bind(config.listen).await;
	let listener = listener.with_context(|| format!("cannot listen on {}", config.listen))?;
	tracing::info!(listen = %config.listen, "the relay leads to the VMs of this host");
	Arc::new(Relay::new(RunDir::new(run_dir), config)).accept(listener).await;
	Ok(())
}

/// Runs the relay beside the other work of the agent, and publishes its endpoint, if configured.
/// Neither failure affects the other work.
pub(crate) async fn run_beside(config: &Config, hot: &Submitter, miner: &AccountId32) {
	let Some(relay) = &config.relay else { return };
	let publishing = until_success(async || publish::ensure_published(config, hot, miner).await);
	let listening = async {
		loop {
			if let Err(error) = listen(relay, config.run_dir.clone()).await {
				tracing::error!(error = format!("{error:#}"), "tenants cannot reach their VMs");
			}
			tokio::time::sleep(LISTEN_AGAIN_AFTER).await;
		}
	};
	tokio::join!(publishing, listening);
}
