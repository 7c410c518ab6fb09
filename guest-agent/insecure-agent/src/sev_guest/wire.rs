//! The FUSE messages of a device that supports `ioctl`, but no reads and writes.

/// The lengths of `fuse_in_header` and `fuse_out_header`.
const IN_HEADER: usize = 40;
const OUT_HEADER: usize = 16;
/// The length of `fuse_ioctl_in`.
const IOCTL_IN: usize = 32;

const CUSE_INIT: u32 = 4_096;
const OPEN: u32 = 14;
const RELEASE: u32 = 18;
const FLUSH: u32 = 25;
const INTERRUPT: u32 = 36;
const IOCTL: u32 = 39;

/// CUSE_UNRESTRICTED_IOCTL: the device names the regions of the caller's memory that the kernel
/// copies.
const UNRESTRICTED: u32 = 1;
/// FUSE_IOCTL_RETRY: the kernel sends the ioctl again, with more memory.
const RETRY: u32 = 1 << 2;
/// Maximum number of bytes in one read or write.
const MAX_IO: u32 = 4_096;

/// The part of a request's header that the reply must repeat.
pub(super) struct Header {
	pub(super) unique: u64,
}

pub(super) enum Request<'a> {
	Init { major: u32, minor: u32 },
	Open,
	Close,
	Ioctl(Ioctl<'a>),
	Interrupt,
	Other,
}

/// An `ioctl` system call, with the memory of the caller that the kernel has fetched so far.
pub(super) struct Ioctl<'a> {
	pub(super) command: u32,
	pub(super) argument: u64,
	pub(super) data: &'a [u8],
}

pub(super) enum Reply {
	Done(Vec<u8>),
	/// The request failed. The number is a negative errno.
	Failed(i32),
}

/// A region of the caller's memory.
#[derive(Clone, Copy)]
pub(super) struct Region {
	pub(super) base: u64,
	pub(super) len: u64,
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
	bytes.get(at..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
	bytes.get(at..)?.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
}

pub(super) fn parse(bytes: &[u8]) -> Option<(Header, Request<'_>)> {
	let header = Header { unique: u64_at(bytes, 8)? };
	let body = bytes.get(IN_HEADER..)?;
	let request = match u32_at(bytes, 4)? {
		CUSE_INIT => Request::Init { major: u32_at(body, 0)?, minor: u32_at(body, 4)? },
		OPEN => Request::Open,
		RELEASE | FLUSH => Request::Close,
		INTERRUPT => Request::Interrupt,
		IOCTL => Request::Ioctl(Ioctl {
			command: u32_at(body, 12)?,
			argument: u64_at(body, 16)?,
			data: body.get(IOCTL_IN..)?,
		}),
		_ => Request::Other,
	};
	Some((header, request))
}

pub(super) fn encode(header: Header, reply: Reply) -> Vec<u8> {
	let (error, body) = match reply {
		Reply::Done(body) => (0, body),
		Reply::Failed(error) => (error, Vec::new()),
	};
	let len = (OUT_HEADER + body.len()) as u32;
	[&len.to_le_bytes()[..], &error.to_le_bytes(), &header.unique.to_le_bytes(), &body].concat()
}

/// Encodes `cuse_init_out` and the device's name.
pub(super) fn init(major: u32, minor: u32, name: &str) -> Reply {
	let fields = [major, minor, 0, UNRESTRICTED, MAX_IO, MAX_IO, 0, 0];
	let mut body: Vec<u8> = fields.iter().flat_map(|field| field.to_le_bytes()).collect();
	body.resize(body.len() + 10 * 4, 0);
	body.extend(format!("DEVNAME={name}\0").bytes());
	Reply::Done(body)
}

/// Encodes `fuse_open_out`.
pub(super) fn opened() -> Reply {
	Reply::Done(vec![0; 16])
}

/// Encodes `fuse_ioctl_out`.
fn ioctl_out(flags: u32, regions_in: usize, regions_out: usize) -> Vec<u8> {
	let fields = [0, flags, regions_in as u32, regions_out as u32];
	fields.iter().flat_map(|field| field.to_le_bytes()).collect()
}

/// Asks the kernel to send the same ioctl again. The kernel must fetch the regions `read` first,
/// and will write the answer to the regions `write`.
pub(super) fn retry(read: &[Region], write: &[Region]) -> Reply {
	let mut body = ioctl_out(RETRY, read.len(), write.len());
	for region in read.iter().chain(write) {
		body.extend(region.base.to_le_bytes());
		body.extend(region.len.to_le_bytes());
	}
	Reply::Done(body)
}

/// Completes an ioctl. The kernel writes `written` to the regions for the answer.
pub(super) fn answered(written: &[u8]) -> Reply {
	Reply::Done([&ioctl_out(0, 0, 0), written].concat())
}
