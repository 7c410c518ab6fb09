//! Scenes. Each file contains one scene, as a function that uses a [`crate::world::Stage`].

pub mod agent_vm;
pub mod boot_change;
pub mod charges;
pub mod earnings;
pub mod enrolment;
pub mod event_flood;
pub mod evidence;
pub mod explorer;
pub mod false_vote;
pub mod full_disk;
pub mod hung_tpm;
pub mod maintenance_pause;
pub mod node_loss;
pub mod order;
pub mod preflight;
pub mod price;
pub mod recovery;
pub mod replay;
pub mod settlement;
pub mod tampering;
pub mod verification;
pub mod vm_boot;
pub mod vm_kills;
pub mod vm_lifecycle;
pub mod vm_refusals;

use std::time::Duration;

/// The name and the title of a scene.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scene {
	/// A short name. Each line of the scene starts with it.
	pub name: &'static str,
	/// A sentence that describes the scene.
	pub title: &'static str,
}

/// The scenes of `hcc-e2e demo`.
pub const DEMO: [Scene; 6] = [
	enrolment::SCENE,
	price::SCENE,
	evidence::SCENE,
	order::SCENE,
	tampering::SCENE,
	verification::SCENE,
];

/// The scenes of `hcc-e2e demo --vms`.
pub const DEMO_VMS: [Scene; 6] = [
	enrolment::SCENE,
	price::SCENE,
	evidence::SCENE,
	vm_boot::SCENE,
	tampering::SCENE,
	verification::SCENE,
];

/// The scenes of `hcc-e2e all`.
pub const ALL: [Scene; 21] = [
	enrolment::SCENE,
	price::SCENE,
	node_loss::SCENE,
	full_disk::SCENE,
	evidence::SCENE,
	explorer::SCENE,
	order::SCENE,
	preflight::SCENE,
	hung_tpm::SCENE,
	vm_lifecycle::SCENE,
	charges::SCENE,
	event_flood::SCENE,
	tampering::SCENE,
	verification::SCENE,
	recovery::SCENE,
	maintenance_pause::SCENE,
	replay::SCENE,
	earnings::SCENE,
	boot_change::SCENE,
	false_vote::SCENE,
	settlement::SCENE,
];

/// The scenes of `hcc-e2e all --vms`. The one about hccam needs `--agent-vm` as well.
pub const VMS: [Scene; 6] = [
	enrolment::SCENE,
	price::SCENE,
	agent_vm::SCENE,
	vm_boot::SCENE,
	vm_refusals::SCENE,
	vm_kills::SCENE,
];

/// The time limit of a challenge and its verdict. A chip is drawn at random, in one block of six on
/// average if it is on probation. A node or the machine may have to restart first.
pub const CHALLENGE: Duration = Duration::from_secs(300);

/// Codes of rejections (`docs/codes.md`).
pub mod code {
	/// The signature of the SNP report is invalid.
	pub const REPORT_SIGNATURE: u64 = 301;
	/// The machine booted a part that policy does not allow.
	pub const BOOT_UNKNOWN: u64 = 1004;
	/// The IMA log contains an unknown file.
	pub const IMA_UNKNOWN_FILE: u64 = 1201;
}

/// Returns a duration of `count` seconds.
const fn seconds(count: u64) -> Duration {
	Duration::from_secs(count)
}

#[cfg(test)]
mod tests {
	use std::collections::BTreeSet;

	use super::*;

	#[test]
	fn scene_names_are_unique() {
		let names: BTreeSet<_> = ALL.iter().chain(&VMS).map(|scene| scene.name).collect();
		let shared = VMS.iter().filter(|scene| ALL.contains(scene)).count();
		assert_eq!(names.len(), ALL.len() + VMS.len() - shared);
	}

	#[test]
	fn the_demo_is_a_part_of_all_scenes() {
		let played = |scene: &Scene| ALL.contains(scene) || VMS.contains(scene);
		assert!(DEMO.iter().all(|scene| ALL.contains(scene)));
		assert!(DEMO_VMS.iter().all(played));
	}
}
