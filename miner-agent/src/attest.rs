//! Answers a challenge: quote, log, report, and the whole to the chain.

use anyhow::Context;
use hcc_chain::{api, AccountId32, Chain, ChainAt, Submitter, H256};
use hcc_evidence::{
	host::{quote_extra_data, BootState, ChipHash, FoldedLog, HostEvidence, ImaDelta},
	tpm::Attest as TpmsAttest,
};
use hccam::protocol::Attest;

use crate::{
	guest::Guest,
	hand_in::{Known, TakenUp},
	host::Host,
	log::{Capacity, Log},
};

/// The largest event log that is sent, in bytes.
const MAX_BOOT_LOG: usize = 64 << 10;

/// A challenge to a chip of this host.
pub(crate) struct Challenge {
	pub miner: AccountId32,
	pub chip: ChipHash,
	pub seq: u64,
	pub nonce: [u8; 32],
	/// Where the last accepted evidence ended.
	pub checkpoint: Option<BootState>,
	/// The log that the miner has handed in.
	pub handed_in: Option<FoldedLog>,
}

/// The challenge of that chip that waits for an answer: once a block has been built on the one that made it. Before that, nodes may have another one, and would refuse
/// evidence for this as an answer to nothing.
pub(crate) async fn open_challenge(
	chain: &Chain,
	miner: &AccountId32,
	chip: ChipHash,
) -> anyhow::Result<Option<Challenge>> {
	let best = chain.best().await?;
	let Some(challenge) = challenge_at(&best, chip).await? else { return Ok(None) };
	let before = chain.block(best.block_number().saturating_sub(1)).await?;
	let settled = challenge_at(&before, chip).await?;
	let known = settled.is_some_and(|old| old.nonce == challenge.nonce);
	// Another miner may have the chip by now: nothing is signed in its name.
	Ok(Some(challenge).filter(|new| known && new.miner == *miner))
}

async fn challenge_at(at: &ChainAt, chip: ChipHash) -> anyhow::Result<Option<Challenge>> {
	let address = api::storage().attestation().hosts();
	let Some(row) = at.storage().try_fetch(address, (chip,)).await? else { return Ok(None) };
	let host = row.decode()?;
	let Some(open) = host.challenge.filter(|open| open.subject.is_none()) else { return Ok(None) };
	Ok(Some(Challenge {
		miner: host.miner,
		chip,
		seq: open.seq,
		nonce: open.nonce,
		checkpoint: host.checkpoint.map(|boot| boot.0),
		handed_in: handed_in_at(at, &host.miner).await?,
	}))
}

/// The log that a miner has handed in.
pub(crate) async fn handed_in_at(
	at: &ChainAt,
	miner: &AccountId32,
) -> anyhow::Result<Option<FoldedLog>> {
	let address = api::storage().attestation().logs();
	let row = at.storage().try_fetch(address, (*miner,)).await?;
	Ok(row.map(|row| row.decode()).transpose()?.map(|log| log.0))
}

/// Gathers evidence for a challenge.
pub(crate) async fn gather(
	host: &Host,
	genesis: [u8; 32],
	capacity: Capacity,
	challenge: Challenge,
) -> anyhow::Result<HostEvidence> {
	let mut guest = Guest::meet(&host.guest).await?;
	let extra_data = quote_extra_data(
		&genesis,
		&challenge.nonce,
		&challenge.miner.0,
		&challenge.chip,
		&guest.public_key,
	);
	let (ak, quote) = host
		.tpm(move |tpm| Ok((tpm.ak_public()?, tpm.quote(extra_data)?)))
		.await
		.context("quoting")?;
	// After the quote: the log may run ahead of it, never behind.
	let clock = TpmsAttest::parse(&quote.attest)?.clock_info;
	let log = Log::read(&host.config.ima_log)?;
	let known = Known {
		accepted: challenge.checkpoint.clone().filter(|boot| boot.is_of(&clock)),
		handed_in: challenge.handed_in,
	};
	let taken_up = known
		.take_up(&log, capacity)
		.context("the measurement log has grown too long: it is to be handed in first")?;
	let (from_entry, last) = match taken_up {
		TakenUp::At(entry) => (entry, None),
		TakenUp::After(log) => (log.entries, Some(log)),
	};
	let ima_delta = ImaDelta { from_entry, records: log.from(from_entry)?.to_vec() };
	// The firmware's log counts after a boot only: the whole measurement log goes with it, or what was handed in.
	let boot = (from_entry == 0 || last.is_some())
		.then(|| std::fs::read(&host.config.boot_log).ok())
		.flatten()
		.filter(|log| !log.is_empty() && log.len() <= MAX_BOOT_LOG);
	let guest_pk = guest.public_key;
	let attest = Attest {
		genesis,
		miner: challenge.miner.0,
		chip: challenge.chip,
		seq: challenge.seq,
		nonce: challenge.nonce,
		ak,
		tpms_attest: quote.attest.clone(),
		tpm_signature: quote.signature.clone(),
		pcr_values: quote.pcrs,
		ima_delta: ima_delta.clone(),
		checkpoint: challenge.checkpoint,
		log: last,
		boot: boot.clone(),
	};
	let (snp_report, guest_signature) = guest.attest(attest).await?;
	Ok(HostEvidence {
		miner: challenge.miner.0,
		seq: challenge.seq,
		snp_report,
		tpms_attest: quote.attest,
		tpm_signature: quote.signature,
		pcr_values: quote.pcrs,
		ima_delta,
		boot,
		guest_pk,
		guest_signature,
	})
}

/// Sends evidence to the chain, ahead of what the same key has submitted for VMs: that can wait, and a challenge does not. Gives the block that includes it.
pub(crate) async fn submit(
	chain: &Chain,
	hot: &Submitter,
	evidence: HostEvidence,
) -> anyhow::Result<H256> {
	let call = api::tx().attestation().submit_evidence(evidence.into());
	Ok(hot.submit_urgent(chain, &call).await.context("submitting evidence")?.block)
}
