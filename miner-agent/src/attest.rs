//! Answers challenges. For each answer, the TPM quotes its PCRs, the agent reads the logs, and the
//! guest agent makes an SNP report. The agent submits all of this as evidence.

use anyhow::Context;
use hcc_chain::{api, view, AccountId32, Chain, ChainAt, Submitter, H256};
use hcc_evidence::{
	boot::BootRules,
	host::{quote_extra_data, BootState, ChipHash, FoldedLog, HostEvidence, ImaDelta},
	tpm::Attest as TpmsAttest,
};
use hcc_guest_protocol::guest::GatheredEvidence;

use crate::{
	boot_log,
	guest::Guest,
	host::Host,
	log::{Capacity, Log},
	log_submission::{Known, LogStart},
};

/// A challenge to a chip of this host.
pub(crate) struct Challenge {
	pub miner: AccountId32,
	pub chip: ChipHash,
	pub seq: u64,
	pub nonce: [u8; 32],
	/// The log checkpoint at which the last accepted evidence ended.
	pub checkpoint: Option<BootState>,
	/// The log submission: the part of the IMA log that the miner has submitted in advance.
	pub submitted: Option<FoldedLog>,
	/// The tick at which it was made.
	pub made: u32,
	/// The last tick at which the challenge can be answered.
	pub deadline: u32,
	/// True if the miner requested the challenge itself, as a maintenance pause.
	pub is_of_pause: bool,
	/// True if the chain rejects evidence of a new boot without the firmware's event log.
	pub boot_log_required: bool,
}

/// Returns the open challenge of a chip, if the block of the challenge has a child.
///
/// Before it has a child, other nodes may follow another block with another challenge. These nodes
/// would refuse the evidence as unsolicited.
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
	// Another miner may have registered the chip in the meantime. The agent signs nothing in the
	// name of another miner.
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
		submitted: submitted_log_at(at, &host.miner).await?,
		made: open.made,
		deadline: open.deadline,
		is_of_pause: host.paused == Some(open.seq),
		boot_log_required: boot_log_required_at(at).await?,
	}))
}

/// Returns true if policy has boot rules, by which the firmware's event log is judged.
pub(crate) async fn boot_log_required_at(at: &ChainAt) -> anyhow::Result<bool> {
	Ok(view::<Option<BootRules>>(at, "Policy", "boot_rules", ()).await?.is_some())
}

/// Returns the state of a miner's log submission. Returns `None` if the miner has none.
pub(crate) async fn submitted_log_at(
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
	let mut guest = Guest::meet(&host.guest()?).await?;
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
	// The log is read after the quote. It may contain entries that are later than the quote, but no
	// entry before the quote may be missing.
	let clock = TpmsAttest::parse(&quote.attest)?.clock_info;
	let log = Log::read(&host.config.ima_log)?;
	let known = Known {
		accepted: challenge.checkpoint.clone().filter(|boot| boot.is_of(&clock)),
		submitted: challenge.submitted,
	};
	let start = known.start_for(&log, capacity).context(
		"the IMA log is too long for one piece of evidence: its beginning must be submitted first",
	)?;
	let (from_entry, last) = match start {
		LogStart::At(entry) => (entry, None),
		LogStart::After(log) => (log.entries, Some(log)),
	};
	let ima_delta = ImaDelta { from_entry, records: log.from(from_entry)?.to_vec() };
	// Verification needs the UEFI event log only for a new boot. Evidence is of a new boot if it
	// covers the IMA log from its first entry, or if it continues a log submission.
	let boot = if from_entry == 0 || last.is_some() {
		boot_log::for_evidence(&host.config.boot_log, challenge.boot_log_required)?
	} else {
		None
	};
	let guest_pk = guest.public_key;
	let gathered = GatheredEvidence {
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
	let (snp_report, guest_signature) = guest.attest(gathered).await?;
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

/// Submits evidence, and returns the block that includes it.
///
/// The evidence replaces a pending transaction of the hot key that concerns VMs, because such a
/// transaction can wait, but a challenge cannot.
pub(crate) async fn submit(
	chain: &Chain,
	hot: &Submitter,
	evidence: HostEvidence,
) -> anyhow::Result<H256> {
	let call = api::tx().attestation().submit_evidence(evidence.into());
	Ok(hot.submit_urgent(chain, &call).await.context("submitting evidence")?.block)
}
