//! A simulated machine: chip, TPM, kernel log and guest. Tests can falsify each part.

mod boot;
mod quote;

use ed25519_dalek::Signer;
use hcc_evidence::{
	crypto::RustCrypto,
	host::{
		agent_host_data, challenge_nonce, chip_hash, evaluate, guest_statement, host_report_data,
		quote_extra_data, BootState, Challenge, Claims, Collateral, Context, FoldedLog,
		HostEvidence, ImaDelta, PcrSet, PinnedContext, Verdict, EVAL_VERSION, QUOTED_PCRS,
	},
	snp::{self, Vek},
	tpm::Wanted,
	RejectCode, Rejection,
};
use insecure_sim::{Chip, ReportFields};
use p256::ecdsa::SigningKey;

pub use boot::BootEvent;

use crate::{
	policy::Policy,
	reference::{sha256, GENESIS, MEASUREMENT, MINER, NOW},
};

/// A simulated machine.
#[derive(Clone)]
pub struct Machine {
	pub chip: Chip,
	pub vek: Vek,
	/// The attestation key of the TPM.
	pub ak: SigningKey,
	/// The key of the attestation agent's guest.
	pub guest: ed25519_dalek::SigningKey,
	/// The records of the measurement log since the boot.
	pub log: Vec<Vec<u8>>,
	pub pcrs: PcrSet,
	pub reset_count: u32,
	/// The fields of the guest's report. [`Machine::seal`] sets REPORT_DATA, and HOST_DATA if it is
	/// zero.
	pub fields: ReportFields,
}

impl Machine {
	/// Creates a booted machine that runs the miner's binary. Its keys derive from the name.
	pub fn named(name: &str) -> Self {
		let chip = Chip::named(name);
		let vcek = insecure_sim::issue_vcek(&chip).expect("the hierarchy issues certificates");
		let vek = snp::verify_vek::<RustCrypto>(&vcek, &[insecure_sim::roots()], NOW)
			.expect("the certificates of the hierarchy verify");
		let mut machine = Self {
			chip,
			vek,
			ak: SigningKey::from_slice(&sha256(name.as_bytes())).expect("a scalar"),
			guest: ed25519_dalek::SigningKey::from_bytes(&sha256(
				&[name.as_bytes(), b"guest"].concat(),
			)),
			log: Vec::new(),
			pcrs: [[0; 32]; QUOTED_PCRS.len()],
			reset_count: 6,
			fields: ReportFields::new([0; 64], MEASUREMENT),
		};
		machine.boot();
		machine.run(b"hcc-miner");
		machine
	}

	/// Returns a challenge to this machine by a chain that has no earlier evidence of the machine.
	pub fn challenge(&self, seq: u64) -> Context {
		let chip = chip_hash(self.vek.product, self.chip.id());
		let nonce = challenge_nonce(&GENESIS, &MINER, &chip, seq, &[0x70; 32]);
		Context {
			challenge: Challenge { genesis: GENESIS, miner: MINER, chip, seq, nonce },
			now: NOW,
			boot: None,
			former: None,
			boot_profile: None,
			log: None,
		}
	}

	/// Returns a challenge by a chain that accepted the evidence with the claims `before`.
	pub fn next_challenge(&self, seq: u64, before: &Claims) -> Context {
		Context {
			boot: Some(before.boot.clone()),
			boot_profile: Some(before.boot_profile),
			..self.challenge(seq)
		}
	}

	/// Returns the context that a chain pins for an answer to this challenge.
	pub fn pinned(&self, context: &Context) -> PinnedContext {
		PinnedContext {
			miner: context.challenge.miner,
			chip: context.challenge.chip,
			seq: context.challenge.seq,
			nonce: context.challenge.nonce,
			now: context.now,
			revision: 0,
			eval_version: EVAL_VERSION,
			vek: self.vek.clone(),
			revocation_current_until: None,
			ak: self.ak_public(),
			qualified_signer: self.signer(),
			boot: context.boot.clone(),
			former: context.former.clone(),
			boot_profile: context.boot_profile,
			log: context.log.clone(),
		}
	}

	/// Returns the log records that the chain has not seen.
	pub fn delta(&self, context: &Context) -> ImaDelta {
		let current = |boot: &&BootState| boot.reset_count == self.reset_count;
		let submitted = context.log.as_ref().map(|log| log.entries);
		let accepted = context.boot.as_ref().filter(current).map(|boot| boot.entries);
		let from_entry = submitted.or(accepted).unwrap_or(0);
		ImaDelta { from_entry, records: self.log[from_entry as usize..].concat() }
	}

	/// Submits the log in parts that end at these entries, and returns the folded log.
	pub fn hand_in(&self, ends: &[usize], policy: &Policy) -> FoldedLog {
		let mut log: Option<FoldedLog> = None;
		for end in ends {
			let from = log.as_ref().map_or(0, |log| log.entries as usize);
			let part = self.log[from..*end].concat();
			let next = FoldedLog::follow(log.as_ref(), &part, (policy, 3), &GENESIS, &MINER);
			log = Some(next.expect("the log can be replayed"));
		}
		log.expect("at least one part")
	}

	/// Answers a challenge as an honest machine does.
	pub fn answer(&self, context: &Context) -> HostEvidence {
		let challenge = &context.challenge;
		let guest_pk = self.guest.verifying_key().to_bytes();
		let extra_data = quote_extra_data(
			&challenge.genesis,
			&challenge.nonce,
			&challenge.miner,
			&challenge.chip,
			&guest_pk,
		);
		let attest = self.quote(&extra_data);
		let mut evidence = HostEvidence {
			miner: challenge.miner,
			seq: challenge.seq,
			snp_report: Vec::new(),
			tpm_signature: self.sign_quote(&attest),
			tpms_attest: attest,
			pcr_values: self.pcrs,
			ima_delta: self.delta(context),
			boot: None,
			guest_pk,
			guest_signature: [0; 64],
		};
		self.seal(&mut evidence, context);
		evidence
	}

	/// Binds the report to the evidence as it is, and signs as the guest.
	///
	/// A dishonest machine can do this if it controls the guest.
	pub fn seal(&self, evidence: &mut HostEvidence, context: &Context) {
		let challenge = &context.challenge;
		let mut fields = self.fields.clone();
		fields.report_data = host_report_data::<RustCrypto>(
			&challenge.genesis,
			&challenge.nonce,
			&challenge.miner,
			&evidence.guest_pk,
			&evidence.tpms_attest,
			&context.last_chunk(),
			&evidence.ima_delta.records,
		);
		if fields.host_data == [0; 32] {
			fields.host_data = agent_host_data(&challenge.genesis, &challenge.miner);
		}
		evidence.snp_report = fields.sign(&self.chip).expect("the chip signs").to_vec();
		self.sign(evidence);
	}

	/// Signs the evidence as the guest.
	pub fn sign(&self, evidence: &mut HostEvidence) {
		let statement = guest_statement::<RustCrypto>(&GENESIS, evidence);
		evidence.guest_signature = self.guest.sign(&statement).to_bytes();
	}

	/// Judges evidence with this machine's collateral.
	pub fn judge(&self, evidence: &HostEvidence, policy: &Policy, context: &Context) -> Verdict {
		let (ak, signer) = (self.attestation_key(), self.signer());
		let collateral = Collateral {
			vek: &self.vek,
			revocation_current_until: Wanted::Any,
			ak: &ak,
			qualified_signer: Wanted::Exactly(&signer),
		};
		evaluate::<RustCrypto, _>(evidence, &collateral, policy, context)
	}

	/// Returns the claims of evidence that the default policy accepts. Panics if it is not
	/// accepted.
	pub fn claims(&self, evidence: &HostEvidence, context: &Context) -> Claims {
		match self.judge(evidence, &Policy::default(), context) {
			Verdict::Accepted(accepted) => accepted.claims().clone(),
			other => panic!("not accepted: {other:?}"),
		}
	}

	/// Returns the rejection of evidence by the default policy. Panics if it is accepted.
	pub fn refusal(&self, evidence: &HostEvidence, context: &Context) -> Rejection {
		self.refusal_by(evidence, &Policy::default(), context)
	}

	/// Returns the rejection of evidence by `policy`. Panics if it is accepted.
	pub fn refusal_by(
		&self,
		evidence: &HostEvidence,
		policy: &Policy,
		context: &Context,
	) -> Rejection {
		match self.judge(evidence, policy, context) {
			Verdict::Rejected(rejection) => rejection,
			other => panic!("not rejected: {other:?}"),
		}
	}

	/// Returns the code of the rejection by the default policy. Panics if it is accepted.
	pub fn code(&self, evidence: &HostEvidence, context: &Context) -> RejectCode {
		self.refusal(evidence, context).code
	}
}
