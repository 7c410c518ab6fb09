use alloc::vec::Vec;

use super::{missing_bank, Event, Events, EV_NO_ACTION};
use crate::{tpm::PcrBank, Check, RejectCode, Rejection};

/// Types of events whose digests do not depend on the boot components: EV_SEPARATOR and
/// EV_EFI_ACTION.
const EV_SEPARATOR: u32 = 4;
const EV_EFI_ACTION: u32 = 0x8000_0007;

/// The texts of the firmware's actions when it starts an application. The application itself is
/// measured by another event.
const ACTIONS: [&[u8]; 2] = [
	b"Calling EFI Application from Boot Option",
	b"Returning from EFI Application from Boot Option",
];
/// The data of a separator that does not report an error.
const SEPARATORS: [[u8; 4]; 2] = [[0; 4], [0xff; 4]];

/// The PCR of the Secure Boot variables.
const SECURE_BOOT_PCR: u32 = 7;
/// The maximum number of code events in a log. GRUB causes about 80 of them.
pub const MAX_JUDGED: usize = 128;

/// The role of a boot component. It determines the PCRs that the component may extend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(
	feature = "scale",
	derive(
		codec::Encode,
		codec::Decode,
		codec::DecodeWithMemTracking,
		codec::MaxEncodedLen,
		scale_info::TypeInfo
	)
)]
pub enum BootRole {
	/// The firmware and its drivers: PCR 0 or 2.
	Firmware,
	/// A boot loader and its keys: PCR 4 or 14.
	Loader,
	/// The kernel: PCR 4, or PCR 9 if a boot loader reads it.
	Kernel,
	/// The initial file system: PCR 9.
	Initrd,
	/// The kernel's command line, and commands of a boot loader: PCR 8 or 9.
	CommandLine,
}

impl BootRole {
	/// All roles.
	pub const ALL: [Self; 5] =
		[Self::Firmware, Self::Loader, Self::Kernel, Self::Initrd, Self::CommandLine];

	/// Returns `true` if a component with this role may extend the PCR.
	pub const fn belongs_in(self, pcr: u32) -> bool {
		matches!(
			(self, pcr),
			(Self::Firmware, 0 | 2)
				| (Self::Loader, 4 | 14)
				| (Self::Kernel, 4 | 9)
				| (Self::Initrd, 9)
				| (Self::CommandLine, 8 | 9)
		)
	}

	/// Returns `true` if every boot has a component with this role.
	const fn is_needed(self) -> bool {
		!matches!(self, Self::Loader)
	}
}

/// Returns `true` for a PCR of code. Policy must know each event in such a PCR.
const fn is_of_code(pcr: u32) -> bool {
	matches!(pcr, 0 | 2 | 4 | 8 | 9 | 14)
}

/// The requirements on a boot, in addition to known components.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
	feature = "scale",
	derive(
		codec::Encode,
		codec::Decode,
		codec::DecodeWithMemTracking,
		codec::MaxEncodedLen,
		scale_info::TypeInfo
	)
)]
pub struct BootRules {
	/// Secure Boot must be on.
	pub secure_boot: bool,
}

/// A list of known boot components.
pub trait BootParts {
	/// Returns the role of the component with this SHA-256 digest, or `None` if it is unknown.
	fn role(&self, digest: &[u8; 32]) -> Option<BootRole>;
}

/// An event in a PCR of code, with its SHA-256 digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeEvent<'a> {
	pub event: Event<'a>,
	pub digest: [u8; 32],
}

/// Returns the events in the PCRs of code, in order. Omits events whose digest is the same on every
/// machine.
///
/// ## Errors
/// [`RejectCode::BootLogEncoding`]: the log is malformed. [`RejectCode::BootLogBank`]: such an
/// event has no SHA-256 digest. [`RejectCode::BootLogLimit`]: the log has more than [`MAX_JUDGED`]
/// such events.
pub fn code_events(log: &[u8]) -> Check<Vec<CodeEvent<'_>>> {
	let mut found = Vec::new();
	for event in Events::new(log)? {
		let event = event?;
		if event.kind == EV_NO_ACTION || !is_of_code(event.pcr) || is_fixed(&event) {
			continue;
		}
		let digest = sha256_of(&event).ok_or_else(|| missing_bank(&event, PcrBank::Sha256))?;
		if found.len() >= MAX_JUDGED {
			let (code, field) = (RejectCode::BootLogLimit, "events of boot code");
			return Err(Rejection::new(code, field, "more", MAX_JUDGED).at(event.index));
		}
		found.push(CodeEvent { event, digest });
	}
	Ok(found)
}

fn sha256_of(event: &Event<'_>) -> Option<[u8; 32]> {
	let (_, digest) = event.digests.iter().find(|(of, _)| *of == PcrBank::Sha256)?;
	(*digest).try_into().ok()
}

/// Returns `true` if the event has a digest that is the same on every machine.
fn is_fixed(event: &Event<'_>) -> bool {
	let Some(digest) = sha256_of(event) else { return false };
	let is_of = |bytes: &[u8]| PcrBank::Sha256.hash(&[bytes]) == digest;
	match event.kind {
		EV_SEPARATOR => SEPARATORS.iter().any(|separator| is_of(separator)),
		EV_EFI_ACTION => ACTIONS.iter().any(|action| is_of(action)),
		_ => false,
	}
}

/// Checks the components in a log against the list `parts` and the rules. The caller must have
/// checked that the log leads to the quoted PCRs.
///
/// ## Errors
/// Class [`crate::RejectClass::BootProfile`], and the errors of [`code_events`].
pub fn judge<P: BootParts>(log: &[u8], rules: BootRules, parts: &P) -> Check {
	let mut seen = Vec::new();
	for CodeEvent { event, digest } in code_events(log)? {
		match parts.role(&digest).filter(|role| role.belongs_in(event.pcr)) {
			Some(role) => seen.push(role),
			None => {
				let wanted = alloc::format!("a known digest in pcr {}", event.pcr);
				return Err(Rejection::new(RejectCode::BootUnknown, "digest", &digest, wanted)
					.at(event.index));
			},
		}
	}
	let missing = BootRole::ALL.into_iter().find(|role| role.is_needed() && !seen.contains(role));
	if let Some(role) = missing {
		let wanted = match role {
			BootRole::Firmware => "a firmware",
			BootRole::Loader => "a loader",
			BootRole::Kernel => "a kernel",
			BootRole::Initrd => "an initrd",
			BootRole::CommandLine => "a command line",
		};
		return Err(Rejection::new(RejectCode::BootPartMissing, "event log", (), wanted));
	}
	if rules.secure_boot && !is_secure_boot(log)? {
		return Err(Rejection::new(RejectCode::SecureBootOff, "SecureBoot", "not 1", 1u32));
	}
	Ok(())
}

/// Returns `true` if the firmware measured that Secure Boot is on, and never measured that it is
/// off. Only the digests count, because the type of an event is not proven.
fn is_secure_boot(log: &[u8]) -> Check<bool> {
	let [on, off] = [1, 0].map(|value| PcrBank::Sha256.hash(&[&secure_boot(value)]));
	let mut seen_on = false;
	for event in Events::new(log)? {
		let event = event?;
		if event.pcr != SECURE_BOOT_PCR || event.kind == EV_NO_ACTION {
			continue;
		}
		match sha256_of(&event) {
			Some(digest) if digest[..] == off[..] => return Ok(false),
			Some(digest) => seen_on |= digest[..] == on[..],
			None => return Ok(false),
		}
	}
	Ok(seen_on)
}

/// Encodes the UEFI_VARIABLE_DATA of the EFI_GLOBAL_VARIABLE `SecureBoot`: GUID, lengths of name
/// and value, name in UTF-16, value.
fn secure_boot(value: u8) -> Vec<u8> {
	const NAME: &[u8] = b"SecureBoot";
	let guid = [
		0x61, 0xdf, 0xe4, 0x8b, 0xca, 0x93, 0xd2, 0x11, 0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b,
		0x8c,
	];
	let mut data = guid.to_vec();
	data.extend((NAME.len() as u64).to_le_bytes());
	data.extend(1u64.to_le_bytes());
	data.extend(NAME.iter().flat_map(|letter| [*letter, 0]));
	data.push(value);
	data
}
