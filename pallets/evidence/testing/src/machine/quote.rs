//! Quotes of the simulated TPM, and its attestation key.

use hcc_evidence::tpm::AttestationKey;
use p256::ecdsa::{signature::hazmat::PrehashSigner, Signature};

use super::Machine;
use crate::reference::sha256;

impl Machine {
	/// Returns the TPMS_ATTEST of the PCRs that evidence must quote.
	pub fn quote(&self, extra_data: &[u8]) -> Vec<u8> {
		self.quote_of(extra_data, 0x47ff)
	}

	/// Returns the TPMS_ATTEST of the PCRs in `mask`. The digest always covers the usual PCRs.
	pub fn quote_of(&self, extra_data: &[u8], mask: u32) -> Vec<u8> {
		let tpm2b = |bytes: &[u8]| [&(bytes.len() as u16).to_be_bytes(), bytes].concat();
		let digest = sha256(self.pcrs.as_flattened());
		[
			&0xff54_4347u32.to_be_bytes()[..],
			&0x8018u16.to_be_bytes(),
			&tpm2b(&self.signer()),
			&tpm2b(extra_data),
			&1_000u64.to_be_bytes(),
			&self.reset_count.to_be_bytes(),
			&0u32.to_be_bytes(),
			&[1],
			&7u64.to_be_bytes(),
			&1u32.to_be_bytes(),
			&0x000bu16.to_be_bytes(),
			&[3],
			&mask.to_le_bytes()[..3],
			&tpm2b(&digest),
		]
		.concat()
	}

	/// Returns the qualified name of the attestation key.
	pub fn signer(&self) -> Vec<u8> {
		[&[0x00, 0x0b][..], &sha256(self.ak.verifying_key().to_sec1_point(true).as_bytes())]
			.concat()
	}

	/// Signs a quote and returns the TPMT_SIGNATURE.
	pub fn sign_quote(&self, attest: &[u8]) -> Vec<u8> {
		let signature: Signature = self.ak.sign_prehash(&sha256(attest)).expect("signs");
		let tpm2b = |bytes: &[u8]| [&(bytes.len() as u16).to_be_bytes(), bytes].concat();
		[
			&0x0018u16.to_be_bytes()[..],
			&0x000bu16.to_be_bytes(),
			&tpm2b(&signature.r().to_bytes()),
			&tpm2b(&signature.s().to_bytes()),
		]
		.concat()
	}

	/// Returns the attestation key as verifiers parse it.
	pub fn attestation_key(&self) -> AttestationKey {
		AttestationKey::from_tpmt_public(&self.ak_public()).expect("a public area")
	}

	/// Returns the TPMT_PUBLIC of the attestation key, a restricted ECDSA key.
	pub fn ak_public(&self) -> Vec<u8> {
		let point = self.ak.verifying_key().to_sec1_point(false);
		let tpm2b = |bytes: &[u8]| [&(bytes.len() as u16).to_be_bytes(), bytes].concat();
		[
			&[0x00, 0x23, 0x00, 0x0b, 0x00, 0x05, 0x04, 0x72, 0x00, 0x00][..],
			&[0x00, 0x10, 0x00, 0x18, 0x00, 0x0b, 0x00, 0x03, 0x00, 0x10],
			&tpm2b(point.x().expect("a point")),
			&tpm2b(point.y().expect("a point")),
		]
		.concat()
	}
}
