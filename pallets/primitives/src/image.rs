//! The directory of images.

use hcc_evidence::vm::image::ImageId;

/// An image of the directory, as an order sees it.
#[derive(Clone, Copy, Eq, PartialEq, Debug)]
pub struct DirectoryEntry {
	/// The launch measurement for the wanted number of vCPUs. `None` if the image has no such row.
	pub measurement: Option<[u8; 48]>,
	/// Governance endorses the image.
	pub endorsed: bool,
	/// The number of signed statements that the image was rebuilt from its sources.
	pub rebuilds: u32,
}

/// Provides the images that can be ordered.
pub trait ImageDirectory {
	/// Returns the entry of an image for a number of vCPUs. Returns `None` if the image is not in
	/// the directory.
	fn lookup(image: &ImageId, vcpus: u32) -> Option<DirectoryEntry>;
}
