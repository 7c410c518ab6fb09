extern crate alloc;
use alloc::{string::String, vec::Vec};

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use hcc_evidence::vm::image::{
	ImageDigests, ImageRow, MAX_IMAGE_NAME, MAX_IMAGE_ROWS, MAX_IMAGE_VERSION,
};
use hcc_primitives::units::Balance;
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_core::{Bytes, H256};
use sp_runtime::Debug;

/// An account of the chain.
pub type AccountIdOf<T> = <T as frame_system::Config>::AccountId;
/// [`Image`] with the chain's accounts.
pub type ImageOf<T> = Image<AccountIdOf<T>>;
/// The rebuild statements of an image.
pub type RebuildsOf<T> = BoundedVec<Rebuild<AccountIdOf<T>>, ConstU32<MAX_REBUILDS>>;

/// Maximum length of a location, in bytes.
pub const MAX_LOCATION: u32 = 256;
/// Maximum number of locations of an image.
pub const MAX_LOCATIONS: u32 = 4;
/// Maximum number of rebuild statements of an image.
pub const MAX_REBUILDS: u32 = 16;
/// The beginning of each location.
pub const SCHEME: &[u8] = b"https://";

/// The name of an image, in visible ASCII characters.
pub type Name = BoundedVec<u8, ConstU32<{ MAX_IMAGE_NAME as u32 }>>;
/// The version of an image, in visible ASCII characters.
pub type Version = BoundedVec<u8, ConstU32<{ MAX_IMAGE_VERSION as u32 }>>;
/// The rows of an image, by ascending number of vCPUs.
pub type Rows = BoundedVec<ImageRow, ConstU32<{ MAX_IMAGE_ROWS as u32 }>>;
/// The HTTPS address of the folder that contains the files of an image.
pub type Location = BoundedVec<u8, ConstU32<MAX_LOCATION>>;
/// The locations of an image.
pub type Locations = BoundedVec<Location, ConstU32<MAX_LOCATIONS>>;

/// An image of the directory.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Image<AccountId> {
	/// The account that registered the image and paid the deposit. `None` for images of the
	/// genesis.
	pub publisher: Option<AccountId>,
	pub name: Name,
	pub version: Version,
	pub digests: ImageDigests,
	pub rows: Rows,
	pub locations: Locations,
	pub deposit: Balance,
	/// Governance endorses the image.
	pub endorsed: bool,
}

/// A statement that an image was rebuilt from its sources.
#[derive(
	Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Rebuild<AccountId> {
	/// The ed25519 key that signed the statement.
	pub signer: [u8; 32],
	/// The signature over [`hcc_evidence::vm::rebuild_statement`].
	pub signature: [u8; 64],
	/// The account that published the statement and paid the deposit.
	pub account: AccountId,
	pub deposit: Balance,
}

/// [`ImageDigests`] in a chain spec.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DigestsSpec {
	pub firmware: H256,
	pub kernel: H256,
	pub initrd: H256,
	pub command_line: H256,
	pub squashfs: H256,
	pub verity: H256,
}

impl From<DigestsSpec> for ImageDigests {
	fn from(spec: DigestsSpec) -> Self {
		Self {
			firmware: spec.firmware.0,
			kernel: spec.kernel.0,
			initrd: spec.initrd.0,
			command_line: spec.command_line.0,
			squashfs: spec.squashfs.0,
			verity: spec.verity.0,
		}
	}
}

/// [`ImageRow`] in a chain spec.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RowSpec {
	pub vcpus: u32,
	/// 48 bytes.
	pub measurement: Bytes,
}

/// An image in a chain spec. No account can remove it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImageSpec {
	pub name: String,
	pub version: String,
	pub digests: DigestsSpec,
	pub rows: Vec<RowSpec>,
	pub locations: Vec<String>,
	pub endorsed: bool,
}

impl ImageSpec {
	/// Converts the image to the form in storage, without a check of its content.
	pub(crate) fn image<AccountId>(&self) -> Result<Image<AccountId>, &'static str> {
		let row = |spec: &RowSpec| {
			let measurement = <[u8; 48]>::try_from(&spec.measurement.0[..])
				.map_err(|_| "a launch measurement must have 48 bytes")?;
			Ok::<_, &'static str>(ImageRow { vcpus: spec.vcpus, measurement })
		};
		let rows = self.rows.iter().map(row).collect::<Result<Vec<_>, _>>()?;
		let location = |text: &String| {
			Location::try_from(text.clone().into_bytes()).map_err(|_| "a location is too long")
		};
		let locations = self.locations.iter().map(location).collect::<Result<Vec<_>, _>>()?;
		Ok(Image {
			publisher: None,
			name: Name::try_from(self.name.clone().into_bytes())
				.map_err(|_| "the name of an image is too long")?,
			version: Version::try_from(self.version.clone().into_bytes())
				.map_err(|_| "the version of an image is too long")?,
			digests: self.digests.into(),
			rows: Rows::try_from(rows).map_err(|_| "an image has too many rows")?,
			locations: Locations::try_from(locations)
				.map_err(|_| "an image has too many locations")?,
			deposit: 0,
			endorsed: self.endorsed,
		})
	}
}
