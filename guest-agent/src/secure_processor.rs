//! The secure processor of the machine, accessed through the guest's kernel.

use std::io;

use sev::firmware::guest::Firmware;

use crate::{ReportError, ReportSource};

/// The secure processor behind `/dev/sev-guest`.
pub struct SecureProcessor(Firmware);

impl SecureProcessor {
	/// Opens the device.
	///
	/// ## Errors
	/// Fails if this is not an SEV-SNP guest, if its kernel lacks the module sev-guest, or if the
	/// process may not open the device.
	pub fn open() -> io::Result<Self> {
		Firmware::open().map(Self)
	}
}

impl ReportSource for SecureProcessor {
	fn report(&mut self, report_data: [u8; 64]) -> Result<Vec<u8>, ReportError> {
		self.0
			.get_report(None, Some(report_data), Some(0))
			.map_err(|error| ReportError(error.to_string()))
	}
}
