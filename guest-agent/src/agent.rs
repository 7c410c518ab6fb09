use std::sync::{Mutex, PoisonError};

use ed25519_dalek::{Signer, SigningKey};
use hcc_evidence::{
	crypto::RustCrypto,
	host::{guest_statement, host_report_data, HostEvidence},
	Rejection,
};
use hcc_guest_protocol::guest::{GatheredEvidence, GuestRequest, GuestResponse};

use crate::check::{check, Expected};

/// The reason why the secure processor did not return a report.
#[derive(Debug, thiserror::Error)]
#[error("the secure processor did not return a report: {0}")]
pub struct ReportError(pub String);

/// A source of SNP reports: the secure processor of the machine that the guest runs on.
pub trait ReportSource: Send {
	/// Returns a report with the given REPORT_DATA, in the firmware's format.
	fn report(&mut self, report_data: [u8; 64]) -> Result<Vec<u8>, ReportError>;
}

/// The agent: a private key that never leaves the process, and a source of reports.
pub struct Agent<S> {
	/// Locked while a report is made, because sessions run concurrently.
	source: Mutex<S>,
	key: SigningKey,
	expected: Expected,
}

impl<S: ReportSource> Agent<S> {
	/// Creates an agent. The caller must generate a new key at each start.
	pub fn new(source: S, key: SigningKey, expected: Expected) -> Self {
		Self { source: Mutex::new(source), key, expected }
	}

	/// Returns the public key.
	pub fn public_key(&self) -> [u8; 32] {
		self.key.verifying_key().to_bytes()
	}

	/// Answers a request. If the secure processor returned no report, also returns the failure. The
	/// agent then stops after it has sent the answer. If evidence fails a check, the agent only
	/// refuses it.
	pub fn answer(&self, request: GuestRequest) -> (GuestResponse, Option<ReportError>) {
		let answered = match request {
			GuestRequest::Identify => self.identify(),
			GuestRequest::Attest(gathered) => {
				match check(&gathered, &self.public_key(), &self.expected) {
					Ok(()) => self.bind(*gathered),
					Err(why) => Ok(refused(&why)),
				}
			},
		};
		match answered {
			Ok(response) => (response, None),
			Err(error) => (GuestResponse::Failed { message: error.to_string() }, Some(error)),
		}
	}

	fn identify(&self) -> Result<GuestResponse, ReportError> {
		let report = self.report([0; 64])?;
		Ok(GuestResponse::Identity { guest_pk: self.public_key(), report })
	}

	fn report(&self, report_data: [u8; 64]) -> Result<Vec<u8>, ReportError> {
		self.source.lock().unwrap_or_else(PoisonError::into_inner).report(report_data)
	}

	/// Makes a report that is bound to the gathered evidence, and signs the whole evidence.
	fn bind(&self, gathered: GatheredEvidence) -> Result<GuestResponse, ReportError> {
		let last_chunk = gathered.log.as_ref().map(|log| log.id).unwrap_or_default();
		let report_data = host_report_data::<RustCrypto>(
			&gathered.genesis,
			&gathered.nonce,
			&gathered.miner,
			&self.public_key(),
			&gathered.tpms_attest,
			&last_chunk,
			&gathered.ima_delta.records,
		);
		let snp_report = self.report(report_data)?;
		let evidence = HostEvidence {
			miner: gathered.miner,
			seq: gathered.seq,
			snp_report: snp_report.clone(),
			tpms_attest: gathered.tpms_attest,
			tpm_signature: gathered.tpm_signature,
			pcr_values: gathered.pcr_values,
			ima_delta: gathered.ima_delta,
			boot: gathered.boot,
			guest_pk: self.public_key(),
			guest_signature: [0; 64],
		};
		let statement = guest_statement::<RustCrypto>(&gathered.genesis, &evidence);
		let guest_signature = self.key.sign(&statement).to_bytes();
		Ok(GuestResponse::Evidence { snp_report, guest_signature })
	}
}

fn refused(why: &Rejection) -> GuestResponse {
	tracing::warn!(%why, "the host's evidence is refused");
	GuestResponse::Refused { code: why.code.number(), message: why.to_string() }
}
