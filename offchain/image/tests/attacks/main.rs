//! Attacks of a host on an image, each a boot in QEMU by `scripts/image-attacks`.
//!
//! The attacks take minutes, and need root and Debian's archive. So `cargo test` ignores them.
//! `make test` runs them as root, in its step "image attacks". `HCC_ATTACKED_IMAGE` names the
//! folder of the image; `scripts/image-attacks/image.sh` makes it.

use std::{env, path::Path, process::Command};

/// Runs an attack. `scripts/image-attacks/attacks.py` states what must hold.
fn attack(name: &str) {
	let image = env::var_os("HCC_ATTACKED_IMAGE").expect("HCC_ATTACKED_IMAGE names an image");
	let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/image-attacks/run.sh");
	let output = Command::new(script)
		.args(["minimal", name])
		.env("IMAGE", image)
		.output()
		.expect("the script runs");
	let text = String::from_utf8_lossy(&output.stdout);
	assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
	assert!(text.contains("1 passed, 0 failed"), "{text}");
}

#[test]
#[ignore = "takes minutes, root and an image: see above"]
fn genuine_image_boots_and_emergency_powers_off() {
	attack("genuine_image_boots_and_emergency_powers_off");
}

#[test]
#[ignore = "takes minutes, root and an image: see above"]
fn other_command_line_does_not_boot() {
	attack("other_command_line_does_not_boot");
}

#[test]
#[ignore = "takes minutes, root and an image: see above"]
fn other_initrd_does_not_boot() {
	attack("other_initrd_does_not_boot");
}

#[test]
#[ignore = "takes minutes, root and an image: see above"]
fn other_kernel_does_not_boot() {
	attack("other_kernel_does_not_boot");
}

#[test]
#[ignore = "takes minutes, root and an image: see above"]
fn credential_by_smbios_is_ignored() {
	attack("credential_by_smbios_is_ignored");
}

#[test]
#[ignore = "takes minutes, root and an image: see above"]
fn credential_by_fw_cfg_is_ignored() {
	attack("credential_by_fw_cfg_is_ignored");
}

#[test]
#[ignore = "takes minutes, root and an image: see above"]
fn labelled_disks_are_not_mounted() {
	attack("labelled_disks_are_not_mounted");
}

#[test]
#[ignore = "takes minutes, root and an image: see above"]
fn sysrq_by_the_serial_line_is_ignored() {
	attack("sysrq_by_the_serial_line_is_ignored");
}

#[test]
#[ignore = "takes minutes, root and an image: see above"]
fn changed_root_does_not_start() {
	attack("changed_root_does_not_start");
}

#[test]
#[ignore = "takes minutes, root and an image: see above"]
fn swapped_tree_does_not_start() {
	attack("swapped_tree_does_not_start");
}
