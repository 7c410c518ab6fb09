fn main() {
	#[cfg(feature = "std")]
	{
		let builder = substrate_wasm_builder::WasmBuilder::init_with_defaults();
		#[cfg(feature = "metadata-hash")]
		let builder = builder.enable_metadata_hash(TOKEN_SYMBOL, TOKEN_DECIMALS);
		builder.build();
	}
}

/// The unit in which signing devices display amounts. It is a part of the metadata hash that
/// `CheckMetadataHash` compares.
#[cfg(all(feature = "std", feature = "metadata-hash"))]
const TOKEN_SYMBOL: &str = "ALPHA";
#[cfg(all(feature = "std", feature = "metadata-hash"))]
const TOKEN_DECIMALS: u8 = 9;
