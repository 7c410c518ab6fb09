//! Benchmarks of votes and verdicts, with the largest possible committees and findings.

// If arithmetic overflows here, only a benchmark fails. Released runtimes do not contain this code.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing)]

extern crate alloc;
use alloc::{vec, vec::Vec};

use codec::Encode;
use frame_benchmarking::v2::*;
use frame_support::{
	traits::{fungible::Mutate, Get},
	weights::WeightMeter,
	BoundedVec,
};
use frame_system::RawOrigin;
use hcc_primitives::{
	benchmarking::World, finding::MAX_CLAIMS, genesis, ActiveValidators, Adjudicator, Evaluation,
	Finding, SubjectId, TickSource, MAX_VALIDATORS,
};
use sp_core::H256;
use sp_io::hashing::blake2_256;
use sp_runtime::{DispatchError, Saturating};

use super::*;

fn subject(number: u32) -> SubjectId {
	H256((b"subject", number).using_encoded(blake2_256))
}

/// A finding with the maximum size of claims, which `number` makes unique.
fn shown<T: Config>(number: u8) -> DisclosedFinding {
	let claims = vec![number; MAX_CLAIMS as usize].try_into().expect("claims of the maximum size");
	let finding = Finding { code: Finding::ACCEPTED, claims };
	DisclosedFinding { hash: finding.hash(&genesis::<T>()), finding }
}

/// Opens a subject on which all committee members except the last one disagree.
fn open<T: Config>(number: u32) -> Result<SubjectId, BenchmarkError> {
	let subject = subject(number);
	Pallet::<T>::open(subject, subject, H256::zero())?;
	Subjects::<T>::mutate(subject, |row| {
		for member in 0..MAX_COMMITTEE as u8 - 1 {
			let row = row.as_mut()?;
			row.findings.try_push(shown::<T>(member)).ok()?;
			row.votes.try_push(RecordedVote { member, finding: member }).ok()?;
		}
		Some(())
	})
	.ok_or(BenchmarkError::Stop("the subject has no room"))?;
	Ok(subject)
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn vote(v: Linear<0, MAX_VOTES>) -> Result<(), BenchmarkError> {
		let workers = T::World::validators(MAX_VALIDATORS);
		let now = 1_000u32;
		frame_system::Pallet::<T>::set_block_number(now.into());
		// The statements are old, so that a new statement of each validator is stored.
		T::World::statements();
		let last = MAX_COMMITTEE as usize - 1;
		let mut votes = Vec::new();
		for number in 0..v {
			let subject = open::<T>(number)?;
			let DisclosedFinding { hash, finding } = shown::<T>(last as u8);
			votes.push(Vote { subject, hash, finding: Some(finding) });
		}
		let votes = BoundedVec::truncate_from(votes);

		#[extrinsic_call]
		_(
			RawOrigin::Signed(workers[last].clone()),
			T::Validators::active()[last].clone(),
			votes,
			(now - 1).into(),
		);

		for number in 0..v {
			let row = Subjects::<T>::get(subject(number));
			assert!(row.is_some_and(|row| row.votes.len() == MAX_COMMITTEE as usize));
		}
		Ok(())
	}

	/// A proof by an outsider that contradicts the whole committee, without the evaluation and the
	/// effects of the verdict.
	#[benchmark]
	fn prove() -> Result<(), BenchmarkError> {
		T::World::validators(MAX_VALIDATORS);
		let subject = open::<T>(0)?;
		let who: AccountIdOf<T> = account("prover", 0, 0);
		let rich = Pallet::<T>::rules().deposit.saturating_mul(10u32.into());
		T::NativeBalance::set_balance(&who, rich);
		let row = Subjects::<T>::get(subject).ok_or(BenchmarkError::Stop("it is not open"))?;
		let DisclosedFinding { finding, .. } = shown::<T>(u8::MAX);
		let evaluated = Evaluation { finding, same_version: true };

		#[block]
		{
			let deposit = Pallet::<T>::withdraw_deposit(&who).map_err(DispatchError::from)?;
			Pallet::<T>::settle(who, None, subject, row, Some(deposit), &evaluated);
		}

		assert!(Subjects::<T>::get(subject).is_some_and(|row| row.proven.is_some()));
		Ok(())
	}

	/// The draw of `c` verdicts, without their effects.
	#[benchmark]
	fn draw(c: Linear<0, MAX_AGREED>) -> Result<(), BenchmarkError> {
		T::World::validators(MAX_VALIDATORS);
		let then: frame_system::pallet_prelude::BlockNumberFor<T> = 1u32.into();
		frame_system::Pallet::<T>::set_block_number(then);
		AgreedFrom::<T>::put(then);
		for number in 0..c {
			// The subjects open over several ticks, because the number that can close at one tick
			// is limited.
			T::World::set_tick(number);
			let subject = open::<T>(number)?;
			Subjects::<T>::mutate(subject, |row| {
				let row = row.as_mut()?;
				row.stage = Stage::Agreed;
				row.decided = Some(0);
				Some(())
			});
			Pallet::<T>::note_agreed(subject).map_err(DispatchError::from)?;
		}

		#[block]
		{
			Pallet::<T>::draw(3u32.into(), &mut WeightMeter::new());
		}

		assert!(!Agreed::<T>::contains_key(then));
		assert!((0..c).all(|number| {
			Subjects::<T>::get(subject(number)).is_some_and(|row| row.stage != Stage::Agreed)
		}));
		Ok(())
	}

	/// The end of `c` void subjects, without its effects on other pallets.
	#[benchmark]
	fn close_subjects(c: Linear<0, MAX_CLOSING>) -> Result<(), BenchmarkError> {
		T::World::validators(MAX_VALIDATORS);
		for number in 0..c {
			open::<T>(number)?;
		}
		let closes = T::TickSource::now() + T::JudgingTicks::get();
		T::World::set_tick(closes);

		#[block]
		{
			Pallet::<T>::close_at(closes, &mut WeightMeter::new());
		}

		assert!((0..c).all(|number| !Subjects::<T>::contains_key(subject(number))));
		Ok(())
	}
}
