//! Evidence in block bodies. The state of the chain contains only its hash.
//!
//! This module finds evidence by its bytes and not by events. Anyone can fill a block with so many
//! events that a node does not return them.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::try_join_all;
use hcc_evidence::{
	host::{evidence_hash, subject_id, HostEvidence, PinnedContext},
	snp::REPORT_LEN,
};

use crate::{
	api,
	calls::{Body, Candidate},
	AccountId32, Chain, ChainAt, ChainError, H256,
};

/// Number of storage rows that are read concurrently.
const READ_AT_ONCE: usize = 64;

/// Evidence that a block includes, and the subject under which it is judged.
#[derive(Clone, Debug)]
pub struct Included {
	pub subject: H256,
	pub chip: [u8; 32],
	pub seq: u64,
	pub evidence: HostEvidence,
	/// The context that the block pinned. `None` if the runtime has a newer format of it.
	pub context: Option<PinnedContext>,
}

/// Evidence in a block's body, with a chip that the evidence may concern.
struct Named<'a> {
	subject: H256,
	chip: [u8; 32],
	evidence: &'a HostEvidence,
}

/// Returns the evidence that a block includes, found in its body.
///
/// The subject is computed from the bytes of the evidence. A block includes evidence if the block
/// pinned a context for the subject. A block pins no context for a copy in a failed call, nor for a
/// copy of evidence that an earlier block included.
pub async fn evidence_in(
	chain: &Chain,
	at: &ChainAt,
	body: &Body,
) -> Result<Vec<Included>, ChainError> {
	let candidates = body.candidates();
	if candidates.is_empty() {
		return Ok(Vec::new());
	}
	let before = chain.parent(at).await?;
	let chips = chips(&candidates, at, &before).await?;
	let named = named(&chain.genesis(), &candidates, &chips);
	let mut included = Vec::new();
	for part in named.chunks(READ_AT_ONCE) {
		let read = part.iter().map(|named| read(named, at, &before));
		included.extend(try_join_all(read).await?.into_iter().flatten());
	}
	Ok(included)
}

/// Returns the chips of the miners that the evidence names. The chips in the state of the previous
/// block are included, because the block itself may have removed a chip.
async fn chips(
	candidates: &[Candidate<'_>],
	at: &ChainAt,
	before: &ChainAt,
) -> Result<BTreeMap<[u8; 32], BTreeSet<[u8; 32]>>, ChainError> {
	let answers = candidates.iter().filter(|found| found.chip.is_none());
	let miners: BTreeSet<_> = answers.map(|found| found.evidence.miner).collect();
	let miners: Vec<_> = miners.into_iter().collect();
	let mut chips = BTreeMap::new();
	for part in miners.chunks(READ_AT_ONCE) {
		let read = part.iter().map(|miner| async move {
			let (now, then) = tokio::try_join!(chips_of(at, *miner), chips_of(before, *miner))?;
			let both: BTreeSet<_> = now.into_iter().chain(then).collect();
			Ok::<_, ChainError>((*miner, both))
		});
		chips.extend(try_join_all(read).await?);
	}
	Ok(chips)
}

/// Returns the chips of a miner in the state of a block.
pub(crate) async fn chips_of(at: &ChainAt, miner: [u8; 32]) -> Result<Vec<[u8; 32]>, ChainError> {
	let address = api::storage().registry().miners().unvalidated();
	let row = at.storage().try_fetch(address, (AccountId32(miner),)).await?;
	Ok(row.map(|row| row.decode()).transpose()?.map(|row| row.chips.0).unwrap_or_default())
}

/// Computes the subjects of evidence. Omits copies, and evidence that is too long for the chain to
/// include.
fn named<'a>(
	genesis: &[u8; 32],
	candidates: &[Candidate<'a>],
	chips: &BTreeMap<[u8; 32], BTreeSet<[u8; 32]>>,
) -> Vec<Named<'a>> {
	let mut seen = BTreeSet::new();
	let mut all = Vec::new();
	for Candidate { chip, evidence } in candidates.iter().copied() {
		if evidence.snp_report.len() != REPORT_LEN {
			continue;
		}
		let hash = evidence_hash(evidence);
		let of_miner = chips.get(&evidence.miner).into_iter().flatten().copied();
		let possible: Vec<_> = chip.map_or_else(|| of_miner.collect(), |chip| vec![chip]);
		for chip in possible {
			let subject = H256(subject_id(genesis, &chip, evidence.seq, &hash));
			if seen.insert(subject.0) {
				all.push(Named { subject, chip, evidence });
			}
		}
	}
	all
}

/// Returns the evidence if the state of the block `at` has a pinned context for it, and the state
/// of the previous block has none.
async fn read(
	named: &Named<'_>,
	at: &ChainAt,
	before: &ChainAt,
) -> Result<Option<Included>, ChainError> {
	// After a runtime upgrade, the format of the context may differ. The evidence must be judged in
	// any case.
	let contexts = || api::storage().attestation().contexts().unvalidated();
	let Some(row) = at.storage().try_fetch(contexts(), (named.subject,)).await? else {
		return Ok(None);
	};
	if before.storage().try_fetch(contexts(), (named.subject,)).await?.is_some() {
		return Ok(None);
	}
	let Named { subject, chip, evidence } = named;
	let context = row.decode().ok().map(|context| context.0);
	Ok(Some(Included {
		subject: *subject,
		chip: *chip,
		seq: evidence.seq,
		evidence: (*evidence).clone(),
		context,
	}))
}

/// Finds evidence in the body of a block by the evidence's hash. Works even if the node has pruned
/// the block's state. Returns `None` if the node has pruned the body, or if the body does not
/// contain the evidence.
pub async fn evidence_by_hash(
	chain: &Chain,
	at: &ChainAt,
	number: u64,
	hash: H256,
) -> Result<Option<HostEvidence>, ChainError> {
	let Some(body) = Body::fetch_by_number(chain, at, number).await? else { return Ok(None) };
	let candidates = body.candidates();
	let found = candidates.iter().find(|found| evidence_hash(found.evidence) == hash.0);
	Ok(found.map(|found| found.evidence.clone()))
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::calls::tests::evidence;

	const GENESIS: [u8; 32] = [9; 32];

	fn subject(chip: u8, evidence: &HostEvidence) -> H256 {
		H256(subject_id(&GENESIS, &[chip; 32], evidence.seq, &evidence_hash(evidence)))
	}

	fn chips(miner: u8, chips: &[u8]) -> BTreeMap<[u8; 32], BTreeSet<[u8; 32]>> {
		BTreeMap::from([([miner; 32], chips.iter().map(|chip| [*chip; 32]).collect())])
	}

	#[test]
	fn answer_may_concern_each_chip_of_its_miner() {
		let evidence = evidence(1, 4);
		let candidates = [Candidate { chip: None, evidence: &evidence }];
		let named = named(&GENESIS, &candidates, &chips(1, &[7, 8]));
		let subjects: Vec<_> = named.iter().map(|named| named.subject).collect();
		assert_eq!(subjects, [subject(7, &evidence), subject(8, &evidence)]);
	}

	#[test]
	fn contest_concerns_its_chip() {
		let evidence = evidence(1, 4);
		let candidates = [Candidate { chip: Some([5; 32]), evidence: &evidence }];
		let named = named(&GENESIS, &candidates, &chips(1, &[7, 8]));
		let subjects: Vec<_> = named.iter().map(|named| named.subject).collect();
		assert_eq!(subjects, [subject(5, &evidence)]);
	}

	#[test]
	fn copies_and_impossible_evidence_are_not_read() {
		let (whole, mut short) = (evidence(1, 4), evidence(1, 5));
		short.snp_report.pop();
		let of = |evidence| Candidate { chip: None, evidence };
		let candidates = [of(&whole), of(&short), of(&whole)];
		assert_eq!(named(&GENESIS, &candidates, &chips(1, &[7])).len(), 1);
		assert!(named(&GENESIS, &candidates, &chips(2, &[7])).is_empty(), "no such miner");
	}
}
