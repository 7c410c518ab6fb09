//! Service of committee members for enrolments. A missed credential or seed counts as a missed
//! vote.

extern crate alloc;
use alloc::vec::Vec;

use hcc_primitives::{ServiceRecorder, VoteService};

use crate::*;

type MemberOf<T> = Member<AccountIdOf<T>>;

/// Rates the service of each committee member for an enrolment that was not completed in time.
///
/// Before the miner answers, a member must post a credential. After the answer, it must reveal its
/// seed. A member without a credential has no seed to reveal. Such a member is excused if an answer
/// of the miner was wrong. Otherwise a miner could answer early to shut out members, and fail the
/// enrolment on purpose.
fn failed_service<T: Config>(enrolment: &EnrolmentOf<T>) -> Vec<(AccountIdOf<T>, VoteService)> {
	let shown = |member: &MemberOf<T>| member.posted.as_ref().and_then(|posted| posted.shown);
	let is_wrong = |member: &MemberOf<T>| shown(member) == Some(CredentialStatus::Unproven);
	let wrong_answer = enrolment.committee.iter().any(is_wrong);
	let rate = |member: &MemberOf<T>| match (&member.posted, shown(member)) {
		(None, _) if wrong_answer => None,
		(None, _) => Some(VoteService::Absent),
		(Some(_), None) if enrolment.answered => Some(VoteService::Absent),
		(Some(_), _) => Some(VoteService::Voted),
	};
	let members = enrolment.committee.iter();
	members.filter_map(|member| Some((member.validator.clone(), rate(member)?))).collect()
}

impl<T: Config> Pallet<T> {
	/// Records the service of the committee for an enrolment whose deadline has passed.
	pub(crate) fn note_failed_service(enrolment: &EnrolmentOf<T>) {
		T::ServiceRecorder::served(&failed_service::<T>(enrolment));
	}

	/// Records the service of the committee for a completed enrolment. Members that have not
	/// revealed a seed are excused, because it was no longer needed.
	pub(crate) fn note_completed_service(enrolment: &EnrolmentOf<T>) {
		let revealed = |member: &&MemberOf<T>| {
			member.posted.as_ref().is_some_and(|posted| posted.shown.is_some())
		};
		let members = enrolment.committee.iter().filter(revealed);
		let served: Vec<_> =
			members.map(|member| (member.validator.clone(), VoteService::Voted)).collect();
		T::ServiceRecorder::served(&served);
	}
}
