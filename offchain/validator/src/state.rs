//! The state of the worker on disk: its progress, its votes and its disputes. A crash loses none of
//! these, and processing a block again does not change a vote.

use std::{collections::BTreeMap, ops::RangeInclusive, path::Path, sync::Arc};

use anyhow::Context;
use hcc_chain::H256;
use hmac::{Hmac, Mac};
use redb::{
	Database, ReadableDatabase, ReadableTable, StorageBackend, TableDefinition, WriteTransaction,
};
use secrecy::{ExposeSecret, SecretBox};
use sha2::Sha256;

/// The genesis hash of the chain to which the other tables refer.
const CHAIN: TableDefinition<&str, [u8; 32]> = TableDefinition::new("chain");
/// The last block that was processed.
const CURSOR: TableDefinition<&str, u64> = TableDefinition::new("cursor");
/// Votes that no finalised block contains yet. Key: subject. Value: code and claims.
const VOTES: TableDefinition<[u8; 32], (u16, Vec<u8>)> = TableDefinition::new("votes");
/// Findings of this worker that may still need a proof. Key: subject. Value: the block that
/// includes the evidence, its tick, and the hash of the finding.
const FINDINGS: TableDefinition<[u8; 32], (u64, u32, [u8; 32])> = TableDefinition::new("findings");
/// The subjects of [`FINDINGS`], ordered by the tick of the block that includes the evidence.
const BY_TICK: TableDefinition<(u32, [u8; 32]), ()> = TableDefinition::new("findings by tick");
/// Subjects that must be proven: another validator voted for another finding, the verdict is
/// audited, or the subject is late. Key: subject. Value: the block that includes the evidence, and
/// the block of the dispute.
const DISPUTES: TableDefinition<[u8; 32], (u64, u64)> = TableDefinition::new("disputes");

/// Number of ticks after which a finding is removed. No subject is open for longer.
const KEEP_TICKS: u32 = 2_000;

/// The database failed, for example because the disk is full. The database does not work again
/// until it is reopened, so the process must exit ([`crate::exit::STATE_FAILED`]).
#[derive(Debug, thiserror::Error)]
#[error("the state on disk failed: {0}")]
pub struct StateError(#[source] redb::Error);

impl<E: Into<redb::Error>> From<E> for StateError {
	fn from(error: E) -> Self {
		Self(error.into())
	}
}

/// A subject that must be proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dispute {
	pub subject: H256,
	/// The block that includes the evidence.
	pub included: u64,
	/// The block from which the turns of validators are counted. It is the block of the dispute or,
	/// after a failed proof, the block at which the proof is retried.
	pub seen: u64,
}

/// A vote that must be submitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingVote {
	pub subject: H256,
	pub code: u16,
	pub claims: Vec<u8>,
}

/// The result of processing a block. It is written to disk in one transaction.
#[derive(Clone, Debug, Default)]
pub struct BlockRecord {
	pub block: u64,
	pub tick: u32,
	/// The findings on the evidence in the block. Each pair has a subject and the hash of a
	/// finding.
	pub findings: Vec<(H256, H256)>,
	pub votes: Vec<PendingVote>,
	/// Subjects on which another validator voted for another finding. Each of them becomes a
	/// dispute, unless a dispute exists already.
	pub contradicted: Vec<H256>,
	/// Subjects that need a proof from this block on, because they are audited or late.
	pub due: Vec<H256>,
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
	secret: SecretBox<[u8; 32]>,
}

impl State {
	/// Opens or creates the state in a folder. `key` is a secret that derives from the worker key.
	pub fn open(folder: &Path, key: impl AsRef<[u8]>) -> Result<Self, StateError> {
		std::fs::create_dir_all(folder)?;
		Self::with_database(Database::create(folder.join("worker.redb"))?, key.as_ref())
	}

	/// Creates the state in a given storage.
	pub fn with_backend(
		storage: impl StorageBackend,
		key: impl AsRef<[u8]>,
	) -> Result<Self, StateError> {
		Self::with_database(Database::builder().create_with_backend(storage)?, key.as_ref())
	}

	fn with_database(database: Database, key: &[u8]) -> Result<Self, StateError> {
		let write = database.begin_write()?;
		create_tables(&write)?;
		write.commit()?;
		let secret = Box::new(mac(key, &[b"hcc-validator credential seeds"]));
		Ok(Self { database, secret: SecretBox::new(secret) })
	}

	/// Runs `work` on the state, on a thread that may block while it waits for the disk.
	pub async fn on<T: Send + 'static>(
		self: &Arc<Self>,
		work: impl FnOnce(&Self) -> Result<T, StateError> + Send + 'static,
	) -> anyhow::Result<T> {
		let state = self.clone();
		let done = tokio::task::spawn_blocking(move || work(&state)).await;
		Ok(done.context("work on the state was cancelled")??)
	}

	/// Binds an empty state to a chain by its genesis hash. Returns `false` if the state belongs to
	/// another chain, and leaves it unchanged.
	pub fn bind(&self, genesis: &[u8; 32]) -> Result<bool, StateError> {
		let read = self.database.begin_read()?;
		let known = read.open_table(CHAIN)?.get("genesis")?.map(|known| known.value());
		if let Some(known) = known {
			return Ok(known == *genesis);
		}
		let write = self.database.begin_write()?;
		write.open_table(CHAIN)?.insert("genesis", *genesis)?;
		write.commit()?;
		Ok(true)
	}

	/// Removes the whole state, including votes that no block contains yet.
	pub fn reset(&self) -> Result<(), StateError> {
		let write = self.database.begin_write()?;
		write.delete_table(CHAIN)?;
		write.delete_table(CURSOR)?;
		write.delete_table(VOTES)?;
		write.delete_table(FINDINGS)?;
		write.delete_table(BY_TICK)?;
		write.delete_table(DISPUTES)?;
		create_tables(&write)?;
		Ok(write.commit()?)
	}

	/// Returns the last block that was processed, or `None` at the first start.
	pub fn cursor(&self) -> Result<Option<u64>, StateError> {
		let read = self.database.begin_read()?;
		let cursor = read.open_table(CURSOR)?.get("block")?.map(|value| value.value());
		Ok(cursor)
	}

	/// Records the result of processing a block, and marks the block as processed.
	pub fn record(&self, record: &BlockRecord) -> Result<(), StateError> {
		let write = self.database.begin_write()?;
		add_votes(&write, &record.votes)?;
		add_findings(&write, record)?;
		add_disputes(&write, record.block, &record.contradicted, &record.due)?;
		write.open_table(CURSOR)?.insert("block", record.block)?;
		Ok(write.commit()?)
	}

	/// Returns the votes that are not settled.
	pub fn pending(&self) -> Result<Vec<PendingVote>, StateError> {
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
	pub fn settle(&self, subjects: &[H256]) -> Result<(), StateError> {
		if subjects.is_empty() {
			return Ok(());
		}
		let write = self.database.begin_write()?;
		{
			let mut table = write.open_table(VOTES)?;
			for subject in subjects {
				table.remove(subject.0)?;
			}
		}
		Ok(write.commit()?)
	}

	/// Returns the hashes of this worker's findings on the given subjects. Omits subjects that this
	/// worker did not judge.
	pub fn findings(&self, subjects: &[H256]) -> Result<BTreeMap<H256, H256>, StateError> {
		let read = self.database.begin_read()?;
		let table = read.open_table(FINDINGS)?;
		let mut findings = BTreeMap::new();
		for subject in subjects {
			if let Some(row) = table.get(subject.0)? {
				findings.insert(*subject, H256(row.value().2));
			}
		}
		Ok(findings)
	}

	/// Returns the subjects that this worker judged and whose evidence was included at one of these
	/// ticks.
	pub fn judged_at(&self, ticks: RangeInclusive<u32>) -> Result<Vec<H256>, StateError> {
		let read = self.database.begin_read()?;
		let table = read.open_table(BY_TICK)?;
		let mut subjects = Vec::new();
		for row in table.range((*ticks.start(), [0u8; 32])..=(*ticks.end(), [u8::MAX; 32]))? {
			let (key, _) = row?;
			subjects.push(H256(key.value().1));
		}
		Ok(subjects)
	}

	/// Adds a dispute that is due from `block` on, or moves an existing dispute to this block.
	/// Ignores a subject that this worker did not judge.
	pub fn postpone(&self, block: u64, subject: H256) -> Result<(), StateError> {
		let write = self.database.begin_write()?;
		add_disputes(&write, block, &[], &[subject])?;
		Ok(write.commit()?)
	}

	/// Returns all disputes.
	pub fn disputes(&self) -> Result<Vec<Dispute>, StateError> {
		let read = self.database.begin_read()?;
		let mut disputes = Vec::new();
		for row in read.open_table(DISPUTES)?.iter()? {
			let (subject, blocks) = row?;
			let (included, seen) = blocks.value();
			disputes.push(Dispute { subject: H256(subject.value()), included, seen });
		}
		Ok(disputes)
	}

	/// Removes disputes that are proven, or that can no longer be proven.
	pub fn resolve(&self, subjects: &[H256]) -> Result<(), StateError> {
		if subjects.is_empty() {
			return Ok(());
		}
		let write = self.database.begin_write()?;
		{
			let mut table = write.open_table(DISPUTES)?;
			for subject in subjects {
				table.remove(subject.0)?;
			}
		}
		Ok(write.commit()?)
	}

	/// Returns the seed of the credential for an enrolment. The seed is derived from the worker's
	/// key. So it need not be stored, and it is the same each time. The seed depends on everything
	/// that the credential proves. So a seed that was revealed for one TPM and key is useless for
	/// another.
	pub fn seed(&self, of: &SeedFor<'_>) -> [u8; 32] {
		let SeedFor { genesis, miner, ek, deadline, ak_name } = of;
		// The name of the key is the only part of variable length. It comes last, so that no two
		// inputs have the same encoding.
		let deadline = deadline.to_le_bytes();
		let parts = [&genesis[..], &miner[..], &ek[..], &deadline[..], ak_name];
		mac(self.secret.expose_secret(), &parts)
	}
}

fn create_tables(write: &WriteTransaction) -> Result<(), StateError> {
	write.open_table(CHAIN)?;
	write.open_table(CURSOR)?;
	write.open_table(VOTES)?;
	write.open_table(FINDINGS)?;
	write.open_table(BY_TICK)?;
	write.open_table(DISPUTES)?;
	Ok(())
}

fn add_votes(write: &WriteTransaction, votes: &[PendingVote]) -> Result<(), StateError> {
	let mut table = write.open_table(VOTES)?;
	for vote in votes {
		// A recorded vote never changes, even if a second judgement of the evidence has another
		// result.
		if table.get(vote.subject.0)?.is_none() {
			table.insert(vote.subject.0, (vote.code, vote.claims.clone()))?;
		}
	}
	Ok(())
}

/// Adds the findings of a block, and removes findings that are older than [`KEEP_TICKS`].
fn add_findings(write: &WriteTransaction, record: &BlockRecord) -> Result<(), StateError> {
	let mut findings = write.open_table(FINDINGS)?;
	let mut by_tick = write.open_table(BY_TICK)?;
	for (subject, hash) in &record.findings {
		if findings.get(subject.0)?.is_none() {
			findings.insert(subject.0, (record.block, record.tick, hash.0))?;
			by_tick.insert((record.tick, subject.0), ())?;
		}
	}
	let oldest = record.tick.saturating_sub(KEEP_TICKS);
	let mut old = Vec::new();
	for row in by_tick.range(..(oldest, [0u8; 32]))? {
		let (key, _) = row?;
		old.push(key.value());
	}
	for (tick, subject) in old {
		by_tick.remove((tick, subject))?;
		findings.remove(subject)?;
	}
	Ok(())
}

/// Adds disputes about subjects that this worker judged. An existing dispute about a subject in
/// `due` is moved to `block`.
fn add_disputes(
	write: &WriteTransaction,
	block: u64,
	contradicted: &[H256],
	due: &[H256],
) -> Result<(), StateError> {
	let findings = write.open_table(FINDINGS)?;
	let mut disputes = write.open_table(DISPUTES)?;
	let contradicted = contradicted.iter().map(|subject| (subject, false));
	for (subject, moves) in contradicted.chain(due.iter().map(|subject| (subject, true))) {
		let included = findings.get(subject.0)?.map(|row| row.value().0);
		let known = disputes.get(subject.0)?.is_some();
		if let Some(included) = included.filter(|_| moves || !known) {
			disputes.insert(subject.0, (included, block))?;
		}
	}
	Ok(())
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
	const SUBJECT: H256 = H256([1; 32]);
	const OWN: H256 = H256([2; 32]);

	fn vote(subject: u8, code: u16) -> PendingVote {
		PendingVote { subject: H256([subject; 32]), code, claims: vec![1, 2, 3] }
	}

	fn voted(block: u64, votes: &[PendingVote]) -> BlockRecord {
		BlockRecord { block, votes: votes.to_vec(), ..BlockRecord::default() }
	}

	fn judged(block: u64, tick: u32) -> BlockRecord {
		BlockRecord { block, tick, findings: vec![(SUBJECT, OWN)], ..BlockRecord::default() }
	}

	/// Opens a state in a temporary folder. The state is removed with the folder.
	fn open(folder: &tempfile::TempDir) -> State {
		State::open(folder.path(), "//Worker").expect("the state opens")
	}

	fn folder() -> tempfile::TempDir {
		tempfile::tempdir().expect("a temporary folder")
	}

	fn disputes(state: &State) -> Vec<Dispute> {
		state.disputes().expect("the state is readable")
	}

	#[test]
	fn state_survives_restart() {
		let folder = folder();
		let seed = {
			let state = open(&folder);
			assert_eq!(state.cursor().expect("the state is readable"), None);
			state.record(&voted(7, &[vote(1, 0), vote(2, 1201)])).expect("the state is writable");
			state.seed(&ENROLMENT)
		};
		let state = open(&folder);
		assert_eq!(state.cursor().expect("the state is readable"), Some(7));
		assert_eq!(state.pending().expect("the state is readable"), [vote(1, 0), vote(2, 1201)]);
		assert_eq!(state.seed(&ENROLMENT), seed);
	}

	#[test]
	fn vote_never_changes() {
		let folder = folder();
		let state = open(&folder);
		state.record(&voted(7, &[vote(1, 0)])).expect("the state is writable");
		state.record(&voted(7, &[vote(1, 301)])).expect("the state is writable");
		assert_eq!(state.pending().expect("the state is readable"), [vote(1, 0)]);
	}

	#[test]
	fn settled_vote_is_removed() {
		let folder = folder();
		let state = open(&folder);
		state.record(&voted(7, &[vote(1, 0), vote(2, 0)])).expect("the state is writable");
		state.settle(&[SUBJECT]).expect("the state is writable");
		assert_eq!(state.pending().expect("the state is readable"), [vote(2, 0)]);
	}

	#[test]
	fn contradicted_finding_is_disputed_until_resolved() {
		let folder = folder();
		let state = open(&folder);
		let contradicted = vec![SUBJECT, H256([9; 32])];
		// The same block includes the evidence and the vote.
		let first = BlockRecord { contradicted: contradicted.clone(), ..judged(7, 3) };
		state.record(&first).expect("the state is writable");
		let again = BlockRecord { block: 10, tick: 6, contradicted, ..BlockRecord::default() };
		state.record(&again).expect("the state is writable");
		let dispute = Dispute { subject: SUBJECT, included: 7, seen: 7 };
		assert_eq!(disputes(&state), [dispute], "the first vote determines the block");
		state.resolve(&[SUBJECT]).expect("the state is writable");
		assert!(disputes(&state).is_empty());
	}

	#[test]
	fn due_proof_moves_its_dispute() {
		let folder = folder();
		let state = open(&folder);
		state.record(&judged(7, 3)).expect("the state is writable");
		let due = vec![SUBJECT, H256([9; 32])];
		let record = BlockRecord { block: 11, tick: 7, due, ..BlockRecord::default() };
		state.record(&record).expect("the state is writable");
		assert_eq!(disputes(&state), [Dispute { subject: SUBJECT, included: 7, seen: 11 }]);
		state.postpone(30, SUBJECT).expect("the state is writable");
		assert_eq!(disputes(&state), [Dispute { subject: SUBJECT, included: 7, seen: 30 }]);
	}

	#[test]
	fn findings_are_found_by_subject_and_tick() {
		let folder = folder();
		let state = open(&folder);
		state.record(&judged(7, 3)).expect("the state is writable");
		let of = |subjects: &[H256]| state.findings(subjects).expect("the state is readable");
		assert_eq!(of(&[SUBJECT, H256([9; 32])]), BTreeMap::from([(SUBJECT, OWN)]));
		let at = |ticks| state.judged_at(ticks).expect("the state is readable");
		assert_eq!(at(3..=3), [SUBJECT]);
		assert!(at(0..=2).is_empty() && at(4..=9).is_empty());
	}

	#[test]
	fn findings_are_removed_by_ticks_not_by_blocks() {
		let folder = folder();
		let state = open(&folder);
		state.record(&judged(7, 3)).expect("the state is writable");
		let later = |block, tick| BlockRecord { block, tick, ..BlockRecord::default() };
		// The clock stopped for many blocks, so the block number is high but the tick is low.
		state.record(&later(200_000, 3 + KEEP_TICKS)).expect("the state is writable");
		assert_eq!(state.findings(&[SUBJECT]).expect("the state is readable").len(), 1);
		state.record(&later(200_001, 4 + KEEP_TICKS)).expect("the state is writable");
		assert!(state.findings(&[SUBJECT]).expect("the state is readable").is_empty());
		assert!(state.judged_at(0..=u32::MAX).expect("the state is readable").is_empty());
	}

	#[test]
	fn state_of_other_chain_is_refused_until_reset() {
		let folder = folder();
		let state = open(&folder);
		assert!(state.bind(&[1; 32]).expect("the state is writable"));
		state.record(&voted(5_000, &[vote(1, 0)])).expect("the state is writable");
		assert!(state.bind(&[1; 32]).expect("the state is readable"));
		assert!(!state.bind(&[2; 32]).expect("the state is readable"));
		assert_eq!(state.pending().expect("the state is readable"), [vote(1, 0)], "votes stay");
		state.reset().expect("the state is writable");
		assert!(state.bind(&[2; 32]).expect("the state is writable"));
		assert_eq!(state.cursor().expect("the state is readable"), None);
		assert!(state.pending().expect("the state is readable").is_empty());
	}

	#[test]
	fn seed_differs_by_enrolment_and_key() {
		let folder = folder();
		let state = open(&folder);
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
