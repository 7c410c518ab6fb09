//! Makes reports of simulated chips.

use anyhow::Context;
use clap::Args;
use hcc_evidence::snp::REPORT_LEN;
use insecure_sim::{Chip, ReportFields};

/// Options that determine the contents of the reports.
#[derive(Args, Clone, Debug)]
pub struct Reports {
	/// The name of the simulated chip.
	#[arg(long)]
	pub chip: String,
	/// Sign the reports with the key of this chip instead of the chip that they name.
	#[arg(long, value_name = "CHIP")]
	pub signed_by: Option<String>,
	/// The launch measurement in the reports: 48 bytes [default: zeroes].
	#[arg(long, value_name = "HEX")]
	pub measurement: Option<String>,
	/// HOST_DATA in the reports: 32 bytes [default: zeroes].
	#[arg(long, value_name = "HEX")]
	pub host_data: Option<String>,
}

impl Reports {
	/// Returns a report with the given REPORT_DATA.
	///
	/// ## Errors
	/// Fails if the measurement is not 48 bytes in hexadecimal, or if the host data is not 32
	/// bytes.
	pub fn report(&self, report_data: [u8; 64]) -> anyhow::Result<[u8; REPORT_LEN]> {
		let signer = self.signed_by.as_deref().unwrap_or(&self.chip);
		let mut fields = ReportFields::new(report_data, self.measurement()?);
		if let Some(text) = &self.host_data {
			hex::decode_to_slice(text, &mut fields.host_data).context("invalid host data")?;
		}
		fields.sign_as(&Chip::named(&self.chip), &Chip::named(signer))
	}

	/// Returns the launch measurement in the reports.
	///
	/// ## Errors
	/// Fails if the option is not 48 bytes in hexadecimal.
	pub fn measurement(&self) -> anyhow::Result<[u8; 48]> {
		let mut measurement = [0; 48];
		if let Some(text) = &self.measurement {
			hex::decode_to_slice(text, &mut measurement).context("invalid measurement")?;
		}
		Ok(measurement)
	}
}
