use frame_support::{assert_noop, assert_ok};
use hcc_evidence::snp::CpuId;
use sp_runtime::DispatchError;

use crate::{history::MAX_SPANS, mock::*, *};

fn events() -> Vec<Event<Test>> {
	System::events()
		.into_iter()
		.filter_map(|record| match record.event {
			RuntimeEvent::Policy(event) => Some(event),
			_ => None,
		})
		.collect()
}

fn files(
	digests: &[FileHash],
	rule: Option<FileRule>,
) -> frame_support::pallet_prelude::DispatchResult {
	Policy::set_files(RuntimeOrigin::root(), digests.to_vec().try_into().expect("few"), rule)
}

#[test]
fn change_makes_revision_and_event() {
	run(|| {
		let stricter = PlatformRules { platform_allowed: 0x3f, ..platform() };
		assert_ok!(Policy::set_platform(RuntimeOrigin::root(), stricter));
		let other = CpuId { family: 0x1a, model: 2, stepping: 1 };
		let rules = Policy::cpu(0x19, 0x11, 0x01).expect("the genesis has rules for it");
		assert_ok!(Policy::set_cpu(RuntimeOrigin::root(), other, Some(rules)));
		assert_ok!(Policy::set_measurement(RuntimeOrigin::root(), MEASUREMENT, None));
		assert_ok!(files(&[digest(7), digest(8)], Some(FileRule::Allowed)));
		assert_ok!(Policy::set_required(RuntimeOrigin::root(), None));
		assert_ok!(Policy::set_amd_roots(RuntimeOrigin::root(), None));
		assert_ok!(Policy::set_tpm_roots(RuntimeOrigin::root(), None));
		let subjects = [
			PolicyItem::Platform,
			PolicyItem::Cpu(other),
			PolicyItem::Measurement(MEASUREMENT),
			PolicyItem::Files(2),
			PolicyItem::Required,
			PolicyItem::AmdRoots,
			PolicyItem::TpmRoots,
		];
		let wanted: Vec<_> = (1..)
			.zip(subjects)
			.map(|(revision, subject)| Event::Changed { revision, subject })
			.collect();
		assert_eq!(events(), wanted);
		assert_eq!(Policy::revision(), 7);
		assert_eq!(Policy::platform(), Some(stricter));
		assert_eq!(Policy::measurement(MEASUREMENT), None);
		assert_eq!(Policy::required(), None);
	});
}

#[test]
fn policy_change_needs_admin_origin() {
	run(|| {
		let anyone = || RuntimeOrigin::signed(account(1));
		assert_noop!(Policy::set_platform(anyone(), platform()), DispatchError::BadOrigin);
		let cpu = CpuId { family: 0x19, model: 0x11, stepping: 1 };
		assert_noop!(Policy::set_cpu(anyone(), cpu, None), DispatchError::BadOrigin);
		assert_noop!(
			Policy::set_measurement(anyone(), MEASUREMENT, None),
			DispatchError::BadOrigin
		);
		assert_noop!(
			Policy::set_files(anyone(), Default::default(), None),
			DispatchError::BadOrigin
		);
		assert_noop!(Policy::set_required(anyone(), None), DispatchError::BadOrigin);
		assert_noop!(Policy::set_amd_roots(anyone(), None), DispatchError::BadOrigin);
		assert_noop!(Policy::set_tpm_roots(anyone(), None), DispatchError::BadOrigin);
	});
}

#[test]
fn unchanged_rule_makes_no_revision() {
	run(|| {
		assert_noop!(
			Policy::set_platform(RuntimeOrigin::root(), platform()),
			Error::<Test>::Unchanged
		);
		assert_noop!(files(&[digest(9)], None), Error::<Test>::Unchanged);
		assert_noop!(files(&[], Some(FileRule::Allowed)), Error::<Test>::Unchanged);
	});
}

#[test]
fn set_files_is_atomic() {
	run(|| {
		// The second file is allowed already.
		let result = frame_support::storage::with_storage_layer(|| {
			files(&[digest(5), digest(1)], Some(FileRule::Allowed))
		});
		assert_eq!(result, Err(Error::<Test>::Unchanged.into()));
		assert_eq!(Policy::file(digest(5)), None);
		assert_eq!(Policy::revision(), 0);
	});
}

#[test]
fn full_rule_history_blocks_changes() {
	run(|| {
		for change in 1..MAX_SPANS {
			let rule = if change % 2 == 1 { FileRule::Forbidden } else { FileRule::Allowed };
			assert_ok!(files(&[digest(1)], Some(rule)));
		}
		assert_noop!(files(&[digest(1)], Some(FileRule::Allowed)), Error::<Test>::TooManyRevisions);
		OldestNeeded::set(3);
		assert_ok!(files(&[digest(1)], Some(FileRule::Allowed)));
		assert_eq!(Policy::file(digest(1)), Some(FileRule::Allowed));
	});
}

#[test]
fn unneeded_rule_value_is_pruned() {
	run(|| {
		assert_ok!(files(&[digest(2)], None));
		assert!(Files::<Test>::contains_key(digest(2)), "revision 0 may still be needed");
		OldestNeeded::set(5);
		assert_ok!(files(&[digest(2)], Some(FileRule::Allowed)));
		assert_eq!(Files::<Test>::get(digest(2)).spans().len(), 1);
	});
}
