//! Checks of the software: the quote, the boot and the measurement log.

use alloc::vec::Vec;

use sha2::{Digest, Sha256};

use super::{
	folded_log::boot_aggregate, quote_extra_data, BootState, Collateral, Context, FoldedLog,
	Hash256, HostEvidence, HostPolicy, PcrSet, RequiredFile, QUOTED_PCRS,
};
use crate::{
	boot::{self, BootParts, BootRole, BootRules},
	crypto::Crypto,
	ima::{self, Checkpoint, Records, Renewed, Replayed},
	tpm::{
		verify_quote, AuthenticQuote, ClockInfo, PcrBank, PcrSelection, PcrValues, QuoteRequest,
		Sha1, Signature, Wanted,
	},
	Check, RejectCode, Rejection,
};

/// The position of PCR 10 among the quoted PCRs.
const IMA_AT: usize = 10;
/// The number of PCRs that `boot_aggregate` covers: 0 to 9.
const AGGREGATED: usize = 10;

/// The claims that the quote and the log prove.
pub(super) struct Proven {
	pub(super) boot: BootState,
	pub(super) boot_profile: Hash256,
}

/// Checks the quote, the event log, the boot profile and the measurement log.
pub(super) fn check<C: Crypto, P: HostPolicy>(
	evidence: &HostEvidence,
	collateral: &Collateral<'_>,
	policy: &P,
	context: &Context,
) -> Check<Proven> {
	let quote = check_quote::<C>(evidence, collateral, context)?;
	check_boot_log(evidence)?;
	let clock = quote.attest().clock_info;
	let known = context.boot.as_ref().filter(|boot| boot.is_of(&clock));
	let former = context.former.as_ref().filter(|boot| boot.is_of(&clock));
	let boot_profile = boot_profile(&evidence.pcr_values);
	let rules = policy.boot_rules().filter(|_| known.is_none());
	if rules.is_none() {
		check_profile(context, &boot_profile)?;
	}
	let from = match (&context.log, known) {
		(Some(log), _) => LogStart::Submitted(log),
		(None, Some(boot)) => LogStart::Accepted(boot),
		(None, None) => LogStart::Boot,
	};
	// Entries that were accepted earlier in this boot can be outdated, but they do not count as new
	// faults.
	let boot = check_log(evidence, &clock, from, former.or(known), policy)?;
	if let Some(rules) = rules {
		let accepted_before = former.is_some() && context.boot_profile == Some(boot_profile);
		judge_boot(evidence, rules, policy).map_err(|why| {
			if accepted_before {
				outdated(why)
			} else {
				why
			}
		})?;
	}
	Ok(Proven { boot, boot_profile })
}

/// Replaces the code of a rejected boot that was accepted before, because only a change of policy
/// explains such a rejection.
fn outdated(why: Rejection) -> Rejection {
	match why.code {
		RejectCode::BootUnknown | RejectCode::BootPartMissing | RejectCode::SecureBootOff => {
			Rejection { code: RejectCode::BootOutdated, ..why }
		},
		_ => why,
	}
}

/// Checks a new boot against the boot rules of policy.
fn judge_boot<P: HostPolicy>(evidence: &HostEvidence, rules: BootRules, policy: &P) -> Check {
	let log = evidence.boot.as_ref().ok_or_else(|| {
		Rejection::new(RejectCode::BootLogMissing, "boot", (), "the firmware's event log")
	})?;
	boot::judge(log, rules, &PolicyParts(policy))
}

/// Checks that the boot profile is the last accepted one. This applies to known boots, and to all
/// boots if policy has no boot rules.
fn check_profile(context: &Context, boot_profile: &Hash256) -> Check {
	match context.boot_profile {
		Some(enrolled) if enrolled != *boot_profile => {
			Err(Rejection::new(RejectCode::BootPcrs, "pcr 0 to 9 and 14", boot_profile, &enrolled))
		},
		_ => Ok(()),
	}
}

/// An adapter that looks up boot components in a policy.
struct PolicyParts<'a, P>(&'a P);
impl<P: HostPolicy> BootParts for PolicyParts<'_, P> {
	fn role(&self, digest: &Hash256) -> Option<BootRole> {
		self.0.boot_role(digest)
	}
}

fn check_quote<C: Crypto>(
	evidence: &HostEvidence,
	collateral: &Collateral<'_>,
	context: &Context,
) -> Check<AuthenticQuote> {
	let challenge = &context.challenge;
	let nonce = quote_extra_data(
		&challenge.genesis,
		&challenge.nonce,
		&challenge.miner,
		&challenge.chip,
		&evidence.guest_pk,
	);
	let mask = QUOTED_PCRS.iter().fold(0u32, |mask, &index| mask | 1u32.wrapping_shl(index.into()));
	let values = QUOTED_PCRS.iter().zip(&evidence.pcr_values);
	let values = values.map(|(&index, value)| (PcrBank::Sha256, index, value.to_vec()));
	let signature = Signature::parse(&evidence.tpm_signature)?;
	verify_quote::<C>(
		&evidence.tpms_attest,
		&signature,
		collateral.ak,
		&QuoteRequest {
			nonce: Wanted::Exactly(&nonce),
			sha1: Sha1::Refuse,
			selections: Wanted::Exactly(&[PcrSelection { bank: PcrBank::Sha256, mask }]),
			qualified_signer: collateral.qualified_signer.clone(),
			values: Wanted::Exactly(&PcrValues(values.collect())),
		},
	)
}

/// Checks that the firmware's event log, if present, leads to the quoted PCRs except PCR 10. A PCR
/// without an event must be zero, as after a reset.
fn check_boot_log(evidence: &HostEvidence) -> Check {
	let Some(log) = &evidence.boot else { return Ok(()) };
	let replayed = boot::replay(log, PcrBank::Sha256)?;
	let untouched = Hash256::default();
	for (&index, quoted) in QUOTED_PCRS.iter().zip(&evidence.pcr_values) {
		if usize::from(index) == IMA_AT {
			continue;
		}
		let led = replayed.get(usize::from(index)).and_then(Option::as_deref);
		let led = led.unwrap_or(&untouched);
		if led != quoted {
			let seen = alloc::format!("another value of pcr {index}");
			return Err(Rejection::new(RejectCode::BootLog, "event log", seen, quoted));
		}
	}
	Ok(())
}

/// Returns the boot profile: the hash of all quoted PCRs except IMA's.
fn boot_profile(values: &PcrSet) -> Hash256 {
	let mut hasher = Sha256::new();
	for (at, value) in values.iter().enumerate() {
		if at != IMA_AT {
			hasher.update(value);
		}
	}
	hasher.finalize().into()
}

/// The position from which evidence continues the log.
#[derive(Clone, Copy)]
enum LogStart<'a> {
	/// The end of the last accepted evidence of this boot.
	Accepted(&'a BootState),
	/// The end of the last log submission.
	Submitted(&'a FoldedLog),
	/// The first entry of the log.
	Boot,
}

impl LogStart<'_> {
	fn checkpoint(&self) -> Checkpoint {
		match self {
			Self::Accepted(boot) => Checkpoint {
				bank: PcrBank::Sha256,
				pcr10: boot.pcr10.to_vec(),
				entries: boot.entries,
			},
			Self::Submitted(log) => log.checkpoint(),
			Self::Boot => Checkpoint::boot(PcrBank::Sha256),
		}
	}

	fn required_seen(&self) -> Vec<Hash256> {
		match self {
			Self::Accepted(boot) => boot.required_seen.clone(),
			Self::Submitted(log) => log.required_seen.clone(),
			Self::Boot => Vec::new(),
		}
	}
}

fn check_log<P: HostPolicy>(
	evidence: &HostEvidence,
	clock: &ClockInfo,
	from: LogStart<'_>,
	accepted: Option<&BootState>,
	policy: &P,
) -> Check<BootState> {
	let before = accepted.map_or(0, |boot| boot.entries);
	let files = Renewed { files: policy.files(), before };
	let (delta, checkpoint) = (&evidence.ima_delta, from.checkpoint());
	if delta.from_entry != checkpoint.entries {
		let (seen, wanted) = (delta.from_entry, checkpoint.entries);
		return Err(Rejection::new(RejectCode::ImaCheckpoint, "from_entry", seen, wanted));
	}
	let quoted = evidence.pcr_values.get(IMA_AT).copied().unwrap_or_default();
	// The quote does not prove entries of other PCRs, so the chain accepts no log with such an
	// entry.
	let replayed =
		ima::replay_strictly(&delta.records, &checkpoint, &quoted, &files, policy.limits());
	let replayed = match from {
		LogStart::Submitted(log) => worse(log.findings.check(before), replayed)?,
		LogStart::Accepted(_) | LogStart::Boot => replayed?,
	};
	match from {
		LogStart::Accepted(_) => {},
		LogStart::Submitted(log) => {
			check_boot_aggregate(&log.boot_aggregate, &evidence.pcr_values)?;
		},
		LogStart::Boot => {
			check_boot_aggregate(&boot_aggregate(&delta.records)?, &evidence.pcr_values)?;
		},
	}
	let seen = from.required_seen();
	let covered = replayed.checkpoint.entries.saturating_sub(checkpoint.entries);
	let required_seen = required_seen(&delta.records, covered, policy, seen)?;
	// An accepted log contains all files that were required then, so a missing file is newly
	// required. A log that continues an accepted log is not checked for missing files.
	// Re-attestation checks the whole log.
	if !matches!(from, LogStart::Accepted(_)) {
		check_required(policy, &required_seen, accepted.is_some())?;
	}
	Ok(BootState {
		reset_count: clock.reset_count,
		restart_count: clock.restart_count,
		pcr10: quoted,
		entries: replayed.checkpoint.entries,
		required_seen,
	})
}

/// Returns the more severe result of earlier log submissions (`earlier`) and of the part in the
/// evidence (`last`). If both are equally severe, the earlier result counts.
///
/// A log that does not lead to the quote ranks highest, because findings count only if the quote
/// covers them.
fn worse(earlier: Check, last: Check<Replayed>) -> Check<Replayed> {
	let rank = |code: RejectCode| match code {
		RejectCode::ImaOutdatedFile => 1,
		RejectCode::ImaUnknownFile
		| RejectCode::ImaFileHash
		| RejectCode::ImaViolation
		| RejectCode::ImaOtherPcr => 2,
		RejectCode::ImaForbiddenFile => 3,
		_ => 4,
	};
	match (earlier, last) {
		(Ok(()), last) => last,
		(Err(early), Ok(_)) => Err(early),
		(Err(early), Err(late)) if rank(early.code) >= rank(late.code) => Err(early),
		(Err(_), Err(late)) => Err(late),
	}
}

/// Checks the kernel's hash of the boot PCRs in the first entry, which ties the log to the boot of
/// the quote.
fn check_boot_aggregate(seen: &Hash256, values: &PcrSet) -> Check {
	let mut hasher = Sha256::new();
	for value in values.iter().take(AGGREGATED) {
		hasher.update(value);
	}
	let wanted: Hash256 = hasher.finalize().into();
	if *seen != wanted {
		let code = RejectCode::BootAggregate;
		return Err(Rejection::new(code, "boot_aggregate", seen, &wanted).at(0));
	}
	Ok(())
}

/// Returns the digests of required files that were measured since the boot. These are the digests
/// in `before`, and the digests of PCR 10 in the first `covered` records.
pub(super) fn required_seen<P: HostPolicy>(
	records: &[u8],
	covered: u32,
	policy: &P,
	before: Vec<Hash256>,
) -> Check<Vec<Hash256>> {
	let required = policy.required();
	let mut seen = before;
	// Digests of files that policy no longer requires are dropped.
	seen.retain(|digest| required.iter().any(|file| file.any_of.contains(digest)));
	for record in Records::new(records, 0).take(covered as usize) {
		let record = record?;
		if record.pcr != u32::from(ima::IMA_PCR) {
			continue;
		}
		// Required files are known by their SHA-256 digests only.
		let Ok(("sha256", digest)) = record.file_digest() else { continue };
		let Ok(digest) = Hash256::try_from(digest) else { continue };
		if !seen.contains(&digest) && required.iter().any(|file| file.any_of.contains(&digest)) {
			seen.push(digest);
		}
	}
	seen.sort_unstable();
	Ok(seen)
}

/// Checks that all required files were measured. If the log was accepted before, a missing file is
/// newly required, and the code is [`RejectCode::ImaOutdatedFile`].
fn check_required<P: HostPolicy>(policy: &P, seen: &[Hash256], accepted_before: bool) -> Check {
	let is_missing = |file: &&RequiredFile| !file.any_of.iter().any(|digest| seen.contains(digest));
	let Some(file) = policy.required().iter().find(is_missing) else { return Ok(()) };
	let code =
		if accepted_before { RejectCode::ImaOutdatedFile } else { RejectCode::ImaRequiredMissing };
	let wanted = file.any_of.first().copied().unwrap_or_default();
	Err(Rejection::new(code, "file digest", (), &wanted))
}
