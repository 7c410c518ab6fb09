use std::path::{Path, PathBuf};

use hcc_evidence::{
	boot::{code_events, BootRole, CodeEvent, Event},
	RejectCode,
};
use serde_json::{json, Value};

use super::device_path;
use crate::{
	input::{self, Limit},
	output::outln,
};

/// Kinds of events: a tagged event of the kernel's EFI stub, and images that the firmware starts.
const EV_EVENT_TAG: u32 = 6;
const EV_EFI_BOOT_SERVICES_APPLICATION: u32 = 0x8000_0003;
const EV_EFI_RUNTIME_SERVICES_DRIVER: u32 = 0x8000_0005;
/// The prefix in the descriptions of events that GRUB makes.
const GRUB: &str = "grub_";
/// The tags in events of the kernel's EFI stub.
const TAG_INITRD: u32 = 0x8f3b_22ec;
const TAG_LOAD_OPTIONS: u32 = 0x8f3b_22ed;

/// List the parts of a boot from a UEFI event log, in the form that `policy.set_boot_parts` takes.
///
/// The machine must have booted only software that policy should allow, because the list contains
/// every part in the log. The log is the kernel's
/// /sys/kernel/security/tpm0/binary_bios_measurements. The command infers the role of each part
/// from its event. Review the roles before you use the list.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
	/// The UEFI event log.
	#[arg(long, value_name = "FILE")]
	log: PathBuf,

	/// Print a JSON array in the format of `bootParts` in a chain spec: [{"digest": "0x…", "role":
	/// "kernel"}].
	#[arg(long)]
	json: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
	let log = input::read(&args.log, &Limit::BOOT_LOG)?;
	let parts = parts(&log, &args.log)?;
	if args.json {
		outln!("{}", json!(spec(&parts)));
		return Ok(());
	}
	for part in &parts {
		let digest = hex::encode(part.digest);
		outln!("{digest}  {:<11}  PCR {:<2}  {}", name(part.role), part.pcr, part.text);
	}
	Ok(())
}

/// A measured part of a boot.
pub(crate) struct Part {
	digest: [u8; 32],
	role: BootRole,
	pcr: u32,
	/// The event's description of the part.
	text: String,
}

/// Returns the measured parts of a boot, without duplicates.
pub(crate) fn parts(log: &[u8], path: &Path) -> anyhow::Result<Vec<Part>> {
	let events = code_events(log).map_err(|why| match why.code {
		RejectCode::BootLogEncoding => {
			input::mismatch(path, "a firmware event log", log).context(why)
		},
		_ => anyhow::anyhow!("{} is an event log that policy cannot use: {why}", path.display()),
	})?;
	anyhow::ensure!(!events.is_empty(), "{} contains no measured code", path.display());
	let kernel = kernel(&events);
	let mut parts: Vec<Part> = Vec::new();
	for (at, CodeEvent { event, digest }) in events.iter().enumerate() {
		let role = role(event, Some(at) == kernel);
		if !parts.iter().any(|part| part.digest == *digest && part.role == role) {
			parts.push(Part { digest: *digest, role, pcr: event.pcr, text: describe(event) });
		}
	}
	Ok(parts)
}

/// Returns the position of the kernel's event. The kernel is the last application that the firmware
/// starts.
///
/// If GRUB runs, only applications after GRUB's first event count. If Secure Boot is off, there is
/// no such application: GRUB starts the kernel itself, and measures the kernel's file in PCR 9.
fn kernel(events: &[CodeEvent<'_>]) -> Option<usize> {
	let grub = events.iter().position(|code| text(code.event.data).starts_with(GRUB));
	let last = events.iter().rposition(|code| code.event.kind == EV_EFI_BOOT_SERVICES_APPLICATION);
	last.filter(|last| grub.is_none_or(|grub| grub < *last))
}

/// Encodes the parts in the format of a chain spec.
pub(crate) fn spec(parts: &[Part]) -> Vec<Value> {
	let part = |part: &Part| json!({ "digest": format!("0x{}", hex::encode(part.digest)), "role": name(part.role) });
	parts.iter().map(part).collect()
}

fn name(role: BootRole) -> &'static str {
	match role {
		BootRole::Firmware => "firmware",
		BootRole::Loader => "loader",
		BootRole::Kernel => "kernel",
		BootRole::Initrd => "initrd",
		BootRole::CommandLine => "commandLine",
	}
}

fn role(event: &Event<'_>, is_kernel: bool) -> BootRole {
	match event.pcr {
		0 | 2 => BootRole::Firmware,
		4 if is_kernel => BootRole::Kernel,
		9 if tag(event) == Some(TAG_INITRD) => BootRole::Initrd,
		9 if tag(event) == Some(TAG_LOAD_OPTIONS) => BootRole::CommandLine,
		9 => role_of_file(&text(event.data)),
		8 => BootRole::CommandLine,
		_ => BootRole::Loader,
	}
}

/// Infers the role of a file that GRUB reads from the file's name. A file with an unknown name
/// counts as a command line, because its contents can control the boot.
fn role_of_file(name: &str) -> BootRole {
	let file = name.rsplit('/').next().unwrap_or(name);
	// An older GRUB describes the kernel and the initrd as "grub_linuxefi Kernel" and
	// "grub_linuxefi Initrd".
	if file.contains("initr") || file == "grub_linuxefi Initrd" {
		BootRole::Initrd
	} else if ["vmlinu", "bzImage"].iter().any(|part| file.contains(part))
		|| file == "grub_linuxefi Kernel"
	{
		BootRole::Kernel
	} else {
		BootRole::CommandLine
	}
}

/// Returns the taggedEventID of a TCG_PCClientTaggedEvent.
fn tag(event: &Event<'_>) -> Option<u32> {
	let id = event.data.first_chunk().copied().map(u32::from_le_bytes)?;
	(event.kind == EV_EVENT_TAG).then_some(id)
}

fn describe(event: &Event<'_>) -> String {
	match tag(event) {
		// The data starts with the tag's id and length.
		Some(_) => text(event.data.get(8..).unwrap_or_default()),
		None if event.pcr == 8 || event.pcr == 9 || event.pcr == 14 => text(event.data),
		None if is_image(event.kind) => device_path::of_image(event.data),
		None => String::new(),
	}
}

/// Returns `true` for an event whose data is a UEFI_IMAGE_LOAD_EVENT.
fn is_image(kind: u32) -> bool {
	(EV_EFI_BOOT_SERVICES_APPLICATION..=EV_EFI_RUNTIME_SERVICES_DRIVER).contains(&kind)
}

/// Returns the printable ASCII characters of a text, which may be UTF-16.
fn text(bytes: &[u8]) -> String {
	let legible = |byte: &&u8| (0x20..0x7f).contains(*byte);
	bytes.iter().filter(legible).take(200).map(|byte| char::from(*byte)).collect()
}

#[cfg(test)]
mod tests {
	use std::{fs, io};

	use super::*;

	/// Reads a test vector, or returns `None` if the vectors are not available.
	fn vector(name: &str) -> Option<Vec<u8>> {
		let shared = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/");
		match fs::read(format!("{shared}{name}")) {
			Ok(log) => Some(log),
			Err(error) if error.kind() == io::ErrorKind::NotFound => {
				println!("skipped: {name} is missing");
				None
			},
			Err(error) => panic!("{name}: {error}"),
		}
	}

	fn roles(log: &[u8]) -> Vec<BootRole> {
		let mut roles: Vec<_> =
			parts(log, Path::new("log")).expect("a log").iter().map(|part| part.role).collect();
		roles.sort();
		roles.dedup();
		roles
	}

	#[test]
	fn firmware_boot_has_expected_roles() {
		let Some(log) = vector("ima-qemu/cloud61-ovmf/binary_bios_measurements") else { return };
		let wanted =
			[BootRole::Firmware, BootRole::Kernel, BootRole::Initrd, BootRole::CommandLine];
		assert_eq!(roles(&log), wanted);
		let parts = parts(&log, Path::new("log")).expect("a log");
		let line = parts.iter().find(|part| part.role == BootRole::CommandLine).expect("one");
		assert!(!line.text.is_empty() && line.pcr == 9);
	}

	#[test]
	fn grub_boot_has_expected_roles() {
		let Some(log) = vector("uefi-eventlog/ubuntu-2404-amd-sevsnp/eventlog.bin") else { return };
		// The machine of this test vector booted without an initrd.
		let wanted =
			[BootRole::Firmware, BootRole::Loader, BootRole::Kernel, BootRole::CommandLine];
		assert_eq!(roles(&log), wanted);
	}

	/// Returns roles and descriptions of the applications that the firmware started.
	fn applications(log: &[u8]) -> Vec<(BootRole, String)> {
		let parts = parts(log, Path::new("log")).expect("a log");
		let parts = parts.into_iter().filter(|part| part.pcr == 4);
		parts.map(|part| (part.role, part.text)).collect()
	}

	#[test]
	fn grub_without_secure_boot_is_a_loader_with_its_path() {
		let Some(log) = vector("uefi-eventlog/ubuntu-2404-amd-sevsnp/eventlog.bin") else { return };
		let applications = applications(&log);
		assert!(applications.iter().all(|(role, _)| *role == BootRole::Loader), "{applications:?}");
		let grub = (BootRole::Loader, "\\EFI\\ubuntu\\grubx64.efi".to_owned());
		assert!(applications.contains(&grub), "{applications:?}");
	}

	#[test]
	fn kernel_that_grub_starts_by_the_firmware_is_a_kernel() {
		let Some(log) = vector("uefi-eventlog/rhel8-uefi/eventlog.bin") else { return };
		let applications = applications(&log);
		let roles: Vec<_> = applications.iter().map(|(role, _)| *role).collect();
		assert_eq!(roles, [BootRole::Loader, BootRole::Loader, BootRole::Kernel]);
		assert_eq!(applications[1].1, "\\EFI\\redhat\\grubx64.efi");
	}

	/// GRUB starts the kernel itself if Secure Boot is off. The last image in PCR 4 is then GRUB.
	#[test]
	fn grub_is_a_loader_without_secure_boot() {
		for (name, grub_is_last) in [
			("uefi-eventlog/ubuntu-2404-amd-sevsnp/eventlog.bin", true),
			("uefi-eventlog/ubuntu-1804-amd-sev/eventlog.bin", true),
			("uefi-eventlog/rhel8-uefi/eventlog.bin", false),
		] {
			let Some(log) = vector(name) else { continue };
			let parts = parts(&log, Path::new("log")).expect("a log");
			let images: Vec<_> = parts.iter().filter(|part| part.pcr == 4).collect();
			let last = images.last().expect("an image");
			let wanted = if grub_is_last { BootRole::Loader } else { BootRole::Kernel };
			assert_eq!(last.role, wanted, "{name}");
			assert!(parts.iter().any(|part| part.role == BootRole::Kernel), "{name}");
			assert!(images[0].text.ends_with("\\shimx64.efi"), "{name}: {}", images[0].text);
		}
	}

	#[test]
	fn log_with_sha1_only_is_named() {
		let Some(log) = vector("uefi-eventlog/debian-10/eventlog.bin") else { return };
		let error = parts(&log, Path::new("log")).err().expect("no SHA-256").to_string();
		assert!(error.contains("(115)") && error.contains("sha1"), "{error}");
	}

	#[test]
	fn malformed_event_log_is_an_error() {
		assert!(parts(&[], Path::new("log")).is_err());
		assert!(parts(&[7; 100], Path::new("log")).is_err());
	}
}
