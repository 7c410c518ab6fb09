use std::{
	fs,
	io::{self, Write},
	path::{Path, PathBuf},
};

use anyhow::Context;
use hcc_evidence::boot::{code_events, BootRole, CodeEvent, Event};
use serde_json::{json, Value};

/// Kinds of events: a tagged one, of the kernel's stub; what the firmware starts.
const EV_EVENT_TAG: u32 = 6;
const EV_EFI_BOOT_SERVICES_APPLICATION: u32 = 0x8000_0003;
/// The tags of the kernel's stub.
const TAG_INITRD: u32 = 0x8f3b_22ec;
const TAG_LOAD_OPTIONS: u32 = 0x8f3b_22ed;

/// List what a machine has booted, as its firmware measured it: what policy's `set_boot_parts` takes.
///
/// The machine must be one that booted what it should: whatever is in its log will be allowed to boot. The log is the kernel's
/// /sys/kernel/security/tpm0/binary_bios_measurements. The roles are told from the events; look them over.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
	/// The firmware's event log.
	#[arg(long, value_name = "FILE")]
	log: PathBuf,

	/// Print a JSON array, as `bootParts` in a chain spec: [{"digest": "0x…", "role": "kernel"}].
	#[arg(long)]
	json: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
	let log = fs::read(&args.log).with_context(|| format!("cannot read {}", args.log.display()))?;
	let parts = parts(&log, &args.log)?;
	let mut out = io::stdout().lock();
	if args.json {
		writeln!(out, "{}", json!(spec(&parts)))?;
		return Ok(());
	}
	for part in &parts {
		let digest = hex::encode(part.digest);
		writeln!(out, "{digest}  {:<11}  PCR {:<2}  {}", name(part.role), part.pcr, part.text)?;
	}
	Ok(())
}

/// Something that has booted.
pub(crate) struct Part {
	digest: [u8; 32],
	role: BootRole,
	pcr: u32,
	/// What the event says it is.
	text: String,
}

/// What has booted, each once.
pub(crate) fn parts(log: &[u8], path: &Path) -> anyhow::Result<Vec<Part>> {
	let events = code_events(log)
		.map_err(|why| anyhow::anyhow!("{} is no event log: {why}", path.display()))?;
	anyhow::ensure!(!events.is_empty(), "{} says of nothing that it booted", path.display());
	let kernel =
		events.iter().rposition(|code| code.event.kind == EV_EFI_BOOT_SERVICES_APPLICATION);
	let mut parts: Vec<Part> = Vec::new();
	for (at, CodeEvent { event, digest }) in events.iter().enumerate() {
		let role = role(event, Some(at) == kernel);
		if !parts.iter().any(|part| part.digest == *digest && part.role == role) {
			parts.push(Part { digest: *digest, role, pcr: event.pcr, text: describe(event) });
		}
	}
	Ok(parts)
}

/// As a chain spec has them.
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

fn role(event: &Event<'_>, is_last_application: bool) -> BootRole {
	match event.pcr {
		0 | 2 => BootRole::Firmware,
		4 if is_last_application => BootRole::Kernel,
		9 if tag(event) == Some(TAG_INITRD) => BootRole::Initrd,
		9 if tag(event) == Some(TAG_LOAD_OPTIONS) => BootRole::CommandLine,
		9 => role_of_file(&text(event.data)),
		8 => BootRole::CommandLine,
		_ => BootRole::Loader,
	}
}

/// By the name of a file that GRUB reads; what it reads beside is as good as a command.
fn role_of_file(name: &str) -> BootRole {
	let file = name.rsplit('/').next().unwrap_or(name);
	if file.contains("initr") {
		BootRole::Initrd
	} else if file.contains("vmlinu") || file.contains("bzImage") {
		BootRole::Kernel
	} else {
		BootRole::CommandLine
	}
}

/// TCG_PCClientTaggedEvent: its taggedEventID.
fn tag(event: &Event<'_>) -> Option<u32> {
	let id = event.data.first_chunk().copied().map(u32::from_le_bytes)?;
	(event.kind == EV_EVENT_TAG).then_some(id)
}

fn describe(event: &Event<'_>) -> String {
	match tag(event) {
		// The tag's number and length come first.
		Some(_) => text(event.data.get(8..).unwrap_or_default()),
		None if event.pcr == 8 || event.pcr == 9 => text(event.data),
		None => String::new(),
	}
}

/// What is legible of bytes, also of UTF-16.
fn text(bytes: &[u8]) -> String {
	let legible = |byte: &&u8| (0x20..0x7f).contains(*byte);
	bytes.iter().filter(legible).take(200).map(|byte| char::from(*byte)).collect()
}

#[cfg(test)]
mod tests {
	use super::*;

	/// Where there are no vectors there is nothing to test by.
	fn vector(name: &str) -> Option<Vec<u8>> {
		let shared = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/");
		match fs::read(format!("{shared}{name}")) {
			Ok(log) => Some(log),
			Err(error) if error.kind() == io::ErrorKind::NotFound => {
				println!("skipped: {name} is not there");
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
	fn the_parts_of_a_kernel_that_the_firmware_starts_are_told_apart() {
		let Some(log) = vector("ima-qemu/cloud61-ovmf/binary_bios_measurements") else { return };
		let wanted =
			[BootRole::Firmware, BootRole::Kernel, BootRole::Initrd, BootRole::CommandLine];
		assert_eq!(roles(&log), wanted);
		let parts = parts(&log, Path::new("log")).expect("a log");
		let line = parts.iter().find(|part| part.role == BootRole::CommandLine).expect("one");
		assert!(!line.text.is_empty() && line.pcr == 9);
	}

	#[test]
	fn the_parts_of_a_kernel_that_grub_starts_are_told_apart() {
		let Some(log) = vector("uefi-eventlog/ubuntu-2404-amd-sevsnp/eventlog.bin") else { return };
		// This one started without an initrd.
		let wanted =
			[BootRole::Firmware, BootRole::Loader, BootRole::Kernel, BootRole::CommandLine];
		assert_eq!(roles(&log), wanted);
	}

	#[test]
	fn what_is_no_log_is_an_error() {
		assert!(parts(&[], Path::new("log")).is_err());
		assert!(parts(&[7; 100], Path::new("log")).is_err());
	}
}
