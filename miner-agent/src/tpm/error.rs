//! Failures of TPM operations, described in words.

use tss_esapi::{
	constants::{Tss2ResponseCode, Tss2ResponseCodeKind as Kind},
	Error as TssError,
};

use super::{nv::NvError, ATTEMPTS, EK_CERTIFICATE};

/// Layers of the TCG's software stack. The upper half of a response code names the layer. Resource
/// managers use the codes of the TPM.
const LAYERS: [(u32, &str); 5] =
	[(6, "FAPI"), (7, "ESYS"), (8, "SYS"), (9, "marshalling"), (TCTI, "transport (TCTI)")];
const TPM: u32 = 0;
const TCTI: u32 = 10;
const RESOURCE_MANAGERS: [u32; 2] = [11, 12];

/// Failures of TPM operations.
#[derive(Debug, thiserror::Error)]
pub enum TpmError {
	/// The TPM is missing or cannot be used. Load the TPM's driver, or correct `tcti`. The user of
	/// the agent needs access to the device.
	#[error("cannot use the TPM at {tcti}: {reason}")]
	Unusable { tcti: String, reason: String },
	/// The TPM refused a command, or the transport to it failed.
	#[error("TPM command failed: {}", describe(.0))]
	Tpm(#[from] TssError),
	/// The TPM does not answer. The agent opens the TPM again. If that also fails, restart the
	/// machine.
	#[error("the TPM did not answer a command within {0} s")]
	TimedOut(u64),
	/// Earlier commands still hang, so the TPM is not opened again. Restart the machine.
	#[error("{0} commands to the TPM hang: restart the machine")]
	Hanging(usize),
	/// The TPM has no certificate of its RSA endorsement key. Obtain the certificate from the TPM's
	/// vendor, and set `ek_cert`.
	#[error(
		"the TPM has no certificate of its endorsement key at {EK_CERTIFICATE:#x}: ask the vendor \
		for it, and set ek_cert"
	)]
	NoCertificate,
	/// The TPM or the file contains other data instead of a certificate in DER.
	#[error("{place} holds {found}; {}", .found.remedy())]
	OtherContents { place: String, found: NvError },
	/// The file of the certificate cannot be read.
	#[error("cannot read {path}: {error}")]
	Unreadable { path: String, error: std::io::Error },
	/// The SHA-256 bank is not allocated. Allocate it in the firmware settings.
	#[error("the TPM has no SHA-256 bank, or returned other PCRs than requested")]
	NoBank,
	/// The kernel extended PCR 10 during each attempt. Retry.
	#[error("PCR 10 changed during each of {ATTEMPTS} quotes")]
	Unsteady,
}

impl TpmError {
	/// Returns true if the connection to the TPM may be unusable, so that it must be opened again.
	pub(super) fn is_of_connection(&self) -> bool {
		match self {
			Self::Tpm(error) => is_of_connection(error),
			Self::Unusable { .. } | Self::TimedOut(_) | Self::Hanging(_) => true,
			Self::NoCertificate
			| Self::OtherContents { .. }
			| Self::Unreadable { .. }
			| Self::NoBank
			| Self::Unsteady => false,
		}
	}
}

/// Returns true for a failure of the software stack, and for an error of a TPM that has lost its
/// state.
pub(super) fn is_of_connection(error: &TssError) -> bool {
	match error {
		TssError::Tss2Error(code) => {
			let layer = raw(*code) >> 16;
			let of_tpm = layer == TPM || RESOURCE_MANAGERS.contains(&layer);
			let lost = [
				Kind::Initialize,
				Kind::Reboot,
				Kind::ObjectMemory,
				Kind::SessionMemory,
				Kind::SessionHandles,
				Kind::ObjectHandles,
			];
			!of_tpm || code.kind().is_some_and(|kind| lost.contains(&kind))
		},
		TssError::WrapperError(_) => false,
	}
}

/// Describes an error of the software stack: its code, its meaning and the remedy.
pub(super) fn describe(error: &TssError) -> String {
	match error {
		TssError::WrapperError(kind) => format!("the TPM software stack refused the call: {kind}"),
		TssError::Tss2Error(code) => describe_code(*code),
	}
}

fn describe_code(code: Tss2ResponseCode) -> String {
	let raw = raw(code);
	let layer = raw >> 16;
	if layer != TPM && !RESOURCE_MANAGERS.contains(&layer) {
		let name = LAYERS.iter().find(|(of, _)| *of == layer).map_or("unknown", |(_, name)| *name);
		let (meaning, remedy) = of_stack(raw & 0xffff);
		return format!("{raw:#x}, an error of the layer {name}: {meaning}; {remedy}");
	}
	let (meaning, remedy) = match code.kind() {
		Some(kind) => (code.to_string(), remedy(kind)),
		None => ("a code that the TCG's specification does not list".into(), REPORT),
	};
	format!("{raw:#x}, an error of the TPM: {}; {remedy}", meaning.trim())
}

/// Returns the numeric response code. The crate `tss_esapi` offers it only as text.
fn raw(code: Tss2ResponseCode) -> u32 {
	let printed = match code {
		Tss2ResponseCode::Success => return 0,
		Tss2ResponseCode::FormatZero(code) => code.to_string(),
		Tss2ResponseCode::FormatOne(code) => code.to_string(),
	};
	let digits = printed.rsplit_once("0x").map_or("", |(_, digits)| digits);
	u32::from_str_radix(digits, 16).unwrap_or_default()
}

const REPORT: &str = "report it with the TPM's model and firmware version";

/// Returns the meaning and the remedy of an error of the software stack. See the table of base
/// error codes in TCG, "TSS 2.0 Overview and Common Structures".
fn of_stack(code: u32) -> (&'static str, &'static str) {
	const DEVICE: &str =
		"check that the TPM's device exists, that this user may open it, and that \
		no other program holds it; correct tcti";
	match code {
		0x1 => ("general failure", REPORT),
		0x3 => ("bad context", "report it"),
		0x4 => ("the library has another binary interface", "install matching tpm2-tss libraries"),
		0x5 => ("bad reference", "report it"),
		0x6 => ("a buffer is too small", "report it"),
		0x7 => ("commands in the wrong order", "report it"),
		0x8 => ("no connection", DEVICE),
		0x9 => ("the TPM is busy", "retry later"),
		0xa => ("input or output failed", DEVICE),
		0xb => ("a value is invalid", "correct tcti and ek_handle"),
		0xc => ("not permitted", DEVICE),
		0x10 => ("a size is invalid", "report it"),
		0x11 => ("the response is malformed", REPORT),
		0x12 | 0x13 => ("the response or the context is incomplete", REPORT),
		0x14 | 0x16 => {
			("the transport library does not fit", "install matching tpm2-tss libraries")
		},
		0x15 => ("not supported", "update tpm2-tss"),
		0x17 => ("out of memory", "free memory"),
		_ => ("an error without a description", REPORT),
	}
}

/// Returns the remedy for an error of the TPM.
fn remedy(kind: Kind) -> &'static str {
	match kind {
		Kind::AuthFail | Kind::BadAuth | Kind::AuthMissing | Kind::AuthUnavailable => {
			"set endorsement_auth_file to a file with the endorsement hierarchy's authorisation \
			value, or clear the value"
		},
		Kind::Lockout => "wait, or reset the lockout: tpm2_dictionarylockout --clear-lockout",
		Kind::Hierarchy | Kind::Disabled => {
			"enable the endorsement hierarchy in the firmware settings"
		},
		Kind::Handle => "correct ek_handle, or remove it",
		Kind::ObjectMemory | Kind::SessionMemory | Kind::ObjectHandles | Kind::SessionHandles => {
			"use the kernel's resource manager (device:/dev/tpmrm0), or flush: tpm2_flushcontext -t"
		},
		Kind::Initialize | Kind::Reboot => "restart the machine: the TPM was not started",
		Kind::Failure | Kind::NeedsTest => "restart the machine; if it recurs, replace the TPM",
		Kind::Testing | Kind::Retry | Kind::Yielded | Kind::NvRate | Kind::Canceled => {
			"retry later"
		},
		Kind::NvAuthorization | Kind::NvUninitialized | Kind::NvLocked | Kind::NvRange => {
			"set ek_cert to a file with the certificate of the endorsement key"
		},
		Kind::Curve | Kind::Scheme | Kind::Asymmetric | Kind::Hash | Kind::CommandCode => {
			"update the TPM's firmware: it lacks ECDSA on P-256 or another required algorithm"
		},
		Kind::Upgrade => "complete the update of the TPM's firmware",
		Kind::TpmVendorSpecific => "ask the TPM's vendor for the meaning of the code",
		_ => REPORT,
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn described(code: u32) -> String {
		TpmError::from(TssError::Tss2Error(code.into())).to_string()
	}

	#[test]
	fn error_names_code_meaning_and_remedy() {
		let auth = described(0x9a2);
		assert!(auth.contains("0x9a2") && auth.contains("authorization failure"), "{auth}");
		assert!(auth.contains("endorsement_auth_file"), "{auth}");
		let io = described(0xa_000a);
		assert!(io.contains("0xa000a") && io.contains("TCTI") && io.contains("tcti"), "{io}");
		assert!(described(0x902).contains("/dev/tpmrm0"));
		let manager = described(0xb_0902);
		assert!(manager.contains("out of memory for object contexts"), "{manager}");
	}

	#[test]
	fn every_code_has_a_description() {
		let of_layer = |layer: u32| (1..0x40).map(move |code| (layer << 16) + code);
		for code in (0x80..0x1000).chain((6..13).flat_map(of_layer)) {
			let text = described(code);
			assert!(!text.contains("not recognized"), "{text}");
			assert!(text.contains(&format!("{code:#x}")), "{text}");
		}
	}

	#[test]
	fn failed_transport_requires_reopening() {
		let tss = |code: u32| TpmError::from(TssError::Tss2Error(code.into()));
		assert!(tss(0xa_000a).is_of_connection());
		assert!(tss(0x902).is_of_connection(), "leaked objects end with the connection");
		assert!(!tss(0x9a2).is_of_connection());
		assert!(!TpmError::NoCertificate.is_of_connection());
	}
}
