use alloc::vec::Vec;

use super::{PcrBank, PcrSelection};
use crate::{
	bytes::{Reader, Short},
	Check, RejectCode, Rejection,
};

/// TPM_GENERATED_VALUE, with which a TPM begins all structures that it generates. The TPM refuses
/// to sign external data that begins with this value with a restricted key.
const TPM_GENERATED_VALUE: u32 = 0xff54_4347;
/// TPM_ST_ATTEST_QUOTE.
const TPM_ST_ATTEST_QUOTE: u16 = 0x8018;
/// The maximum number of banks in a selection. The specification defines fewer hash algorithms.
const MAX_SELECTIONS: u32 = 16;

/// TPMS_CLOCK_INFO.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockInfo {
	/// The time for which the TPM had power, in milliseconds.
	pub clock: u64,
	/// The number of TPM resets. Each boot of the machine is a reset.
	pub reset_count: u32,
	/// The number of restarts and resumes since the last reset.
	pub restart_count: u32,
	/// `true` if the TPM has never reported a later `clock`.
	pub safe: bool,
}

/// A decoded TPMS_ATTEST of a quote. It is not verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attest {
	/// TPM2B_NAME: the qualified name of the signing key.
	pub qualified_signer: Vec<u8>,
	/// The qualifyingData that the caller of TPM2_Quote passed.
	pub extra_data: Vec<u8>,
	pub clock_info: ClockInfo,
	pub firmware_version: u64,
	/// The quoted PCRs by bank, in the order of the quote. Banks without a selected PCR are left
	/// out.
	pub selections: Vec<PcrSelection>,
	pub pcr_digest: Vec<u8>,
}

impl Attest {
	/// Decodes a TPMS_ATTEST.
	///
	/// ## Errors
	/// [`RejectCode::QuoteMagic`], [`RejectCode::QuoteType`], [`RejectCode::AttestEncoding`].
	pub fn parse(bytes: &[u8]) -> Check<Self> {
		Self::fields(bytes).unwrap_or_else(|Short| Err(malformed("TPMS_ATTEST", "incomplete")))
	}

	fn fields(bytes: &[u8]) -> Result<Check<Self>, Short> {
		let mut at = Reader::new(bytes);
		let magic = at.array()?;
		if u32::from_be_bytes(magic) != TPM_GENERATED_VALUE {
			let wanted = TPM_GENERATED_VALUE.to_be_bytes();
			return Ok(Err(Rejection::new(RejectCode::QuoteMagic, "magic", &magic, &wanted)));
		}
		let kind = at.array()?;
		if u16::from_be_bytes(kind) != TPM_ST_ATTEST_QUOTE {
			let wanted = TPM_ST_ATTEST_QUOTE.to_be_bytes();
			return Ok(Err(Rejection::new(RejectCode::QuoteType, "type", &kind, &wanted)));
		}
		let qualified_signer = at.tpm2b()?.to_vec();
		let extra_data = at.tpm2b()?.to_vec();
		let clock = at.u64_be()?;
		let reset_count = at.u32_be()?;
		let restart_count = at.u32_be()?;
		let safe = match at.u8()? {
			0 => false,
			1 => true,
			_ => return Ok(Err(malformed("clockInfo.safe", "neither YES nor NO"))),
		};
		let firmware_version = at.u64_be()?;
		let selections = match selections(&mut at)? {
			Ok(selections) => selections,
			Err(rejection) => return Ok(Err(rejection)),
		};
		let pcr_digest = at.tpm2b()?.to_vec();
		if !at.is_empty() {
			return Ok(Err(malformed("TPMS_ATTEST", "bytes after its end")));
		}
		let clock_info = ClockInfo { clock, reset_count, restart_count, safe };
		Ok(Ok(Self {
			qualified_signer,
			extra_data,
			clock_info,
			firmware_version,
			selections,
			pcr_digest,
		}))
	}
}

fn malformed(field: &'static str, seen: &'static str) -> Rejection {
	Rejection::new(RejectCode::AttestEncoding, field, seen, "TPMS_ATTEST of a quote")
}

/// Decodes a TPML_PCR_SELECTION. A bank with an empty bitmap selects nothing and is left out, even
/// if the bank is unknown. A bank that is listed twice is rejected, because a reader could take one
/// entry for the whole selection.
fn selections(at: &mut Reader<'_>) -> Result<Check<Vec<PcrSelection>>, Short> {
	let count = at.u32_be()?;
	if count > MAX_SELECTIONS {
		return Ok(Err(malformed("pcrSelect.count", "more banks than there are")));
	}
	let mut selections = Vec::<PcrSelection>::new();
	for _ in 0..count {
		let bank = at.u16_be()?;
		let size = at.u8()?;
		let bitmap = at.take(size.into())?;
		if bitmap.len() > 4 {
			return Ok(Err(malformed("pcrSelect.sizeofSelect", "more pcrs than there are")));
		}
		let mask = bitmap.iter().rev().fold(0u32, |mask, &byte| (mask << 8) | u32::from(byte));
		if mask == 0 {
			continue;
		}
		let Some(bank) = PcrBank::from_alg_id(bank) else {
			return Ok(Err(malformed("pcrSelect.hash", "an unknown bank")));
		};
		if selections.iter().any(|selection| selection.bank == bank) {
			let seen = alloc::format!("{}, listed twice", bank.name());
			let code = RejectCode::AttestEncoding;
			return Ok(Err(Rejection::new(code, "pcrSelect.hash", seen, "each bank once")));
		}
		selections.push(PcrSelection { bank, mask });
	}
	Ok(Ok(selections))
}
