//! Audits. A verdict drawn at random takes effect only after the runtime reached the same result.
//! So even a unanimous committee cannot be sure that a false verdict takes effect.

use codec::Encode;
use frame_support::{
	traits::{Get, Randomness},
	weights::WeightMeter,
};
use frame_system::pallet_prelude::BlockNumberFor;
use hcc_primitives::{draw::DRAWN_AFTER, OnVerdict, SubjectId};
use sp_runtime::{
	traits::{One, Saturating},
	Perbill,
};

use crate::*;

impl<T: Config> Pallet<T> {
	/// Records that a committee agreed in this block.
	pub(crate) fn note_agreed(subject: SubjectId) -> Result<(), Error<T>> {
		let now = frame_system::Pallet::<T>::block_number();
		Agreed::<T>::try_append(now, subject).map_err(|()| Error::<T>::TooManyVerdicts)
	}

	/// Draws audits among the verdicts of earlier blocks, and lets the other verdicts take effect.
	/// Stops if the block has no room, and continues in the next block.
	pub(crate) fn draw(now: BlockNumberFor<T>, meter: &mut WeightMeter) {
		let last = now.saturating_sub(DRAWN_AFTER.into());
		let mut block = AgreedFrom::<T>::get();
		for _ in 0..MAX_DRAWN_BLOCKS {
			let count = Agreed::<T>::decode_len(block).unwrap_or_default() as u32;
			let weight = T::WeightInfo::draw(count)
				.saturating_add(T::OnVerdict::weight().saturating_mul(count.into()));
			if block > last || meter.try_consume(weight).is_err() {
				break;
			}
			for subject in Agreed::<T>::take(block) {
				Self::draw_one(subject);
			}
			block = block.saturating_add(One::one());
		}
		AgreedFrom::<T>::put(block);
	}

	fn draw_one(subject: SubjectId) {
		// A proof may have decided the subject since the committee agreed.
		let agreed = |row: &SubjectOf<T>| row.stage == Stage::Agreed;
		let Some(mut row) = Subjects::<T>::get(subject).filter(agreed) else { return };
		if !Self::is_drawn(subject) {
			return Self::take_effect(subject, row);
		}
		row.stage = Stage::Audited;
		Self::keep_open(subject, &mut row, T::JudgingTicks::get());
		Self::deposit_event(Event::Audited { subject, until: row.closes });
		Subjects::<T>::insert(subject, row);
	}

	/// Returns `true` if a verdict is audited. Without randomness, every verdict is audited.
	pub(crate) fn is_drawn(subject: SubjectId) -> bool {
		let seed = T::Randomness::random(&(b"audit", subject).encode()).0;
		seed.is_none_or(|seed| {
			let lot = seed.as_ref().first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
			Perbill::from_rational(lot, u32::MAX) < Self::rules().audit
		})
	}

	/// Lets the verdict of the committee take effect.
	fn take_effect(subject: SubjectId, mut row: SubjectOf<T>) {
		let decided = row.decided.and_then(|at| row.findings.get(usize::from(at)));
		let Some(DisclosedFinding { finding, .. }) = decided.cloned() else { return };
		row.stage = Stage::Effective;
		Self::keep_open(subject, &mut row, Self::rules().window);
		Subjects::<T>::insert(subject, row);
		T::OnVerdict::on_verdict(subject, &finding);
	}
}
