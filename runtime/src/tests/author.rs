//! Blocks as authors make them: a slot that is claimed, inherents, signed transactions and their fees.

use codec::Encode;
use frame_support::assert_ok;
use sp_consensus_babe::{
	digests::{CompatibleDigestItem, PreDigest, SecondaryVRFPreDigest},
	make_vrf_sign_data, AuthorityId, Epoch, Slot,
};
use sp_core::{crypto::VrfSecret, sr25519, Pair};
use sp_keyring::Sr25519Keyring;
use sp_runtime::{
	generic::Era, traits::Header as _, ApplyExtrinsicResult, Digest, DigestItem, DispatchOutcome,
};

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

/// Whether an epoch begins with the block of that slot.
fn begins_an_epoch(slot: Slot) -> bool {
	// Epochs are counted from the slot of the first block that an author makes.
	let has_begun = *Babe::genesis_slot() > 0;
	has_begun && slot >= Babe::next_epoch().start_slot
}

/// The epoch of a slot: the one that goes on, or the next.
fn epoch_of(slot: Slot) -> Epoch {
	if begins_an_epoch(slot) {
		Babe::next_epoch()
	} else {
		Babe::current_epoch()
	}
}

/// Who is in office in that slot, by number.
fn in_office(slot: Slot) -> Vec<AccountId> {
	if begins_an_epoch(slot) {
		Session::queued_keys().into_iter().map(|(who, _)| who).collect()
	} else {
		Session::validators()
	}
}

/// The number of a validator that may make a block in that slot: none of those that are disabled, nor, where a session begins with it, of those that are then.
fn any_author(slot: Slot) -> u32 {
	let (before, now) = (Session::validators(), in_office(slot));
	let disabled = Session::disabled_validators().into_iter();
	let disabled: Vec<_> = disabled.filter_map(|number| before.get(number as usize)).collect();
	let mut offenders = pallet_validators::Offenders::<Runtime>::get();
	let session = Session::current_index() + 1;
	offenders.retain(|offender| session < offender.until && now.contains(&offender.who));
	let most = now.len().saturating_sub(1) / 3;
	let later: Vec<_> = offenders.iter().map(|offender| &offender.who).take(most).collect();
	let free = now.iter().position(|who| !disabled.contains(&who) && !later.contains(&who));
	free.expect("no more than a third are disabled") as u32
}

/// The number of a validator that has its own key, in that slot.
pub(super) fn number_of(author: Sr25519Keyring, slot: Slot) -> u32 {
	let key = AuthorityId::from(author.public());
	let authorities = epoch_of(slot).authorities;
	let position = authorities.iter().position(|(authority, _)| *authority == key);
	position.expect("it is in office") as u32
}

/// The key by which blocks are made that stands for that one.
fn pair_of(wanted: &AuthorityId) -> sr25519::Pair {
	let named = Sr25519Keyring::iter().map(|name| name.pair());
	let changed = sr25519::Pair::from_string(CHANGED_KEYS, None).expect("a path");
	let is_wanted = |key: &sr25519::Pair| AuthorityId::from(key.public()) == *wanted;
	named.chain([changed]).find(is_wanted).expect("a key of the tests")
}

/// The claim of a validator with that number to a slot, with the randomness that it reveals by it.
pub(super) fn claim(author: u32, slot: Slot) -> DigestItem {
	let epoch = epoch_of(slot);
	let (key, _) = epoch.authorities.get(author as usize).expect("it is in office");
	let data = make_vrf_sign_data(&epoch.randomness, slot, epoch.epoch_index);
	let vrf_signature = pair_of(key).vrf_sign(&data);
	let claim = SecondaryVRFPreDigest { authority_index: author, slot, vrf_signature };
	DigestItem::babe_pre_digest(PreDigest::SecondaryVRF(claim))
}

/// The slot that is so many after that of the last block.
pub(super) fn slot_after(later: u64) -> Slot {
	Slot::from(pallet_timestamp::Now::<Runtime>::get() / units::MILLISECS_PER_BLOCK + later)
}

/// What the next block begins with whose author has that number.
pub(super) fn header(author: u32, slot: Slot) -> Header {
	let mut digest = Digest::default();
	digest.push(claim(author, slot));
	let number = System::block_number() + 1;
	// No hash of the block before: signatures differ each time, and what the lots of audits follow from shall not.
	let parent = Hash::from(sp_io::hashing::blake2_256(&number.to_le_bytes()));
	Header::new(number, Hash::zero(), Hash::zero(), parent, digest)
}

/// The inherent that tells when a block of that slot is made.
pub(super) fn time(slot: Slot) -> UncheckedExtrinsic {
	let now = *slot * units::MILLISECS_PER_BLOCK;
	UncheckedExtrinsic::new_bare(pallet_timestamp::Call::<Runtime>::set { now }.into())
}

/// Begins a block. Gives what is in it: the time.
fn begin(author: u32, slot: Slot) -> UncheckedExtrinsic {
	Executive::initialize_block(&header(author, slot));
	let time = time(slot);
	assert_ok!(include(time.clone()));
	time
}

/// Begins a block by that validator, so many slots after the last one. Gives what is in it: the time.
pub(super) fn begin_by(author: Sr25519Keyring, later: u64) -> UncheckedExtrinsic {
	let slot = slot_after(later);
	begin(number_of(author, slot), slot)
}

/// Includes something in the block that is being made.
pub(super) fn include(extrinsic: UncheckedExtrinsic) -> DispatchOutcome {
	Executive::apply_extrinsic(extrinsic).expect("it can be included")
}

/// A whole block of these transactions, in which validators tell what they have seen finalised. What became of each.
pub(super) fn block_of(transactions: Vec<UncheckedExtrinsic>) -> Vec<ApplyExtrinsicResult> {
	let slot = slot_after(1);
	begin(any_author(slot), slot);
	statements();
	let results = transactions.into_iter().map(Executive::apply_extrinsic).collect();
	Executive::finalize_block();
	results
}
