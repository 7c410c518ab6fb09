use sp_core::{Bytes, H256};

use crate::{mock::*, *};

#[test]
fn genesis_rules_apply_at_revision_zero() {
	run(|| {
		assert_eq!(Policy::revision(), 0);
		assert_eq!(Policy::platform(), Some(platform()));
		assert_eq!(Policy::file(digest(1)), Some(FileRule::Allowed));
		assert_eq!(Policy::file(digest(2)), Some(FileRule::Forbidden));
		assert_eq!(Policy::file(digest(3)), None);
		assert_eq!(Policy::measurement(MEASUREMENT), Some(Role::HostAgent));
		assert_eq!(Policy::required().map(|files| files.len()), Some(1));
		// AMD's three hierarchies and the test hierarchy.
		assert_eq!(Policy::amd_roots().map(|roots| roots.len()), Some(4));
		assert_eq!(Policy::tpm_roots().map(|roots| roots.len()), Some(1));
	});
}

#[test]
fn genesis_builds_without_amd_roots() {
	let genesis = GenesisConfig::<Test> { trust_amd: false, ..genesis() };
	sp_io::TestExternalities::default().execute_with(|| {
		genesis.build_policy().expect("the genesis is valid");
		assert_eq!(Policy::amd_roots().map(|roots| roots.len()), Some(1));
	});
}

#[test]
fn invalid_genesis_is_refused() {
	let refused = |edit: fn(&mut GenesisConfig<Test>)| {
		let mut genesis = genesis();
		edit(&mut genesis);
		sp_io::TestExternalities::default().execute_with(|| genesis.build_policy())
	};
	let short = |g: &mut GenesisConfig<Test>| g.measurements[0].0 = Bytes(vec![1; 47]);
	assert_eq!(refused(short), Err("a launch measurement must have 48 bytes"));
	let naples = |g: &mut GenesisConfig<Test>| g.amd_roots[0].product = "Naples".into();
	assert_eq!(refused(naples), Err("unknown product line"));
	let long = |g: &mut GenesisConfig<Test>| g.tpm_roots[0] = Bytes(vec![0; 2049]);
	assert_eq!(refused(long), Err("a certificate is too long"));
	let none = |g: &mut GenesisConfig<Test>| g.platform = None;
	assert_eq!(refused(none), Err("platform rules are required because an AMD root is trusted"));
	let many = |g: &mut GenesisConfig<Test>| g.required = vec![vec![H256::zero()]; 9];
	assert_eq!(refused(many), Err("there are too many required files"));
}
