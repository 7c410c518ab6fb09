use alloc::vec::Vec;

use super::{Event, Events, EV_NO_ACTION};
use crate::{tpm::PcrBank, Check, RejectCode, Rejection};

/// Events whose digests are fixed, whatever boots: EV_SEPARATOR, EV_EFI_ACTION.
const EV_SEPARATOR: u32 = 4;
const EV_EFI_ACTION: u32 = 0x8000_0007;

/// What firmware says of the applications that it starts; what it starts is another event.
const ACTIONS: [&[u8]; 2] = [
	b"Calling EFI Application from Boot Option",
	b"Returning from EFI Application from Boot Option",
];
/// What a separator without an error is of.
const SEPARATORS: [[u8; 4]; 2] = [[0; 4], [0xff; 4]];

/// The PCR of Secure Boot's variables.
const SECURE_BOOT_PCR: u32 = 7;
/// The most events that are held against a list. GRUB makes some eighty.
pub const MAX_JUDGED: usize = 128;

/// What a digest of the event log stands for: with it, where it may stand.
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
	/// The firmware and its drivers: PCR 0, 2.
	Firmware,
	/// What the firmware starts before the kernel, and its keys: PCR 4, 14.
	Loader,
	/// The kernel: PCR 4, or 9 where a loader reads it.
	Kernel,
	/// Its first file system: PCR 9.
	Initrd,
	/// Its command line, and the commands of a loader: PCR 8, 9.
	CommandLine,
}

impl BootRole {
	/// Every role.
	pub const ALL: [Self; 5] =
		[Self::Firmware, Self::Loader, Self::Kernel, Self::Initrd, Self::CommandLine];

	/// Whether such a thing is measured into that PCR.
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

	/// Whether no machine boots without.
	const fn is_needed(self) -> bool {
		!matches!(self, Self::Loader)
	}
}

/// Whether that PCR is extended with what runs: each event there must be known.
const fn is_of_code(pcr: u32) -> bool {
	matches!(pcr, 0 | 2 | 4 | 8 | 9 | 14)
}

/// What is asked of a boot beside that all it runs is known.
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

/// Something that knows what boots.
pub trait BootParts {
	/// What that SHA-256 digest stands for; none where it is not known.
	fn role(&self, digest: &[u8; 32]) -> Option<BootRole>;
}

/// An event of code, and its SHA-256 digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeEvent<'a> {
	pub event: Event<'a>,
	pub digest: [u8; 32],
}

/// The events of what runs, in order, but for those that are the same whatever runs.
///
/// ## Errors
/// [`RejectCode::BootLogEncoding`]: malformed, or too many.
pub fn code_events(log: &[u8]) -> Check<Vec<CodeEvent<'_>>> {
	let mut found = Vec::new();
	for event in Events::new(log)? {
		let event = event?;
		if event.kind == EV_NO_ACTION || !is_of_code(event.pcr) || is_fixed(&event) {
			continue;
		}
		let refused = |field, seen: u64, wanted: u64| {
			Rejection::new(RejectCode::BootLogEncoding, field, seen, wanted).at(event.index)
		};
		if found.len() >= MAX_JUDGED {
			return Err(refused("events", found.len() as u64, MAX_JUDGED as u64));
		}
		let digest = sha256_of(&event).ok_or_else(|| refused("digests", 0, 32))?;
		found.push(CodeEvent { event, digest });
	}
	Ok(found)
}

fn sha256_of(event: &Event<'_>) -> Option<[u8; 32]> {
	let (_, digest) = event.digests.iter().find(|(of, _)| *of == PcrBank::Sha256)?;
	(*digest).try_into().ok()
}

/// Whether the digest is of something that is the same on every machine.
fn is_fixed(event: &Event<'_>) -> bool {
	let Some(digest) = sha256_of(event) else { return false };
	let is_of = |bytes: &[u8]| PcrBank::Sha256.hash(&[bytes]) == digest;
	match event.kind {
		EV_SEPARATOR => SEPARATORS.iter().any(|separator| is_of(separator)),
		EV_EFI_ACTION => ACTIONS.iter().any(|action| is_of(action)),
		_ => false,
	}
}

/// Holds a log, which must lead to the quoted PCRs, against what may boot.
///
/// ## Errors
/// Class [`crate::RejectClass::BootProfile`]; [`RejectCode::BootLogEncoding`].
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

/// Whether the firmware measured that Secure Boot is on, and never that it is off. By the digests alone: an event's kind is not proven.
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

/// UEFI_VARIABLE_DATA of EFI_GLOBAL_VARIABLE `SecureBoot`: its GUID, the lengths of name and value, the name in UTF-16, the value.
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
