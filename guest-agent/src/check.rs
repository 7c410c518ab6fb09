//! Checks of the evidence that the host has gathered. The agent makes them before it binds the
//! evidence to a report. The checks only reveal failures early, because the validators verify the
//! evidence themselves.

use hcc_evidence::{
	crypto::RustCrypto,
	host::{quote_extra_data, Hash256, QUOTED_PCRS},
	ima::{replay, Checkpoint, DigestList, Limits, Records, Violations, IMA_PCR},
	tpm::{
		verify_quote, Attest as TpmsAttest, AttestationKey, PcrBank, PcrSelection, PcrValues,
		QuoteRequest, Sha1, Signature, Wanted,
	},
	Check, RejectCode, Rejection,
};
use hcc_guest_protocol::guest::GatheredEvidence;

/// Limits on the part of the log in one piece of evidence.
const LIMITS: Limits = Limits { bytes: 1 << 20, entries: 20_000 };
/// The index of PCR 10 among the quoted PCRs.
const PCR10_INDEX: usize = 10;

/// Requirements that the evidence of the host must meet.
#[derive(Clone, Debug, Default)]
pub struct Expected {
	/// The digests of the accepted versions of the miner's binary. The log must contain one of
	/// these digests. If the list is empty, the log is not checked for them.
	pub miner_binary: Vec<Hash256>,
}

/// Checks the quote, the PCR values, the log, and the entry of the miner's binary.
pub fn check(gathered: &GatheredEvidence, guest_pk: &[u8; 32], expected: &Expected) -> Check {
	check_quote(gathered, guest_pk)?;
	let from = checkpoint(gathered)?;
	let quoted = gathered.pcr_values.get(PCR10_INDEX).copied().unwrap_or_default();
	let records = &gathered.ima_delta.records;
	replay::<DigestList>(records, &from, &quoted, None, Violations::Count, LIMITS)?;
	check_miner_binary(gathered, expected)
}

fn check_quote(gathered: &GatheredEvidence, guest_pk: &[u8; 32]) -> Check {
	let ak = AttestationKey::from_tpmt_public(&gathered.ak)?;
	let nonce = quote_extra_data(
		&gathered.genesis,
		&gathered.nonce,
		&gathered.miner,
		&gathered.chip,
		guest_pk,
	);
	let mask = QUOTED_PCRS.iter().fold(0u32, |mask, index| mask | 1 << index);
	let values = QUOTED_PCRS.iter().zip(&gathered.pcr_values);
	let values = values.map(|(&index, value)| (PcrBank::Sha256, index, value.to_vec()));
	verify_quote::<RustCrypto>(
		&gathered.tpms_attest,
		&Signature::parse(&gathered.tpm_signature)?,
		&ak,
		&QuoteRequest {
			nonce: Wanted::Exactly(&nonce),
			sha1: Sha1::Refuse,
			selections: Wanted::Exactly(&[PcrSelection { bank: PcrBank::Sha256, mask }]),
			qualified_signer: Wanted::Any,
			values: Wanted::Exactly(&PcrValues(values.collect())),
		},
	)?;
	Ok(())
}

/// Returns the position from which the evidence continues the log. Fails if the evidence starts at
/// another entry.
///
/// The position is the end of the log submission, if there is one. Without a log submission, it is
/// the chain's log checkpoint, unless the machine was reset after it. Otherwise, it is the
/// beginning of the log.
fn checkpoint(gathered: &GatheredEvidence) -> Check<Checkpoint> {
	let clock = TpmsAttest::parse(&gathered.tpms_attest)?.clock_info;
	let known = gathered.checkpoint.as_ref().filter(|boot| boot.is_of(&clock));
	let at = |pcr10: &Hash256, entries| Checkpoint {
		bank: PcrBank::Sha256,
		pcr10: pcr10.to_vec(),
		entries,
	};
	let from = match (&gathered.log, known) {
		(Some(log), _) => at(&log.pcr10, log.entries),
		(None, Some(boot)) => at(&boot.pcr10, boot.entries),
		(None, None) => Checkpoint::boot(PcrBank::Sha256),
	};
	if gathered.ima_delta.from_entry != from.entries {
		let seen = gathered.ima_delta.from_entry;
		return Err(Rejection::new(RejectCode::ImaCheckpoint, "from_entry", seen, from.entries));
	}
	Ok(from)
}

fn check_miner_binary(gathered: &GatheredEvidence, expected: &Expected) -> Check {
	let Some(first) = expected.miner_binary.first() else { return Ok(()) };
	let accepted = gathered.checkpoint.iter().flat_map(|boot| &boot.required_seen);
	let submitted = gathered.log.iter().flat_map(|log| &log.required_seen);
	if accepted.chain(submitted).any(|digest| expected.miner_binary.contains(digest)) {
		return Ok(());
	}
	for record in Records::new(&gathered.ima_delta.records, 0).map_while(Result::ok) {
		// The quote proves only entries of PCR 10.
		if record.pcr != u32::from(IMA_PCR) {
			continue;
		}
		let Ok(("sha256", digest)) = record.file_digest() else { continue };
		if expected.miner_binary.iter().any(|known| known == digest) {
			return Ok(());
		}
	}
	Err(Rejection::new(RejectCode::ImaRequiredMissing, "hcc-miner", (), first))
}
