//! The machine: its TPM, its logs and its guest. TPM commands run one at a time, on a blocking
//! thread.

use std::sync::{Arc, Mutex};

use hcc_guest_protocol::Address;

use crate::{config::Config, Tpm, TpmError};

/// The configuration and the devices of the host.
pub struct Host {
	pub config: Config,
	pub guest: Address,
	tpm: Arc<Mutex<Tpm>>,
}

impl Host {
	/// Parses the guest's address and opens the TPM.
	pub fn open(config: Config) -> anyhow::Result<Self> {
		let guest = config.guest()?;
		let tpm = Arc::new(Mutex::new(Tpm::open(&config.tcti)?));
		Ok(Self { config, guest, tpm })
	}

	/// Runs a TPM operation on a blocking thread.
	pub async fn tpm<T: Send + 'static>(
		&self,
		ask: impl FnOnce(&mut Tpm) -> Result<T, TpmError> + Send + 'static,
	) -> anyhow::Result<T> {
		let tpm = self.tpm.clone();
		let asked = tokio::task::spawn_blocking(move || {
			let mut tpm = tpm.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
			ask(&mut tpm)
		});
		Ok(asked.await??)
	}
}
