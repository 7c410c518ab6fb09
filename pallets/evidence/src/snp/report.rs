use super::{CpuId, GuestPolicy, PlatformInfo};
use crate::{
	bytes::{Reader, Short},
	verdict::Check,
	RejectCode, Rejection,
};

/// The length of an ATTESTATION_REPORT, in bytes.
pub const REPORT_LEN: usize = 0x4a0;
/// The number of signed bytes, from the beginning of a report.
pub const SIGNED_LEN: usize = 0x2a0;

/// The offsets of REPORT_DATA, which are the same in every version so far.
const REPORT_DATA: core::ops::Range<usize> = 0x50..0x90;

/// The number of ECDSA P-384 with SHA-384. AMD 56860, table "Encoding for the SIGNATURE_ALGO
/// field".
const ECDSA_P384_SHA384: u32 = 1;

/// The kind of signing key that a report names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SigningKey {
	/// A versioned chip endorsement key, which belongs to one chip.
	Vcek,
	/// A versioned loaded endorsement key, which stands for a provider's fleet.
	Vlek,
	/// No key: the report is not signed.
	None,
	/// A value that the specification reserves.
	Reserved(u8),
}

/// The flags at offset 0x48.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportFlags(u32);

impl ReportFlags {
	pub const fn author_key_en(self) -> bool {
		self.0 & 1 != 0
	}

	/// Returns `true` if the report has zeroes instead of a signature.
	pub const fn mask_chip_key(self) -> bool {
		self.0 & 2 != 0
	}

	pub const fn signing_key(self) -> SigningKey {
		match (self.0 >> 2) & 7 {
			0 => SigningKey::Vcek,
			1 => SigningKey::Vlek,
			7 => SigningKey::None,
			other => SigningKey::Reserved(other as u8),
		}
	}
}

/// A version of the SNP firmware.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FirmwareVersion {
	pub major: u8,
	pub minor: u8,
	pub build: u8,
}

/// A decoded attestation report. It is not verified.
///
/// The TCB versions stay raw, because their layout depends on the product line. For reports of
/// version 2, only the certificate states the product line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
	/// The version of the report: 2, 3, 4 or 5.
	pub version: u32,
	pub guest_svn: u32,
	pub policy: GuestPolicy,
	pub family_id: [u8; 16],
	pub image_id: [u8; 16],
	pub vmpl: u32,
	pub current_tcb: [u8; 8],
	pub platform_info: PlatformInfo,
	pub flags: ReportFlags,
	pub report_data: [u8; 64],
	pub measurement: [u8; 48],
	pub host_data: [u8; 32],
	pub id_key_digest: [u8; 48],
	pub author_key_digest: [u8; 48],
	pub report_id: [u8; 32],
	pub report_id_ma: [u8; 32],
	pub reported_tcb: [u8; 8],
	/// The CPU; `None` before version 3.
	pub cpu: Option<CpuId>,
	pub chip_id: [u8; 64],
	pub committed_tcb: [u8; 8],
	pub current_firmware: FirmwareVersion,
	pub committed_firmware: FirmwareVersion,
	pub launch_tcb: [u8; 8],
	/// The mitigations that were active at launch; `None` before version 5.
	pub launch_mitigations: Option<u64>,
	/// The mitigations that are active now; `None` before version 5.
	pub current_mitigations: Option<u64>,
	/// The scalar *r*, big-endian.
	pub signature_r: [u8; 48],
	/// The scalar *s*, big-endian.
	pub signature_s: [u8; 48],
}

impl Report {
	/// Decodes a report of version 2, 3, 4 or 5.
	///
	/// AMD has not published version 4, which Milan sends from firmware 1.55.31 on. Such reports
	/// have the fields of version 3. Version 5 adds the mitigation vectors.
	///
	/// ## Errors
	/// [`RejectCode::ReportLength`], [`RejectCode::ReportVersionUnsupported`],
	/// [`RejectCode::ReportAlgorithm`], [`RejectCode::ReportReserved`].
	pub fn parse(bytes: &[u8]) -> Check<Self> {
		if bytes.len() != REPORT_LEN {
			return Err(Rejection::new(
				RejectCode::ReportLength,
				"ATTESTATION_REPORT",
				bytes.len(),
				REPORT_LEN,
			));
		}
		Self::fields(bytes).unwrap_or_else(|Short| {
			// Not reachable, because the length is checked above. A rejection is the safe result.
			Err(Rejection::new(RejectCode::ReportLength, "ATTESTATION_REPORT", bytes.len(), ()))
		})
	}

	fn fields(bytes: &[u8]) -> Result<Check<Self>, Short> {
		let mut at = Reader::new(bytes);
		let version = at.u32_le()?;
		if !matches!(version, 2..=5) {
			return Ok(Err(Rejection::new(
				RejectCode::ReportVersionUnsupported,
				"VERSION",
				version,
				"2, 3, 4 or 5",
			)));
		}
		let mut zero = Reserved::default();
		let guest_svn = at.u32_le()?;
		let policy = GuestPolicy(at.u64_le()?);
		let family_id = at.array()?;
		let image_id = at.array()?;
		let vmpl = at.u32_le()?;
		let algorithm = at.u32_le()?;
		if algorithm != ECDSA_P384_SHA384 {
			return Ok(Err(Rejection::new(
				RejectCode::ReportAlgorithm,
				"SIGNATURE_ALGO",
				algorithm,
				ECDSA_P384_SHA384,
			)));
		}
		let current_tcb = at.array()?;
		let platform_info = PlatformInfo(at.u64_le()?);
		let flags = at.u32_le()?;
		zero.bits("AUTHOR_KEY_EN..SIGNING_KEY", flags >> 5);
		zero.bytes("reserved at 0x4c", at.take(4)?);
		let report_data = at.array()?;
		let measurement = at.array()?;
		let host_data = at.array()?;
		let id_key_digest = at.array()?;
		let author_key_digest = at.array()?;
		let report_id = at.array()?;
		let report_id_ma = at.array()?;
		let reported_tcb = at.array()?;
		let [family, model, stepping] = at.array()?;
		let cpu = if version >= 3 {
			Some(CpuId { family, model, stepping })
		} else {
			zero.bytes("reserved at 0x188", &[family, model, stepping]);
			None
		};
		zero.bytes("reserved at 0x18b", at.take(21)?);
		let chip_id = at.array()?;
		let committed_tcb = at.array()?;
		let current_firmware = firmware(&mut at)?;
		zero.bytes("reserved at 0x1eb", at.take(1)?);
		let committed_firmware = firmware(&mut at)?;
		zero.bytes("reserved at 0x1ef", at.take(1)?);
		let launch_tcb = at.array()?;
		let (launch, current) = (at.u64_le()?, at.u64_le()?);
		let mitigations = version >= 5;
		if !mitigations {
			zero.bytes("reserved at 0x1f8", &launch.to_le_bytes());
			zero.bytes("reserved at 0x200", &current.to_le_bytes());
		}
		zero.bytes("reserved at 0x208", at.take(SIGNED_LEN - 0x208)?);
		let signature_r = scalar(&mut at, "SIGNATURE.R", &mut zero)?;
		let signature_s = scalar(&mut at, "SIGNATURE.S", &mut zero)?;
		zero.bytes("reserved at 0x330", at.rest());
		if policy.0 & GuestPolicy::RESERVED_ONE == 0 {
			zero.first = zero.first.or(Some("POLICY bit 17"));
		}
		if policy.0 & !GuestPolicy::DEFINED != 0 {
			zero.first = zero.first.or(Some("POLICY"));
		}
		if let Some(field) = zero.first {
			return Ok(Err(Rejection::new(
				RejectCode::ReportReserved,
				field,
				"set",
				"as reserved",
			)));
		}
		Ok(Ok(Self {
			version,
			guest_svn,
			policy,
			family_id,
			image_id,
			vmpl,
			current_tcb,
			platform_info,
			flags: ReportFlags(flags),
			report_data,
			measurement,
			host_data,
			id_key_digest,
			author_key_digest,
			report_id,
			report_id_ma,
			reported_tcb,
			cpu,
			chip_id,
			committed_tcb,
			current_firmware,
			committed_firmware,
			launch_tcb,
			launch_mitigations: mitigations.then_some(launch),
			current_mitigations: mitigations.then_some(current),
			signature_r,
			signature_s,
		}))
	}
}

/// The parts of a report that have the same offsets in every version so far. With these parts, a
/// report can be authenticated although its other fields are unknown.
pub(super) struct Envelope<'a> {
	pub(super) signed: &'a [u8],
	pub(super) r: [u8; 48],
	pub(super) s: [u8; 48],
}

impl<'a> Envelope<'a> {
	/// Decodes the parts. Returns `None` if the length is wrong or a scalar is too long.
	pub(super) fn parse(bytes: &'a [u8]) -> Option<Self> {
		let mut zero = Reserved::default();
		let mut at = Reader::new(bytes);
		let signed = at.take(SIGNED_LEN).ok().filter(|_| bytes.len() == REPORT_LEN)?;
		let r = scalar(&mut at, "SIGNATURE.R", &mut zero).ok()?;
		let s = scalar(&mut at, "SIGNATURE.S", &mut zero).ok()?;
		zero.first.is_none().then_some(Self { signed, r, s })
	}
}

/// Returns REPORT_DATA of a report of any version, or `None` if the report is too short.
pub(crate) fn report_data(bytes: &[u8]) -> Option<&[u8]> {
	bytes.get(REPORT_DATA)
}

/// The first reserved field that is not zero.
#[derive(Default)]
struct Reserved {
	first: Option<&'static str>,
}

impl Reserved {
	fn bytes(&mut self, field: &'static str, bytes: &[u8]) {
		if self.first.is_none() && bytes.iter().any(|&byte| byte != 0) {
			self.first = Some(field);
		}
	}

	fn bits(&mut self, field: &'static str, bits: u32) {
		self.bytes(field, &bits.to_le_bytes());
	}
}

fn firmware(at: &mut Reader<'_>) -> Result<FirmwareVersion, Short> {
	let [build, minor, major] = at.array()?;
	Ok(FirmwareVersion { major, minor, build })
}

/// Reads a scalar of the signature: 72 bytes, little-endian, of which P-384 uses 48.
fn scalar(
	at: &mut Reader<'_>,
	field: &'static str,
	zero: &mut Reserved,
) -> Result<[u8; 48], Short> {
	let mut scalar: [u8; 48] = at.array()?;
	scalar.reverse();
	zero.bytes(field, at.take(24)?);
	Ok(scalar)
}
