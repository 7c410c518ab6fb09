//! The machine: its TPM, its logs, its guest. One thing at a time is asked of the TPM, on a thread of its own.

use std::sync::{Arc, Mutex};

use hccam::Address;

use crate::{config::Config, Tpm, TpmError};

/// What the agent works with.
pub struct Host {
	pub config: Config,
	pub guest: Address,
	tpm: Arc<Mutex<Tpm>>,
}

impl Host {
	/// Opens the TPM.
	pub fn open(config: Config) -> anyhow::Result<Self> {
		let guest = config.guest()?;
		let tpm = Arc::new(Mutex::new(Tpm::open(&config.tcti)?));
		Ok(Self { config, guest, tpm })
	}

	/// Asks something of the TPM.
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
