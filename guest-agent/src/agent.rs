use ed25519_dalek::{Signer, SigningKey};
use hcc_evidence::{
	crypto::RustCrypto,
	host::{guest_statement, host_report_data, HostEvidence},
};

use crate::{
	check::{check, Expected, Refusal},
	protocol::{Attest, Request, Response, VERSION},
};

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
#[error("the secure processor gave no report: {0}")]
pub struct ReportError(pub String);

/// Where reports come from: the secure processor of the machine that the guest runs on.
pub trait ReportSource: Send {
	/// A report over those 64 bytes, as the firmware gives it.
	fn report(&mut self, report_data: [u8; 64]) -> Result<Vec<u8>, ReportError>;
}

/// The agent: a key that never leaves it, and a source of reports.
pub struct Agent<S> {
	source: S,
	key: SigningKey,
	expected: Expected,
}

impl<S: ReportSource> Agent<S> {
	/// An agent with that key, which was made for it at this start.
	pub fn new(source: S, key: SigningKey, expected: Expected) -> Self {
		Self { source, key, expected }
	}

	/// The public half of its key.
	pub fn public_key(&self) -> [u8; 32] {
		self.key.verifying_key().to_bytes()
	}

	/// Answers a question. With a refusal the agent is to stop once it has answered.
	pub fn answer(&mut self, request: Request) -> (Response, Option<Refusal>) {
		match request {
			Request::Hello { version } if version != VERSION => {
				let message =
					format!("version {version} of the messages, of which I know {VERSION}");
				(Response::Failed { message }, None)
			},
			Request::Hello { .. } => (self.introduce(), None),
			Request::Attest(attest) => match check(&attest, &self.public_key(), &self.expected) {
				Ok(()) => (self.attest(*attest), None),
				Err(refusal) => {
					let code = refusal.0.code.number();
					(Response::Refused { code, message: refusal.to_string() }, Some(refusal))
				},
			},
		}
	}

	fn introduce(&mut self) -> Response {
		match self.source.report([0; 64]) {
			Ok(report) => Response::Guest { guest_pk: self.public_key(), report },
			Err(error) => Response::Failed { message: error.to_string() },
		}
	}

	fn attest(&mut self, attest: Attest) -> Response {
		self.bind(attest).unwrap_or_else(|error| Response::Failed { message: error.to_string() })
	}

	/// Has what was gathered bound by a report, and signs the whole.
	fn bind(&mut self, attest: Attest) -> Result<Response, ReportError> {
		let last_chunk = attest.log.as_ref().map(|log| log.id).unwrap_or_default();
		let report_data = host_report_data::<RustCrypto>(
			&attest.genesis,
			&attest.nonce,
			&attest.miner,
			&self.public_key(),
			&attest.tpms_attest,
			&last_chunk,
			&attest.ima_delta.records,
		);
		let snp_report = self.source.report(report_data)?;
		let evidence = HostEvidence {
			miner: attest.miner,
			seq: attest.seq,
			snp_report: snp_report.clone(),
			tpms_attest: attest.tpms_attest,
			tpm_signature: attest.tpm_signature,
			pcr_values: attest.pcr_values,
			ima_delta: attest.ima_delta,
			boot: attest.boot,
			guest_pk: self.public_key(),
			guest_signature: [0; 64],
		};
		let statement = guest_statement::<RustCrypto>(&attest.genesis, &evidence);
		Ok(Response::Evidence { snp_report, guest_signature: self.key.sign(&statement).to_bytes() })
	}
}
