//! Deposits of enrolments. A deposit is necessary because certificates of TPMs are public: any
//! miner can open an enrolment with a certificate, which costs every validator of the committee a
//! credential.

use frame_support::{
	pallet_prelude::DispatchResult,
	traits::{
		fungible::{BalancedHold, MutateHold},
		tokens::Precision,
		Get, Imbalance, OnUnbalanced,
	},
};
use hcc_primitives::{supermajority, TickSource};

use crate::*;

/// Returns `true` if the miner could have answered and did not, or if it gave a false answer.
///
/// Credentials arrive in the first half of the time. If too few credentials came, the miner could
/// not answer and is not at fault. If too few seeds were revealed, it is not at fault either.
fn is_miner_at_fault<T: Config>(enrolment: &EnrolmentOf<T>) -> bool {
	let posted = || enrolment.committee.iter().filter_map(|member| member.posted.as_ref());
	if enrolment.answered {
		return posted().any(|posted| posted.shown == Some(CredentialStatus::Unproven));
	}
	posted().count() as u32 >= supermajority(enrolment.committee.len() as u32)
}

impl<T: Config> Pallet<T> {
	/// Holds the deposit of an enrolment. Returns the amount.
	pub(crate) fn hold_enrolment_deposit(
		miner: &AccountIdOf<T>,
	) -> Result<BalanceOf<T>, sp_runtime::DispatchError> {
		let deposit = T::EnrolmentDeposit::get();
		T::NativeBalance::hold(&HoldReason::Enrolment.into(), miner, deposit)?;
		Ok(deposit)
	}

	/// Releases the deposit of an enrolment that has ended without a fault of the miner.
	pub(crate) fn release_enrolment_deposit(
		miner: &AccountIdOf<T>,
		enrolment: &EnrolmentOf<T>,
	) -> DispatchResult {
		let reason = HoldReason::Enrolment.into();
		T::NativeBalance::release(&reason, miner, enrolment.deposit, Precision::Exact)?;
		Ok(())
	}

	/// Removes a miner's enrolment that was not completed. Burns or releases its deposit, and
	/// records the service of its committee. If the enrolment is still open, no service is
	/// recorded, because the committee still has time.
	///
	/// A miner that ends its enrolment before the deadline loses the deposit. Otherwise a miner
	/// could occupy the validators free of charge.
	pub(crate) fn end_enrolment(miner: &AccountIdOf<T>) -> DispatchResult {
		let Some(enrolment) = Enrolments::<T>::take(miner) else { return Ok(()) };
		let open = T::TickSource::now() <= enrolment.deadline;
		if !open {
			Self::note_failed_service(&enrolment);
		}
		if !open && !is_miner_at_fault::<T>(&enrolment) {
			return Self::release_enrolment_deposit(miner, &enrolment);
		}
		let reason = HoldReason::Enrolment.into();
		let (lost, _) = T::NativeBalance::slash(&reason, miner, enrolment.deposit);
		let amount = lost.peek();
		T::Burned::on_unbalanced(lost);
		Self::deposit_event(Event::EnrolmentDepositLost { miner: miner.clone(), amount });
		Ok(())
	}
}
