use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::traits::Zero;

/// Converts a block hash to the 32 bytes that protocol statements contain.
pub fn hash_bytes(hash: impl AsRef<[u8]>) -> [u8; 32] {
	let mut bytes = [0; 32];
	for (to, from) in bytes.iter_mut().zip(hash.as_ref()) {
		*to = *from;
	}
	bytes
}

/// Returns the hash of block 0, which each protocol statement contains.
pub fn genesis<T: frame_system::Config>() -> [u8; 32] {
	hash_bytes(frame_system::BlockHash::<T>::get(BlockNumberFor::<T>::zero()))
}

/// Returns the hash of the parent block, from which nonces are derived.
pub fn parent_hash<T: frame_system::Config>() -> [u8; 32] {
	hash_bytes(frame_system::Pallet::<T>::parent_hash())
}
