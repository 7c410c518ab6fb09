//! The miner's host: its configuration, its TPM and the address of its guest agent. TPM commands
//! run one at a time.

use std::sync::Arc;

use anyhow::Context;
use hcc_guest_protocol::Address;
use tokio::sync::watch;

use crate::{config::Config, monitor::Monitor, tpm::SharedTpm, Tpm, TpmError};

/// The configuration and the devices of the host.
pub struct Host {
	pub config: Config,
	/// The address of the guest agent. `None` while its VM does not run.
	guest: watch::Sender<Option<Address>>,
	pub(crate) monitor: Monitor,
	tpm: Arc<SharedTpm>,
}

impl Host {
	/// Parses the guest's address and the settings of the TPM. With `[agent_vm]` the address is
	/// unknown until the VM runs. The TPM is opened when it is first
	/// used. So a failure of the TPM does not affect work that needs no TPM.
	pub fn open(config: Config, monitor: &Monitor) -> anyhow::Result<Self> {
		let guest = match &config.agent_vm {
			Some(_) => None,
			None => Some(config.guest()?),
		};
		let tpm = SharedTpm::new(config.tpm_settings()?).with_counters(monitor.metrics.tpm.clone());
		let guest = watch::Sender::new(guest);
		Ok(Self { config, guest, monitor: monitor.clone(), tpm: Arc::new(tpm) })
	}

	/// Changes the address of the guest agent.
	pub(crate) fn set_guest(&self, address: Option<Address>) {
		self.guest.send_replace(address);
	}

	/// Returns the address of the guest agent.
	///
	/// ## Errors
	/// Fails while its VM does not run.
	pub(crate) fn guest(&self) -> anyhow::Result<Address> {
		let address = self.guest.borrow().clone();
		address.context("the VM of hccam does not run yet")
	}

	/// Waits until the address of the guest agent is known, and returns it.
	pub(crate) async fn await_guest(&self) -> anyhow::Result<Address> {
		let mut changes = self.guest.subscribe();
		let known = changes.wait_for(Option::is_some).await?.clone();
		known.context("the VM of hccam does not run yet")
	}

	/// Runs a TPM operation on a blocking thread.
	pub async fn tpm<T: Send + 'static>(
		&self,
		ask: impl FnOnce(&mut Tpm) -> Result<T, TpmError> + Send + 'static,
	) -> anyhow::Result<T> {
		let tpm = self.tpm.clone();
		Ok(tokio::task::spawn_blocking(move || tpm.run(ask)).await??)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::agent_vm::AgentVmConfig;

	#[tokio::test]
	async fn address_is_unknown_until_vm_runs() {
		let agent_vm = Some(AgentVmConfig { image: "/images/hccam".into() });
		let config = Config { agent_vm, ..Config::default() };
		let host = Host::open(config, &Monitor::default()).expect("opened");
		assert!(host.guest().is_err());
		let address = Address::Vsock { cid: 1_000, port: 5_000 };
		let setting = async { host.set_guest(Some(address.clone())) };
		let (waited, ()) = tokio::join!(host.await_guest(), setting);
		assert_eq!(waited.expect("it is known"), address);
		assert_eq!(host.guest().expect("it is known"), address);
		host.set_guest(None);
		assert!(host.guest().is_err(), "the VM has ended");
	}

	#[test]
	fn configured_address_is_known_immediately() {
		let host = Host::open(Config::default(), &Monitor::default()).expect("opened");
		assert_eq!(host.guest().expect("it is configured").to_string(), "vsock:3:5000");
	}
}
