//! The tables of an OVMF firmware that a measured boot needs.
//!
//! The footer table lies at the firmware's end and is read backwards: each entry is its data, its
//! length and its GUID. One entry points to the SEV metadata, a list of memory areas that are part
//! of the launch measurement.

use crate::{hash_table::guid, Error};

/// The bytes between the footer table and the firmware's end: the reset vector.
const RESET_VECTOR: usize = 32;
/// The length and the GUID of an entry.
const HEADER: usize = 2 + 16;
/// The size of a page.
const PAGE: u32 = 4096;
/// The largest sum of the areas, in bytes: each page of an area is hashed.
const MAX_AREAS: u64 = 64 * 1024 * 1024;
/// The type of the area that holds the table of kernel hashes.
const KERNEL_HASHES: u32 = 0x10;
/// All known types of areas.
const AREA_TYPES: [u32; 5] = [1, 2, 3, 4, KERNEL_HASHES];

const FOOTER: [u8; 16] =
	guid(0x96b582de, 0x1fb2, 0x45f7, [0xba, 0xea, 0xa3, 0x66, 0xc5, 0x5a, 0x08, 0x2d]);
const HASH_TABLE: [u8; 16] =
	guid(0x7255371f, 0x3a3b, 0x4b04, [0x92, 0x7b, 0x1d, 0xa6, 0xef, 0xa8, 0xd4, 0x54]);
const RESET_BLOCK: [u8; 16] =
	guid(0x00f771de, 0x1a7e, 0x4fcb, [0x89, 0x0e, 0x68, 0xc7, 0x7e, 0x2f, 0xb4, 0x4e]);
const METADATA: [u8; 16] =
	guid(0xdc886566, 0x984a, 0x4798, [0xa7, 0x5e, 0x55, 0x85, 0xa7, 0xbf, 0x67, 0xcc]);

/// A firmware whose tables are well-formed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Firmware {
	hash_table_address: u32,
	hash_table_size: u32,
}

impl Firmware {
	/// Reads the tables of a firmware, and checks all that the launch measurement reads from them.
	///
	/// ## Errors
	/// [`Error::Firmware`], for a firmware that is malformed or lacks a table.
	pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
		let entries = Entries::parse(bytes)?;
		let reset = entries.find(&RESET_BLOCK)?.ok_or(Error::Firmware("it has no reset block"))?;
		if number(reset, 0)? == 0 {
			return Err(Error::Firmware("its reset block has no address"));
		}
		let area = entries.find(&HASH_TABLE)?;
		let area = area.ok_or(Error::Firmware("it has no table of kernel hashes"))?;
		let (hash_table_address, hash_table_size) = (number(area, 0)?, number(area, 4)?);
		if hash_table_address == 0 {
			return Err(Error::Firmware("its table of kernel hashes has no address"));
		}
		let metadata = entries.find(&METADATA)?.ok_or(Error::Firmware("it has no SEV metadata"))?;
		let hashes = hash_area(bytes, number(metadata, 0)?)?;
		let in_page = hash_table_address.checked_sub(hashes).filter(|offset| *offset < PAGE);
		let fits = in_page.and_then(|offset| offset.checked_add(hash_table_size));
		if fits.is_none_or(|end| end > PAGE) {
			return Err(Error::Firmware(
				"its table of kernel hashes is outside of the area for it",
			));
		}
		Ok(Self { hash_table_address, hash_table_size })
	}

	/// Returns the address of the table of kernel hashes in the guest's memory.
	pub fn hash_table_address(&self) -> u32 {
		self.hash_table_address
	}

	/// Returns the size of the area for the table, in bytes.
	pub fn hash_table_size(&self) -> u32 {
		self.hash_table_size
	}
}

/// The entries of the footer table: their GUIDs and data.
struct Entries<'a>(Vec<(&'a [u8], &'a [u8])>);

impl<'a> Entries<'a> {
	fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
		const MALFORMED: Error = Error::Firmware("its footer table is malformed");
		let end = bytes.len().checked_sub(RESET_VECTOR).ok_or(MALFORMED)?;
		let table = bytes.get(..end).ok_or(MALFORMED)?;
		let (rest, footer_len, name) = split_header(table).ok_or(MALFORMED)?;
		if name != FOOTER {
			return Err(Error::Firmware("it has no footer table"));
		}
		// The length of the footer is that of the whole table.
		let entries_len = footer_len.checked_sub(HEADER).ok_or(MALFORMED)?;
		let start = rest.len().checked_sub(entries_len).ok_or(MALFORMED)?;
		let mut rest = rest.get(start..).ok_or(MALFORMED)?;
		let mut entries = Vec::new();
		while !rest.is_empty() {
			let (before, len, name) = split_header(rest).ok_or(MALFORMED)?;
			let data_len = len.checked_sub(HEADER).ok_or(MALFORMED)?;
			let start = before.len().checked_sub(data_len).ok_or(MALFORMED)?;
			let (remaining, data) = before.split_at(start);
			entries.push((name, data));
			rest = remaining;
		}
		Ok(Self(entries))
	}

	/// Returns the data of an entry. Firmware and QEMU must not disagree on it, so the entry may
	/// occur only once.
	fn find(&self, name: &[u8; 16]) -> Result<Option<&'a [u8]>, Error> {
		let mut found = self.0.iter().filter(|(entry, _)| entry == name).map(|(_, data)| *data);
		let first = found.next();
		match found.next() {
			Some(_) => Err(Error::Firmware("an entry of its footer table occurs twice")),
			None => Ok(first),
		}
	}
}

/// Splits the header of the last entry off: returns all before it, the entry's length and GUID.
fn split_header(bytes: &[u8]) -> Option<(&[u8], usize, &[u8])> {
	let (rest, header) = bytes.split_at(bytes.len().checked_sub(HEADER)?);
	let (len, name) = header.split_first_chunk::<2>()?;
	Some((rest, usize::from(u16::from_le_bytes(*len)), name))
}

/// Returns a little-endian number.
fn number(bytes: &[u8], at: usize) -> Result<u32, Error> {
	let field = at.checked_add(4).and_then(|end| bytes.get(at..end));
	let field = field.and_then(|field| field.first_chunk::<4>());
	field.map(|field| u32::from_le_bytes(*field)).ok_or(Error::Firmware("a table ends early"))
}

/// Returns the address of the area for the kernel hashes. `from_end` is the distance of the SEV
/// metadata from the firmware's end.
fn hash_area(bytes: &[u8], from_end: u32) -> Result<u32, Error> {
	const HEADER_LEN: usize = 16;
	const AREA_LEN: usize = 12;
	const MALFORMED: Error = Error::Firmware("its SEV metadata is malformed");
	let start = bytes.len().checked_sub(from_end as usize).ok_or(MALFORMED)?;
	let metadata = bytes.get(start..).ok_or(MALFORMED)?;
	let (len, version, count) = (number(metadata, 4)?, number(metadata, 8)?, number(metadata, 12)?);
	if !metadata.starts_with(b"ASEV") || version != 1 {
		return Err(MALFORMED);
	}
	let areas = metadata.get(HEADER_LEN..len as usize).ok_or(MALFORMED)?;
	if (count as usize).checked_mul(AREA_LEN) != Some(areas.len()) {
		return Err(MALFORMED);
	}
	let (mut hashes, mut total) = (None, 0u64);
	for area in areas.chunks_exact(AREA_LEN) {
		let (address, size, kind) = (number(area, 0)?, number(area, 4)?, number(area, 8)?);
		total = total.saturating_add(size.into());
		if !AREA_TYPES.contains(&kind) || !size.is_multiple_of(PAGE) || total > MAX_AREAS {
			return Err(Error::Firmware("an area of its SEV metadata is unknown or too large"));
		}
		if kind == KERNEL_HASHES {
			if size != PAGE || hashes.is_some() {
				return Err(MALFORMED);
			}
			hashes = Some(address);
		}
	}
	hashes.ok_or(Error::Firmware("its SEV metadata has no area for kernel hashes"))
}
