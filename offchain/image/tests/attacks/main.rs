//! Attacks of a host on an image, each a boot in QEMU by `scripts/image-attacks`.
//!
//! The attacks take minutes, and need root and Debian's archive. So `cargo test` ignores them.
//! `make soak` runs them as root. `HCC_ATTACKED_IMAGE` names the folder of the image;
//! `scripts/image-attacks/image.sh` makes it. The refusals of hccam need the images of hccam, in
//! the folder that `HCC_AGENT_IMAGES` names.

use std::{env, path::Path, process::Command};

/// Runs an attack. `scripts/image-attacks/attacks.py` states what must hold.
fn attack(name: &str) {
	play("run.sh", &["minimal", name], "HCC_ATTACKED_IMAGE", "IMAGE");
}

/// Boots hccam with faulty settings. `scripts/image-attacks/refusals.py` states what must hold.
fn refusal(name: &str) {
	play("refusals.sh", &[name], "HCC_AGENT_IMAGES", "IMAGES");
}

/// Runs a script, to which `variable` passes the folder that `folder` names.
fn play(script: &str, arguments: &[&str], folder: &str, variable: &str) {
	let images = env::var_os(folder).expect("the variable names a folder");
	let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/image-attacks");
	let output = Command::new(scripts.join(script))
		.args(arguments)
		.env(variable, images)
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

#[test]
#[ignore = "takes minutes, root and an image: see above"]
fn genuine_settings_start_hccam() {
	refusal("genuine_settings_start_hccam");
}

#[test]
#[ignore = "takes minutes, root and an image: see above"]
fn missing_processor_is_refused_with_code_3() {
	refusal("missing_processor_is_refused_with_code_3");
}

#[test]
#[ignore = "takes minutes, root and an image: see above"]
fn failing_processor_is_refused_with_code_4() {
	refusal("failing_processor_is_refused_with_code_4");
}

#[test]
#[ignore = "takes minutes, root and an image: see above"]
fn certificate_of_another_chip_is_refused_with_code_5() {
	refusal("certificate_of_another_chip_is_refused_with_code_5");
}

#[test]
#[ignore = "takes minutes, root and an image: see above"]
fn missing_certificate_is_refused_with_code_5() {
	refusal("missing_certificate_is_refused_with_code_5");
}

#[test]
#[ignore = "takes minutes, root and an image: see above"]
fn other_measurement_is_refused_with_code_6() {
	refusal("other_measurement_is_refused_with_code_6");
}
