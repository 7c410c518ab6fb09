//! Events of the pallet.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod events {
	#[pallet::event]
	#[pallet::generate_deposit(pub(crate) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A miner submitted a part of its measurement log, which now has `entries` entries. The
		/// hash `id` covers all parts of the log.
		LogFollowed { miner: AccountIdOf<T>, id: [u8; 32], entries: u32 },
		/// A chip was challenged. Its miner must submit evidence by tick `deadline`.
		Challenged {
			chip: ChipHash,
			miner: AccountIdOf<T>,
			seq: u64,
			nonce: [u8; 32],
			deadline: Tick,
		},
		/// Evidence was included and is judged as `subject`. Its bytes are in the body of this
		/// block.
		EvidenceIncluded { chip: ChipHash, miner: AccountIdOf<T>, seq: u64, subject: SubjectId },
		/// A challenge ended with an outcome.
		Concluded { chip: ChipHash, miner: AccountIdOf<T>, seq: u64, outcome: ChallengeOutcome },
		/// The verdict on a challenge was proven false, and its effects were undone.
		Overturned { chip: ChipHash, miner: AccountIdOf<T>, seq: u64 },
		/// A miner contested a chip that another miner has registered. If the contender's evidence
		/// is accepted, the holder must prove the chip too.
		ChipContested { chip: ChipHash, contender: AccountIdOf<T>, holder: AccountIdOf<T> },
		/// A contest had no effect. The evidence was not accepted, the contender has no room, or
		/// the holder still has the chip.
		ContestRejected { chip: ChipHash, contender: AccountIdOf<T> },
		/// A challenge ended without an outcome. Its evidence could not be judged at all or in
		/// time, or a contest ended a pause.
		Void { chip: ChipHash, miner: AccountIdOf<T>, seq: u64 },
		/// A miner paused a chip for maintenance. The miner must submit evidence by tick `until`.
		Paused { chip: ChipHash, miner: AccountIdOf<T>, until: Tick },
	}
}
