use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::traits::Zero;

/// A block's hash as the statements of the protocol hold it.
pub fn hash_bytes(hash: impl AsRef<[u8]>) -> [u8; 32] {
	let mut bytes = [0; 32];
	for (to, from) in bytes.iter_mut().zip(hash.as_ref()) {
		*to = *from;
	}
	bytes
}

/// The hash of block 0, which every statement of the protocol carries.
pub fn genesis<T: frame_system::Config>() -> [u8; 32] {
	hash_bytes(frame_system::BlockHash::<T>::get(BlockNumberFor::<T>::zero()))
}

/// The hash of the block before, which is what nonces are made of.
pub fn parent_hash<T: frame_system::Config>() -> [u8; 32] {
	hash_bytes(frame_system::Pallet::<T>::parent_hash())
}
