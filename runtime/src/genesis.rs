//! The presets of the chain specs.

use alloc::{vec, vec::Vec};

use frame_support::build_struct_json_patch;
use hcc_primitives::units::ALPHA;
use serde_json::Value;
use sp_genesis_builder::{PresetId, DEV_RUNTIME_PRESET, LOCAL_TESTNET_RUNTIME_PRESET};
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};

use crate::{configs::BABE_GENESIS_EPOCH_CONFIG, *};

/// What each well-known account of a test chain starts with.
const ENDOWMENT: Balance = 1_000_000 * ALPHA;
/// What each validator of a test chain bonds.
const BOND: Balance = 20_000 * ALPHA;

/// Validators whose session keys are the well-known ones of the same name.
fn session_keys(name: Sr25519Keyring, grandpa: Ed25519Keyring) -> (AccountId, SessionKeys) {
	let keys = SessionKeys { babe: name.public().into(), grandpa: grandpa.public().into() };
	(name.to_account_id(), keys)
}

fn test_chain(validators: Vec<(AccountId, SessionKeys)>, sudo: Option<AccountId>) -> Value {
	build_struct_json_patch!(RuntimeGenesisConfig {
		balances: BalancesConfig {
			balances: Sr25519Keyring::iter()
				.map(|name| (name.to_account_id(), ENDOWMENT))
				.collect(),
		},
		validators: ValidatorsConfig {
			// On a test chain a validator's worker key is its own account.
			candidates: validators.iter().map(|(who, _)| (who.clone(), who.clone())).collect(),
			bond: BOND,
		},
		session: SessionConfig {
			keys: validators.into_iter().map(|(who, keys)| (who.clone(), who, keys)).collect(),
		},
		babe: BabeConfig { epoch_config: BABE_GENESIS_EPOCH_CONFIG },
		sudo: SudoConfig { key: sudo },
	})
}

/// One validator, `//Alice`, who has sudo as well.
fn development() -> Value {
	let alice = session_keys(Sr25519Keyring::Alice, Ed25519Keyring::Alice);
	test_chain(vec![alice], Some(Sr25519Keyring::Alice.to_account_id()))
}

/// Four validators and no sudo.
fn local_testnet() -> Value {
	let validators = vec![
		session_keys(Sr25519Keyring::Alice, Ed25519Keyring::Alice),
		session_keys(Sr25519Keyring::Bob, Ed25519Keyring::Bob),
		session_keys(Sr25519Keyring::Charlie, Ed25519Keyring::Charlie),
		session_keys(Sr25519Keyring::Dave, Ed25519Keyring::Dave),
	];
	test_chain(validators, None)
}

/// The preset of that name, as a JSON patch of the default genesis.
pub fn preset(id: &PresetId) -> Option<Vec<u8>> {
	let patch = match id.as_ref() {
		DEV_RUNTIME_PRESET => development(),
		LOCAL_TESTNET_RUNTIME_PRESET => local_testnet(),
		_ => return None,
	};
	serde_json::to_vec(&patch).ok()
}

/// The names that [`preset`] knows.
pub fn preset_names() -> Vec<PresetId> {
	vec![PresetId::from(DEV_RUNTIME_PRESET), PresetId::from(LOCAL_TESTNET_RUNTIME_PRESET)]
}
