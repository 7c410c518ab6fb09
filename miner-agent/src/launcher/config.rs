use std::path::PathBuf;

use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};

/// The means by which the agent runs VMs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum LauncherConfig {
	/// VMs under libvirt.
	Libvirt(Box<LibvirtConfig>),
	/// A program whose process stands for the VM, for tests.
	Process(ProcessConfig),
}

/// The configuration of the launcher of processes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProcessConfig {
	/// The program.
	pub program: PathBuf,
}

/// The configuration of the launcher of VMs under libvirt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LibvirtConfig {
	/// The URI of libvirt.
	pub uri: String,
	/// The folder of images, one folder each. libvirt's host has it under the same path.
	pub image_dir: PathBuf,
	/// The folder of disks and consoles. libvirt's host has it under the same path.
	pub state_dir: PathBuf,
	/// The IPv4 addresses of the VMs' networks. Each VM takes four of them.
	pub network: Ipv4Net,
	/// The lowest vsock CID of a VM.
	pub first_cid: u32,
	/// The program of the VMM, if it is not libvirt's default.
	pub emulator: Option<PathBuf>,
	/// The position of the C-bit in page tables, which the processor determines.
	pub cbitpos: u32,
	/// The number of physical address bits that memory encryption takes.
	pub reduced_phys_bits: u32,
	/// INSECURE: the name of a simulated chip. VMs have no memory encryption, and a device in the
	/// guest signs their reports. Only development networks accept these.
	pub insecure_chip: Option<String>,
	/// A folder of sockets `CID.sock` of vhost-device-vsock, for kernels without vhost-vsock.
	pub vsock_dir: Option<PathBuf>,
	/// The time that a guest has to shut down before it is forced off, in seconds.
	pub stop_seconds: u64,
	/// The time after which a guest that has printed nothing and does not answer hangs in its
	/// firmware, in seconds.
	pub firmware_seconds: u64,
	/// The time that a guest has to answer after its launch, in seconds.
	pub guest_seconds: u64,
	/// The limits of a VM.
	pub limits: Limits,
}

impl Default for LibvirtConfig {
	fn default() -> Self {
		Self {
			uri: "qemu:///system".into(),
			image_dir: "/var/lib/hcc/images".into(),
			state_dir: "/var/lib/hcc/vms".into(),
			network: Ipv4Net::new_assert([10, 201, 0, 0].into(), 16),
			first_cid: 1_000,
			emulator: None,
			// Of all EPYC generations with SEV-SNP.
			cbitpos: 51,
			reduced_phys_bits: 1,
			insecure_chip: None,
			vsock_dir: None,
			stop_seconds: 120,
			firmware_seconds: 60,
			guest_seconds: 120,
			limits: Limits::default(),
		}
	}
}

/// The limits of a VM. Zero means no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
	/// The share of a host CPU that each vCPU may use, in percent. It needs cgroups.
	pub cpu_percent: u32,
	/// The rate of the disk, in MiB a second, for reads and writes together.
	pub disk_mib: u64,
	/// The number of disk operations a second.
	pub disk_iops: u64,
	/// The rate of traffic to and from the VM each, in KiB a second. It needs `tc`.
	pub network_kib: u32,
	/// True if the space of each disk is reserved: a VM is not launched unless the file system has
	/// room for all disks at their full sizes.
	pub reserve_disk: bool,
}

impl Default for Limits {
	fn default() -> Self {
		Self {
			cpu_percent: 100,
			disk_mib: 200,
			disk_iops: 5_000,
			// A gigabit a second.
			network_kib: 125_000,
			reserve_disk: true,
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn parse(text: &str) -> Result<LauncherConfig, toml::de::Error> {
		toml::from_str(text)
	}

	#[test]
	fn missing_keys_have_defaults() {
		let parsed = parse("kind = \"libvirt\"\n[limits]\ndisk_iops = 7\n").expect("valid");
		let LauncherConfig::Libvirt(libvirt) = parsed else { panic!("another kind") };
		let limits = Limits { disk_iops: 7, ..Limits::default() };
		assert_eq!(*libvirt, LibvirtConfig { limits, ..LibvirtConfig::default() });
	}

	#[test]
	fn unknown_kinds_and_keys_are_refused() {
		for text in [
			"kind = \"xen\"",
			"uri = \"qemu:///system\"",
			"kind = \"process\"",
			"kind = \"process\"\nprogram = \"x\"\nuri = \"y\"",
			"kind = \"libvirt\"\nprogram = \"x\"",
			"kind = \"libvirt\"\nnetwork = \"10.0.0.0\"",
		] {
			assert!(parse(text).is_err(), "{text}");
		}
	}

	#[test]
	fn configuration_round_trips() {
		let libvirt = LauncherConfig::Libvirt(Box::default());
		let process = LauncherConfig::Process(ProcessConfig { program: "/bin/true".into() });
		for config in [libvirt, process] {
			let text = toml::to_string(&config).expect("it has a form");
			assert_eq!(parse(&text).expect("valid"), config);
		}
	}
}
