//! Authentication of reports: the proof that AMD's hardware signed them. This check comes first. It
//! is not a sufficient reason to trust the guest.

use super::{
	report::Envelope, GuestPolicy, Report, SigningKey, TcbLayout, TcbVersion, Vek, VekKind,
	SIGNED_LEN,
};
use crate::{
	certificate::check_validity, crypto::Crypto, Check, RejectCode, Rejection, UnixSeconds,
};

/// A report that the chip of a verified VEK signed. Only [`authenticate`] creates it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthenticReport {
	report: Report,
	vek: Vek,
	tcb: Tcb,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tcb {
	current: TcbVersion,
	reported: TcbVersion,
	committed: TcbVersion,
	launch: TcbVersion,
}

impl AuthenticReport {
	/// Returns the fields of the report.
	pub fn report(&self) -> &Report {
		&self.report
	}

	/// Returns the key that signed the report.
	pub fn vek(&self) -> &Vek {
		&self.vek
	}

	/// Returns the TCB version that runs now.
	pub fn current_tcb(&self) -> TcbVersion {
		self.tcb.current
	}

	/// Returns the TCB version that the host chose to report. The signing key derives from this
	/// version.
	pub fn reported_tcb(&self) -> TcbVersion {
		self.tcb.reported
	}

	/// Returns the TCB version below which the firmware cannot be rolled back.
	pub fn committed_tcb(&self) -> TcbVersion {
		self.tcb.committed
	}

	/// Returns the TCB version at the launch of the guest.
	pub fn launch_tcb(&self) -> TcbVersion {
		self.tcb.launch
	}

	/// Rejects a guest whose policy allows debugging, because the host can read its memory.
	pub fn check_not_debuggable(&self) -> Check {
		if self.report.policy.has(GuestPolicy::DEBUG) {
			return Err(Rejection::new(RejectCode::Debug, "POLICY.DEBUG", 1u8, 0u8));
		}
		Ok(())
	}
}

/// Checks that `vek` signed the report in `bytes`, and that the report states the chip and the TCB
/// version of `vek`.
///
/// The check costs one P-384 verification, which comes last, after all cheaper checks.
///
/// ## Errors
/// Classes [`crate::RejectClass::Malformed`], [`crate::RejectClass::SnpSignature`] and
/// [`crate::RejectClass::SnpChain`]; [`RejectCode::CertificateTcb`],
/// [`RejectCode::ReportVersionUnsupported`].
pub fn authenticate<C: Crypto>(
	bytes: &[u8],
	vek: &Vek,
	now: UnixSeconds,
) -> Check<AuthenticReport> {
	let report = match Report::parse(bytes) {
		Err(why) if why.code == RejectCode::ReportVersionUnsupported => {
			return Err(unsupported::<C>(why, bytes, vek, now));
		},
		parsed => parsed?,
	};
	let tcb = tcb_versions(&report, vek.product.into())?;
	check_key(&report, vek)?;
	check_vek_validity(vek, now)?;
	if tcb.reported != vek.tcb {
		return Err(differing_component(tcb.reported, vek.tcb));
	}
	let signed = bytes.get(..SIGNED_LEN).unwrap_or_default();
	C::p384_sha384(&vek.key, signed, &report.signature_r, &report.signature_s).map_err(|_| {
		let seen = "a signature of another key, or of other bytes";
		Rejection::new(RejectCode::ReportSignature, "SIGNATURE", seen, ())
	})?;
	Ok(AuthenticReport { report, vek: vek.clone(), tcb })
}

fn check_vek_validity(vek: &Vek, now: UnixSeconds) -> Check {
	let code = RejectCode::CertificateValidity;
	check_validity(code, "VEK validity", vek.not_before, vek.not_after, now)
}

/// Returns the rejection of a report of an unsupported version. Only the chip's signature proves
/// that its firmware made such a report. Any party can write another version into a report.
fn unsupported<C: Crypto>(why: Rejection, bytes: &[u8], vek: &Vek, now: UnixSeconds) -> Rejection {
	if let Err(expired) = check_vek_validity(vek, now) {
		return expired;
	}
	let signed = Envelope::parse(bytes)
		.is_some_and(|part| C::p384_sha384(&vek.key, part.signed, &part.r, &part.s).is_ok());
	if signed {
		why
	} else {
		Rejection { code: RejectCode::ReportVersion, ..why }
	}
}

fn tcb_versions(report: &Report, layout: TcbLayout) -> Check<Tcb> {
	let parse = |field: &'static str, raw: [u8; 8]| {
		TcbVersion::parse(raw, layout).ok_or_else(|| {
			Rejection::new(RejectCode::ReportReserved, field, &raw, "zero where reserved")
		})
	};
	Ok(Tcb {
		current: parse("CURRENT_TCB", report.current_tcb)?,
		reported: parse("REPORTED_TCB", report.reported_tcb)?,
		committed: parse("COMMITTED_TCB", report.committed_tcb)?,
		launch: parse("LAUNCH_TCB", report.launch_tcb)?,
	})
}

/// Checks that the report names the kind, the product line and the chip of the key.
fn check_key(report: &Report, vek: &Vek) -> Check {
	let wanted = match vek.kind {
		VekKind::Vcek { .. } => SigningKey::Vcek,
		VekKind::Vlek => SigningKey::Vlek,
	};
	if report.flags.mask_chip_key() || report.flags.signing_key() != wanted {
		let seen = match report.flags.signing_key() {
			_ if report.flags.mask_chip_key() => "none: MASK_CHIP_KEY is set",
			SigningKey::Vcek => "VCEK",
			SigningKey::Vlek => "VLEK",
			SigningKey::None => "none",
			SigningKey::Reserved(_) => "a reserved value",
		};
		let wanted = match wanted {
			SigningKey::Vlek => "VLEK",
			SigningKey::Vcek | SigningKey::None | SigningKey::Reserved(_) => "VCEK",
		};
		return Err(Rejection::new(RejectCode::SigningKey, "SIGNING_KEY", seen, wanted));
	}
	// Reports of version 2 do not state the CPU. For them, only the certificate chain determines
	// the product line.
	if let Some(cpu) = report.cpu {
		if cpu.product_line() != Some(vek.product) {
			let seen = alloc::format!("{cpu}");
			return Err(Rejection::new(RejectCode::Product, "CPUID", seen, vek.product.name()));
		}
	}
	// A VLEK stands for a fleet, so its reports need not name a chip.
	match vek.kind {
		VekKind::Vcek { .. } if report.chip_id == [0; 64] => {
			Err(Rejection::new(RejectCode::MaskedChipId, "CHIP_ID", "zero", "the chip's id"))
		},
		VekKind::Vcek { hardware_id } if hardware_id != report.chip_id => {
			Err(Rejection::new(RejectCode::HardwareId, "CHIP_ID", &report.chip_id, &hardware_id))
		},
		VekKind::Vcek { .. } | VekKind::Vlek => Ok(()),
	}
}

fn differing_component(seen: TcbVersion, wanted: TcbVersion) -> Rejection {
	let differing =
		seen.components().zip(wanted.components()).find(|((_, seen), (_, wanted))| seen != wanted);
	match differing {
		Some(((name, seen), (_, wanted))) => {
			Rejection::new(RejectCode::CertificateTcb, name, seen, wanted)
		},
		None => Rejection::new(RejectCode::CertificateTcb, "REPORTED_TCB", (), ()),
	}
}
