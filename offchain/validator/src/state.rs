//! The state of the worker on disk: its progress, its votes and its disputes. A crash loses none of
//! it, and a repeated block does not change a vote.

use std::path::Path;

use anyhow::Context;
use hcc_chain::H256;
use hmac::{Hmac, Mac};
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use sha2::Sha256;

/// The genesis of the chain to which the other tables refer.
const CHAIN: TableDefinition<&str, [u8; 32]> = TableDefinition::new("chain");
/// The last block that was processed.
const CURSOR: TableDefinition<&str, u64> = TableDefinition::new("cursor");
/// Votes that no finalised block contains yet. Key: subject. Value: code and claims.
const VOTES: TableDefinition<[u8; 32], (u16, Vec<u8>)> = TableDefinition::new("votes");

/// Findings of this worker, while they can be proven. Key: subject. Value: the block that includes
/// the evidence, and the hash of the finding.
const JUDGED: TableDefinition<[u8; 32], (u64, [u8; 32])> = TableDefinition::new("judged");
/// Subjects to be proven, because another validator voted otherwise or the verdict is audited. Key:
/// subject. Value: the block that includes the evidence, and the block of the dispute.
const DISPUTES: TableDefinition<[u8; 32], (u64, u64)> = TableDefinition::new("disputes");
/// Number of blocks between removals of old findings.
const PRUNE_INTERVAL: u64 = 100;
/// Number of blocks after which a finding is removed. No window is longer.
const PRUNE_AFTER: u64 = 2_000;

/// A subject that must be proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dispute {
	pub subject: H256,
	/// The block that includes the evidence.
	pub included: u64,
	/// The block from which turns to prove it are counted: that of the dispute, or a later one for
	/// a retry.
	pub seen: u64,
}

/// A vote that must be submitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingVote {
	pub subject: H256,
	pub code: u16,
	pub claims: Vec<u8>,
}

/// The enrolment for which a seed is derived.
#[derive(Clone, Copy, Debug)]
pub struct SeedFor<'a> {
	pub genesis: &'a [u8; 32],
	pub miner: &'a [u8; 32],
	/// The hash of the endorsement key.
	pub ek: &'a [u8; 32],
	pub deadline: u32,
	/// The name of the attestation key.
	pub ak_name: &'a [u8],
}

/// The worker's state on disk.
pub struct State {
	database: Database,
	/// The secret from which the seeds of credentials are derived.
	secret: [u8; 32],
}

impl State {
	/// Opens or creates the state in a folder. `key` is the secret of the worker.
	pub fn open(folder: &Path, key: &str) -> anyhow::Result<Self> {
		std::fs::create_dir_all(folder)?;
		let database = Database::create(folder.join("worker.redb"))?;
		let write = database.begin_write()?;
		write.open_table(CURSOR)?;
		write.open_table(VOTES)?;
		write.open_table(JUDGED)?;
		write.open_table(DISPUTES)?;
		write.commit()?;
		Ok(Self { database, secret: mac(key.as_bytes(), &[b"hcc-validator credential seeds"]) })
	}

	/// Binds the state to a chain by its genesis hash. Clears a state that belongs to another
	/// chain, or to an earlier instance of a development chain. Returns `true` if it did.
	pub fn bind(&self, genesis: &[u8; 32]) -> anyhow::Result<bool> {
		let write = self.database.begin_write()?;
		let other = {
			let mut chain = write.open_table(CHAIN)?;
			let former = chain.insert("genesis", *genesis)?.map(|former| former.value());
			former.is_some_and(|former| former != *genesis)
		};
		if other {
			write.delete_table(VOTES)?;
			write.delete_table(CURSOR)?;
			write.delete_table(JUDGED)?;
			write.delete_table(DISPUTES)?;
			write.open_table(VOTES)?;
			write.open_table(CURSOR)?;
			write.open_table(JUDGED)?;
			write.open_table(DISPUTES)?;
		}
		write.commit().context("writing the state")?;
		Ok(other)
	}

	/// Returns the last block that was processed, or `None` at the first start.
	pub fn cursor(&self) -> anyhow::Result<Option<u64>> {
		let read = self.database.begin_read()?;
		Ok(read.open_table(CURSOR)?.get("block")?.map(|value| value.value()))
	}

	/// Records that a block was processed, and the resulting votes, in one transaction.
	pub fn advance(&self, block: u64, votes: &[PendingVote]) -> anyhow::Result<()> {
		let write = self.database.begin_write()?;
		{
			let mut table = write.open_table(VOTES)?;
			for vote in votes {
				// A vote never changes, even if the evidence is judged again with another result.
				if table.get(vote.subject.0)?.is_none() {
					table.insert(vote.subject.0, (vote.code, vote.claims.clone()))?;
				}
			}
			write.open_table(CURSOR)?.insert("block", block)?;
		}
		write.commit().context("writing the state")
	}

	/// Returns the votes that are not settled.
	pub fn pending(&self) -> anyhow::Result<Vec<PendingVote>> {
		let read = self.database.begin_read()?;
		let table = read.open_table(VOTES)?;
		let mut votes = Vec::new();
		for row in table.iter()? {
			let (subject, vote) = row?;
			let (code, claims) = vote.value();
			votes.push(PendingVote { subject: H256(subject.value()), code, claims });
		}
		Ok(votes)
	}

	/// Removes votes that a finalised block contains, or whose subjects are closed.
	pub fn settle(&self, subjects: &[H256]) -> anyhow::Result<()> {
		let write = self.database.begin_write()?;
		{
			let mut table = write.open_table(VOTES)?;
			for subject in subjects {
				table.remove(subject.0)?;
			}
		}
		write.commit().context("writing the state")
	}

	/// Records the findings on the evidence in a block: subjects and hashes of findings.
	pub fn judged(&self, block: u64, found: &[(H256, H256)]) -> anyhow::Result<()> {
		let write = self.database.begin_write()?;
		{
			let mut table = write.open_table(JUDGED)?;
			for (subject, hash) in found {
				table.insert(subject.0, (block, hash.0))?;
			}
			if block.is_multiple_of(PRUNE_INTERVAL) {
				let oldest = block.saturating_sub(PRUNE_AFTER);
				table.retain(|_, (block, _)| block >= oldest)?;
			}
		}
		write.commit().context("writing the state")
	}

	/// Records a vote for `finding` in a block. Returns `true` if it contradicts the finding of
	/// this worker, and then adds a dispute.
	pub fn seen(&self, block: u64, subject: H256, finding: H256) -> anyhow::Result<bool> {
		let write = self.database.begin_write()?;
		let found = write.open_table(JUDGED)?.get(subject.0)?.map(|row| row.value());
		let Some((included, own)) = found else { return Ok(false) };
		let other = own != finding.0;
		if other {
			let mut table = write.open_table(DISPUTES)?;
			if table.get(subject.0)?.is_none() {
				table.insert(subject.0, (included, block))?;
			}
		}
		write.commit().context("writing the state")?;
		Ok(other)
	}

	/// Adds a dispute that is due from `block` on, or moves an existing one to that block. Ignores
	/// a subject that this worker did not judge.
	pub fn audited(&self, block: u64, subject: H256) -> anyhow::Result<()> {
		let write = self.database.begin_write()?;
		let found = write.open_table(JUDGED)?.get(subject.0)?.map(|row| row.value());
		if let Some((included, _)) = found {
			write.open_table(DISPUTES)?.insert(subject.0, (included, block))?;
		}
		write.commit().context("writing the state")
	}

	/// Returns the subjects whose evidence a block includes and that this worker judged.
	pub fn judged_in(&self, block: u64) -> anyhow::Result<Vec<H256>> {
		let read = self.database.begin_read()?;
		let mut subjects = Vec::new();
		for row in read.open_table(JUDGED)?.iter()? {
			let (subject, found) = row?;
			if found.value().0 == block {
				subjects.push(H256(subject.value()));
			}
		}
		Ok(subjects)
	}

	/// Returns the hash of the finding of this worker, or `None` if it did not judge the subject.
	pub fn found(&self, subject: H256) -> anyhow::Result<Option<H256>> {
		let read = self.database.begin_read()?;
		Ok(read.open_table(JUDGED)?.get(subject.0)?.map(|row| H256(row.value().1)))
	}

	/// Returns all disputes.
	pub fn disputes(&self) -> anyhow::Result<Vec<Dispute>> {
		let read = self.database.begin_read()?;
		let mut disputes = Vec::new();
		for row in read.open_table(DISPUTES)?.iter()? {
			let (subject, blocks) = row?;
			let (included, seen) = blocks.value();
			disputes.push(Dispute { subject: H256(subject.value()), included, seen });
		}
		Ok(disputes)
	}

	/// Removes a dispute that is proven, or that can no longer be.
	pub fn resolve(&self, subject: H256) -> anyhow::Result<()> {
		let write = self.database.begin_write()?;
		write.open_table(DISPUTES)?.remove(subject.0)?;
		write.commit().context("writing the state")
	}

	/// Returns the seed of the credential for an enrolment. It is derived from the worker's key, so
	/// it need not be stored and never differs. It depends on all that the credential proves, so a
	/// seed that was revealed for one TPM and key is useless for another.
	pub fn seed(&self, of: &SeedFor<'_>) -> [u8; 32] {
		let SeedFor { genesis, miner, ek, deadline, ak_name } = of;
		// The only part of variable length comes last.
		mac(&self.secret, &[&genesis[..], &miner[..], &ek[..], &deadline.to_le_bytes(), ak_name])
	}
}

fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
	let mut mac =
		<Hmac<Sha256> as Mac>::new_from_slice(key).expect("hmac takes keys of any length");
	parts.iter().for_each(|part| mac.update(part));
	mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
	use super::*;

	const ENROLMENT: SeedFor<'static> = SeedFor {
		genesis: &[1; 32],
		miner: &[2; 32],
		ek: &[3; 32],
		deadline: 4,
		ak_name: &[5; 34],
	};

	fn vote(subject: u8, code: u16) -> PendingVote {
		PendingVote { subject: H256([subject; 32]), code, claims: vec![1, 2, 3] }
	}

	#[test]
	fn state_survives_restart() {
		let folder = tempfile::tempdir().expect("a temporary folder");
		let seed = {
			let state = State::open(folder.path(), "//Worker").expect("the state opens");
			assert_eq!(state.cursor().expect("the state is readable"), None);
			state.advance(7, &[vote(1, 0), vote(2, 1201)]).expect("the state is writable");
			state.seed(&ENROLMENT)
		};
		let state = State::open(folder.path(), "//Worker").expect("the state opens again");
		assert_eq!(state.cursor().expect("the state is readable"), Some(7));
		assert_eq!(state.pending().expect("the state is readable"), [vote(1, 0), vote(2, 1201)]);
		assert_eq!(state.seed(&ENROLMENT), seed);
	}

	#[test]
	fn vote_never_changes() {
		let folder = tempfile::tempdir().expect("a temporary folder");
		let state = State::open(folder.path(), "//Worker").expect("the state opens");
		state.advance(7, &[vote(1, 0)]).expect("the state is writable");
		state.advance(7, &[vote(1, 301)]).expect("the state is writable");
		assert_eq!(state.pending().expect("the state is readable"), [vote(1, 0)]);
	}

	#[test]
	fn settled_vote_is_removed() {
		let folder = tempfile::tempdir().expect("a temporary folder");
		let state = State::open(folder.path(), "//Worker").expect("the state opens");
		state.advance(7, &[vote(1, 0), vote(2, 0)]).expect("the state is writable");
		state.settle(&[H256([1; 32])]).expect("the state is writable");
		assert_eq!(state.pending().expect("the state is readable"), [vote(2, 0)]);
	}

	#[test]
	fn other_finding_is_disputed_until_resolved() {
		let folder = tempfile::tempdir().expect("a temporary folder");
		let state = State::open(folder.path(), "//Worker").expect("the state opens");
		let (subject, own, other) = (H256([1; 32]), H256([2; 32]), H256([3; 32]));
		state.judged(7, &[(subject, own)]).expect("the state is writable");
		assert!(!state.seen(9, subject, own).expect("the state is writable"), "the vote agrees");
		assert!(
			!state.seen(9, H256([9; 32]), other).expect("the state is writable"),
			"not judged here"
		);
		assert!(state.disputes().expect("the state is readable").is_empty());
		assert!(state.seen(9, subject, other).expect("the state is writable"));
		assert!(state.seen(10, subject, other).expect("the state is writable"));
		let dispute = Dispute { subject, included: 7, seen: 9 };
		assert_eq!(
			state.disputes().expect("the state is readable"),
			[dispute],
			"the first vote determines the block"
		);
		state.resolve(subject).expect("the state is writable");
		assert!(state.disputes().expect("the state is readable").is_empty());
	}

	#[test]
	fn audited_verdict_is_disputed_if_judged() {
		let folder = tempfile::tempdir().expect("a temporary folder");
		let state = State::open(folder.path(), "//Worker").expect("the state opens");
		let (subject, own) = (H256([1; 32]), H256([2; 32]));
		state.judged(7, &[(subject, own)]).expect("the state is writable");
		state.audited(11, subject).expect("the state is writable");
		state.audited(11, H256([9; 32])).expect("the state is writable");
		let dispute = Dispute { subject, included: 7, seen: 11 };
		assert_eq!(state.disputes().expect("the state is readable"), [dispute]);
		assert_eq!(state.judged_in(7).expect("the state is readable"), [subject]);
		assert!(state.judged_in(8).expect("the state is readable").is_empty());
	}

	#[test]
	fn finding_is_stored_for_judged_subject() {
		let folder = tempfile::tempdir().expect("a temporary folder");
		let state = State::open(folder.path(), "//Worker").expect("the state opens");
		let (subject, own) = (H256([1; 32]), H256([2; 32]));
		state.judged(7, &[(subject, own)]).expect("the state is writable");
		assert_eq!(state.found(subject).expect("the state is readable"), Some(own));
		assert_eq!(state.found(H256([9; 32])).expect("the state is readable"), None);
	}

	#[test]
	fn findings_beyond_every_window_are_removed() {
		let folder = tempfile::tempdir().expect("a temporary folder");
		let state = State::open(folder.path(), "//Worker").expect("the state opens");
		let (subject, own) = (H256([1; 32]), H256([2; 32]));
		state.judged(7, &[(subject, own)]).expect("the state is writable");
		state.judged(20_000, &[]).expect("the state is writable");
		assert!(!state.seen(20_001, subject, H256([3; 32])).expect("the state is writable"));
	}

	#[test]
	fn state_of_other_chain_is_cleared() {
		let folder = tempfile::tempdir().expect("a temporary folder");
		let state = State::open(folder.path(), "//Worker").expect("the state opens");
		assert!(!state.bind(&[1; 32]).expect("the state is writable"));
		state.advance(5_000, &[vote(1, 0)]).expect("the state is writable");
		assert!(!state.bind(&[1; 32]).expect("the state is writable"));
		assert_eq!(state.cursor().expect("the state is readable"), Some(5_000));
		assert!(state.bind(&[2; 32]).expect("the state is writable"));
		assert_eq!(state.cursor().expect("the state is readable"), None);
		assert!(state.pending().expect("the state is readable").is_empty());
	}

	#[test]
	fn seed_differs_by_enrolment_and_key() {
		let folder = tempfile::tempdir().expect("a temporary folder");
		let state = State::open(folder.path(), "//Worker").expect("the state opens");
		let seed = state.seed(&ENROLMENT);
		for other in [
			SeedFor { genesis: &[9; 32], ..ENROLMENT },
			SeedFor { miner: &[9; 32], ..ENROLMENT },
			SeedFor { ek: &[9; 32], ..ENROLMENT },
			SeedFor { deadline: 9, ..ENROLMENT },
			SeedFor { ak_name: &[9; 34], ..ENROLMENT },
		] {
			assert_ne!(state.seed(&other), seed, "{other:?}");
		}
		let other = tempfile::tempdir().expect("a temporary folder");
		let other = State::open(other.path(), "//Other").expect("the state opens");
		assert_ne!(other.seed(&ENROLMENT), seed);
	}
}
