//! Tests of the policy of a revision, as the verifier reads it.

use frame_support::{assert_noop, assert_ok};
use hcc_evidence::{
	host::{HostPolicy, PlatformPolicy},
	ima::{FileVerdict, Files as _, HashAlgorithm},
	snp::CpuId,
};

use crate::{mock::*, *};

fn at(revision: Revision) -> PolicyAt<Test> {
	PolicyAt::new(revision).expect("platform rules are set")
}

#[test]
fn older_revision_keeps_its_rules() {
	run(|| {
		let forbid = vec![digest(1)].try_into().expect("few");
		assert_ok!(Policy::set_files(RuntimeOrigin::root(), forbid, Some(FileRule::Forbidden)));
		assert_ok!(Policy::set_measurement(RuntimeOrigin::root(), MEASUREMENT, None));
		let judge = |revision| at(revision).files().judge(HashAlgorithm::Sha256, &digest(1));
		assert_eq!(judge(0), FileVerdict::Allowed);
		assert_eq!(judge(1), FileVerdict::Forbidden);
		assert!(at(1).allows_measurement(&MEASUREMENT));
		assert!(!at(2).allows_measurement(&MEASUREMENT));
	});
}

#[test]
fn only_sha256_digests_are_known() {
	run(|| {
		let policy = at(0);
		let judge = |algorithm, digest: &[u8]| policy.files().judge(algorithm, digest);
		assert_eq!(judge(HashAlgorithm::Sha256, &digest(2)), FileVerdict::Forbidden);
		assert_eq!(judge(HashAlgorithm::Sha256, &digest(9)), FileVerdict::Unknown);
		assert_eq!(judge(HashAlgorithm::Sha384, &digest(1)), FileVerdict::Unknown);
		assert_eq!(judge(HashAlgorithm::Sha256, &digest(1)[..31]), FileVerdict::Unknown);
	});
}

#[test]
fn unknown_cpu_has_no_floors() {
	run(|| {
		let policy = at(0);
		let known = policy.tcb_floors(insecure_sim::CPU).expect("the genesis has rules for it");
		assert_eq!(known.current, insecure_sim::TCB.version);
		let stepping = insecure_sim::CPU.stepping + 1;
		assert!(policy.tcb_floors(CpuId { stepping, ..insecure_sim::CPU }).is_none());
	});
}

#[test]
fn tenant_measurement_is_refused_for_host() {
	run(|| {
		let vm = [1; 48];
		assert_ok!(Policy::set_measurement(RuntimeOrigin::root(), vm, Some(Role::TenantVm)));
		assert!(!at(1).allows_measurement(&vm));
	});
}

#[test]
fn amd_roots_require_platform_rules() {
	sp_io::TestExternalities::default().execute_with(|| {
		assert!(PolicyAt::<Test>::new(0).is_none());
		let roots = || Some(AmdRootList::new());
		let set = || Policy::set_amd_roots(RuntimeOrigin::root(), roots());
		assert_noop!(set(), Error::<Test>::NoPlatform);
		assert_ok!(Policy::set_platform(RuntimeOrigin::root(), platform()));
		assert!(PolicyAt::<Test>::new(1).is_some());
		assert_ok!(set());
	});
}
