use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::traits::Zero;

/// The hash of block 0, which every statement of the protocol carries.
pub fn genesis<T: frame_system::Config>() -> [u8; 32] {
	let hash = frame_system::BlockHash::<T>::get(BlockNumberFor::<T>::zero());
	let mut genesis = [0; 32];
	for (to, from) in genesis.iter_mut().zip(hash.as_ref()) {
		*to = *from;
	}
	genesis
}
