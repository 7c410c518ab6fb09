//! A reader of fixed fields in untrusted bytes. It checks each access and reads no byte twice.

/// A reader over untrusted bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
	rest: &'a [u8],
}

/// An error: the bytes end before the field does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Short;

impl<'a> Reader<'a> {
	pub(crate) const fn new(bytes: &'a [u8]) -> Self {
		Self { rest: bytes }
	}

	pub(crate) const fn rest(&self) -> &'a [u8] {
		self.rest
	}

	pub(crate) const fn is_empty(&self) -> bool {
		self.rest.is_empty()
	}

	pub(crate) fn take(&mut self, len: usize) -> Result<&'a [u8], Short> {
		let (taken, rest) = self.rest.split_at_checked(len).ok_or(Short)?;
		self.rest = rest;
		Ok(taken)
	}

	pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Short> {
		let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or(Short)?;
		self.rest = rest;
		Ok(*taken)
	}

	pub(crate) fn u8(&mut self) -> Result<u8, Short> {
		self.array::<1>().map(|[byte]| byte)
	}

	pub(crate) fn u16_be(&mut self) -> Result<u16, Short> {
		self.array().map(u16::from_be_bytes)
	}

	pub(crate) fn u32_be(&mut self) -> Result<u32, Short> {
		self.array().map(u32::from_be_bytes)
	}

	pub(crate) fn u64_be(&mut self) -> Result<u64, Short> {
		self.array().map(u64::from_be_bytes)
	}

	pub(crate) fn u32_le(&mut self) -> Result<u32, Short> {
		self.array().map(u32::from_le_bytes)
	}

	pub(crate) fn u64_le(&mut self) -> Result<u64, Short> {
		self.array().map(u64::from_le_bytes)
	}

	/// Reads a TPM2B structure: a big-endian length of two bytes, followed by as many bytes.
	pub(crate) fn tpm2b(&mut self) -> Result<&'a [u8], Short> {
		let len = self.u16_be()?;
		self.take(len.into())
	}
}

/// Pads big-endian bytes with leading zeroes. Returns `None` if they are longer than `N`.
pub(crate) fn padded<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
	let mut padded = [0; N];
	let start = N.checked_sub(bytes.len())?;
	padded.get_mut(start..)?.copy_from_slice(bytes);
	Some(padded)
}
