//! Launch measurements, by the crate `sev`.

use std::path::Path;

use hcc_evidence::vm::image::ImageRow;
use sev::measurement::{
	snp::{calc_snp_ovmf_hash, snp_calc_launch_digest, SnpLaunchDigest, SnpMeasurementArgs},
	vcpu_types::CpuType,
	vmsa::{GuestFeatures, VMMType},
};

use crate::{Error, File, Manifest};

/// Returns the rows of the image in a folder. [`crate::Firmware::parse`] has checked the firmware,
/// because the crate `sev` panics on a malformed one.
pub(crate) fn rows(folder: &Path, manifest: &Manifest) -> Result<Vec<ImageRow>, Error> {
	let fault = |error: sev::error::MeasurementError| Error::Measurement(error.to_string());
	let path = |file: File| folder.join(file.name());
	// All rows begin with the firmware's pages.
	let firmware = calc_snp_ovmf_hash(path(File::Firmware)).map_err(fault)?.get_hex_ld();
	let measure = |&vcpus: &u32| {
		let digest = snp_calc_launch_digest(SnpMeasurementArgs {
			vcpus,
			vcpu_type: CpuType::EpycV4,
			ovmf_file: path(File::Firmware),
			// Only SNPActive: the features that QEMU sets by default.
			guest_features: GuestFeatures::default(),
			kernel_file: Some(path(File::Kernel)),
			initrd_file: Some(path(File::Initrd)),
			append: Some(&manifest.cmdline),
			ovmf_hash_str: Some(&firmware),
			vmm_type: Some(VMMType::QEMU),
		});
		Ok(ImageRow { vcpus, measurement: bytes(digest.map_err(fault)?)? })
	};
	manifest.vcpus.iter().map(measure).collect()
}

fn bytes(digest: SnpLaunchDigest) -> Result<[u8; 48], Error> {
	let mut bytes = [0; 48];
	hex::decode_to_slice(digest.get_hex_ld(), &mut bytes)
		.map_err(|error| Error::Measurement(error.to_string()))?;
	Ok(bytes)
}
