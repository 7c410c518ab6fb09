use alloc::vec::Vec;

use super::{Events, EV_NO_ACTION};
use crate::{tpm::PcrBank, Check, RejectCode, Rejection};

/// How many PCRs there are.
pub const PCRS: usize = 24;

/// Where an event tells at which locality TPM2_Startup came, which PCR 0 starts from.
const STARTUP_LOCALITY: &[u8] = b"StartupLocality\0";

/// What the log leaves in the PCRs of one bank; none for a PCR that it does not touch.
pub type BootPcrs = [Option<Vec<u8>>; PCRS];

/// Replays the log in one bank.
///
/// ## Errors
/// [`RejectCode::BootLogEncoding`]: malformed, or an event without a digest of that bank.
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
		let refused = |field, seen: u64| {
			Rejection::new(RejectCode::BootLogEncoding, field, seen, "a pcr and its digest")
				.at(event.index)
		};
		let digest = event
			.digests
			.iter()
			.find(|(of, _)| *of == bank)
			.map(|(_, digest)| *digest)
			.ok_or_else(|| refused("digests", event.digests.len() as u64))?;
		let index = event.pcr as usize;
		let pcr = pcrs.get_mut(index).ok_or_else(|| refused("pcrIndex", event.pcr.into()))?;
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
