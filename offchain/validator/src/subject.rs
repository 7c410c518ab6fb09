//! Subjects in the state of the chain, and the votes that they still need.

use hcc_chain::{api, AccountId32, ChainAt, ChainError, H256};

/// The storage row of a subject.
pub(crate) type Row = api::runtime_types::pallet_verdicts::types::Subject<AccountId32>;

/// Reads a subject's row in the state of a block. Returns `None` if the subject is closed.
pub(crate) async fn read(at: &ChainAt, subject: H256) -> Result<Option<Row>, ChainError> {
	let address = api::storage().verdicts().subjects();
	let Some(found) = at.storage().try_fetch(address, (subject,)).await? else { return Ok(None) };
	Ok(Some(found.decode()?))
}

/// Returns the tick of a block.
pub(crate) async fn tick(at: &ChainAt) -> Result<u32, ChainError> {
	Ok(at.storage().fetch(api::storage().clock().current_tick(), ()).await?.decode()?)
}

/// States if a validator's vote on a subject is needed in the state of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
	/// The subject still accepts votes, and the validator has not voted.
	Vote,
	/// The vote is not needed: the validator has voted, a vote would be too late, or the validator
	/// is not on the committee.
	Nothing,
}

/// Determines if the vote of `validator` on a subject is needed at a tick.
pub(crate) fn needs(row: Option<&Row>, tick: u32, validator: &AccountId32) -> Need {
	let Some(row) = row else { return Need::Nothing };
	// The chain ignores a late vote and charges its fee.
	if row.proven.is_some() || tick > row.until {
		return Need::Nothing;
	}
	let member = row.committee.0.iter().position(|of| of == validator);
	let cast = |member| row.votes.0.iter().any(|cast| usize::from(cast.member) == member);
	match member {
		Some(member) if !cast(member) => Need::Vote,
		_ => Need::Nothing,
	}
}

/// Rows of subjects for tests.
#[cfg(test)]
pub(crate) mod rows {
	use api::runtime_types::{
		bounded_collections::bounded_vec::BoundedVec,
		hcc_primitives::finding::Finding,
		pallet_verdicts::types::{DisclosedFinding, RecordedVote},
	};

	pub(crate) use api::runtime_types::pallet_verdicts::types::Stage;

	use super::*;

	/// The last tick at which votes count.
	pub(crate) const UNTIL: u32 = 50;

	/// Returns the validator with this number.
	pub(crate) fn validator(number: u8) -> AccountId32 {
		AccountId32([number; 32])
	}

	/// Returns the row of a subject with a committee of validators 0 to `members` - 1. `votes` has
	/// pairs of a validator and the hash of its finding.
	pub(crate) fn row(stage: Stage, members: u8, votes: &[(u8, H256)]) -> Row {
		let finding = |hash: &H256| DisclosedFinding {
			hash: *hash,
			finding: Finding { code: 0, claims: BoundedVec(Vec::new()) },
		};
		let cast = |(finding, (member, _)): (usize, &(u8, H256))| RecordedVote {
			member: *member,
			finding: u8::try_from(finding).expect("few"),
		};
		Row {
			evidence: H256([0xee; 32]),
			committee: BoundedVec((0..members).map(validator).collect()),
			// Each vote has its own entry, even if the findings are equal.
			findings: BoundedVec(votes.iter().map(|(_, hash)| finding(hash)).collect()),
			votes: BoundedVec(votes.iter().enumerate().map(cast).collect()),
			decided: None,
			proven: None,
			stage,
			until: UNTIL,
			closes: UNTIL,
		}
	}
}

#[cfg(test)]
mod tests {
	use super::{rows::*, *};

	const FINDING: H256 = H256([1; 32]);

	#[test]
	fn member_votes_once() {
		let lacking = row(Stage::Open, 4, &[(0, FINDING), (2, FINDING)]);
		assert_eq!(needs(Some(&lacking), 0, &validator(1)), Need::Vote);
		assert_eq!(needs(Some(&lacking), 0, &validator(2)), Need::Nothing, "the vote was cast");
	}

	#[test]
	fn vote_is_needed_after_others_agree() {
		for stage in [Stage::Agreed, Stage::Audited, Stage::Effective] {
			let row = row(stage, 4, &[(0, FINDING), (1, FINDING), (2, FINDING)]);
			assert_eq!(needs(Some(&row), 0, &validator(3)), Need::Vote);
		}
	}

	#[test]
	fn late_vote_is_not_needed() {
		let row = row(Stage::Open, 4, &[]);
		assert_eq!(needs(Some(&row), UNTIL, &validator(0)), Need::Vote);
		assert_eq!(needs(Some(&row), UNTIL + 1, &validator(0)), Need::Nothing);
		assert_eq!(needs(None, 0, &validator(0)), Need::Nothing, "the subject is closed");
	}

	#[test]
	fn vote_on_proven_subject_is_not_needed() {
		let mut row = row(Stage::Effective, 4, &[]);
		assert_eq!(needs(Some(&row), 0, &validator(0)), Need::Vote);
		row.proven = Some(FINDING);
		assert_eq!(needs(Some(&row), 0, &validator(0)), Need::Nothing);
	}

	#[test]
	fn vote_of_non_member_is_not_needed() {
		let row = row(Stage::Open, 4, &[]);
		assert_eq!(needs(Some(&row), 0, &validator(4)), Need::Nothing);
	}
}
