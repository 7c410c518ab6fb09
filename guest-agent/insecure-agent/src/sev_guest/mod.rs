//! A simulated `/dev/sev-guest`: a character device in user space (CUSE) that answers
//! SNP_GET_REPORT.
//!
//! Requests and replies follow the kernel's `include/uapi/linux/fuse.h` and `sev-guest.h`. To a
//! program, the device looks like that of the kernel's driver, so `hccam` runs unchanged.

mod wire;

use wire::{Header, Ioctl, Region, Reply, Request};

/// SNP_GET_REPORT: `_IOWR('S', 0, struct snp_guest_request_ioctl)`.
const GET_REPORT: u32 = 0xc020_5300;
/// The lengths of `snp_guest_request_ioctl`, `snp_report_req` and `snp_report_resp`, in bytes.
const REQUEST_LEN: usize = 32;
const REPORT_REQ_LEN: usize = 96;
const REPORT_RESP_LEN: usize = 4_000;
/// The offset of the report in `snp_report_resp`.
const REPORT_OFFSET: usize = 32;

const ENOSYS: i32 = -38;
const ENOTTY: i32 = -25;
const EINVAL: i32 = -22;
const EIO: i32 = -5;

/// The maximum length of a request of the kernel: FUSE_MIN_READ_BUFFER plus pages for the data of
/// an ioctl.
pub const MAX_REQUEST: usize = 64 << 10;

/// The device's side of the CUSE protocol: it receives requests and returns replies.
pub struct Device<Source> {
	source: Source,
}

impl<Source, Report, Failure> Device<Source>
where
	Source: FnMut([u8; 64]) -> Result<Report, Failure>,
	Report: AsRef<[u8]>,
	Failure: std::fmt::Display,
{
	/// Creates a device. `source` returns a report with the given REPORT_DATA.
	pub fn new(source: Source) -> Self {
		Self { source }
	}

	/// Returns the reply to a request, or `None` if the request is malformed or needs no reply.
	pub fn answer(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
		let (header, request) = wire::parse(bytes)?;
		let reply = match request {
			Request::Init { major, minor } => wire::init(major, minor, "sev-guest"),
			Request::Open => wire::opened(),
			Request::Close => Reply::Done(Vec::new()),
			Request::Ioctl(ioctl) => self.ioctl(&ioctl),
			Request::Interrupt => return None,
			Request::Other => Reply::Failed(ENOSYS),
		};
		Some(wire::encode(Header { unique: header.unique }, reply))
	}

	/// Answers an ioctl.
	///
	/// The kernel first passes only the command and a pointer. The device then asks the kernel for
	/// the memory at this address, and after that for the memory that the first region points to.
	fn ioctl(&mut self, ioctl: &Ioctl<'_>) -> Reply {
		if ioctl.command != GET_REPORT {
			return Reply::Failed(ENOTTY);
		}
		let request = Region { base: ioctl.argument, len: REQUEST_LEN as u64 };
		let Some(given) = ioctl.data.get(..REQUEST_LEN) else {
			return wire::retry(&[request], &[]);
		};
		let pointer = |at: usize| wire::u64_at(given, at);
		let (Some(req), Some(resp)) = (pointer(8), pointer(16)) else {
			return Reply::Failed(EINVAL);
		};
		let Some(wanted) = ioctl.data.get(REQUEST_LEN..REQUEST_LEN + REPORT_REQ_LEN) else {
			let inside = Region { base: req, len: REPORT_REQ_LEN as u64 };
			let outside = Region { base: resp, len: REPORT_RESP_LEN as u64 };
			return wire::retry(&[request, inside], &[request, outside]);
		};
		let Some(report_data) = wanted.first_chunk::<64>() else {
			return Reply::Failed(EINVAL);
		};
		match (self.source)(*report_data) {
			Ok(report) => wire::answered(&[given, &response(report.as_ref())].concat()),
			Err(error) => {
				tracing::error!(%error, "cannot make a report");
				Reply::Failed(EIO)
			},
		}
	}
}

/// Encodes `snp_report_resp` with the status for success.
fn response(report: &[u8]) -> Vec<u8> {
	let mut response = vec![0; REPORT_RESP_LEN];
	response[4..8].copy_from_slice(&(report.len() as u32).to_le_bytes());
	response[REPORT_OFFSET..REPORT_OFFSET + report.len()].copy_from_slice(report);
	response
}

#[cfg(test)]
mod tests;
