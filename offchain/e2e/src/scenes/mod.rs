//! Scenes. Each file contains one scene, as a function that uses a [`crate::world::Stage`].

pub mod boot_change;
pub mod charges;
pub mod earnings;
pub mod enrolment;
pub mod event_flood;
pub mod evidence;
pub mod explorer;
pub mod false_vote;
pub mod full_disk;
pub mod node_loss;
pub mod order;
pub mod preflight;
pub mod price;
pub mod recovery;
pub mod replay;
pub mod settlement;
pub mod tampering;
pub mod verification;
pub mod vm_lifecycle;

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

/// The scenes of `hcc-e2e all`.
pub const ALL: [Scene; 19] = [
	enrolment::SCENE,
	price::SCENE,
	evidence::SCENE,
	preflight::SCENE,
	explorer::SCENE,
	order::SCENE,
	vm_lifecycle::SCENE,
	node_loss::SCENE,
	event_flood::SCENE,
	full_disk::SCENE,
	charges::SCENE,
	tampering::SCENE,
	verification::SCENE,
	recovery::SCENE,
	replay::SCENE,
	earnings::SCENE,
	boot_change::SCENE,
	false_vote::SCENE,
	settlement::SCENE,
];

/// The time limit for a challenge and its verdict. The chain draws a chip at random, on average in
/// every second block. A node or the machine may have to restart first.
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
		let names: BTreeSet<_> = ALL.iter().map(|scene| scene.name).collect();
		assert_eq!(names.len(), ALL.len());
	}

	#[test]
	fn the_demo_is_a_part_of_all_scenes() {
		assert!(DEMO.iter().all(|scene| ALL.contains(scene)));
	}
}
