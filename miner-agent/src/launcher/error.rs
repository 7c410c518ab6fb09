use std::{io, path::PathBuf};

/// The reason why a VM does not run, or could not be ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LauncherError {
	/// The image that the tenant ordered is not on this host. Pull it into `image_dir`.
	#[error("no image in {dir} has the id {id}")]
	ImageMissing { dir: String, id: String },
	/// The bytes of an image differ from its description. Pull the image again.
	#[error("the image in {folder} is damaged: {why}")]
	ImageMismatch { folder: String, why: String },
	/// The host has too little of something. Free some, or lower the offer.
	#[error("no room: {0}")]
	NoRoom(String),
	/// libvirt refuses a domain or a network. The message is libvirt's.
	#[error("libvirt refused {what}: {why}")]
	Refused { what: &'static str, why: String },
	/// The VM runs, but has printed nothing and does not answer. Its firmware refuses the kernel,
	/// the initrd or the command line, or the guest is too slow.
	#[error("the vm printed nothing within {seconds} s: it hangs in its firmware")]
	FirmwareHang { seconds: u64 },
	/// The VM has printed something, but its agent does not answer. The image is faulty, or vsock
	/// is.
	#[error("the vm's agent did not answer within {seconds} s")]
	GuestSilent { seconds: u64 },
	/// The VM has ended before its agent answered. Its console may tell why.
	#[error("the vm ended before its agent answered")]
	GuestEnded,
	/// The file system of `state_dir` is full. Free some space.
	#[error("the file system of {} is full", .0.display())]
	DiskFull(PathBuf),
	/// libvirt cannot be reached. Running VMs continue. Start it again.
	#[error("libvirt is unavailable: {0}")]
	Gone(String),
	/// libvirt accepted a request and does not answer. Running VMs continue. Restart it.
	#[error("libvirt did not answer within {seconds} s: {what}")]
	Slow { what: &'static str, seconds: u64 },
	/// A file of a VM cannot be read or written.
	#[error("cannot use {}: {error}", path.display())]
	Storage {
		path: PathBuf,
		#[source]
		error: io::Error,
	},
	/// The program of the launcher of processes failed.
	#[error("the launcher's program failed: {0}")]
	Program(String),
}

impl LauncherError {
	/// Returns the stable code of the error, for logs and metrics.
	pub(crate) fn code(&self) -> &'static str {
		match self {
			Self::ImageMissing { .. } => "image-missing",
			Self::ImageMismatch { .. } => "image-mismatch",
			Self::NoRoom(_) => "no-room",
			Self::Refused { .. } => "domain-refused",
			Self::FirmwareHang { .. } => "firmware-hang",
			Self::GuestSilent { .. } => "guest-silent",
			Self::GuestEnded => "guest-ended",
			Self::DiskFull(_) => "disk-full",
			Self::Gone(_) => "libvirt-gone",
			Self::Slow { .. } => "libvirt-slow",
			Self::Storage { .. } => "storage",
			Self::Program(_) => "program",
		}
	}

	/// Returns the error for a failed operation on a file.
	pub(super) fn of_file(path: impl Into<PathBuf>, error: io::Error) -> Self {
		match error.kind() {
			io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
				Self::DiskFull(path.into())
			},
			_ => Self::Storage { path: path.into(), error },
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn full_disk_is_distinct_from_other_failures() {
		let full = LauncherError::of_file("x", io::Error::from(io::ErrorKind::StorageFull));
		let denied = LauncherError::of_file("x", io::Error::from(io::ErrorKind::PermissionDenied));
		assert_eq!((full.code(), denied.code()), ("disk-full", "storage"));
	}
}
