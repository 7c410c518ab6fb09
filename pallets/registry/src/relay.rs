//! Endpoints of miners' relays.

use frame_support::{ensure, pallet_prelude::DispatchResult};
use hcc_primitives::Miners as _;

use crate::*;

impl<T: Config> Pallet<T> {
	pub(crate) fn do_set_relay(
		who: &AccountIdOf<T>,
		miner: AccountIdOf<T>,
		relay: RelayEndpoint,
	) -> DispatchResult {
		ensure!(Self::is_hot_key(who, &miner), Error::<T>::NotHotKey);
		if relay.is_empty() {
			Relays::<T>::remove(&miner);
		} else {
			ensure!(is_endpoint(&relay), Error::<T>::RelayMalformed);
			Relays::<T>::insert(&miner, &relay);
		}
		Self::deposit_event(Event::RelaySet { miner, relay });
		Ok(())
	}
}

/// Returns `true` for printable ASCII text with a colon. Clients parse it strictly.
fn is_endpoint(bytes: &[u8]) -> bool {
	bytes.iter().all(u8::is_ascii_graphic) && bytes.contains(&b':')
}
