use core::fmt;

/// A product line: the processors whose keys lead to one ARK.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
	feature = "scale",
	derive(
		codec::Encode,
		codec::Decode,
		codec::DecodeWithMemTracking,
		codec::MaxEncodedLen,
		scale_info::TypeInfo
	)
)]
pub enum ProductLine {
	/// EPYC 7003.
	Milan,
	/// EPYC 9004 and 8004.
	Genoa,
	/// EPYC 9005.
	Turin,
}

impl ProductLine {
	/// All product lines.
	pub const ALL: [Self; 3] = [Self::Milan, Self::Genoa, Self::Turin];

	/// Returns the name in AMD's certificates and in the URLs of its key server.
	pub const fn name(self) -> &'static str {
		match self {
			Self::Milan => "Milan",
			Self::Genoa => "Genoa",
			Self::Turin => "Turin",
		}
	}

	/// Returns the number of hardware threads of the largest processor of the line: EPYC 7763,
	/// EPYC 9754 and EPYC 9965.
	pub const fn max_threads(self) -> u32 {
		match self {
			Self::Milan => 128,
			Self::Genoa => 256,
			Self::Turin => 384,
		}
	}
}

impl fmt::Display for ProductLine {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.write_str(self.name())
	}
}

/// The family (with the extended family added), model and stepping of a CPU. Reports from version 3
/// state them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
	feature = "scale",
	derive(
		codec::Encode,
		codec::Decode,
		codec::DecodeWithMemTracking,
		codec::MaxEncodedLen,
		scale_info::TypeInfo
	)
)]
pub struct CpuId {
	pub family: u8,
	pub model: u8,
	pub stepping: u8,
}

impl CpuId {
	/// Returns the product line of the CPU, or `None` for an unknown CPU.
	pub const fn product_line(self) -> Option<ProductLine> {
		match (self.family, self.model) {
			(0x19, 0x00..=0x0f) => Some(ProductLine::Milan),
			// The keys of Siena and Bergamo (models A0h to AFh) lead to Genoa's root.
			(0x19, 0x10..=0x1f | 0xa0..=0xaf) => Some(ProductLine::Genoa),
			(0x1a, 0x00..=0x11) => Some(ProductLine::Turin),
			_ => None,
		}
	}
}

impl fmt::Display for CpuId {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(f, "{:02x}/{:02x}/{:02x}", self.family, self.model, self.stepping)
	}
}
