//! Benchmarks: votes and clock, with the largest committees and findings that there can be.

// A benchmark that fails here is never measured; none of it is in a runtime that ships.
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
	benchmarking::World, finding::MAX_CLAIMS, genesis, ActiveValidators, Evaluated, Finding,
	Judges, SubjectId,
};
use sp_core::H256;
use sp_io::hashing::blake2_256;
use sp_runtime::{DispatchError, Saturating};

use super::*;

fn subject(number: u32) -> SubjectId {
	H256((b"subject", number).using_encoded(blake2_256))
}

/// A finding with the most claims, which `number` tells from others.
fn shown<T: Config>(number: u8) -> Shown {
	let claims = vec![number; MAX_CLAIMS as usize].try_into().expect("as many as there can be");
	let finding = Finding { code: Finding::ACCEPTED, claims };
	Shown { hash: finding.hash(&genesis::<T>()), finding }
}

/// A subject on which all members of the committee but the last disagree.
fn open<T: Config>(number: u32) -> Result<SubjectId, BenchmarkError> {
	let subject = subject(number);
	Pallet::<T>::open(subject, subject, H256::zero())?;
	Subjects::<T>::mutate(subject, |row| {
		for member in 0..MAX_COMMITTEE as u8 - 1 {
			let row = row.as_mut()?;
			row.findings.try_push(shown::<T>(member)).ok()?;
			row.votes.try_push(Cast { member, finding: member }).ok()?;
		}
		Some(())
	})
	.ok_or(BenchmarkError::Stop("the subject has no room"))?;
	Ok(subject)
}

/// Statements of all validators in office, old enough for another.
fn state<T: Config>() {
	let statements: Vec<_> = T::Validators::active()
		.into_iter()
		.map(|validator| Statement { validator, finalised: 1u32.into(), at: 1u32.into() })
		.collect();
	Statements::<T>::put(BoundedVec::truncate_from(statements));
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn file(v: Linear<0, MAX_VOTES>) -> Result<(), BenchmarkError> {
		let workers = T::World::validators(MAX_VALIDATORS);
		let now = 2 * T::StatementInterval::get() + 100;
		frame_system::Pallet::<T>::set_block_number(now.into());
		state::<T>();
		let last = MAX_COMMITTEE as usize - 1;
		let mut votes = Vec::new();
		for number in 0..v {
			let subject = open::<T>(number)?;
			let Shown { hash, finding } = shown::<T>(last as u8);
			votes.push(Vote { subject, hash, finding: Some(finding) });
		}
		let votes = BoundedVec::truncate_from(votes);

		#[extrinsic_call]
		_(RawOrigin::Signed(workers[last].clone()), votes, (now - 1).into());

		for number in 0..v {
			let row = Subjects::<T>::get(subject(number));
			assert!(row.is_some_and(|row| row.votes.len() == MAX_COMMITTEE as usize));
		}
		Ok(())
	}

	/// A whole committee that was wrong, proven by somebody else, beside the evaluation and what comes of it.
	#[benchmark]
	fn prove() -> Result<(), BenchmarkError> {
		T::World::validators(MAX_VALIDATORS);
		let subject = open::<T>(0)?;
		let who: AccountIdOf<T> = account("prover", 0, 0);
		let rich = Pallet::<T>::rules().deposit.saturating_mul(10u32.into());
		T::NativeBalance::set_balance(&who, rich);
		let row = Subjects::<T>::get(subject).ok_or(BenchmarkError::Stop("it is not open"))?;
		let Shown { finding, .. } = shown::<T>(u8::MAX);
		let evaluated = Evaluated { finding, same_version: true };

		#[block]
		{
			let stake = Pallet::<T>::stake(&who, &row).map_err(DispatchError::from)?;
			Pallet::<T>::settle(who, subject, row, stake, &evaluated);
		}

		assert!(Subjects::<T>::get(subject).is_some_and(|row| row.proven.is_some()));
		Ok(())
	}

	/// Beside what comes of a verdict.
	#[benchmark]
	fn draw(c: Linear<0, MAX_AGREED>) -> Result<(), BenchmarkError> {
		T::World::validators(MAX_VALIDATORS);
		let then: frame_system::pallet_prelude::BlockNumberFor<T> = 1u32.into();
		frame_system::Pallet::<T>::set_block_number(then);
		AgreedFrom::<T>::put(then);
		for number in 0..c {
			// Over several ticks, as if opened one after another: too many do not close at one.
			CurrentTick::<T>::put(number);
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

	/// Beside what it costs that a subject is void.
	#[benchmark]
	fn advance(c: Linear<0, MAX_CLOSING>) -> Result<(), BenchmarkError> {
		T::World::validators(MAX_VALIDATORS);
		for number in 0..c {
			open::<T>(number)?;
		}
		let closes = CurrentTick::<T>::get() + T::JudgingTicks::get();
		CurrentTick::<T>::put(closes - 1);
		let now: frame_system::pallet_prelude::BlockNumberFor<T> = 2u32.into();
		FinalisedSeen::<T>::put(now);

		#[block]
		{
			Pallet::<T>::advance(now, &mut WeightMeter::new());
		}

		assert_eq!(CurrentTick::<T>::get(), closes);
		assert!((0..c).all(|number| !Subjects::<T>::contains_key(subject(number))));
		Ok(())
	}
}
