use std::io;

use hcc_vm_config::ConfigError;
use hccam::{usage::ReceiptError, ReportError};

/// Reasons for which the agent refuses a request. It continues to serve the host.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
	/// Cause: the configuration is empty or longer than 4096 bytes: a defect of the host.
	/// Remedy: send the bytes of the order.
	#[error("a configuration of {0} bytes is outside of the bounds")]
	ConfigLength(usize),
	/// Cause: the signature is not that of the signer over this revision.
	/// Remedy: send the signature, the tenant, the order nonce and the revision of the order.
	#[error("the signature of the configuration does not verify")]
	ConfigSignature,
	/// Cause: the VM was launched for another configuration, another order or other holders.
	/// Remedy: send what HOST_DATA was computed from, or launch the VM again.
	#[error("host_data is {seen}, but this configuration requires {wanted}")]
	HostData { seen: String, wanted: String },
	/// Cause: a configuration of another signer was accepted in this boot.
	/// Remedy: send the configuration of the order.
	#[error("another signer has signed the accepted configuration")]
	OtherSigner,
	/// Cause: a newer revision was accepted in this boot.
	/// Remedy: send the newest revision.
	#[error("revision {seen} is older than revision {accepted}, which was accepted")]
	OlderRevision { seen: u32, accepted: u32 },
	/// Cause: the tenant has signed a configuration that this image cannot read.
	/// Remedy: the tenant corrects it.
	#[error("{0}")]
	Config(#[from] ConfigError),
	/// Cause: the host has sent no configuration before.
	/// Remedy: send it first.
	#[error("the VM has no configuration yet")]
	NotConfigured,
	/// Cause: the request names another chain, VM or generation than the configuration.
	/// Remedy: send requests for the VM that was launched.
	#[error("the request is for another VM or another generation")]
	OtherVm,
	/// Cause: the host has not asked for evidence of the boot.
	/// Remedy: ask for it first.
	#[error("the VM has not shown its boot yet")]
	NotShown,
	/// Cause: the request names another boot than the one that was shown or confirmed.
	/// Remedy: launch the VM again for another boot.
	#[error("the request is for another boot")]
	OtherBoot,
	/// Cause: the VM has booted, so its configuration can no longer change.
	/// Remedy: boot the VM again.
	#[error("the VM has booted")]
	Booted,
	/// Cause: the VM has not confirmed its boot.
	/// Remedy: ask again later, or end the VM by force.
	#[error("the VM has not booted yet")]
	NotBooted,
	/// Cause: no receipt can be issued for the interval.
	/// Remedy: ask for a later interval, or read the VM's log.
	#[error("{0}")]
	Receipt(#[from] ReceiptError),
}

impl Refusal {
	/// Returns the code in the response.
	pub const fn code(&self) -> u16 {
		match self {
			Self::ConfigLength(_) => 1,
			Self::ConfigSignature => 2,
			Self::HostData { .. } => 3,
			Self::OtherSigner => 4,
			Self::OlderRevision { .. } => 5,
			Self::Config(_) => 6,
			Self::NotConfigured => 7,
			Self::OtherVm => 8,
			Self::NotShown => 9,
			Self::OtherBoot => 10,
			Self::Booted => 11,
			Self::NotBooted => 12,
			Self::Receipt(_) => 13,
		}
	}
}

/// Reasons for which the agent stops before the VM has booted. The VM then powers off.
#[derive(Debug, thiserror::Error)]
pub enum Fatal {
	/// Cause: this is not an SEV-SNP guest, or its kernel lacks the module sev-guest.
	/// Remedy: the host launches the VM with SEV-SNP.
	#[error("cannot open /dev/sev-guest: {0}")]
	Device(io::Error),
	/// Cause: the secure processor returned no report, or one that cannot be used.
	/// Remedy: the host launches the VM again.
	#[error("{0}")]
	Report(#[from] ReportError),
	/// Cause: the kernel has no randomness, or a key cannot be encoded.
	/// Remedy: the host launches the VM again.
	#[error("cannot make the keys of this boot: {0}")]
	Keys(String),
	/// Cause: the folder for the running VM cannot be written.
	/// Remedy: the image mounts a file system in memory at `/run`.
	#[error("cannot write the state of the boot: {0}")]
	State(io::Error),
	/// Cause: the command line names no root file system, or the host supplies other disks.
	/// Remedy: the host attaches the image's squashfs and hash tree as second and third disk.
	#[error("cannot mount the root file system: {0}")]
	Root(io::Error),
	/// Cause: the agent cannot listen at its address, for example without a vsock device.
	/// Remedy: the host gives the VM a vsock device.
	#[error("cannot listen: {0}")]
	Listen(io::Error),
	/// Cause: the host has not asked for the confirmation in time.
	/// Remedy: the host launches the VM again.
	#[error("the boot was not confirmed in time")]
	Deadline,
}

impl Fatal {
	/// Returns the exit code of the agent.
	pub const fn exit_code(&self) -> u8 {
		match self {
			Self::Device(_) => 3,
			Self::Report(_) => 4,
			Self::Keys(_) => 5,
			Self::State(_) => 6,
			Self::Listen(_) => 7,
			Self::Deadline => 8,
			Self::Root(_) => 9,
		}
	}
}
