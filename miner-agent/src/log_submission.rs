//! Submits the IMA log in parts if it is too long for one piece of evidence. The evidence then
//! continues the log after the last submitted part.

use anyhow::Context;
use hcc_chain::{api, AccountId32, Chain, ChainAt, Submitter};
use hcc_evidence::{
	host::{BootState, ChipHash, FoldedLog},
	tpm::{Attest as TpmsAttest, ClockInfo},
};

use crate::{
	host::Host,
	log::{Capacity, Log},
};

use api::runtime_types::bounded_collections::bounded_vec::BoundedVec;

/// Maximum number of parts in one batch. A few blocks have room for this number.
const MAX_BATCH: usize = 32;

/// The parts of a machine's IMA log that the chain already knows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
	/// The checkpoint of the last accepted evidence of this boot.
	pub accepted: Option<BootState>,
	/// The miner's log submission.
	pub submitted: Option<FoldedLog>,
}

/// The point from which evidence continues the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LogStart {
	/// Evidence starts at the entry with this index: the first entry of the log, or the first entry
	/// after accepted evidence.
	At(u32),
	/// Evidence continues after this log submission.
	After(FoldedLog),
}

impl Known {
	/// Returns the point from which one piece of evidence can cover the rest of the log.
	///
	/// Returns `None` if parts of the log must be submitted first.
	pub(crate) fn start_for(&self, log: &Log, capacity: Capacity) -> Option<LogStart> {
		let accepted = self.accepted.as_ref().map_or(0, |boot| boot.entries);
		if log.fits(accepted, capacity) {
			return Some(LogStart::At(accepted));
		}
		let submitted = self.usable(log)?;
		log.fits(submitted.entries, capacity).then(|| LogStart::After(submitted.clone()))
	}

	/// Returns the log submission if it is a prefix of this log.
	fn usable(&self, log: &Log) -> Option<&FoldedLog> {
		self.submitted.as_ref().filter(|known| log.leads_to(&known.pcr10, known.entries))
	}
}

/// Returns the limits of one part. The number of bytes is the lower one of the limits of the chain
/// and of the configuration.
pub(crate) async fn capacity(chain: &Chain, host: &Host) -> anyhow::Result<Capacity> {
	let at = chain.best().await?;
	let constants = at.constants();
	let bytes = constants.entry(api::constants().attestation().max_log())? as usize;
	let entries = constants.entry(api::constants().attestation().max_entries())?;
	Ok(Capacity { bytes: host.config.log_part.map_or(bytes, |part| part.min(bytes)), entries })
}

/// Reads from the chain which parts of a machine's log it knows. `clock` is the clock of the
/// machine's TPM.
pub(crate) async fn known(
	at: &ChainAt,
	miner: &AccountId32,
	chip: ChipHash,
	clock: &ClockInfo,
) -> anyhow::Result<Known> {
	let storage = at.storage();
	let attestation = api::storage().attestation();
	let host = match storage.try_fetch(attestation.hosts(), (chip,)).await? {
		Some(row) => Some(row.decode()?).filter(|host| host.miner == *miner),
		None => None,
	};
	let tightened = storage.try_fetch(api::storage().policy().last_file_tightening(), ()).await?;
	let tightened = tightened.map(|row| row.decode()).transpose()?.unwrap_or(0);
	let failing = host.as_ref().is_some_and(|host| host.failing);
	// Entries that were judged before the last tightening of the list of files do not count,
	// because the chain will request them again.
	let accepted = host.filter(|host| host.judged >= tightened).and_then(|host| host.checkpoint);
	let submitted = storage.try_fetch(attestation.logs(), (*miner,)).await?;
	let submitted = submitted.map(|row| row.decode()).transpose()?.map(|row| row.0);
	let revision = storage.try_fetch(api::storage().policy().current_revision(), ()).await?;
	let revision = revision.map(|row| row.decode()).transpose()?.unwrap_or(0);
	Ok(Known {
		accepted: accepted.map(|boot| boot.0).filter(|boot| boot.is_of(clock)),
		// A submission under an older policy revision may have findings about files that current
		// policy allows. Current policy may also require other versions of required files.
		submitted: submitted.filter(|log| {
			let clean = log.findings.is_empty() && !failing;
			log.revision == revision || (log.revision >= tightened && clean)
		}),
	})
}

/// Reads the clock of the machine's TPM.
pub(crate) async fn clock(host: &Host) -> anyhow::Result<ClockInfo> {
	let quote = host.tpm(|tpm| tpm.quote([0; 32])).await.context("reading the TPM's clock")?;
	Ok(TpmsAttest::parse(&quote.attest)?.clock_info)
}

/// Submits parts of the log until one piece of evidence can cover the rest. `due` states that a
/// challenge is open. The calls are then operational, so that full blocks do not delay them.
pub(crate) async fn ensure_log_submitted(
	chain: &Chain,
	host: &Host,
	hot: &Submitter,
	miner: &AccountId32,
	chip: ChipHash,
	due: bool,
) -> anyhow::Result<()> {
	let capacity = capacity(chain, host).await?;
	let log = Log::read(&host.config.ima_log)?;
	if log.fits(0, capacity) {
		return Ok(());
	}
	let known = known(&chain.best().await?, miner, chip, &clock(host).await?).await?;
	if known.start_for(&log, capacity).is_some() {
		return Ok(());
	}
	let mut at = known.usable(&log).map_or(0, |known| known.entries);
	let (from, entries) = (at, log.entries());
	tracing::info!(
		from,
		entries,
		"the IMA log is too long for one piece of evidence: submitting it in parts"
	);
	while !log.fits(at, capacity) {
		host.monitor.attesting.beat();
		let mut calls = Vec::new();
		while !log.fits(at, capacity) && calls.len() < MAX_BATCH {
			let part = log.part(at, capacity);
			let records = log.records(part.clone()).unwrap_or_default().to_vec();
			let records = BoundedVec(records);
			calls.push(api::tx().attestation().submit_log(*miner, at, records, due));
			at = part.end;
		}
		hot.submit_all(chain, &calls).await.context("submitting the IMA log")?;
		tracing::info!(submitted = at, entries, "parts of the IMA log are submitted");
	}
	Ok(())
}
