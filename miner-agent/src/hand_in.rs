//! Hands the measurement log in where it is too long for one evidence: part after part, before evidence goes on from its end.

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

/// How many parts are under way at once: some blocks hold as many.
const AT_ONCE: usize = 32;

/// What the chain knows of a machine's log.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
	/// How far it was accepted in this boot.
	pub accepted: Option<BootState>,
	/// How far it was handed in.
	pub handed_in: Option<FoldedLog>,
}

/// Where evidence takes the log up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TakenUp {
	/// At that entry: the log's beginning, or where accepted evidence ended.
	At(u32),
	After(FoldedLog),
}

impl Known {
	/// Where evidence takes up a log so that it can bring the rest; none where the log must be handed in first.
	pub(crate) fn take_up(&self, log: &Log, capacity: Capacity) -> Option<TakenUp> {
		let accepted = self.accepted.as_ref().map_or(0, |boot| boot.entries);
		if log.fits(accepted, capacity) {
			return Some(TakenUp::At(accepted));
		}
		let handed_in = self.usable(log)?;
		log.fits(handed_in.entries, capacity).then(|| TakenUp::After(handed_in.clone()))
	}

	/// What was handed in, if it is the beginning of this very log.
	fn usable(&self, log: &Log) -> Option<&FoldedLog> {
		self.handed_in.as_ref().filter(|known| log.leads_to(&known.pcr10, known.entries))
	}
}

/// How much of a log the chain takes at once; less where the configuration says so.
pub(crate) async fn capacity(chain: &Chain, host: &Host) -> anyhow::Result<Capacity> {
	let at = chain.best().await?;
	let constants = at.constants();
	let bytes = constants.entry(api::constants().attestation().max_log())? as usize;
	let entries = constants.entry(api::constants().attestation().max_entries())?;
	Ok(Capacity { bytes: host.config.log_part.map_or(bytes, |part| part.min(bytes)), entries })
}

/// What the chain knows of the log of a machine whose TPM tells that clock.
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
	let tightened = storage.try_fetch(api::storage().policy().files_tightened(), ()).await?;
	let tightened = tightened.map(|row| row.decode()).transpose()?.unwrap_or(0);
	let failing = host.as_ref().is_some_and(|host| host.failing);
	// Of what was judged by an older list the chain will want all again, sooner or later.
	let accepted = host.filter(|host| host.judged >= tightened).and_then(|host| host.checkpoint);
	let handed_in = storage.try_fetch(attestation.logs(), (*miner,)).await?;
	let handed_in = handed_in.map(|row| row.decode()).transpose()?.map(|row| row.0);
	let revision = storage.try_fetch(api::storage().policy().current_revision(), ()).await?;
	let revision = revision.map(|row| row.decode()).transpose()?.unwrap_or(0);
	Ok(Known {
		accepted: accepted.map(|boot| boot.0).filter(|boot| boot.is_of(clock)),
		// What was found may be allowed by now, and what was missed required in another version.
		handed_in: handed_in.filter(|log| {
			let clean = log.findings.is_empty() && !failing;
			log.revision == revision || (log.revision >= tightened && clean)
		}),
	})
}

/// The clock of the machine's TPM.
pub(crate) async fn clock(host: &Host) -> anyhow::Result<ClockInfo> {
	let quote = host.tpm(|tpm| tpm.quote([0; 32])).await.context("asking the tpm for its clock")?;
	Ok(TpmsAttest::parse(&quote.attest)?.clock_info)
}

/// Hands in what evidence could not bring.
pub(crate) async fn ensure_handed_in(
	chain: &Chain,
	host: &Host,
	hot: &Submitter,
	miner: &AccountId32,
	chip: ChipHash,
) -> anyhow::Result<()> {
	let capacity = capacity(chain, host).await?;
	let log = Log::read(&host.config.ima_log)?;
	if log.fits(0, capacity) {
		return Ok(());
	}
	let known = known(&chain.best().await?, miner, chip, &clock(host).await?).await?;
	if known.take_up(&log, capacity).is_some() {
		return Ok(());
	}
	let mut at = known.usable(&log).map_or(0, |known| known.entries);
	let (from, entries) = (at, log.entries());
	tracing::info!(
		from,
		entries,
		"the measurement log is too long for one evidence: handing it in"
	);
	while !log.fits(at, capacity) {
		let mut calls = Vec::new();
		while !log.fits(at, capacity) && calls.len() < AT_ONCE {
			let part = log.part(at, capacity);
			let records = log.records(part.clone()).unwrap_or_default().to_vec();
			calls.push(api::tx().attestation().submit_log(at, BoundedVec(records)));
			at = part.end;
		}
		hot.submit_all(chain, &calls).await.context("handing the measurement log in")?;
		tracing::info!(handed_in = at, entries, "the chain has followed the log");
	}
	Ok(())
}
