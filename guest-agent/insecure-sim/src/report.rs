//! SNP attestation reports in AMD's format, by default in version 3.

use hcc_evidence::snp::{CpuId, GuestPolicy, PlatformInfo, TcbVersion, REPORT_LEN, SIGNED_LEN};
use p384::ecdsa::{signature::hazmat::PrehashSigner, Signature};
use sha2::{Digest, Sha384};

use crate::Chip;

/// The CPU in the reports: Genoa, stepping B1.
pub const CPU: CpuId = CpuId { family: 0x19, model: 0x11, stepping: 0x01 };

/// A TCB version, decoded and in the raw bytes of a report.
pub struct Tcb {
	pub version: TcbVersion,
	pub raw: [u8; 8],
}

/// The TCB version in all TCB fields of every report.
pub const TCB: Tcb = Tcb {
	version: TcbVersion { fmc: None, boot_loader: 10, tee: 0, snp: 0x1b, microcode: 0x56 },
	raw: [10, 0, 0, 0, 0, 0, 0x1b, 0x56],
};

/// The fields of a guest's report, except the chip and its TCB.
#[derive(Clone, Debug)]
pub struct ReportFields {
	/// The value of the field VERSION. The report has the layout of version 3 in any case.
	pub version: u32,
	pub report_data: [u8; 64],
	pub measurement: [u8; 48],
	pub host_data: [u8; 32],
	pub policy: GuestPolicy,
	pub platform_info: PlatformInfo,
	pub vmpl: u32,
}

impl ReportFields {
	/// Creates the fields of a guest and a machine that policy accepts: SMT is on, ECC is on, and
	/// the alias check is complete.
	pub fn new(report_data: [u8; 64], measurement: [u8; 48]) -> Self {
		Self {
			version: 3,
			report_data,
			measurement,
			host_data: [0; 32],
			policy: GuestPolicy(GuestPolicy::RESERVED_ONE | GuestPolicy::SMT),
			platform_info: PlatformInfo(
				PlatformInfo::SMT_EN | PlatformInfo::ECC_EN | PlatformInfo::ALIAS_CHECK_COMPLETE,
			),
			vmpl: 0,
		}
	}

	/// Returns the report, signed by `chip`.
	pub fn sign(&self, chip: &Chip) -> anyhow::Result<[u8; REPORT_LEN]> {
		self.sign_as(chip, chip)
	}

	/// Returns a report that names `chip`, signed by `signer`.
	pub fn sign_as(&self, chip: &Chip, signer: &Chip) -> anyhow::Result<[u8; REPORT_LEN]> {
		let mut report = self.unsigned(chip);
		let signature: Signature =
			signer.vcek()?.sign_prehash(&Sha384::digest(&report[..SIGNED_LEN]))?;
		for (at, scalar) in [(0x2a0, signature.r().to_bytes()), (0x2e8, signature.s().to_bytes())] {
			for (to, byte) in report[at..].iter_mut().zip(scalar.iter().rev()) {
				*to = *byte;
			}
		}
		Ok(report)
	}

	fn unsigned(&self, chip: &Chip) -> [u8; REPORT_LEN] {
		let mut report = [0; REPORT_LEN];
		let mut put = |at: usize, bytes: &[u8]| report[at..at + bytes.len()].copy_from_slice(bytes);
		put(0x00, &self.version.to_le_bytes());
		put(0x08, &self.policy.0.to_le_bytes());
		put(0x30, &self.vmpl.to_le_bytes());
		put(0x34, &1u32.to_le_bytes());
		put(0x38, &TCB.raw);
		put(0x40, &self.platform_info.0.to_le_bytes());
		put(0x50, &self.report_data);
		put(0x90, &self.measurement);
		put(0xc0, &self.host_data);
		put(0x160, &[0xff; 32]);
		put(0x180, &TCB.raw);
		put(0x188, &[CPU.family, CPU.model, CPU.stepping]);
		put(0x1a0, chip.id());
		put(0x1e0, &TCB.raw);
		put(0x1e8, &[40, 55, 1, 0]);
		put(0x1ec, &[40, 55, 1, 0]);
		put(0x1f0, &TCB.raw);
		report
	}
}
