//! The miner's host: its configuration, its TPM and the address of its guest agent. TPM commands
//! run one at a time.

use std::sync::Arc;

use hcc_guest_protocol::Address;

use crate::{config::Config, tpm::SharedTpm, Tpm, TpmError};

/// The configuration and the devices of the host.
pub struct Host {
	pub config: Config,
	pub guest: Address,
	tpm: Arc<SharedTpm>,
}

impl Host {
	/// Parses the guest's address and the settings of the TPM. The TPM is opened when it is first
	/// used. So a failure of the TPM does not affect work that needs no TPM.
	pub fn open(config: Config) -> anyhow::Result<Self> {
		let guest = config.guest()?;
		let tpm = Arc::new(SharedTpm::new(config.tpm_settings()?));
		Ok(Self { config, guest, tpm })
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
