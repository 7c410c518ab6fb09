//! Tests of block production and finality: changes of session keys, and slashes for equivocation.

use codec::{Decode, Encode};
use frame_support::{
	assert_noop, assert_ok,
	dispatch::Pays,
	pallet_prelude::DispatchResultWithPostInfo,
	traits::{Hooks, KeyOwnerProofSystem},
};
use hccs_runtime::*;
use sp_consensus_babe::{
	self as babe,
	digests::{CompatibleDigestItem, PreDigest, SecondaryPlainPreDigest},
};
use sp_consensus_grandpa::{
	localized_payload, AuthorityId, EquivocationProof, Message, Precommit, KEY_TYPE,
};
use sp_core::{ed25519, proof_of_possession::statement_of_ownership, sr25519, Pair};
use sp_keyring::{
	Ed25519Keyring,
	Sr25519Keyring::{self, Alice, Bob, Eve},
};
use sp_runtime::{
	traits::{Dispatchable, Header as _},
	transaction_validity::TransactionSource,
	DigestItem, Perbill,
};
use sp_session::MembershipProof;

use super::network::*;

type GrandpaError = pallet_grandpa::Error<Runtime>;

fn signed(who: Sr25519Keyring) -> RuntimeOrigin {
	RuntimeOrigin::signed(who.to_account_id())
}

/// Returns the session keys that are derived from `path`, and the proof of possession for `owner`.
pub(super) fn session_keys(path: &str, owner: Sr25519Keyring) -> (SessionKeys, Vec<u8>) {
	let babe = sr25519::Pair::from_string(path, None).expect("the path is valid");
	let grandpa = ed25519::Pair::from_string(path, None).expect("the path is valid");
	let statement = statement_of_ownership(&owner.to_account_id().encode());
	let proof = (babe.sign(&statement), grandpa.sign(&statement)).encode();
	let keys = SessionKeys { babe: babe.public().into(), grandpa: grandpa.public().into() };
	(keys, proof)
}

/// Returns the session keys that currently make and finalise blocks.
fn current_keys() -> Vec<SessionKeys> {
	let babe = pallet_babe::Authorities::<Runtime>::get().into_inner();
	let grandpa = Grandpa::grandpa_authorities();
	assert_eq!(babe.len(), grandpa.len());
	babe.into_iter()
		.zip(grandpa)
		.map(|((babe, _), (grandpa, _))| SessionKeys { babe, grandpa })
		.collect()
}

/// Ends a session. The voters of GRANDPA change at the end of the block.
fn next_session() {
	Session::rotate_session();
	Grandpa::on_finalize(System::block_number());
	block();
}

/// Returns the proof that an active validator has the GRANDPA key `of`.
fn ownership(of: Ed25519Keyring) -> MembershipProof {
	let key = AuthorityId::from(of.public());
	Historical::prove((KEY_TYPE, key)).expect("the validator is active")
}

/// Returns an equivocation: two precommits of a validator in one round, for blocks with the given
/// hashes.
fn equivocation(
	by: Ed25519Keyring,
	round: u64,
	blocks: [u8; 2],
) -> Box<EquivocationProof<Hash, BlockNumber>> {
	let set = 0u64;
	let vote = |block: u8| {
		let vote = Precommit::<Header>::new(Hash::repeat_byte(block), 10);
		let message = Message::<Header>::Precommit(vote.clone());
		(vote, by.sign(&localized_payload(round, set, &message)))
	};
	// The encoding of the proof within a transaction. Variant 1 contains precommits with their
	// signatures.
	let proof = (set, 1u8, round, by.public(), vote(blocks[0]), vote(blocks[1])).encode();
	Box::new(Decode::decode(&mut &proof[..]).expect("the encoding is that of GRANDPA"))
}

/// Reports that a validator has precommitted to two different blocks in one round.
fn report(by: Ed25519Keyring, round: u64) -> DispatchResultWithPostInfo {
	Grandpa::report_equivocation(signed(Eve), equivocation(by, round, [1, 2]), ownership(by))
}

/// Returns two blocks with the given state roots, both of which a validator made in the same slot.
fn two_blocks(by: Sr25519Keyring, states: [u8; 2]) -> Box<babe::EquivocationProof<Header>> {
	let slot = babe::Slot::from(7);
	let position = Session::validators().iter().position(|who| *who == by.to_account_id());
	let authority_index = position.unwrap_or_default() as u32;
	let made = |state: u8| {
		let claim = SecondaryPlainPreDigest { authority_index, slot };
		let mut digest = sp_runtime::Digest::default();
		digest.push(DigestItem::babe_pre_digest(PreDigest::SecondaryPlain(claim)));
		let root = Hash::repeat_byte(state);
		let mut header = Header::new(10, Hash::zero(), root, Hash::zero(), digest);
		let seal = by.sign(header.hash().as_bytes());
		header.digest_mut().push(DigestItem::babe_seal(seal.into()));
		header
	};
	let first_header = made(states[0]);
	// Each signature is different, so the second block is a copy of the first one if both must be
	// equal.
	let second_header = if states[1] == states[0] { first_header.clone() } else { made(states[1]) };
	Box::new(babe::EquivocationProof {
		offender: by.public().into(),
		slot,
		first_header,
		second_header,
	})
}

/// Returns the proof that an active validator has the BABE key `of`.
fn babe_ownership(of: Sr25519Keyring) -> MembershipProof {
	let key = babe::AuthorityId::from(of.public());
	Historical::prove((babe::KEY_TYPE, key)).expect("the validator is active")
}

#[test]
fn two_blocks_in_a_slot_are_slashed_once() {
	run(|_| {
		let (before, issued) = (bond(Alice), Balances::total_issuance());
		let report = || {
			Babe::report_equivocation(signed(Eve), two_blocks(Alice, [1, 2]), babe_ownership(Alice))
		};
		assert_eq!(report().expect("the report is valid").pays_fee, Pays::No);
		let lost = Perbill::from_rational(9u32, 16).mul_floor(before);
		assert_eq!(bond(Alice), before - lost);
		assert_eq!(Balances::total_issuance(), issued - lost, "the slash is burned");
		assert_eq!(Session::disabled_validators(), [0], "it makes no blocks in this session");
		check();
		let known = pallet_babe::Error::<Runtime>::DuplicateOffenceReport;
		assert_noop!(report(), known);
		// The same block twice is not an equivocation. Neither is a block that another validator
		// signed.
		let invalid = pallet_babe::Error::<Runtime>::InvalidEquivocationProof;
		let same = two_blocks(Bob, [1, 1]);
		assert_noop!(Babe::report_equivocation(signed(Eve), same, babe_ownership(Bob)), invalid);
		let others =
			babe::EquivocationProof { offender: Bob.public().into(), ..*two_blocks(Alice, [3, 4]) };
		let invalid = pallet_babe::Error::<Runtime>::InvalidEquivocationProof;
		assert_noop!(
			Babe::report_equivocation(signed(Eve), Box::new(others), babe_ownership(Bob)),
			invalid
		);
		assert_eq!(bond(Bob), before);
	});
}

/// A node that sees an equivocation reports it by an unsigned transaction. The chain accepts only a
/// valid and new report.
// `ValidateUnsigned` is deprecated, but `pallet-babe` and `pallet-grandpa` still use it in
// polkadot-sdk 2609.
#[allow(deprecated)]
#[test]
fn local_report_is_accepted_once() {
	use sp_runtime::traits::ValidateUnsigned;

	run(|_| {
		let of_babe = |proof| {
			let (equivocation_proof, key_owner_proof) = (proof, babe_ownership(Alice));
			RuntimeCall::Babe(pallet_babe::Call::report_equivocation_unsigned {
				equivocation_proof,
				key_owner_proof,
			})
		};
		let of_grandpa = RuntimeCall::Grandpa(pallet_grandpa::Call::report_equivocation_unsigned {
			equivocation_proof: equivocation(Ed25519Keyring::Bob, 1, [1, 2]),
			key_owner_proof: ownership(Ed25519Keyring::Bob),
		});
		let is_valid =
			|call: &RuntimeCall, source| Runtime::validate_unsigned(source, call).is_ok();
		for (call, who) in [(of_babe(two_blocks(Alice, [1, 2])), Alice), (of_grandpa, Bob)] {
			let before = bond(who);
			assert!(
				!is_valid(&call, TransactionSource::External),
				"only the local node can submit it"
			);
			assert!(is_valid(&call, TransactionSource::Local));
			assert_ok!(Runtime::pre_dispatch(&call));
			assert_ok!(call.clone().dispatch(RuntimeOrigin::none()));
			assert!(bond(who) < before);
			assert!(!is_valid(&call, TransactionSource::Local), "the report is a duplicate");
		}
		assert!(!is_valid(&of_babe(two_blocks(Alice, [5, 5])), TransactionSource::Local));
	});
}

#[test]
fn new_session_keys_apply_after_two_sessions() {
	run(|_| {
		let before = current_keys();
		let (new, proof) = session_keys("//Alice//2", Alice);
		assert_ok!(Session::set_keys(signed(Alice), new.clone(), proof));
		assert_eq!(current_keys(), before);
		next_session();
		assert_eq!(current_keys(), before, "the former keys were queued for this session");
		next_session();
		let alice = Session::validators().iter().position(|who| *who == Alice.to_account_id());
		let mut after = before;
		after[alice.expect("the validator is active")] = new;
		assert_eq!(current_keys(), after, "the others keep theirs");
		assert_eq!(Grandpa::current_set_id(), 1);
	});
}

#[test]
fn set_keys_fails_for_foreign_keys() {
	run(|_| {
		let (new, proof_for_bob) = session_keys("//Alice//2", Bob);
		assert_noop!(
			Session::set_keys(signed(Alice), new.clone(), proof_for_bob),
			pallet_session::Error::<Runtime>::InvalidProof
		);
		assert_noop!(
			Session::set_keys(signed(Alice), new, vec![]),
			pallet_session::Error::<Runtime>::InvalidProof
		);
		let (keys_of_bob, proof) = session_keys("//Bob", Alice);
		assert_noop!(
			Session::set_keys(signed(Alice), keys_of_bob, proof),
			pallet_session::Error::<Runtime>::DuplicatedKey
		);
	});
}

#[test]
fn two_precommits_in_a_round_are_slashed_once() {
	run(|_| {
		let (before, issued) = (bond(Alice), Balances::total_issuance());
		let outcome = report(Ed25519Keyring::Alice, 1).expect("the report is valid");
		assert_eq!(outcome.pays_fee, Pays::No);
		// The slash is the part (3 k / n)² of the bond, for k offenders among n validators.
		let lost = Perbill::from_rational(9u32, 16).mul_floor(before);
		assert_eq!(bond(Alice), before - lost);
		assert_eq!(Balances::total_issuance(), issued - lost, "the slash is burned");
		assert_eq!(Session::disabled_validators(), [0], "it makes no blocks in this session");
		check();
		assert_noop!(report(Ed25519Keyring::Alice, 1), GrandpaError::DuplicateOffenceReport);
		// An equivocation in a second round of the same session is another offence, but adds no
		// slash.
		assert_ok!(report(Ed25519Keyring::Alice, 2));
		assert_eq!(bond(Alice), before - lost);
	});
}

#[test]
fn second_offender_raises_slash_of_the_first() {
	run(|_| {
		let before = bond(Alice);
		assert_ok!(report(Ed25519Keyring::Alice, 1));
		// A slash does not reduce the amount that is bonded after the offence.
		assert_ok!(Validators::bond_more(signed(Alice), before / 2));
		assert_ok!(report(Ed25519Keyring::Bob, 1));
		// If two of four validators are offenders, they lose their whole bonds.
		assert_eq!(bond(Alice), before / 2);
		assert_eq!(bond(Bob), 0);
	});
}

#[test]
fn validator_answers_for_former_keys() {
	run(|_| {
		let former = ownership(Ed25519Keyring::Alice);
		let (new, proof) = session_keys("//Alice//2", Alice);
		assert_ok!(Session::set_keys(signed(Alice), new, proof));
		next_session();
		next_session();
		let before = bond(Alice);
		let proof = equivocation(Ed25519Keyring::Alice, 7, [1, 2]);
		assert_ok!(Grandpa::report_equivocation(signed(Eve), proof, former));
		assert!(bond(Alice) < before);
	});
}

#[test]
fn invalid_equivocation_report_costs_nothing() {
	run(|_| {
		let by = Ed25519Keyring::Alice;
		let report = |proof, owner| Grandpa::report_equivocation(signed(Eve), proof, owner);
		let before = bond(Alice);
		assert_noop!(
			report(equivocation(by, 1, [1, 1]), ownership(by)),
			GrandpaError::InvalidEquivocationProof
		);
		let other = Ed25519Keyring::Bob;
		assert_noop!(
			report(equivocation(by, 1, [1, 2]), ownership(other)),
			GrandpaError::InvalidKeyOwnershipProof
		);
		// The chain rejects a report about an account that is not a validator.
		let outsider = Ed25519Keyring::Eve;
		assert_noop!(
			report(equivocation(outsider, 1, [1, 2]), ownership(by)),
			GrandpaError::InvalidKeyOwnershipProof
		);
		assert_eq!(bond(Alice), before);
	});
}
