//! Checks of the agent's own evidence at its start. If the chain would reject the evidence, the
//! agent stops. So its operator sees the fault before the host fails a challenge.

use hcc_evidence::{
	crypto::RustCrypto,
	snp::{authenticate, verify_vek, AmdRoots, Report, Vek},
	Rejection, UnixSeconds,
};

use crate::{ReportError, ReportSource};

/// The endorsements and the reference values of the agent's own reports.
#[derive(Clone, Debug, Default)]
pub struct OwnReference {
	/// Certificates of the chip's key, in DER: one for each TCB version that may be reported.
	pub veks: Vec<Vec<u8>>,
	/// The trusted roots. The certificate of the key that signed a report must lead to one of them.
	pub roots: Vec<AmdRoots>,
	/// The accepted launch measurements. The measurement of this guest must be one of them.
	pub measurements: Vec<[u8; 48]>,
}

/// The reason why the chain would reject the agent's own evidence. The agent stops.
#[derive(Debug, thiserror::Error)]
pub enum OwnEvidenceError {
	/// Cause: this is not an SEV-SNP guest, its kernel lacks the sev-guest module, or the agent may
	/// not open the device.
	/// Remedy: start the guest with SEV-SNP, load the module, and run the agent as root.
	#[error(
		"cannot open /dev/sev-guest ({0}): start the guest with SEV-SNP, load the module sev-guest, \
		and run hccam as root"
	)]
	Device(String),
	/// Cause: the secure processor returned no report.
	/// Remedy: read the kernel's log. If a VMPCK was disabled, restart the guest.
	#[error("{0}: see the kernel's log, and restart the guest")]
	Report(#[from] ReportError),
	/// Cause: the secure processor returned a report that cannot be decoded, or whose version is
	/// too old.
	/// Remedy: update the SNP firmware, or hccam if the report's version is newer.
	#[error("the report is unusable: {0}")]
	UnusableReport(Rejection),
	/// Cause: no certificate of the chip's key is configured, or all configured certificates are
	/// for another TCB version.
	/// Remedy: fetch the certificate from AMD's key server, and add it to `vek`.
	#[error(
		"no certificate in vek is for the reported TCB {0}: fetch it from AMD's key server and set \
		vek"
	)]
	NoVek(String),
	/// Cause: a certificate does not lead to a root or is not valid now, or the certified key did
	/// not sign the report.
	/// Remedy: fetch the certificate of this chip, and check the guest's clock.
	#[error("the certificate chain of the report does not verify: {0}")]
	Chain(Rejection),
	/// Cause: the guest was launched from another image or with other options than expected, or no
	/// expected measurement is configured.
	/// Remedy: launch the expected image, or correct `launch_measurement`.
	#[error(
		"the launch measurement is {seen}, which launch_measurement does not list: launch the \
		expected image, or correct launch_measurement"
	)]
	Measurement {
		/// The measurement in the report.
		seen: String,
	},
}

impl OwnEvidenceError {
	/// Returns the exit code with which the agent stops.
	pub const fn exit_code(&self) -> u8 {
		match self {
			Self::Device(_) => 3,
			Self::Report(_) | Self::UnusableReport(_) => 4,
			Self::NoVek(_) | Self::Chain(_) => 5,
			Self::Measurement { .. } => 6,
		}
	}
}

/// Requests a report and checks it as the chain would. The checks cover the certificate chain, the
/// signature, the chip and the launch measurement.
///
/// ## Errors
/// Fails if the report or its chain is not acceptable, or if a reference value is missing.
pub fn check_own_evidence<S: ReportSource>(
	source: &mut S,
	guest_pk: &[u8; 32],
	reference: &OwnReference,
	now: UnixSeconds,
) -> Result<(), OwnEvidenceError> {
	let mut report_data = [0; 64];
	report_data[..guest_pk.len()].copy_from_slice(guest_pk);
	let bytes = source.report(report_data)?;
	let report = Report::parse(&bytes).map_err(OwnEvidenceError::UnusableReport)?;
	if report.report_data != report_data {
		let why = "it answers another request".into();
		return Err(OwnEvidenceError::Report(ReportError(why)));
	}
	let vek = vek_for(&report, reference, now)?;
	authenticate::<RustCrypto>(&bytes, &vek, now).map_err(OwnEvidenceError::Chain)?;
	if !reference.measurements.contains(&report.measurement) {
		return Err(OwnEvidenceError::Measurement { seen: hex::encode(report.measurement) });
	}
	Ok(())
}

/// Verifies the certificates of the chip's keys, and returns the key for the reported TCB.
fn vek_for(
	report: &Report,
	reference: &OwnReference,
	now: UnixSeconds,
) -> Result<Vek, OwnEvidenceError> {
	let mut failure = None;
	for der in &reference.veks {
		match verify_vek::<RustCrypto>(der, &reference.roots, now) {
			Ok(vek) if vek.is_for(report.reported_tcb) => return Ok(vek),
			Ok(_) => {},
			Err(why) => {
				failure.get_or_insert(why);
			},
		}
	}
	Err(match failure {
		Some(why) => OwnEvidenceError::Chain(why),
		None => OwnEvidenceError::NoVek(hex::encode(report.reported_tcb)),
	})
}
