//! The presets of the chain specs.

use alloc::{collections::BTreeMap, string::String, vec, vec::Vec};

use frame_support::build_struct_json_patch;
use hcc_evidence::snp::{GuestPolicy, PlatformInfo};
use hcc_primitives::units::ALPHA;
use pallet_compute::{Allotment, FlavourSpec};
use pallet_images::{DigestsSpec, ImageSpec, RowSpec};
use pallet_policy::{AmdHierarchySpec, CpuSpec, GenerationTrustSpec, PlatformRules, TcbSpec};
use serde_json::Value;
use sp_genesis_builder::{PresetId, DEV_RUNTIME_PRESET, LOCAL_TESTNET_RUNTIME_PRESET};
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};
use sp_runtime::Perbill;

use crate::{
	configs::{
		BABE_GENESIS_EPOCH_CONFIG, INITIAL_COMPUTE_RULES, INITIAL_EMISSION_RULES,
		INITIAL_VERDICTS_RULES,
	},
	*,
};

/// Initial balance of each well-known account of a test chain.
const ENDOWMENT: Balance = 1_000_000 * ALPHA;
/// Bond of each validator of a test chain.
const BOND: Balance = 20_000 * ALPHA;

/// Platform rules of the presets. They forbid debugging, migration and unknown flags, and require a
/// completed alias check of memory (AMD-SB-3015).
const PLATFORM_RULES: PlatformRules = PlatformRules {
	guest_required: GuestPolicy::RESERVED_ONE,
	guest_forbidden: GuestPolicy::DEBUG | GuestPolicy::MIGRATE_MA,
	platform_required: PlatformInfo::ALIAS_CHECK_COMPLETE,
	platform_allowed: PlatformInfo::SMT_EN
		| PlatformInfo::TSME_EN
		| PlatformInfo::ECC_EN
		| PlatformInfo::RAPL_DIS
		| PlatformInfo::CIPHERTEXT_HIDING_DRAM_EN
		| PlatformInfo::ALIAS_CHECK_COMPLETE
		| PlatformInfo::IOMMU_WRITE_SAFE,
};

/// Returns the TCB floors of the test chains. AMD's bulletins require these values for Genoa B1
/// (AMD-SB-3019: SNP 17h, microcode 54h). Governance adds floors of other CPUs. A CPU without a
/// floor is rejected.
fn cpus() -> Vec<CpuSpec> {
	let floor = TcbSpec { fmc: None, boot_loader: 0, tee: 0, snp: 0x17, microcode: 0x54 };
	vec![CpuSpec { family: 0x19, model: 0x11, stepping: 0x01, floor, mitigations: 0 }]
}

/// Attestation rules of the test chains. Periods are short, so that a user can watch them: a chip
/// attests about every half minute, and a billing interval takes one minute.
const TEST_RULES: pallet_attestation::Rules = pallet_attestation::Rules {
	answer: 20,
	pause: 20,
	trusted: 2,
	regular: 2,
	probation: 2,
	quarantine: 2,
	suspended: 4,
	billing: 10,
};

/// Verdict rules of the test chains. One verdict in ten is audited, so that a user sees audits. The
/// proof window takes two minutes, so that charges are settled soon.
const TEST_VERDICTS_RULES: pallet_verdicts::Rules<Balance> = pallet_verdicts::Rules {
	audit: Perbill::from_percent(10),
	window: 20,
	..INITIAL_VERDICTS_RULES
};

/// Compute rules of the test chains, with short deadlines.
const TEST_COMPUTE_RULES: pallet_compute::Rules = pallet_compute::Rules {
	placement: 40,
	acceptance: 20,
	boot: 40,
	rest: 20,
	warning: 4,
	..INITIAL_COMPUTE_RULES
};

/// Emission rules of the test chains: an era takes two minutes.
const TEST_EMISSION_RULES: pallet_emission::Rules =
	pallet_emission::Rules { era: 20, initial: 5 * ALPHA, ..INITIAL_EMISSION_RULES };

/// Returns the initial flavours. Governance can change them.
fn flavours() -> Vec<FlavourSpec> {
	let flavour = |number, name: &str, vcpus: u32, disk: u32| FlavourSpec {
		number,
		name: name.into(),
		allotted: Allotment { vcpus, memory: vcpus << 12, disk, egress: vcpus << 10 },
	};
	vec![
		flavour(1, "small", 1, 20),
		flavour(2, "medium", 2, 50),
		flavour(3, "large", 4, 100),
		flavour(4, "xlarge", 8, 200),
	]
}

/// The image of the test chains. `insecure-vm` presents its launch measurements. It has no files.
fn test_image() -> ImageSpec {
	let none = Hash::zero();
	let row = |vcpus: u8| RowSpec { vcpus: vcpus.into(), measurement: vec![vcpus; 48].into() };
	ImageSpec {
		name: "insecure-vm".into(),
		version: "1".into(),
		digests: DigestsSpec {
			firmware: none,
			kernel: none,
			initrd: none,
			command_line: none,
			squashfs: none,
			verity: none,
		},
		rows: vec![row(1), row(2), row(4), row(8)],
		locations: Vec::new(),
		endorsed: false,
	}
}

/// Returns the test hierarchy, whose private keys are public. Test chains trust it in addition to
/// AMD's hierarchies. Anyone can see this in their stored policy.
fn test_hierarchy() -> AmdHierarchySpec {
	AmdHierarchySpec {
		product: "Genoa".into(),
		ark: include_bytes!("../../guest-agent/insecure-sim/hierarchy/ark.der").to_vec().into(),
		ask: include_bytes!("../../guest-agent/insecure-sim/hierarchy/ask.der").to_vec().into(),
	}
}

/// Returns the initial generation trust. Trust in Milan is reduced, because the seeds of its chips
/// may be extractable: see `docs/security.md`.
fn generations() -> BTreeMap<String, GenerationTrustSpec> {
	[
		("Milan", GenerationTrustSpec::Reduced),
		("Genoa", GenerationTrustSpec::Full),
		("Turin", GenerationTrustSpec::Full),
	]
	.map(|(name, trust)| (name.into(), trust))
	.into()
}

/// Returns the account of a validator, and its session keys, which are well-known keys of the same
/// name.
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
			// On a test chain, a validator's account is also its worker key.
			candidates: validators.iter().map(|(who, _)| (who.clone(), who.clone())).collect(),
			bond: BOND,
		},
		session: SessionConfig {
			keys: validators.into_iter().map(|(who, keys)| (who.clone(), who, keys)).collect(),
		},
		babe: BabeConfig { epoch_config: BABE_GENESIS_EPOCH_CONFIG },
		policy: PolicyConfig {
			platform: Some(PLATFORM_RULES),
			cpus: cpus(),
			generations: generations(),
			trust_amd: true,
			amd_roots: vec![test_hierarchy()],
		},
		verdicts: VerdictsConfig { rules: Some(TEST_VERDICTS_RULES) },
		attestation: AttestationConfig { rules: Some(TEST_RULES) },
		compute: ComputeConfig { rules: Some(TEST_COMPUTE_RULES), flavours: flavours() },
		emission: EmissionConfig { rules: Some(TEST_EMISSION_RULES) },
		images: ImagesConfig { images: vec![test_image()] },
		sudo: SudoConfig { key: sudo },
	})
}

/// Returns the preset with one validator, `//Alice`. Its account is also the sudo key.
fn development() -> Value {
	let alice = session_keys(Sr25519Keyring::Alice, Ed25519Keyring::Alice);
	test_chain(vec![alice], Some(Sr25519Keyring::Alice.to_account_id()))
}

/// Returns the preset with four validators and without a sudo key.
fn local_testnet() -> Value {
	let validators = vec![
		session_keys(Sr25519Keyring::Alice, Ed25519Keyring::Alice),
		session_keys(Sr25519Keyring::Bob, Ed25519Keyring::Bob),
		session_keys(Sr25519Keyring::Charlie, Ed25519Keyring::Charlie),
		session_keys(Sr25519Keyring::Dave, Ed25519Keyring::Dave),
	];
	test_chain(validators, None)
}

/// Returns the preset named `id` as a JSON patch of the default genesis.
pub fn preset(id: &PresetId) -> Option<Vec<u8>> {
	let patch = match id.as_ref() {
		DEV_RUNTIME_PRESET => development(),
		LOCAL_TESTNET_RUNTIME_PRESET => local_testnet(),
		_ => return None,
	};
	serde_json::to_vec(&patch).ok()
}

/// Returns the names of all presets.
pub fn preset_names() -> Vec<PresetId> {
	vec![PresetId::from(DEV_RUNTIME_PRESET), PresetId::from(LOCAL_TESTNET_RUNTIME_PRESET)]
}
