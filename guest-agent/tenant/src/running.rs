//! The agent in the running VM.

use ed25519_dalek::SigningKey;
use hcc_guest_protocol::vm::{
	BootResponse, ConfigureResponse, ConfirmRequest, ConfirmResponse, StopResponse, UsageRequest,
	UsageResponse, VmRequest,
};
use hccam::usage::{Meter, Progress, ReceiptIssuer};

use crate::{boot::told, Answer, Booted, Folder, Next, Refusal, VmAgent};

/// The agent of a VM whose boot is confirmed. It reports usage, and repeats what was said at boot.
pub struct RunningAgent<M> {
	booted: Booted,
	issuer: ReceiptIssuer<M>,
	folder: Folder,
}

impl<M: Meter> RunningAgent<M> {
	/// Creates the agent from the state of the boot. After a restart it continues the receipts.
	///
	/// ## Errors
	/// Fails if the state cannot be read.
	pub fn new(folder: Folder, meter: M) -> std::io::Result<Self> {
		let (booted, key) = (folder.booted()?, folder.guest_key()?);
		let progress = folder.progress()?;
		let progress = progress.unwrap_or(Progress { start: booted.began, last: None });
		let issuer = issuer(meter, key, &booted).resume(progress);
		Ok(Self { booted, issuer, folder })
	}

	fn usage(&mut self, asked: &UsageRequest) -> Result<UsageResponse, Refusal> {
		if asked.genesis != self.booted.request.genesis {
			return Err(Refusal::OtherVm);
		}
		let receipt = self.issuer.issue(&asked.genesis, asked.interval)?;
		// Without the file, a restart of the agent repeats this receipt's time in the next one.
		if let Err(error) = self.folder.store_progress(&self.issuer.progress()) {
			tracing::warn!(%error, "cannot store the receipt");
		}
		Ok(UsageResponse::Receipt(receipt))
	}

	fn confirm(&self, asked: &ConfirmRequest) -> Result<ConfirmResponse, Refusal> {
		let request = &self.booted.request;
		if (asked.vm, asked.generation) != (request.vm, request.generation) {
			return Err(Refusal::OtherVm);
		}
		if asked.counter != request.counter {
			return Err(Refusal::OtherBoot);
		}
		Ok(ConfirmResponse::Confirmed(self.booted.confirmation))
	}
}

fn issuer<M: Meter>(meter: M, key: SigningKey, booted: &Booted) -> ReceiptIssuer<M> {
	let request = &booted.request;
	ReceiptIssuer::new(meter, key, request.vm, request.generation, request.counter)
}

impl<M: Meter + 'static> VmAgent for RunningAgent<M> {
	fn answer(&mut self, request: VmRequest) -> (Answer, Next) {
		let answer = match request {
			VmRequest::Configure(_) => {
				let (code, message) = told(&Refusal::Booted);
				Answer::Configure(ConfigureResponse::Refused { code, message })
			},
			VmRequest::ShowBoot(asked) if asked == self.booted.request => {
				Answer::Boot(self.booted.evidence.clone())
			},
			VmRequest::ShowBoot(_) => {
				let (_, message) = told(&Refusal::OtherBoot);
				Answer::Boot(BootResponse::Failed { message })
			},
			VmRequest::Confirm(asked) => {
				Answer::Confirm(self.confirm(&asked).unwrap_or_else(|refusal| {
					let (code, message) = told(&refusal);
					ConfirmResponse::Refused { code, message }
				}))
			},
			VmRequest::ReportUsage(asked) => {
				Answer::Usage(self.usage(&asked).unwrap_or_else(|refusal| {
					let (_, message) = told(&refusal);
					UsageResponse::Failed { message }
				}))
			},
			VmRequest::Stop => return (Answer::Stop(StopResponse::Stopping), Next::Finish),
		};
		(answer, Next::Continue)
	}
}
