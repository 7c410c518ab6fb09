use super::ProductLine;

/// The layout of the eight bytes of a TCB_VERSION.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TcbLayout {
	/// Milan and Genoa: boot loader, TEE, four reserved bytes, SNP, microcode.
	BeforeTurin,
	/// Turin: FMC, boot loader, TEE, SNP, three reserved bytes, microcode.
	Turin,
}

impl From<ProductLine> for TcbLayout {
	fn from(product: ProductLine) -> Self {
		match product {
			ProductLine::Milan | ProductLine::Genoa => Self::BeforeTurin,
			ProductLine::Turin => Self::Turin,
		}
	}
}

/// A TCB_VERSION: the security version numbers of the platform's firmware.
///
/// Versions are compared by component. As a number, a version has no meaningful order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
pub struct TcbVersion {
	/// The first mutable code (FMC), on Turin only.
	pub fmc: Option<u8>,
	pub boot_loader: u8,
	pub tee: u8,
	pub snp: u8,
	pub microcode: u8,
}

impl TcbVersion {
	/// Decodes the raw bytes. Returns `None` if a reserved byte is not zero.
	pub const fn parse(raw: [u8; 8], layout: TcbLayout) -> Option<Self> {
		match (layout, raw) {
			(TcbLayout::BeforeTurin, [boot_loader, tee, 0, 0, 0, 0, snp, microcode]) => {
				Some(Self { fmc: None, boot_loader, tee, snp, microcode })
			},
			(TcbLayout::Turin, [fmc, boot_loader, tee, snp, 0, 0, 0, microcode]) => {
				Some(Self { fmc: Some(fmc), boot_loader, tee, snp, microcode })
			},
			_ => None,
		}
	}

	/// Returns the components with their names, in the order of the fields.
	pub fn components(self) -> impl Iterator<Item = (&'static str, u8)> {
		self.fmc.map(|fmc| ("fmc", fmc)).into_iter().chain([
			("bootloader", self.boot_loader),
			("tee", self.tee),
			("snp", self.snp),
			("microcode", self.microcode),
		])
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn parse_uses_layout_of_product_line() {
		let milan = TcbVersion::parse([4, 0, 0, 0, 0, 0, 0x18, 0xdb], TcbLayout::BeforeTurin);
		let wanted = TcbVersion { fmc: None, boot_loader: 4, tee: 0, snp: 0x18, microcode: 0xdb };
		assert_eq!(milan, Some(wanted));
		let turin = TcbVersion::parse([1, 2, 3, 4, 0, 0, 0, 0x51], TcbLayout::Turin);
		let wanted = TcbVersion { fmc: Some(1), boot_loader: 2, tee: 3, snp: 4, microcode: 0x51 };
		assert_eq!(turin, Some(wanted));
	}

	#[test]
	fn parse_rejects_nonzero_reserved_bytes() {
		for at in 2..6 {
			let mut raw = [0; 8];
			raw[at] = 1;
			assert_eq!(TcbVersion::parse(raw, TcbLayout::BeforeTurin), None, "byte {at}");
		}
		for at in 4..7 {
			let mut raw = [0; 8];
			raw[at] = 1;
			assert_eq!(TcbVersion::parse(raw, TcbLayout::Turin), None, "byte {at}");
		}
	}
}
