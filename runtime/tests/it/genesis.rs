use frame_support::traits::{BuildGenesisConfig, IntegrityTest, StorageVersion};
use hccs_runtime::{genesis, *};
use sp_genesis_builder::{DEV_RUNTIME_PRESET, LOCAL_TESTNET_RUNTIME_PRESET};
use sp_keyring::Sr25519Keyring;

/// Returns a chain that starts from a preset, as a node would create it.
pub(super) fn chain(preset: &str) -> sp_io::TestExternalities {
	let mut ext = sp_io::TestExternalities::default();
	ext.execute_with(|| {
		let patch = genesis::preset(&preset.into()).expect("the preset exists");
		let mut config =
			serde_json::to_value(RuntimeGenesisConfig::default()).expect("the default serialises");
		merge(&mut config, serde_json::from_slice(&patch).expect("the patch is JSON"));
		let bytes = serde_json::to_vec(&config).expect("the configuration serialises");
		frame_support::genesis_builder_helper::build_state::<RuntimeGenesisConfig>(bytes)
			.expect("the preset builds");
	});
	ext
}

/// Merges a JSON patch into `into` (RFC 7396), as the chain spec of a node does.
fn merge(into: &mut serde_json::Value, patch: serde_json::Value) {
	match (into, patch) {
		(serde_json::Value::Object(into), serde_json::Value::Object(patch)) => {
			for (key, value) in patch {
				merge(into.entry(key).or_insert(serde_json::Value::Null), value);
			}
		},
		(into, patch) => *into = patch,
	}
}

#[test]
fn development_chain_has_one_validator_and_sudo() {
	chain(DEV_RUNTIME_PRESET).execute_with(|| {
		assert_eq!(Session::validators(), vec![Sr25519Keyring::Alice.to_account_id()]);
		assert_eq!(pallet_sudo::Key::<Runtime>::get(), Some(Sr25519Keyring::Alice.to_account_id()));
	});
}

#[test]
fn local_testnet_has_four_validators_and_no_sudo() {
	chain(LOCAL_TESTNET_RUNTIME_PRESET).execute_with(|| {
		assert_eq!(Session::validators().len(), 4);
		assert_eq!(pallet_sudo::Key::<Runtime>::get(), None);
	});
}

#[test]
fn presets_keep_invariants_and_fund_bonds() {
	for name in genesis::preset_names() {
		chain(name.as_ref()).execute_with(|| {
			Validators::do_try_state().expect("the validators' invariants hold");
			let rules = Validators::rules();
			for candidate in pallet_validators::Candidates::<Runtime>::get() {
				assert!(candidate.bond >= rules.min_bond);
			}
		});
	}
}

#[test]
fn presets_trust_amd_and_the_test_hierarchy() {
	for name in genesis::preset_names() {
		chain(name.as_ref()).execute_with(|| {
			Policy::do_try_state().expect("the policy's invariants hold");
			let roots = Policy::amd_roots().expect("there are roots");
			// The policy trusts three roots of AMD, and the test hierarchy.
			assert_eq!(roots.len(), 4);
			assert!(Policy::platform().is_some());
			let floor = Policy::cpu(0x19, 0x11, 0x01).expect("Genoa B1 has a floor").floors;
			assert_eq!((floor.reported.snp, floor.reported.microcode), (0x17, 0x54));
			assert!(Policy::cpu(0x19, 0x01, 0x01).is_none(), "Milan waits for governance");
		});
	}
}

#[test]
fn unknown_preset_is_none() {
	assert!(genesis::preset(&"mainnet".into()).is_none());
}

#[test]
fn default_genesis_builds() {
	sp_io::TestExternalities::default().execute_with(|| RuntimeGenesisConfig::default().build());
}

#[test]
fn genesis_stores_version_of_every_pallet() {
	chain(DEV_RUNTIME_PRESET).execute_with(|| {
		let stored = [
			StorageVersion::get::<Attestation>(),
			StorageVersion::get::<Clock>(),
			StorageVersion::get::<Compensation>(),
			StorageVersion::get::<Compute>(),
			StorageVersion::get::<Emission>(),
			StorageVersion::get::<Images>(),
			StorageVersion::get::<Issuance>(),
			StorageVersion::get::<Oracle>(),
			StorageVersion::get::<Policy>(),
			StorageVersion::get::<Registry>(),
			StorageVersion::get::<Reputation>(),
			StorageVersion::get::<Usage>(),
			StorageVersion::get::<Validators>(),
			StorageVersion::get::<Verdicts>(),
		];
		assert_eq!(stored, [StorageVersion::new(1); 14]);
	});
}

#[test]
fn initial_issuance_equals_genesis_balances() {
	for name in genesis::preset_names() {
		chain(name.as_ref()).execute_with(|| {
			assert_eq!(pallet_issuance::Initial::<Runtime>::get(), Balances::total_issuance());
			Issuance::do_try_state().expect("everything minted and burned is counted");
		});
	}
}

#[test]
fn integrity_tests_pass() {
	sp_io::TestExternalities::default().execute_with(AllPalletsWithSystem::integrity_test);
}

#[test]
fn every_slot_has_vrf() {
	assert!(configs::BABE_GENESIS_EPOCH_CONFIG.allowed_slots.is_secondary_vrf_slots_allowed());
}
