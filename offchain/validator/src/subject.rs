//! What the chain says of a subject, and whether a validator's vote on it is wanting.

use hcc_chain::{api, AccountId32, ChainAt, ChainError, H256};

/// A subject's row.
pub(crate) type Row = api::runtime_types::pallet_verdicts::types::Subject<AccountId32>;

/// A subject's row in a block's state; none once the subject has closed.
pub(crate) async fn read(at: &ChainAt, subject: H256) -> Result<Option<Row>, ChainError> {
	let address = api::storage().verdicts().subjects();
	let Some(found) = at.storage().try_fetch(address, (subject,)).await? else { return Ok(None) };
	Ok(Some(found.decode()?))
}

/// The tick of a block.
pub(crate) async fn tick(at: &ChainAt) -> Result<u32, ChainError> {
	Ok(at.storage().fetch(api::storage().verdicts().current_tick(), ()).await?.decode()?)
}

/// What a block's state says of a vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
	/// The subject is open, and lacks the validator's vote.
	Vote,
	/// It was cast, or comes too late, or others judge the subject.
	Nothing,
}

/// Whether a subject lacks the vote of `validator` at that tick.
pub(crate) fn needs(row: Option<&Row>, tick: u32, validator: &AccountId32) -> Need {
	let Some(row) = row else { return Need::Nothing };
	// A vote that comes too late is passed over, and costs its fee.
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

/// Rows for tests.
#[cfg(test)]
pub(crate) mod rows {
	use api::runtime_types::{
		bounded_collections::bounded_vec::BoundedVec,
		hcc_primitives::finding::Finding,
		pallet_verdicts::types::{Cast, Shown},
	};

	pub(crate) use api::runtime_types::pallet_verdicts::types::Stage;

	use super::*;

	/// The last tick at which votes count.
	pub(crate) const UNTIL: u32 = 50;

	/// The validator of that number.
	pub(crate) fn validator(number: u8) -> AccountId32 {
		AccountId32([number; 32])
	}

	/// A subject that the validators 0 to `members` - 1 judge, with the votes of some of them.
	pub(crate) fn row(stage: Stage, members: u8, votes: &[(u8, H256)]) -> Row {
		let finding = |hash: &H256| Shown {
			hash: *hash,
			finding: Finding { code: 0, claims: BoundedVec(Vec::new()) },
		};
		let cast = |(finding, (member, _)): (usize, &(u8, H256))| Cast {
			member: *member,
			finding: u8::try_from(finding).expect("few"),
		};
		Row {
			evidence: H256([0xee; 32]),
			committee: BoundedVec((0..members).map(validator).collect()),
			// As many as votes, though some be the same.
			findings: BoundedVec(votes.iter().map(|(_, hash)| finding(hash)).collect()),
			votes: BoundedVec(votes.iter().enumerate().map(cast).collect()),
			decided: None,
			proven: None,
			proven_early: false,
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
	fn a_member_votes_once() {
		let lacking = row(Stage::Open, 4, &[(0, FINDING), (2, FINDING)]);
		assert_eq!(needs(Some(&lacking), 0, &validator(1)), Need::Vote);
		assert_eq!(needs(Some(&lacking), 0, &validator(2)), Need::Nothing, "it was cast");
	}

	#[test]
	fn a_vote_counts_after_the_others_agree() {
		for stage in [Stage::Agreed, Stage::Audited, Stage::Effective] {
			let row = row(stage, 4, &[(0, FINDING), (1, FINDING), (2, FINDING)]);
			assert_eq!(needs(Some(&row), 0, &validator(3)), Need::Vote);
		}
	}

	#[test]
	fn a_vote_that_comes_too_late_is_not_filed() {
		let row = row(Stage::Open, 4, &[]);
		assert_eq!(needs(Some(&row), UNTIL, &validator(0)), Need::Vote);
		assert_eq!(needs(Some(&row), UNTIL + 1, &validator(0)), Need::Nothing);
		assert_eq!(needs(None, 0, &validator(0)), Need::Nothing, "it has closed");
	}

	#[test]
	fn a_vote_on_what_was_proven_is_not_filed() {
		let mut row = row(Stage::Effective, 4, &[]);
		assert_eq!(needs(Some(&row), 0, &validator(0)), Need::Vote);
		row.proven = Some(FINDING);
		assert_eq!(needs(Some(&row), 0, &validator(0)), Need::Nothing);
	}

	#[test]
	fn nobody_votes_on_what_others_judge() {
		let row = row(Stage::Open, 4, &[]);
		assert_eq!(needs(Some(&row), 0, &validator(4)), Need::Nothing);
	}
}
