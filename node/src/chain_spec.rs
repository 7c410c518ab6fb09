//! The chain specs: the runtime's presets under the names that `--chain` accepts.

use hccs_runtime::WASM_BINARY;
use sc_service::{ChainType, Properties};

/// A chain spec without extensions.
pub type ChainSpec = sc_service::GenericChainSpec;

fn properties() -> Properties {
	let mut properties = Properties::new();
	properties.insert("tokenSymbol".into(), "ALPHA".into());
	properties.insert("tokenDecimals".into(), 9.into());
	properties.insert("ss58Format".into(), 42.into());
	properties
}

fn from_preset(name: &str, id: &str, kind: ChainType, preset: &str) -> Result<ChainSpec, String> {
	let wasm = WASM_BINARY.ok_or(
		"this node was built without its wasm runtime (SKIP_WASM_BUILD): unset that variable and build it again",
	)?;
	Ok(ChainSpec::builder(wasm, None)
		.with_name(name)
		.with_id(id)
		.with_protocol_id("hccs")
		.with_chain_type(kind)
		.with_properties(properties())
		.with_genesis_config_preset_name(preset)
		.build())
}

/// Returns the development chain: one validator, `//Alice`, with sudo.
pub fn development() -> Result<ChainSpec, String> {
	from_preset(
		"hccs development",
		"hccs_dev",
		ChainType::Development,
		sp_genesis_builder::DEV_RUNTIME_PRESET,
	)
}

/// Returns the local test chain: four validators, without sudo.
pub fn local_testnet() -> Result<ChainSpec, String> {
	from_preset(
		"hccs local testnet",
		"hccs_local",
		ChainType::Local,
		sp_genesis_builder::LOCAL_TESTNET_RUNTIME_PRESET,
	)
}
