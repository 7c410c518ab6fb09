use alloc::vec::Vec;

use super::{missing_bank, Events, EV_NO_ACTION};
use crate::{tpm::PcrBank, Check, RejectCode, Rejection};

/// The number of PCRs.
pub const PCRS: usize = 24;

/// The beginning of an event that states the locality of TPM2_Startup. PCR 0 starts from this
/// locality.
const STARTUP_LOCALITY: &[u8] = b"StartupLocality\0";

/// The PCR values of one bank after the log; `None` for a PCR without events.
pub type BootPcrs = [Option<Vec<u8>>; PCRS];

/// Replays the log in one bank.
///
/// ## Errors
/// [`RejectCode::BootLogEncoding`]: the log is malformed. [`RejectCode::BootLogBank`]: an event has
/// no digest of this bank.
pub fn replay(log: &[u8], bank: PcrBank) -> Check<BootPcrs> {
	let mut pcrs = BootPcrs::default();
	let mut locality = 0;
	for event in Events::new(log)? {
		let event = event?;
		if event.kind == EV_NO_ACTION {
			if let Some(&[at]) = event.data.strip_prefix(STARTUP_LOCALITY) {
				locality = at;
			}
			continue;
		}
		let digest = event
			.digests
			.iter()
			.find(|(of, _)| *of == bank)
			.map(|(_, digest)| *digest)
			.ok_or_else(|| missing_bank(&event, bank))?;
		let index = event.pcr as usize;
		let pcr = pcrs.get_mut(index).ok_or_else(|| {
			Rejection::new(RejectCode::BootLogEncoding, "pcrIndex", event.pcr, "0 to 23")
				.at(event.index)
		})?;
		let before = pcr.take().unwrap_or_else(|| {
			let mut start = alloc::vec![0; bank.digest_len()];
			if let (0, Some(last)) = (index, start.last_mut()) {
				*last = locality;
			}
			start
		});
		*pcr = Some(bank.hash(&[&before, digest]));
	}
	Ok(pcrs)
}
