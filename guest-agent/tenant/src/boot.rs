//! The agent in the initramfs: from the configuration to the confirmed boot.

use ed25519_dalek::{Signature, Signer, VerifyingKey};
use hcc_evidence::{
	host::Hash256,
	snp::Report,
	vm::{
		config::{config_hash, config_revision_statement, ConfigRevision},
		confirmation_statement, vm_host_data, vm_report_data, Boot, Confirmation,
		SignedConfirmation, VmEvidence,
	},
};
use hcc_guest_protocol::{
	vm::{
		BootRequest, BootResponse, Configure, ConfigureResponse, ConfirmRequest, ConfirmResponse,
		StopResponse, UsageResponse, VmRequest,
	},
	Peers,
};
use hcc_vm_config::VmConfig;
use hccam::{
	usage::{Meter, Reading},
	ReportError, ReportSource,
};

use crate::{Answer, Booted, Fatal, Folder, Keys, Next, Refusal, VmAgent};

/// The agent of one boot.
pub struct BootAgent<S, M> {
	source: S,
	meter: M,
	keys: Keys,
	folder: Folder,
	peers: Peers,
	/// HOST_DATA of this VM, which its host set at launch.
	host_data: Hash256,
	configured: Option<Configure>,
	shown: Option<Shown>,
	confirmed: Option<SignedConfirmation>,
}

/// A boot whose evidence the host has received.
struct Shown {
	request: BootRequest,
	evidence: BootResponse,
	began: Reading,
}

/// An error of a request: refused, or the end of the agent.
enum Failure {
	Refused(Refusal),
	Fatal(Fatal),
}

impl From<Refusal> for Failure {
	fn from(refusal: Refusal) -> Self {
		Self::Refused(refusal)
	}
}

impl From<Fatal> for Failure {
	fn from(fatal: Fatal) -> Self {
		Self::Fatal(fatal)
	}
}

impl<S: ReportSource, M: Meter> BootAgent<S, M> {
	/// Creates the agent, and reads HOST_DATA from a report of this VM. `peers` are recorded for
	/// the agent in the running VM.
	///
	/// ## Errors
	/// Fails if the secure processor returns no usable report.
	pub fn new(
		mut source: S,
		meter: M,
		keys: Keys,
		folder: Folder,
		peers: Peers,
	) -> Result<Self, Fatal> {
		let host_data = own_report(&mut source, [0; 64])?.1.host_data;
		let (configured, shown, confirmed) = (None, None, None);
		Ok(Self { source, meter, keys, folder, peers, host_data, configured, shown, confirmed })
	}

	/// Accepts the configuration that HOST_DATA binds. Its bytes are parsed last: until then they
	/// are the host's.
	fn configure(&mut self, asked: Configure) -> Result<(), Refusal> {
		let hash = config_hash(&asked.config).ok_or(Refusal::ConfigLength(asked.config.len()))?;
		check_signature(&asked, hash)?;
		if let Some(accepted) = &self.configured {
			if accepted.signer != asked.signer {
				return Err(Refusal::OtherSigner);
			}
			if asked.revision < accepted.revision {
				let (seen, accepted) = (asked.revision, accepted.revision);
				return Err(Refusal::OlderRevision { seen, accepted });
			}
		}
		let Configure { genesis, vm, generation, holders_root, .. } = &asked;
		let wanted = vm_host_data(genesis, *vm, *generation, &hash, holders_root);
		if wanted != self.host_data {
			let (seen, wanted) = (hex::encode(self.host_data), hex::encode(wanted));
			return Err(Refusal::HostData { seen, wanted });
		}
		VmConfig::parse(&asked.config)?;
		tracing::info!(vm, generation, revision = asked.revision, "configured");
		self.configured = Some(asked);
		Ok(())
	}

	/// Makes the evidence of a boot. A repeated request returns the same evidence.
	fn show_boot(&mut self, asked: BootRequest) -> Result<BootResponse, Failure> {
		let configured = self.configured.as_ref().ok_or(Refusal::NotConfigured)?;
		let ordered = (&configured.genesis, configured.vm, configured.generation);
		if ordered != (&asked.genesis, asked.vm, asked.generation) {
			return Err(Refusal::OtherVm.into());
		}
		if let Some(shown) = self.shown.as_ref().filter(|shown| shown.request == asked) {
			return Ok(shown.evidence.clone());
		}
		if self.confirmed.is_some() {
			return Err(Refusal::OtherBoot.into());
		}
		let began = self.meter.read().map_err(Fatal::State)?;
		let evidence = self.evidence(&asked)?;
		tracing::info!(boot = asked.counter, "boot shown");
		self.shown = Some(Shown { request: asked, evidence: evidence.clone(), began });
		Ok(evidence)
	}

	fn evidence(&mut self, asked: &BootRequest) -> Result<BootResponse, Fatal> {
		let (guest_pk, kem_pk) = (self.keys.guest_pk(), self.keys.kem_pk());
		let ssh_host_key_hash = self.keys.ssh_host_key_hash();
		let boot = Boot {
			vm: asked.vm,
			generation: asked.generation,
			counter: asked.counter,
			nonce: asked.nonce,
			// HOST_DATA binds the first two, and the launch the third.
			config_hash: [0; 32],
			holders_root: [0; 32],
			measurement: [0; 48],
		};
		let unsigned = VmEvidence {
			vm: asked.vm,
			generation: asked.generation,
			boot_counter: asked.counter,
			snp_report: Vec::new(),
			guest_pk,
			kem_pk: kem_pk.clone(),
			ssh_host_key_hash,
		};
		let report_data = vm_report_data(&asked.genesis, &boot, &unsigned);
		let (snp_report, _) = own_report(&mut self.source, report_data)?;
		Ok(BootResponse::Evidence { snp_report, guest_pk, kem_pk, ssh_host_key_hash })
	}

	/// Confirms the boot that was shown last, after the state for the running VM is stored.
	fn confirm(&mut self, asked: &ConfirmRequest) -> Result<SignedConfirmation, Failure> {
		let (configured, shown) = match (&self.configured, &self.shown) {
			(Some(configured), Some(shown)) => (configured, shown),
			(None, _) => return Err(Refusal::NotConfigured.into()),
			(_, None) => return Err(Refusal::NotShown.into()),
		};
		let request = &shown.request;
		if (asked.vm, asked.generation) != (request.vm, request.generation) {
			return Err(Refusal::OtherVm.into());
		}
		if asked.counter != request.counter {
			return Err(Refusal::OtherBoot.into());
		}
		if let Some(confirmed) = self.confirmed {
			return Ok(confirmed);
		}
		let confirmation = Confirmation {
			vm: request.vm,
			generation: request.generation,
			boot_counter: request.counter,
			// The disk is an overlay in memory: there is no key of a disk yet.
			key_commit: None,
			token_root: [0; 32],
			stamp: 0,
		};
		let statement = confirmation_statement(&request.genesis, &confirmation);
		let signature = self.keys.guest.sign(&statement).to_bytes();
		let confirmation = SignedConfirmation { confirmation, signature };
		let booted = Booted {
			request: request.clone(),
			evidence: shown.evidence.clone(),
			confirmation,
			began: shown.began,
			host: (self.peers.host_cid, self.peers.any_port),
		};
		self.folder.store(&booted, &self.keys, &configured.config)?;
		tracing::info!(boot = asked.counter, "boot confirmed");
		self.confirmed = Some(confirmation);
		Ok(confirmation)
	}
}

impl<S: ReportSource + 'static, M: Meter + 'static> VmAgent for BootAgent<S, M> {
	fn answer(&mut self, request: VmRequest) -> (Answer, Next) {
		match request {
			VmRequest::Configure(asked) => {
				let response = match self.configure(*asked) {
					Ok(()) => ConfigureResponse::Configured,
					Err(refusal) => {
						let (code, message) = told(&refusal);
						ConfigureResponse::Refused { code, message }
					},
				};
				(Answer::Configure(response), Next::Continue)
			},
			VmRequest::ShowBoot(asked) => match self.show_boot(asked) {
				Ok(evidence) => (Answer::Boot(evidence), Next::Continue),
				Err(Failure::Refused(refusal)) => {
					let (_, message) = told(&refusal);
					(Answer::Boot(BootResponse::Failed { message }), Next::Continue)
				},
				Err(Failure::Fatal(fatal)) => {
					let message = fatal.to_string();
					(Answer::Boot(BootResponse::Failed { message }), Next::Fail(fatal))
				},
			},
			VmRequest::Confirm(asked) => match self.confirm(&asked) {
				Ok(signed) => (Answer::Confirm(ConfirmResponse::Confirmed(signed)), Next::Finish),
				Err(Failure::Refused(refusal)) => {
					let (code, message) = told(&refusal);
					(Answer::Confirm(ConfirmResponse::Refused { code, message }), Next::Continue)
				},
				Err(Failure::Fatal(fatal)) => {
					let message = fatal.to_string();
					let refused = ConfirmResponse::Refused { code: 0, message };
					(Answer::Confirm(refused), Next::Fail(fatal))
				},
			},
			VmRequest::ReportUsage(_) => {
				let (_, message) = told(&Refusal::NotBooted);
				(Answer::Usage(UsageResponse::Failed { message }), Next::Continue)
			},
			VmRequest::Stop => {
				let (code, message) = told(&Refusal::NotBooted);
				(Answer::Stop(StopResponse::Refused { code, message }), Next::Continue)
			},
		}
	}
}

/// Logs a refusal, and returns its code and text for the host.
pub(crate) fn told(refusal: &Refusal) -> (u16, String) {
	tracing::warn!(code = refusal.code(), "refused");
	(refusal.code(), refusal.to_string())
}

/// Verifies the signature over a revision. HOST_DATA does not bind the signer, so this only shows a
/// mistake of the host early: the chain enforces signer and revision.
fn check_signature(asked: &Configure, hash: Hash256) -> Result<(), Refusal> {
	let revision = ConfigRevision {
		tenant: asked.tenant,
		order_nonce: asked.order_nonce,
		revision: asked.revision,
		hash,
	};
	let statement = config_revision_statement(&asked.genesis, &revision);
	let signature = Signature::from_bytes(&asked.signature);
	VerifyingKey::from_bytes(&asked.signer)
		.and_then(|signer| signer.verify_strict(&statement, &signature))
		.map_err(|_| Refusal::ConfigSignature)
}

/// Requests a report, and checks that it answers the request.
fn own_report<S: ReportSource>(
	source: &mut S,
	report_data: [u8; 64],
) -> Result<(Vec<u8>, Report), Fatal> {
	let unusable = |why: String| Fatal::Report(ReportError(why));
	let bytes = source.report(report_data)?;
	let report = Report::parse(&bytes).map_err(|error| unusable(error.to_string()))?;
	if report.report_data != report_data {
		return Err(unusable("it answers another request".into()));
	}
	Ok((bytes, report))
}
