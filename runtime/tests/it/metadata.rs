use hccs_runtime::Runtime;

/// Clients are generated from the committed metadata, so this metadata must match the runtime.
#[test]
fn committed_metadata_matches_runtime() {
	let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../offchain/chain/hccs.scale");
	let committed = std::fs::read(file).expect("the metadata is committed");
	let metadata = sp_io::TestExternalities::default()
		.execute_with(|| Runtime::metadata_at_version(16))
		.expect("the runtime has metadata of version 16");
	assert!(committed == **metadata, "the metadata has changed: run `make metadata` and commit it");
}
