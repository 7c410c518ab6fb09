//! What the worker must not forget: how far it has come, what it votes, which seeds it used. A crash loses none of it, and repeats none of it
//! otherwise.

use std::path::Path;

use anyhow::Context;
use hcc_chain::H256;
use hmac::{Hmac, Mac};
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use sha2::Sha256;

/// The chain that the rest is about.
const CHAIN: TableDefinition<&str, [u8; 32]> = TableDefinition::new("chain");
/// The last block that was worked through.
const CURSOR: TableDefinition<&str, u64> = TableDefinition::new("cursor");
/// Votes that are not seen in a finalised block yet: by subject, the code and the claims.
const VOTES: TableDefinition<[u8; 32], (u16, Vec<u8>)> = TableDefinition::new("votes");

/// What was found of each subject, for as long as that can be proven: the block that includes its evidence, and the hash of the finding.
const JUDGED: TableDefinition<[u8; 32], (u64, [u8; 32])> = TableDefinition::new("judged");
/// Subjects that must be proven, of which another validator found something else or which were drawn for audit: the block that includes the
/// evidence, and the one in which that was seen.
const DISPUTES: TableDefinition<[u8; 32], (u64, u64)> = TableDefinition::new("disputes");
/// Every so many blocks, what is older than so many is forgotten: no window is longer.
const FORGET_EVERY: u64 = 100;
const FORGET_AFTER: u64 = 2_000;

/// A subject that must be proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dispute {
	pub subject: H256,
	/// The block that includes the evidence.
	pub included: u64,
	/// The block in which the other's vote was seen.
	pub seen: u64,
}

/// A vote that is to be filed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingVote {
	pub subject: H256,
	pub code: u16,
	pub claims: Vec<u8>,
}

/// Which enrolment a seed is for.
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
	/// From which the seeds of credentials follow.
	secret: [u8; 32],
}

impl State {
	/// Opens or makes the state in that folder. `key` is the worker's secret.
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

	/// Ties the state to a chain. What it holds of another, or of one that was made anew, counts for nothing here and is forgotten. Tells whether
	/// there was such.
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

	/// The last block that was worked through; none at the first start.
	pub fn cursor(&self) -> anyhow::Result<Option<u64>> {
		let read = self.database.begin_read()?;
		Ok(read.open_table(CURSOR)?.get("block")?.map(|value| value.value()))
	}

	/// Notes that a block was worked through, and the votes that came of it: both or neither.
	pub fn advance(&self, block: u64, votes: &[PendingVote]) -> anyhow::Result<()> {
		let write = self.database.begin_write()?;
		{
			let mut table = write.open_table(VOTES)?;
			for vote in votes {
				// A vote that was made once stays what it is, whatever a second reading finds.
				if table.get(vote.subject.0)?.is_none() {
					table.insert(vote.subject.0, (vote.code, vote.claims.clone()))?;
				}
			}
			write.open_table(CURSOR)?.insert("block", block)?;
		}
		write.commit().context("writing the state")
	}

	/// The votes that are not settled.
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

	/// Forgets votes: they are in a finalised block, or their subjects have closed.
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

	/// Notes what was found of the evidence that a block includes: subjects, and the hashes of the findings.
	pub fn judged(&self, block: u64, found: &[(H256, H256)]) -> anyhow::Result<()> {
		let write = self.database.begin_write()?;
		{
			let mut table = write.open_table(JUDGED)?;
			for (subject, hash) in found {
				table.insert(subject.0, (block, hash.0))?;
			}
			if block.is_multiple_of(FORGET_EVERY) {
				let oldest = block.saturating_sub(FORGET_AFTER);
				table.retain(|_, (block, _)| block >= oldest)?;
			}
		}
		write.commit().context("writing the state")
	}

	/// Notes that a vote for `finding` was seen in a block. Tells whether that contradicts what was found here.
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

	/// Notes that a verdict must be proven. What was not judged here is left to others.
	pub fn audited(&self, block: u64, subject: H256) -> anyhow::Result<()> {
		let write = self.database.begin_write()?;
		let found = write.open_table(JUDGED)?.get(subject.0)?.map(|row| row.value());
		if let Some((included, _)) = found {
			write.open_table(DISPUTES)?.insert(subject.0, (included, block))?;
		}
		write.commit().context("writing the state")
	}

	/// What was judged that a block includes.
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

	/// The hash of what was found of a subject; nothing where it was not judged here.
	pub fn found(&self, subject: H256) -> anyhow::Result<Option<H256>> {
		let read = self.database.begin_read()?;
		Ok(read.open_table(JUDGED)?.get(subject.0)?.map(|row| H256(row.value().1)))
	}

	/// What is disputed, or must be proven.
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

	/// Forgets a dispute: it is proven, or can be no more.
	pub fn resolve(&self, subject: H256) -> anyhow::Result<()> {
		let write = self.database.begin_write()?;
		write.open_table(DISPUTES)?.remove(subject.0)?;
		write.commit().context("writing the state")
	}

	/// The seed of the credential for one enrolment. It follows from the worker's key, so that it need not be kept and never differs.
	/// What it is to prove is part of it: a seed that was revealed for one TPM and its key is none for another.
	pub fn seed(&self, of: &SeedFor<'_>) -> [u8; 32] {
		let SeedFor { genesis, miner, ek, deadline, ak_name } = of;
		// The one part without a fixed length comes last.
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
	fn what_is_noted_survives_a_restart() {
		let folder = tempfile::tempdir().expect("a folder");
		let seed = {
			let state = State::open(folder.path(), "//Worker").expect("opens");
			assert_eq!(state.cursor().expect("reads"), None);
			state.advance(7, &[vote(1, 0), vote(2, 1201)]).expect("writes");
			state.seed(&ENROLMENT)
		};
		let state = State::open(folder.path(), "//Worker").expect("opens again");
		assert_eq!(state.cursor().expect("reads"), Some(7));
		assert_eq!(state.pending().expect("reads"), [vote(1, 0), vote(2, 1201)]);
		assert_eq!(state.seed(&ENROLMENT), seed);
	}

	#[test]
	fn a_vote_never_changes() {
		let folder = tempfile::tempdir().expect("a folder");
		let state = State::open(folder.path(), "//Worker").expect("opens");
		state.advance(7, &[vote(1, 0)]).expect("writes");
		state.advance(7, &[vote(1, 301)]).expect("writes");
		assert_eq!(state.pending().expect("reads"), [vote(1, 0)]);
	}

	#[test]
	fn a_settled_vote_is_forgotten() {
		let folder = tempfile::tempdir().expect("a folder");
		let state = State::open(folder.path(), "//Worker").expect("opens");
		state.advance(7, &[vote(1, 0), vote(2, 0)]).expect("writes");
		state.settle(&[H256([1; 32])]).expect("writes");
		assert_eq!(state.pending().expect("reads"), [vote(2, 0)]);
	}

	#[test]
	fn another_finding_is_a_dispute_until_it_is_resolved() {
		let folder = tempfile::tempdir().expect("a folder");
		let state = State::open(folder.path(), "//Worker").expect("opens");
		let (subject, own, other) = (H256([1; 32]), H256([2; 32]), H256([3; 32]));
		state.judged(7, &[(subject, own)]).expect("writes");
		assert!(!state.seen(9, subject, own).expect("writes"), "it agrees");
		assert!(!state.seen(9, H256([9; 32]), other).expect("writes"), "not judged here");
		assert!(state.disputes().expect("reads").is_empty());
		assert!(state.seen(9, subject, other).expect("writes"));
		assert!(state.seen(10, subject, other).expect("writes"));
		let dispute = Dispute { subject, included: 7, seen: 9 };
		assert_eq!(state.disputes().expect("reads"), [dispute], "as it was seen first");
		state.resolve(subject).expect("writes");
		assert!(state.disputes().expect("reads").is_empty());
	}

	#[test]
	fn what_is_audited_must_be_proven_if_it_was_judged_here() {
		let folder = tempfile::tempdir().expect("a folder");
		let state = State::open(folder.path(), "//Worker").expect("opens");
		let (subject, own) = (H256([1; 32]), H256([2; 32]));
		state.judged(7, &[(subject, own)]).expect("writes");
		state.audited(11, subject).expect("writes");
		state.audited(11, H256([9; 32])).expect("writes");
		let dispute = Dispute { subject, included: 7, seen: 11 };
		assert_eq!(state.disputes().expect("reads"), [dispute]);
		assert_eq!(state.judged_in(7).expect("reads"), [subject]);
		assert!(state.judged_in(8).expect("reads").is_empty());
	}

	#[test]
	fn what_was_found_is_known_of_what_was_judged_here() {
		let folder = tempfile::tempdir().expect("a folder");
		let state = State::open(folder.path(), "//Worker").expect("opens");
		let (subject, own) = (H256([1; 32]), H256([2; 32]));
		state.judged(7, &[(subject, own)]).expect("writes");
		assert_eq!(state.found(subject).expect("reads"), Some(own));
		assert_eq!(state.found(H256([9; 32])).expect("reads"), None);
	}

	#[test]
	fn what_no_window_reaches_is_forgotten() {
		let folder = tempfile::tempdir().expect("a folder");
		let state = State::open(folder.path(), "//Worker").expect("opens");
		let (subject, own) = (H256([1; 32]), H256([2; 32]));
		state.judged(7, &[(subject, own)]).expect("writes");
		state.judged(20_000, &[]).expect("writes");
		assert!(!state.seen(20_001, subject, H256([3; 32])).expect("writes"));
	}

	#[test]
	fn what_was_noted_of_another_chain_is_forgotten() {
		let folder = tempfile::tempdir().expect("a folder");
		let state = State::open(folder.path(), "//Worker").expect("opens");
		assert!(!state.bind(&[1; 32]).expect("writes"));
		state.advance(5_000, &[vote(1, 0)]).expect("writes");
		assert!(!state.bind(&[1; 32]).expect("writes"));
		assert_eq!(state.cursor().expect("reads"), Some(5_000));
		assert!(state.bind(&[2; 32]).expect("writes"));
		assert_eq!(state.cursor().expect("reads"), None);
		assert!(state.pending().expect("reads").is_empty());
	}

	#[test]
	fn each_enrolment_and_each_key_has_its_own_seed() {
		let folder = tempfile::tempdir().expect("a folder");
		let state = State::open(folder.path(), "//Worker").expect("opens");
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
		let other = tempfile::tempdir().expect("a folder");
		let other = State::open(other.path(), "//Other").expect("opens");
		assert_ne!(other.seed(&ENROLMENT), seed);
	}
}
