//! Who makes blocks and finalises them: keys that change, and what it costs to sign two things where one may be signed.

use codec::{Decode, Encode};
use frame_support::{
	assert_noop, assert_ok,
	dispatch::Pays,
	pallet_prelude::DispatchResultWithPostInfo,
	traits::{Hooks, KeyOwnerProofSystem},
};
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
use crate::*;

type Refused = pallet_grandpa::Error<Runtime>;

fn signed(who: Sr25519Keyring) -> RuntimeOrigin {
	RuntimeOrigin::signed(who.to_account_id())
}

/// Session keys derived from that path, and the proof for `owner` that whoever sets them has them.
pub(super) fn keys(path: &str, owner: Sr25519Keyring) -> (SessionKeys, Vec<u8>) {
	let babe = sr25519::Pair::from_string(path, None).expect("a path");
	let grandpa = ed25519::Pair::from_string(path, None).expect("a path");
	let statement = statement_of_ownership(&owner.to_account_id().encode());
	let proof = (babe.sign(&statement), grandpa.sign(&statement)).encode();
	let keys = SessionKeys { babe: babe.public().into(), grandpa: grandpa.public().into() };
	(keys, proof)
}

/// The keys by which blocks are made and finalised now.
fn in_force() -> Vec<SessionKeys> {
	let babe = pallet_babe::Authorities::<Runtime>::get().into_inner();
	let grandpa = Grandpa::grandpa_authorities();
	assert_eq!(babe.len(), grandpa.len());
	babe.into_iter()
		.zip(grandpa)
		.map(|((babe, _), (grandpa, _))| SessionKeys { babe, grandpa })
		.collect()
}

/// A session ends. GRANDPA's voters change at the end of the block.
fn next_session() {
	Session::rotate_session();
	Grandpa::on_finalize(System::block_number());
	block();
}

/// That a validator in office has that GRANDPA key.
fn ownership(of: Ed25519Keyring) -> MembershipProof {
	let key = AuthorityId::from(of.public());
	Historical::prove((KEY_TYPE, key)).expect("it is in office")
}

/// Two precommits in a round of the first set, for blocks of those hashes.
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
	// As it comes with a transaction: the second kind, of votes and their signatures.
	let proof = (set, 1u8, round, by.public(), vote(blocks[0]), vote(blocks[1])).encode();
	Box::new(Decode::decode(&mut &proof[..]).expect("as GRANDPA encodes it"))
}

/// Somebody reports that a validator has precommitted to two blocks in a round.
fn report(by: Ed25519Keyring, round: u64) -> DispatchResultWithPostInfo {
	Grandpa::report_equivocation(signed(Eve), equivocation(by, round, [1, 2]), ownership(by))
}

/// Two blocks, other than each other by their state, that a validator has made in one slot.
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
	// Seals are other ones each time.
	let second_header = if states[1] == states[0] { first_header.clone() } else { made(states[1]) };
	Box::new(babe::EquivocationProof {
		offender: by.public().into(),
		slot,
		first_header,
		second_header,
	})
}

/// That a validator in office has that BABE key.
fn babe_ownership(of: Sr25519Keyring) -> MembershipProof {
	let key = babe::AuthorityId::from(of.public());
	Historical::prove((babe::KEY_TYPE, key)).expect("it is in office")
}

#[test]
fn who_makes_two_blocks_in_a_slot_loses_a_part_of_its_bond_once() {
	run(|_| {
		let (before, issued) = (bond(Alice), Balances::total_issuance());
		let report = || {
			Babe::report_equivocation(signed(Eve), two_blocks(Alice, [1, 2]), babe_ownership(Alice))
		};
		assert_eq!(report().expect("it is proven").pays_fee, Pays::No);
		let lost = Perbill::from_rational(9u32, 16).mul_floor(before);
		assert_eq!(bond(Alice), before - lost);
		assert_eq!(Balances::total_issuance(), issued - lost, "nobody has it");
		assert_eq!(Session::disabled_validators(), [0], "it makes no blocks in this session");
		check();
		let known = pallet_babe::Error::<Runtime>::DuplicateOffenceReport;
		assert_noop!(report(), known);
		// The same block twice is none, nor is what another has signed.
		let none = pallet_babe::Error::<Runtime>::InvalidEquivocationProof;
		let same = two_blocks(Bob, [1, 1]);
		assert_noop!(Babe::report_equivocation(signed(Eve), same, babe_ownership(Bob)), none);
		let others =
			babe::EquivocationProof { offender: Bob.public().into(), ..*two_blocks(Alice, [3, 4]) };
		let none = pallet_babe::Error::<Runtime>::InvalidEquivocationProof;
		assert_noop!(
			Babe::report_equivocation(signed(Eve), Box::new(others), babe_ownership(Bob)),
			none
		);
		assert_eq!(bond(Bob), before);
	});
}

/// Nodes report what they see by themselves, without an account: once, and only what holds.
// `pallet-babe` and `pallet-grandpa` take it so, as of polkadot-sdk 2609.
#[allow(deprecated)]
#[test]
fn a_nodes_own_report_is_taken_once() {
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
		let taken = |call: &RuntimeCall, source| Runtime::validate_unsigned(source, call).is_ok();
		for (call, who) in [(of_babe(two_blocks(Alice, [1, 2])), Alice), (of_grandpa, Bob)] {
			let before = bond(who);
			assert!(!taken(&call, TransactionSource::External), "it is the node's own");
			assert!(taken(&call, TransactionSource::Local));
			assert_ok!(Runtime::pre_dispatch(&call));
			assert_ok!(call.clone().dispatch(RuntimeOrigin::none()));
			assert!(bond(who) < before);
			assert!(!taken(&call, TransactionSource::Local), "it is known");
		}
		assert!(!taken(&of_babe(two_blocks(Alice, [5, 5])), TransactionSource::Local));
	});
}

#[test]
fn new_session_keys_are_in_force_two_sessions_later() {
	run(|_| {
		let before = in_force();
		let (new, proof) = keys("//Alice//2", Alice);
		assert_ok!(Session::set_keys(signed(Alice), new.clone(), proof));
		assert_eq!(in_force(), before);
		next_session();
		assert_eq!(in_force(), before, "this session was planned with the former keys");
		next_session();
		let alice = Session::validators().iter().position(|who| *who == Alice.to_account_id());
		let mut after = before;
		after[alice.expect("in office")] = new;
		assert_eq!(in_force(), after, "the others keep theirs");
		assert_eq!(Grandpa::current_set_id(), 1);
	});
}

#[test]
fn nobody_sets_keys_that_he_does_not_have_or_that_another_has_set() {
	run(|_| {
		let (new, proof_for_bob) = keys("//Alice//2", Bob);
		assert_noop!(
			Session::set_keys(signed(Alice), new.clone(), proof_for_bob),
			pallet_session::Error::<Runtime>::InvalidProof
		);
		assert_noop!(
			Session::set_keys(signed(Alice), new, vec![]),
			pallet_session::Error::<Runtime>::InvalidProof
		);
		let (bobs, proof) = keys("//Bob", Alice);
		assert_noop!(
			Session::set_keys(signed(Alice), bobs, proof),
			pallet_session::Error::<Runtime>::DuplicatedKey
		);
	});
}

#[test]
fn who_precommits_to_two_blocks_loses_a_part_of_its_bond_once() {
	run(|_| {
		let (before, issued) = (bond(Alice), Balances::total_issuance());
		let outcome = report(Ed25519Keyring::Alice, 1).expect("it is proven");
		assert_eq!(outcome.pays_fee, Pays::No);
		// (3 k / n)² of the bond, where k of n have done so.
		let lost = Perbill::from_rational(9u32, 16).mul_floor(before);
		assert_eq!(bond(Alice), before - lost);
		assert_eq!(Balances::total_issuance(), issued - lost, "nobody has it");
		assert_eq!(Session::disabled_validators(), [0], "it makes no blocks in this session");
		check();
		assert_noop!(report(Ed25519Keyring::Alice, 1), Refused::DuplicateOffenceReport);
		// Another round of the same session is another offence, and no worse.
		assert_ok!(report(Ed25519Keyring::Alice, 2));
		assert_eq!(bond(Alice), before - lost);
	});
}

#[test]
fn a_second_offender_of_the_round_costs_the_first_the_rise_alone() {
	run(|_| {
		let before = bond(Alice);
		assert_ok!(report(Ed25519Keyring::Alice, 1));
		// What is bonded since was not there to be lost.
		assert_ok!(Validators::bond_more(signed(Alice), before / 2));
		assert_ok!(report(Ed25519Keyring::Bob, 1));
		// Two of four: all of the bond that there was.
		assert_eq!(bond(Alice), before / 2);
		assert_eq!(bond(Bob), 0);
	});
}

#[test]
fn who_has_changed_its_keys_answers_for_what_the_former_ones_have_signed() {
	run(|_| {
		let former = ownership(Ed25519Keyring::Alice);
		let (new, proof) = keys("//Alice//2", Alice);
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
fn what_is_no_equivocation_costs_nobody_anything() {
	run(|_| {
		let by = Ed25519Keyring::Alice;
		let report = |proof, owner| Grandpa::report_equivocation(signed(Eve), proof, owner);
		let before = bond(Alice);
		assert_noop!(
			report(equivocation(by, 1, [1, 1]), ownership(by)),
			Refused::InvalidEquivocationProof
		);
		let other = Ed25519Keyring::Bob;
		assert_noop!(
			report(equivocation(by, 1, [1, 2]), ownership(other)),
			Refused::InvalidKeyOwnershipProof
		);
		// Who is no validator can sign what he likes.
		let stranger = Ed25519Keyring::Eve;
		assert_noop!(
			report(equivocation(stranger, 1, [1, 2]), ownership(by)),
			Refused::InvalidKeyOwnershipProof
		);
		assert_eq!(bond(Alice), before);
	});
}
