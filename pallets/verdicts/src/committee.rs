//! Appointment of committees.

extern crate alloc;
use alloc::vec::Vec;

use codec::Encode;
use frame_support::{
	ensure,
	traits::{ConstU32, Randomness},
	BoundedVec,
};
use hcc_primitives::ActiveValidators;
use sp_core::H256;
use sp_io::hashing::blake2_256;

use crate::*;

impl<T: Config> Pallet<T> {
	/// Returns all active validators, or a random selection of them if they outnumber the seats.
	/// `lot` is the input to the draw.
	pub(crate) fn appoint(
		lot: H256,
	) -> Result<BoundedVec<AccountIdOf<T>, ConstU32<MAX_COMMITTEE>>, Error<T>> {
		let active = T::Validators::active();
		ensure!(!active.is_empty(), Error::<T>::NoCommittee);
		let seed = if active.len() > MAX_COMMITTEE as usize {
			T::Randomness::random(lot.as_bytes()).0
		} else {
			None
		};
		Ok(match seed {
			Some(seed) => {
				// The order follows a hash that no account could predict when `lot` was fixed. The
				// evidence is not part of the hash: its author could otherwise vary it until the
				// draw gives a favourable committee.
				let mut drawn: Vec<_> = active
					.into_iter()
					.map(|validator| ((seed, lot, &validator).using_encoded(blake2_256), validator))
					.collect();
				drawn.sort_unstable_by_key(|(hash, _)| *hash);
				BoundedVec::truncate_from(
					drawn.into_iter().map(|(_, validator)| validator).collect(),
				)
			},
			None => BoundedVec::truncate_from(active),
		})
	}
}
