//! The identity of an image: the files from which a VM boots, and the launch measurements that they
//! give. Section 3.7 of `docs/protocol.md` specifies the layout.

use crate::host::Hash256;

/// The longest name of an image, in bytes.
pub const MAX_IMAGE_NAME: usize = 32;

/// The longest version of an image, in bytes.
pub const MAX_IMAGE_VERSION: usize = 32;

/// The largest number of rows of an image.
pub const MAX_IMAGE_ROWS: usize = 16;

/// The SHA-256 digests of an image's parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
pub struct ImageDigests {
	pub firmware: Hash256,
	pub kernel: Hash256,
	pub initrd: Hash256,
	/// The digest of the kernel's command line, without a final zero byte.
	pub command_line: Hash256,
	/// The digest of the root file system.
	pub squashfs: Hash256,
	/// The digest of the root file system's hash tree.
	pub verity: Hash256,
}

/// The launch measurement of an image with a number of vCPUs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
pub struct ImageRow {
	pub vcpus: u32,
	pub measurement: [u8; 48],
}

/// The id of an image.
pub type ImageId = Hash256;

/// Returns the id of an image. It covers all rows, so the files of an image cannot be given other
/// rows.
///
/// The order of the rows counts: a caller passes them by ascending number of vCPUs.
#[cfg(feature = "scale")]
pub fn image_id(name: &[u8], version: &[u8], digests: &ImageDigests, rows: &[ImageRow]) -> ImageId {
	let body = codec::Encode::encode(&(name, version, digests, rows));
	crate::host::blake2_256(&[&crate::domain::IMAGE, &body])
}

/// Returns true if the rows have the only order that an image may have: ascending numbers of vCPUs,
/// each once.
pub fn rows_are_ordered(rows: &[ImageRow]) -> bool {
	rows.windows(2).all(|pair| match pair {
		[one, next] => one.vcpus < next.vcpus,
		_ => true,
	})
}

#[cfg(all(test, feature = "scale"))]
mod tests {
	use super::*;

	const NAME: &[u8] = b"minimal";
	const VERSION: &[u8] = b"1.0";
	const DIGESTS: ImageDigests = ImageDigests {
		firmware: [1; 32],
		kernel: [2; 32],
		initrd: [3; 32],
		command_line: [4; 32],
		squashfs: [5; 32],
		verity: [6; 32],
	};
	const ROWS: [ImageRow; 2] =
		[ImageRow { vcpus: 1, measurement: [7; 48] }, ImageRow { vcpus: 2, measurement: [8; 48] }];

	/// Computed independently, with Python's hashlib, from the layout in `docs/protocol.md`.
	#[test]
	fn image_id_matches_its_vector() {
		let id = image_id(NAME, VERSION, &DIGESTS, &ROWS);
		assert_eq!(hex::encode(id), include_str!("vectors/image.hex").trim());
	}

	#[test]
	fn image_id_changes_with_each_input() {
		let whole = image_id(NAME, VERSION, &DIGESTS, &ROWS);
		let other = [9; 32];
		for digests in [
			ImageDigests { firmware: other, ..DIGESTS },
			ImageDigests { kernel: other, ..DIGESTS },
			ImageDigests { initrd: other, ..DIGESTS },
			ImageDigests { command_line: other, ..DIGESTS },
			ImageDigests { squashfs: other, ..DIGESTS },
			ImageDigests { verity: other, ..DIGESTS },
		] {
			assert_ne!(image_id(NAME, VERSION, &digests, &ROWS), whole);
		}
		let [one, two] = ROWS;
		for rows in [
			&[][..],
			&[one][..],
			&[two, one][..],
			&[one, ImageRow { vcpus: 3, ..two }][..],
			&[one, ImageRow { measurement: [9; 48], ..two }][..],
		] {
			assert_ne!(image_id(NAME, VERSION, &DIGESTS, rows), whole);
		}
		assert_ne!(image_id(b"minimal1", b".0", &DIGESTS, &ROWS), whole);
		assert_ne!(image_id(NAME, b"1.1", &DIGESTS, &ROWS), whole);
	}

	#[test]
	fn repeated_and_descending_rows_are_unordered() {
		let [one, two] = ROWS;
		assert!(rows_are_ordered(&[]));
		assert!(rows_are_ordered(&[one, two]));
		assert!(!rows_are_ordered(&[two, one]));
		assert!(!rows_are_ordered(&[one, one]));
	}
}
