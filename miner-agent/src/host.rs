//! The miner's host: its configuration, its TPM and the address of its guest agent. TPM commands
//! run one at a time.

use std::sync::Arc;

use hcc_guest_protocol::Address;

use crate::{config::Config, monitor::Monitor, tpm::SharedTpm, Tpm, TpmError};

/// The configuration and the devices of the host.
pub struct Host {
	pub config: Config,
	pub guest: Address,
	pub(crate) monitor: Monitor,
	tpm: Arc<SharedTpm>,
}

impl Host {
	/// Parses the guest's address and the settings of the TPM. The TPM is opened when it is first
	/// used. So a failure of the TPM does not affect work that needs no TPM.
	pub fn open(config: Config, monitor: &Monitor) -> anyhow::Result<Self> {
		let guest = config.guest()?;
		let tpm = SharedTpm::new(config.tpm_settings()?).with_counters(monitor.metrics.tpm.clone());
		Ok(Self { config, guest, monitor: monitor.clone(), tpm: Arc::new(tpm) })
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
