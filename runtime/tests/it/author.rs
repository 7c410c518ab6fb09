//! Makes blocks as authors do: with a claimed slot, inherents, signed transactions and their fees.

use codec::Encode;
use frame_support::assert_ok;
use hcc_primitives::units;
use hccs_runtime::*;
use sp_consensus_babe::{
	digests::{CompatibleDigestItem, PreDigest, SecondaryVRFPreDigest},
	make_vrf_sign_data, AuthorityId, Epoch, Slot,
};
use sp_core::{crypto::VrfSecret, sr25519, Pair};
use sp_keyring::Sr25519Keyring;
use sp_runtime::{
	generic::Era, traits::Header as _, ApplyExtrinsicResult, Digest, DigestItem, DispatchOutcome,
};

use super::network::state_finality;

/// Derivation path of the new session keys of a validator that changes its keys.
pub(super) const CHANGED_KEYS: &str = "//changed";

/// Returns `call` as a transaction that `key` signs, with the next nonce of its account.
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
		payment::ChargePayment::new(tip),
		frame_metadata_hash_extension::CheckMetadataHash::new(false),
		frame_system::WeightReclaim::new(),
	);
	let payload = SignedPayload::new(call.into(), extension).expect("the payload can be signed");
	let signature = payload.using_encoded(|payload| key.sign(payload));
	let (call, extension, _) = payload.deconstruct();
	UncheckedExtrinsic::new_signed(call, who.into(), signature.into(), extension)
}

/// Returns `true` if a block in `slot` would start an epoch.
fn starts_epoch(slot: Slot) -> bool {
	// The genesis slot is 0 until an author makes a block. The slot of that block starts the first
	// epoch.
	let has_begun = *Babe::genesis_slot() > 0;
	has_begun && slot >= Babe::next_epoch().start_slot
}

/// Returns the epoch of a slot: the current one or the next.
fn epoch_of(slot: Slot) -> Epoch {
	if starts_epoch(slot) {
		Babe::next_epoch()
	} else {
		Babe::current_epoch()
	}
}

/// Returns the active validators in a slot, in their order.
fn active_validators(slot: Slot) -> Vec<AccountId> {
	if starts_epoch(slot) {
		Session::queued_keys().into_iter().map(|(who, _)| who).collect()
	} else {
		Session::validators()
	}
}

/// Returns the index of a validator that may make a block in a slot. The validator is neither
/// disabled now, nor in a session that starts with this slot.
fn any_author(slot: Slot) -> u32 {
	let (before, now) = (Session::validators(), active_validators(slot));
	let disabled = Session::disabled_validators().into_iter();
	let disabled: Vec<_> = disabled.filter_map(|number| before.get(number as usize)).collect();
	let mut offenders = pallet_validators::Offenders::<Runtime>::get();
	let session = Session::current_index() + 1;
	offenders.retain(|offender| session < offender.until && now.contains(&offender.who));
	let most = now.len().saturating_sub(1) / 3;
	let later: Vec<_> = offenders.iter().map(|offender| &offender.who).take(most).collect();
	let free = now.iter().position(|who| !disabled.contains(&who) && !later.contains(&who));
	free.expect("at most a third are disabled") as u32
}

/// Returns the index of a validator in a slot. The validator must use its own key.
pub(super) fn number_of(author: Sr25519Keyring, slot: Slot) -> u32 {
	let key = AuthorityId::from(author.public());
	let authorities = epoch_of(slot).authorities;
	let position = authorities.iter().position(|(authority, _)| *authority == key);
	position.expect("the validator is active") as u32
}

/// Returns the key pair of an authority.
fn pair_of(wanted: &AuthorityId) -> sr25519::Pair {
	let named = Sr25519Keyring::iter().map(|name| name.pair());
	let changed = sr25519::Pair::from_string(CHANGED_KEYS, None).expect("the path is valid");
	let is_wanted = |key: &sr25519::Pair| AuthorityId::from(key.public()) == *wanted;
	named.chain([changed]).find(is_wanted).expect("the key belongs to a test account")
}

/// Returns the digest item by which a validator claims a slot and reveals its VRF output.
pub(super) fn claim(author: u32, slot: Slot) -> DigestItem {
	let epoch = epoch_of(slot);
	let (key, _) = epoch.authorities.get(author as usize).expect("the validator is active");
	let data = make_vrf_sign_data(&epoch.randomness, slot, epoch.epoch_index);
	let vrf_signature = pair_of(key).vrf_sign(&data);
	let claim = SecondaryVRFPreDigest { authority_index: author, slot, vrf_signature };
	DigestItem::babe_pre_digest(PreDigest::SecondaryVRF(claim))
}

/// Returns the slot that is `later` slots after the slot of the last block.
pub(super) fn slot_after(later: u64) -> Slot {
	Slot::from(pallet_timestamp::Now::<Runtime>::get() / units::MILLISECS_PER_BLOCK + later)
}

/// Returns the header with which the next block starts.
pub(super) fn header(author: u32, slot: Slot) -> Header {
	let mut digest = Digest::default();
	digest.push(claim(author, slot));
	let number = System::block_number() + 1;
	// The parent hash is not the hash of the last block, because signatures and block hashes differ
	// in each run. With this hash, the draws of audits are the same in each run.
	let parent = Hash::from(sp_io::hashing::blake2_256(&number.to_le_bytes()));
	Header::new(number, Hash::zero(), Hash::zero(), parent, digest)
}

/// Returns the timestamp inherent of a block in a slot.
pub(super) fn time(slot: Slot) -> UncheckedExtrinsic {
	let now = *slot * units::MILLISECS_PER_BLOCK;
	UncheckedExtrinsic::new_bare(pallet_timestamp::Call::<Runtime>::set { now }.into())
}

/// Starts a block. Returns the timestamp inherent of the block.
fn begin(author: u32, slot: Slot) -> UncheckedExtrinsic {
	Executive::initialize_block(&header(author, slot));
	let time = time(slot);
	assert_ok!(include(time.clone()));
	time
}

/// Starts a block of `author`, `later` slots after the last block. Returns the timestamp inherent
/// of the new block.
pub(super) fn begin_by(author: Sr25519Keyring, later: u64) -> UncheckedExtrinsic {
	let slot = slot_after(later);
	begin(number_of(author, slot), slot)
}

/// Includes an extrinsic in the current block.
pub(super) fn include(extrinsic: UncheckedExtrinsic) -> DispatchOutcome {
	Executive::apply_extrinsic(extrinsic).expect("the extrinsic is valid")
}

/// Makes a block with the given transactions, and with finality statements of the validators.
/// Returns the result of each transaction.
pub(super) fn block_of(transactions: Vec<UncheckedExtrinsic>) -> Vec<ApplyExtrinsicResult> {
	let slot = slot_after(1);
	begin(any_author(slot), slot);
	state_finality();
	let results = transactions.into_iter().map(Executive::apply_extrinsic).collect();
	Executive::finalize_block();
	results
}
