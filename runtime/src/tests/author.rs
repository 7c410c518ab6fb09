//! Blocks as authors make them: a slot that is claimed, inherents, signed transactions and their fees.

use codec::Encode;
use sp_consensus_babe::{
	digests::{CompatibleDigestItem, PreDigest, SecondaryVRFPreDigest},
	make_vrf_sign_data, AuthorityId, Slot,
};
use sp_core::{crypto::VrfSecret, sr25519, Pair};
use sp_keyring::Sr25519Keyring;
use sp_runtime::{generic::Era, traits::Header as _, ApplyExtrinsicResult, Digest, DigestItem};

use super::network::statements;
use crate::*;

/// What session keys are derived from where a validator changes them.
pub(super) const CHANGED_KEYS: &str = "//changed";

/// A call as whoever has that key sends it next.
pub(super) fn transaction(
	key: &sr25519::Pair,
	call: impl Into<RuntimeCall>,
	tip: Balance,
) -> UncheckedExtrinsic {
	let who = AccountId::new(key.public().0);
	let extension: TxExtension = (
		frame_system::CheckNonZeroSender::new(),
		frame_system::CheckSpecVersion::new(),
		frame_system::CheckTxVersion::new(),
		frame_system::CheckGenesis::new(),
		frame_system::CheckEra::from(Era::Immortal),
		frame_system::CheckNonce::from(System::account_nonce(&who)),
		standing::CheckStanding,
		frame_system::CheckWeight::new(),
		pallet_transaction_payment::ChargeTransactionPayment::from(tip),
		frame_metadata_hash_extension::CheckMetadataHash::new(false),
		frame_system::WeightReclaim::new(),
	);
	let payload = SignedPayload::new(call.into(), extension).expect("it can be signed");
	let signature = payload.using_encoded(|payload| key.sign(payload));
	let (call, extension, _) = payload.deconstruct();
	UncheckedExtrinsic::new_signed(call, who.into(), signature.into(), extension)
}

/// The number of a validator that may make a block now.
fn author() -> u32 {
	let count = Session::validators().len() as u32;
	let disabled = Session::disabled_validators();
	(0..count).find(|number| !disabled.contains(number)).expect("no more than a third are")
}

/// The key by which that validator makes blocks.
fn key_of(author: u32) -> sr25519::Pair {
	let authorities = pallet_babe::Authorities::<Runtime>::get();
	let (wanted, _) = authorities.get(author as usize).expect("it is in office");
	let named = Sr25519Keyring::iter().map(|name| name.pair());
	let changed = sr25519::Pair::from_string(CHANGED_KEYS, None).expect("a path");
	let is_wanted = |key: &sr25519::Pair| AuthorityId::from(key.public()) == *wanted;
	named.chain([changed]).find(is_wanted).expect("a key of the tests")
}

/// What a block begins with whose author has that number, a block after the last.
pub(super) fn header(author: u32) -> Header {
	let now = pallet_timestamp::Now::<Runtime>::get() + units::MILLISECS_PER_BLOCK;
	let slot = Slot::from(now / units::MILLISECS_PER_BLOCK);
	let epoch = pallet_babe::EpochIndex::<Runtime>::get();
	let data = make_vrf_sign_data(&pallet_babe::Randomness::<Runtime>::get(), slot, epoch);
	let vrf_signature = key_of(author).vrf_sign(&data);
	let claim = SecondaryVRFPreDigest { authority_index: author, slot, vrf_signature };
	let mut digest = Digest::default();
	digest.push(DigestItem::babe_pre_digest(PreDigest::SecondaryVRF(claim)));
	let number = System::block_number() + 1;
	Header::new(number, Hash::zero(), Hash::zero(), Hash::repeat_byte(number as u8), digest)
}

/// Begins a block: with its time, and what validators have seen finalised.
pub(super) fn begin(header: &Header) {
	Executive::initialize_block(header);
	let now = pallet_timestamp::Now::<Runtime>::get() + units::MILLISECS_PER_BLOCK;
	let time = pallet_timestamp::Call::<Runtime>::set { now };
	let set = Executive::apply_extrinsic(UncheckedExtrinsic::new_bare(time.into()));
	set.expect("it is an inherent").expect("it is as late as the slot");
	statements();
}

/// A whole block of these transactions. What became of each.
pub(super) fn block_of(transactions: Vec<UncheckedExtrinsic>) -> Vec<ApplyExtrinsicResult> {
	begin(&header(author()));
	let results = transactions.into_iter().map(Executive::apply_extrinsic).collect();
	Executive::finalize_block();
	results
}
