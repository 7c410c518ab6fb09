//! Tests of the origin that may only tighten.

use frame_support::{assert_noop, assert_ok, pallet_prelude::DispatchResult};
use hcc_evidence::snp::TcbVersion;
use sp_runtime::DispatchError::BadOrigin;

use crate::{mock::*, *};

fn tightener() -> RuntimeOrigin {
	RuntimeOrigin::signed(TightenAccount::get())
}

fn root() -> RuntimeOrigin {
	RuntimeOrigin::root()
}

/// Runs `test` on a chain without policy.
fn run_without_policy(test: impl FnOnce()) {
	sp_io::TestExternalities::default().execute_with(|| {
		System::set_block_number(1);
		test();
		Policy::do_try_state().expect("all invariants must hold");
	});
}

/// Checks that the tightening origin can replace `first`, which root has set, by `tighter`. Also
/// checks that it can set neither `looser` nor, after `tighter`, `first` again.
fn check_tightening<V: Clone>(
	set: impl Fn(RuntimeOrigin, Option<V>) -> DispatchResult,
	first: Option<V>,
	tighter: Option<V>,
	looser: Option<V>,
) {
	run_without_policy(|| {
		assert_ok!(set(root(), first.clone()));
		assert_noop!(set(tightener(), looser.clone()), BadOrigin);
		assert_ok!(set(tightener(), tighter));
		assert_noop!(set(tightener(), first), BadOrigin);
		assert_noop!(set(tightener(), looser), BadOrigin);
	});
}

#[test]
fn masks() {
	let first = platform();
	let tighter = [
		PlatformRules { guest_required: first.guest_required | 1 << 40, ..first },
		PlatformRules { guest_forbidden: first.guest_forbidden | 1 << 40, ..first },
		PlatformRules { platform_required: first.platform_required | 1, ..first },
		PlatformRules { platform_allowed: first.platform_allowed & !2, ..first },
	];
	let looser = [
		PlatformRules { guest_required: 0, ..first },
		PlatformRules { guest_forbidden: 0, ..first },
		PlatformRules { platform_required: 0, ..first },
		PlatformRules { platform_allowed: first.platform_allowed | 1 << 40, ..first },
	];
	for tighter in tighter {
		for looser in looser {
			let set = |origin, rules: Option<PlatformRules>| {
				Policy::set_platform(origin, rules.expect("the masks are never removed"))
			};
			check_tightening(set, Some(first), Some(tighter), Some(looser));
		}
	}
}

#[test]
fn floors_in_every_lane_and_component() {
	let cpu = insecure_sim::CPU;
	let at = |part: u8| TcbVersion {
		fmc: None,
		boot_loader: part,
		tee: part,
		snp: part,
		microcode: part,
	};
	let tcb = at(5);
	let first = CpuRules {
		floors: hcc_evidence::host::TcbFloors {
			current: tcb,
			reported: tcb,
			committed: tcb,
			launch: tcb,
		},
		mitigations: 1,
	};
	let lanes: [fn(&mut CpuRules) -> &mut TcbVersion; 4] = [
		|rules| &mut rules.floors.current,
		|rules| &mut rules.floors.reported,
		|rules| &mut rules.floors.committed,
		|rules| &mut rules.floors.launch,
	];
	let components: [fn(&mut TcbVersion) -> &mut u8; 4] = [
		|tcb| &mut tcb.boot_loader,
		|tcb| &mut tcb.tee,
		|tcb| &mut tcb.snp,
		|tcb| &mut tcb.microcode,
	];
	for lane in lanes {
		for component in components {
			let changed = |to: u8, other: u8| {
				let mut rules = first;
				*lane(&mut rules) = at(other);
				*component(lane(&mut rules)) = to;
				Some(rules)
			};
			// One lower component makes the floor looser, even if all others are higher.
			check_tightening(
				|origin, rules| Policy::set_cpu(origin, cpu, rules),
				Some(first),
				changed(6, 5),
				changed(4, 9),
			);
		}
	}
	let mitigations = |mitigations| Some(CpuRules { mitigations, ..first });
	check_tightening(
		|origin, rules| Policy::set_cpu(origin, cpu, rules),
		Some(first),
		mitigations(3),
		mitigations(2),
	);
}

#[test]
fn measurements() {
	let set = |origin, role| Policy::set_measurement(origin, [7; 48], role);
	check_tightening(set, Some(Role::HostAgent), None, Some(Role::TenantVm));
}

#[test]
fn files() {
	let set =
		|origin, rule| Policy::set_files(origin, vec![[7; 32]].try_into().expect("one"), rule);
	run_without_policy(|| {
		assert_ok!(set(root(), Some(FileRule::Allowed)));
		assert_ok!(set(tightener(), None));
		assert_noop!(set(tightener(), Some(FileRule::Allowed)), BadOrigin);
		assert_ok!(set(tightener(), Some(FileRule::Forbidden)));
		assert_noop!(set(tightener(), None), BadOrigin);
		// The rule of the second file would become looser.
		assert_ok!(set(root(), Some(FileRule::Allowed)));
		let both = vec![[7; 32], [8; 32]].try_into().expect("two");
		assert_noop!(Policy::set_files(tightener(), both, Some(FileRule::Allowed)), BadOrigin);
	});
}

#[test]
fn required_files() {
	let list = |files: &[&[u8]]| -> Option<RequiredFiles> {
		let files = files.iter().map(|versions| {
			let versions: Vec<FileHash> = versions.iter().map(|version| [*version; 32]).collect();
			versions.try_into().expect("few")
		});
		Some(files.collect::<Vec<_>>().try_into().expect("few"))
	};
	check_tightening(Policy::set_required, list(&[&[1, 2]]), list(&[&[1]]), list(&[&[1, 2, 3]]));
	check_tightening(Policy::set_required, list(&[&[1, 2]]), list(&[&[1, 2], &[3]]), None);
	check_tightening(
		Policy::set_required,
		list(&[&[1], &[2]]),
		list(&[&[2], &[1], &[3]]),
		list(&[&[1]]),
	);
}

#[test]
fn removed_tpm_roots_are_distrusted_until_restored() {
	use hcc_primitives::TpmRoots as _;
	run_without_policy(|| {
		let list = |numbers: &[u8]| -> Option<TpmRootList> {
			let all: Vec<Certificate> =
				numbers.iter().map(|number| vec![*number].try_into().expect("short")).collect();
			Some(all.try_into().expect("few"))
		};
		let distrusted = || {
			let hash = |number: &u8| sp_io::hashing::blake2_256(&[*number]);
			[1, 2, 3]
				.into_iter()
				.filter(|number| Policy::is_distrusted(&hash(number)))
				.collect::<Vec<_>>()
		};
		for (trusted, removed) in [
			(list(&[1, 2]), vec![]),
			(list(&[2, 3]), vec![1]),
			(list(&[1, 3]), vec![2]),
			(None, vec![1, 2, 3]),
			(list(&[3]), vec![1, 2]),
		] {
			assert_ok!(Policy::set_tpm_roots(root(), trusted));
			assert_eq!(distrusted(), removed);
		}
	});
}

#[test]
fn roots() {
	let root = |number: u8| vec![number].try_into().expect("short");
	let list = |numbers: &[u8]| -> Option<TpmRootList> {
		Some(
			numbers.iter().map(|number| root(*number)).collect::<Vec<_>>().try_into().expect("few"),
		)
	};
	check_tightening(Policy::set_tpm_roots, list(&[1, 2]), list(&[2]), list(&[1, 3]));
	let hierarchy = |number: u8| AmdHierarchy {
		product: hcc_evidence::snp::ProductLine::Genoa,
		ark: root(number),
		ask: root(number),
	};
	let list = |numbers: &[u8]| -> Option<AmdRootList> {
		let all: Vec<_> = numbers.iter().map(|number| hierarchy(*number)).collect();
		Some(all.try_into().expect("few"))
	};
	let set = |origin, roots| {
		if Policy::platform().is_none() {
			assert_ok!(Policy::set_platform(RuntimeOrigin::root(), platform()));
		}
		Policy::set_amd_roots(origin, roots)
	};
	check_tightening(set, list(&[1, 2]), list(&[2]), list(&[1, 3]));
}

#[test]
fn unprivileged_account_cannot_set_policy() {
	run_without_policy(|| {
		let other = RuntimeOrigin::signed(sp_runtime::AccountId32::new([1; 32]));
		assert_noop!(Policy::set_platform(other.clone(), platform()), BadOrigin);
		assert_noop!(Policy::set_amd_roots(other, None), BadOrigin);
	});
}

#[test]
fn file_tightening_recorded_only_if_stricter() {
	run(|| {
		let set = |number, rule| {
			let digests = vec![digest(number)].try_into().expect("one");
			assert_ok!(Policy::set_files(root(), digests, rule));
			LastFileTightening::<Test>::get() == Policy::revision()
		};
		assert!(!set(7, Some(FileRule::Allowed)), "allowed");
		assert!(set(7, None), "unknown again");
		assert!(set(7, Some(FileRule::Forbidden)), "forbidden");
		assert!(!set(7, None), "no longer forbidden");
		let require = |versions: &[u8]| {
			let versions = versions.iter().map(|number| digest(*number)).collect::<Vec<_>>();
			let files = vec![versions.try_into().expect("few")].try_into().expect("one");
			assert_ok!(Policy::set_required(root(), Some(files)));
			LastFileTightening::<Test>::get() == Policy::revision()
		};
		assert!(require(&[21]), "a new required file");
		assert!(!require(&[21, 22]), "a further version is accepted");
		assert!(require(&[22]), "a version is no longer accepted");
		assert_ok!(Policy::set_required(root(), None));
		assert_ne!(LastFileTightening::<Test>::get(), Policy::revision());
	});
}

#[test]
fn boot_rules_and_parts() {
	use hcc_evidence::boot::{BootRole, BootRules};
	let rules = |secure_boot| Some(BootRules { secure_boot });
	check_tightening(Policy::set_boot_rules, rules(false), rules(true), None);
	run_without_policy(|| {
		assert_noop!(Policy::set_boot_rules(tightener(), rules(false)), BadOrigin);
		assert_ok!(Policy::set_boot_rules(root(), rules(false)));
		assert_eq!(LastFileTightening::<Test>::get(), 1, "enrolled boots must be checked");
		let set = |origin, role| {
			let digests = vec![digest(7)].try_into().expect("one");
			Policy::set_boot_parts(origin, digests, role)
		};
		assert_noop!(set(tightener(), Some(BootRole::Kernel)), BadOrigin);
		assert_ok!(set(root(), Some(BootRole::Kernel)));
		assert_eq!(LastFileTightening::<Test>::get(), 1, "more parts are accepted");
		assert_eq!(Policy::boot_part(digest(7)), Some(BootRole::Kernel));
		assert_noop!(set(tightener(), Some(BootRole::Initrd)), BadOrigin);
		assert_ok!(set(root(), Some(BootRole::Initrd)));
		assert_eq!(LastFileTightening::<Test>::get(), 3, "the former role is no longer accepted");
		assert_ok!(set(tightener(), None));
		assert_eq!(LastFileTightening::<Test>::get(), 4);
		assert_noop!(set(root(), None), Error::<Test>::Unchanged);
		assert_ok!(Policy::set_boot_rules(root(), None));
		assert_eq!(LastFileTightening::<Test>::get(), 4);
	});
}
