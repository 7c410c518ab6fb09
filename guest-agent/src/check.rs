//! What the agent checks of what its host has gathered, before it has it bound by a report. A courtesy: it fails early; the judges are others.

use hcc_evidence::{
	crypto::RustCrypto,
	host::{quote_extra_data, Hash256, QUOTED_PCRS},
	ima::{replay, Checkpoint, DigestList, Limits, Records, Violations},
	tpm::{
		verify_quote, Attest as TpmsAttest, AttestationKey, PcrBank, PcrSelection, PcrValues,
		QuoteRequest, Signature, Wanted,
	},
	Check, RejectCode, Rejection,
};

use crate::protocol::Attest;

/// How much of a log is looked at.
const LIMITS: Limits = Limits { bytes: 1 << 20, entries: 20_000 };
/// Where PCR 10 stands among the quoted PCRs.
const IMA_AT: usize = 10;

/// What a host must show.
#[derive(Clone, Debug, Default)]
pub struct Expected {
	/// The miner's binary, in its versions: one of them must have been measured. None are asked for where none are known.
	pub miner_binary: Vec<Hash256>,
}

/// Why the agent does not sign, and stops.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(pub Rejection);

/// Checks quote, PCR values, log, and the miner's binary.
pub fn check(attest: &Attest, guest_pk: &[u8; 32], expected: &Expected) -> Result<(), Refusal> {
	check_all(attest, guest_pk, expected).map_err(Refusal)
}

fn check_all(attest: &Attest, guest_pk: &[u8; 32], expected: &Expected) -> Check {
	check_quote(attest, guest_pk)?;
	let from = checkpoint(attest)?;
	let quoted = attest.pcr_values.get(IMA_AT).copied().unwrap_or_default();
	let records = &attest.ima_delta.records;
	replay::<DigestList>(records, &from, &quoted, None, Violations::Count, LIMITS)?;
	check_miner_binary(attest, expected)
}

fn check_quote(attest: &Attest, guest_pk: &[u8; 32]) -> Check {
	let ak = AttestationKey::from_tpmt_public(&attest.ak)?;
	let nonce =
		quote_extra_data(&attest.genesis, &attest.nonce, &attest.miner, &attest.chip, guest_pk);
	let mask = QUOTED_PCRS.iter().fold(0u32, |mask, index| mask | 1 << index);
	let values = QUOTED_PCRS.iter().zip(&attest.pcr_values);
	let values = values.map(|(&index, value)| (PcrBank::Sha256, index, value.to_vec()));
	verify_quote::<RustCrypto>(
		&attest.tpms_attest,
		&Signature::parse(&attest.tpm_signature)?,
		&ak,
		&QuoteRequest {
			nonce: &nonce,
			selections: Wanted::Exactly(&[PcrSelection { bank: PcrBank::Sha256, mask }]),
			qualified_signer: Wanted::Any,
			values: Wanted::Exactly(&PcrValues(values.collect())),
		},
	)?;
	Ok(())
}

/// Where the log is taken up: after what was handed in, or at the chain's checkpoint if the machine has not been reset since, else at its boot.
fn checkpoint(attest: &Attest) -> Check<Checkpoint> {
	let clock = TpmsAttest::parse(&attest.tpms_attest)?.clock_info;
	let known = attest.checkpoint.as_ref().filter(|boot| boot.is_of(&clock));
	let at = |pcr10: &Hash256, entries| Checkpoint {
		bank: PcrBank::Sha256,
		pcr10: pcr10.to_vec(),
		entries,
	};
	let from = match (&attest.log, known) {
		(Some(log), _) => at(&log.pcr10, log.entries),
		(None, Some(boot)) => at(&boot.pcr10, boot.entries),
		(None, None) => Checkpoint::boot(PcrBank::Sha256),
	};
	if attest.ima_delta.from_entry != from.entries {
		let seen = attest.ima_delta.from_entry;
		return Err(Rejection::new(RejectCode::ImaCheckpoint, "from_entry", seen, from.entries));
	}
	Ok(from)
}

fn check_miner_binary(attest: &Attest, expected: &Expected) -> Check {
	let Some(first) = expected.miner_binary.first() else { return Ok(()) };
	let accepted = attest.checkpoint.iter().flat_map(|boot| &boot.required_seen);
	let handed_in = attest.log.iter().flat_map(|log| &log.required_seen);
	if accepted.chain(handed_in).any(|digest| expected.miner_binary.contains(digest)) {
		return Ok(());
	}
	for record in Records::new(&attest.ima_delta.records, 0) {
		let record = record?;
		let Ok(("sha256", digest)) = record.file_digest() else { continue };
		if expected.miner_binary.iter().any(|known| known == digest) {
			return Ok(());
		}
	}
	Err(Rejection::new(RejectCode::ImaRequiredMissing, "hcc-miner", (), first))
}
