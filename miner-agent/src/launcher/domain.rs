//! The definition of a VM for libvirt.

use std::path::{Path, PathBuf};

use base64::{prelude::BASE64_STANDARD, Engine};

use super::{
	allotment::Subnet,
	config::Limits,
	files::VmFiles,
	identity::{Identity, Kind, LaunchMark, Mark},
	image::LaunchImage,
	xml::Element,
};

/// The SNP guest policy: simultaneous multithreading is allowed, debugging and migration are not.
/// Bit 17 is reserved and always set.
const SNP_POLICY: u32 = 0x3_0000;
/// The XML namespace of arguments for QEMU.
const QEMU: &str = "http://libvirt.org/schemas/domain/qemu/1.0";
/// The period of the CPU limit in microseconds.
const CPU_PERIOD: u32 = 100_000;
/// The name of the file that insecure images read from the VMM's configuration device.
const INSECURE_REPORTS: &str = "opt/hcc/insecure-reports";
/// The disk that holds the tenant's data.
pub(super) const STATE_DISK: &str = "vda";

/// The protection of a VM's memory, and the source of its reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Security {
	/// SEV-SNP. The processor measures the launch and binds `host_data`.
	Snp { host_data: [u8; 32], cbitpos: u32, reduced_phys_bits: u32 },
	/// INSECURE: emulation without memory encryption. The firmware checks kernel, initrd and
	/// command line against a table, as under SEV-SNP. A device in the guest signs the reports.
	Insecure {
		/// The address of the table in the guest's memory.
		hash_table_address: u32,
	},
}

/// The transport of vsock connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Vsock {
	/// The kernel's vhost-vsock.
	Kernel { cid: u32 },
	/// A socket of vhost-device-vsock, which determines the CID.
	User { socket: PathBuf },
}

/// A VM that libvirt can run.
#[derive(Clone, Debug)]
pub(super) struct Domain<'a> {
	pub identity: Identity,
	/// The number of the boot.
	pub counter: u32,
	pub image: &'a LaunchImage,
	/// The VM's files.
	pub files: &'a VmFiles,
	pub vcpus: u32,
	/// Memory in MiB.
	pub memory: u32,
	pub subnet: Subnet,
	pub security: Security,
	pub vsock: Vsock,
	pub limits: Limits,
	pub emulator: Option<&'a Path>,
}

impl Domain<'_> {
	/// Returns the definition.
	pub(super) fn to_xml(&self) -> String {
		let domain_type = match self.security {
			Security::Snp { .. } => "kvm",
			Security::Insecure { .. } => "qemu",
		};
		Element::new("domain")
			.with("type", domain_type)
			.with("xmlns:qemu", QEMU)
			.text_child("name", self.identity.name())
			.text_child("uuid", self.identity.uuid(Kind::Domain))
			.child(self.mark().to_metadata())
			.child(memory("memory", self.memory))
			.child(memory("currentMemory", self.memory))
			.child(
				Element::new("memoryBacking")
					.child(Element::new("source").with("type", "memfd"))
					.child(Element::new("access").with("mode", "shared")),
			)
			.child(vcpu(self.vcpus))
			.children(self.cpu_tune())
			.children(self.firmware_files())
			.child(self.boot())
			.child(Element::new("features").child(Element::new("acpi")))
			.child(self.cpu())
			.child(Element::new("clock").with("offset", "utc"))
			// Each boot needs a nonce of the chain, so a guest that restarts ends.
			.text_child("on_poweroff", "destroy")
			.text_child("on_reboot", "destroy")
			.text_child("on_crash", "destroy")
			.child(self.devices())
			.children(self.launch_security())
			.children(self.qemu_arguments())
			.to_document()
	}

	fn mark(&self) -> Mark {
		let launch = LaunchMark {
			counter: self.counter,
			image: self.image.id.clone(),
			measurement: hex::encode(self.image.measurement),
		};
		Mark { identity: self.identity, launch: Some(launch) }
	}

	/// Direct boot: the firmware checks kernel, initrd and command line.
	fn boot(&self) -> Element {
		let machine = Element::new("type").with("arch", "x86_64").with("machine", "q35");
		let loader = Element::new("loader").with("type", "rom").with("stateless", "yes");
		Element::new("os")
			.child(machine.text("hvm"))
			.child(loader.text(self.image.firmware.display()))
			.text_child("kernel", self.image.kernel.display())
			.text_child("initrd", self.image.initrd.display())
			.text_child("cmdline", &self.image.cmdline)
	}

	/// The contents of the simulated chip's reports, for the device in the guest.
	fn firmware_files(&self) -> Option<Element> {
		match self.security {
			Security::Snp { .. } => None,
			Security::Insecure { .. } => {
				let entry = Element::new("entry")
					.with("name", INSECURE_REPORTS)
					.with("file", self.files.reports.display());
				Some(Element::new("sysinfo").with("type", "fwcfg").child(entry))
			},
		}
	}

	/// The CPU model, which the launch measurement covers under SEV-SNP.
	fn cpu(&self) -> Element {
		match self.security {
			Security::Snp { .. } => Element::new("cpu")
				.with("mode", "custom")
				.with("match", "exact")
				.with("check", "none")
				.child(Element::new("model").with("fallback", "forbid").text(&self.image.cpu)),
			Security::Insecure { .. } => Element::new("cpu").with("mode", "maximum"),
		}
	}

	/// The limit of CPU time, for each vCPU and for the threads of the VMM.
	fn cpu_tune(&self) -> Option<Element> {
		let percent = self.limits.cpu_percent;
		(percent > 0).then(|| {
			let quota = (CPU_PERIOD / 100).saturating_mul(percent);
			Element::new("cputune")
				.text_child("period", CPU_PERIOD)
				.text_child("quota", quota)
				.text_child("emulator_period", CPU_PERIOD)
				.text_child("emulator_quota", quota)
		})
	}

	fn devices(&self) -> Element {
		let emulator = self.emulator.map(|path| Element::new("emulator").text(path.display()));
		Element::new("devices")
			.children(emulator)
			.child(self.first_disk())
			.child(read_only_disk(&self.image.root, "vdb"))
			.child(read_only_disk(&self.image.verity, "vdc"))
			// hccam speaks to its host only, over vsock.
			.children((!self.identity.is_agent()).then(|| self.interface()))
			.child(self.console())
			.children(match &self.vsock {
				Vsock::Kernel { cid } => Some(
					Element::new("vsock")
						.with("model", "virtio")
						.child(Element::new("cid").with("auto", "no").with("address", cid)),
				),
				Vsock::User { .. } => None,
			})
			.child(
				Element::new("rng")
					.with("model", "virtio")
					.child(Element::new("backend").with("model", "random").text("/dev/urandom")),
			)
			// A balloon would let the host take memory that the tenant pays for.
			.child(Element::new("memballoon").with("model", "none"))
	}

	/// Returns the disk with the tenant's data, or that with the settings of hccam.
	fn first_disk(&self) -> Element {
		if self.identity.is_agent() {
			read_only_disk(&self.files.disk, STATE_DISK)
		} else {
			self.state_disk()
		}
	}

	fn state_disk(&self) -> Element {
		let Limits { disk_mib, disk_iops, .. } = self.limits;
		let mut tune = Element::new("iotune");
		if disk_mib > 0 {
			tune = tune.text_child("total_bytes_sec", disk_mib.saturating_mul(1 << 20));
		}
		if disk_iops > 0 {
			tune = tune.text_child("total_iops_sec", disk_iops);
		}
		Element::new("disk")
			.with("type", "file")
			.with("device", "disk")
			.child(
				driver()
					.with("cache", "none")
					.with("discard", "unmap")
					.with("error_policy", "enospace"),
			)
			.child(Element::new("source").with("file", self.files.disk.display()))
			.child(target(STATE_DISK))
			.children((disk_mib > 0 || disk_iops > 0).then_some(tune))
	}

	/// The interface on the VM's own network. The filter drops packets of other addresses.
	fn interface(&self) -> Element {
		let filter = Element::new("filterref")
			.with("filter", "clean-traffic")
			.child(Element::new("parameter").with("name", "IP").with("value", self.subnet.guest));
		let rate = |name| Element::new(name).with("average", self.limits.network_kib);
		let bandwidth = Element::new("bandwidth").child(rate("inbound")).child(rate("outbound"));
		Element::new("interface")
			.with("type", "network")
			.child(Element::new("mac").with("address", self.identity.mac()))
			.child(Element::new("source").with("network", self.identity.name()))
			.child(Element::new("model").with("type", "virtio"))
			.child(filter)
			.children((self.limits.network_kib > 0).then_some(bandwidth))
			.child(Element::new("rom").with("enabled", "no"))
	}

	/// The serial console. QEMU appends, so that the agent can shorten the file at any time.
	fn console(&self) -> Element {
		let source = Element::new("source").with("path", self.files.console.display());
		Element::new("serial")
			.with("type", "file")
			.child(source.with("append", "on"))
			.child(Element::new("target").with("type", "isa-serial").with("port", 0))
	}

	fn launch_security(&self) -> Option<Element> {
		let Security::Snp { host_data, cbitpos, reduced_phys_bits } = &self.security else {
			return None;
		};
		Some(
			Element::new("launchSecurity")
				.with("type", "sev-snp")
				.with("kernelHashes", "yes")
				.text_child("cbitpos", cbitpos)
				.text_child("reducedPhysBits", reduced_phys_bits)
				.text_child("policy", format!("{SNP_POLICY:#x}"))
				.text_child("hostData", BASE64_STANDARD.encode(host_data)),
		)
	}

	/// Arguments for what libvirt has no elements for.
	fn qemu_arguments(&self) -> Option<Element> {
		let mut arguments = Vec::new();
		if let Vsock::User { socket } = &self.vsock {
			let socket = escaped(socket);
			arguments.push("-chardev".to_string());
			arguments.push(format!("socket,id=hccvsock,path={socket}"));
			arguments.push("-device".to_string());
			arguments
				.push("vhost-user-vsock-pci,chardev=hccvsock,bus=pcie.0,addr=0x10".to_string());
		}
		if let Security::Insecure { hash_table_address } = self.security {
			let file = escaped(&self.files.hash_table);
			arguments.push("-device".to_string());
			arguments.push(format!("loader,file={file},addr={hash_table_address:#x},force-raw=on"));
		}
		let arguments: Vec<_> = arguments
			.into_iter()
			.map(|argument| Element::new("qemu:arg").with("value", argument))
			.collect();
		let is_empty = arguments.is_empty();
		(!is_empty).then(|| Element::new("qemu:commandline").children(arguments))
	}
}

/// Escapes a path in an argument for QEMU, where commas separate options.
fn escaped(path: &Path) -> String {
	path.display().to_string().replace(',', ",,")
}

fn memory(name: &str, mib: u32) -> Element {
	Element::new(name).with("unit", "MiB").text(mib)
}

fn vcpu(number: u32) -> Element {
	Element::new("vcpu").with("placement", "static").text(number)
}

fn driver() -> Element {
	Element::new("driver").with("name", "qemu").with("type", "raw")
}

fn target(device: &str) -> Element {
	Element::new("target").with("dev", device).with("bus", "virtio")
}

/// A disk of an image, which no VM can change.
fn read_only_disk(file: &Path, device: &str) -> Element {
	Element::new("disk")
		.with("type", "file")
		.with("device", "disk")
		.child(driver())
		.child(Element::new("source").with("file", file.display()))
		.child(target(device))
		.child(Element::new("readonly"))
}

#[cfg(test)]
mod tests {
	use std::{io::Write, process::Command};

	use hcc_image::{KernelHashTable, TABLE_LEN};

	use super::{
		super::identity::{tests::IDENTITY, AGENT},
		*,
	};

	fn image() -> LaunchImage {
		let file = |name: &str| PathBuf::from("/var/lib/hcc/images/minimal").join(name);
		LaunchImage {
			id: "c3".repeat(32),
			measurement: [0xd4; 48],
			firmware: file("OVMF.fd"),
			kernel: file("vmlinuz"),
			initrd: file("initrd"),
			root: file("root.squashfs"),
			verity: file("root.verity"),
			cmdline: "console=ttyS0 quiet panic=-1 hcc.root=00".into(),
			cpu: hcc_image::CPU.into(),
			hash_table: Ok(KernelHashTable { address: 0x81_0c00, bytes: [0; TABLE_LEN] }),
		}
	}

	/// Returns the definition for SEV-SNP, with all limits and the kernel's vsock.
	fn snp() -> String {
		xml(
			Security::Snp { host_data: [0xe5; 32], cbitpos: 51, reduced_phys_bits: 1 },
			Vsock::Kernel { cid: 1_005 },
			Limits::default(),
			None,
		)
	}

	/// Returns the definition without SEV-SNP, as on a host without cgroups, `tc` and vhost-vsock.
	fn insecure() -> String {
		xml(
			Security::Insecure { hash_table_address: 0x81_0c00 },
			Vsock::User { socket: "/run/hcc/vsock/1005.sock".into() },
			Limits {
				cpu_percent: 0,
				disk_mib: 0,
				disk_iops: 0,
				network_kib: 0,
				reserve_disk: false,
			},
			Some(Path::new("/usr/bin/qemu-system-x86_64")),
		)
	}

	fn xml(security: Security, vsock: Vsock, limits: Limits, emulator: Option<&Path>) -> String {
		xml_of(IDENTITY, security, vsock, limits, emulator)
	}

	/// Returns the definition of hccam's VM for SEV-SNP.
	fn agent() -> String {
		xml_of(
			Identity { vm: AGENT, generation: 0, ..IDENTITY },
			Security::Snp { host_data: [0xe5; 32], cbitpos: 51, reduced_phys_bits: 1 },
			Vsock::Kernel { cid: 1_005 },
			Limits::default(),
			None,
		)
	}

	fn xml_of(
		identity: Identity,
		security: Security,
		vsock: Vsock,
		limits: Limits,
		emulator: Option<&Path>,
	) -> String {
		let range = "10.201.0.0/16".parse().expect("a range");
		let domain = Domain {
			identity,
			counter: 3,
			image: &image(),
			files: &VmFiles::of(Path::new("/var/lib/hcc/vms"), &identity),
			vcpus: 2,
			memory: 512,
			subnet: Subnet::of(&range, identity.slot).expect("it fits"),
			security,
			vsock,
			limits,
			emulator,
		};
		domain.to_xml()
	}

	#[test]
	fn snp_domain_matches_golden_file() {
		assert_eq!(snp(), include_str!("../../tests/golden/domain-snp.xml"));
	}

	#[test]
	fn insecure_domain_matches_golden_file() {
		assert_eq!(insecure(), include_str!("../../tests/golden/domain-insecure.xml"));
	}

	#[test]
	fn agent_has_settings_and_no_network() {
		let definition = agent();
		assert!(definition.contains("<name>hcc-agent-b2b2b2b2-a1a1a1a1</name>"), "{definition}");
		let files = VmFiles::of(
			Path::new("/var/lib/hcc/vms"),
			&Identity { vm: AGENT, generation: 0, ..IDENTITY },
		);
		let settings = format!("file=\"{}\"", files.disk.display());
		assert!(definition.contains(&settings), "{definition}");
		assert!(!definition.contains("<interface"), "{definition}");
		// All of its disks: hccam stores nothing.
		let (disks, read_only) = ("<disk ", "<readonly");
		assert_eq!(definition.matches(disks).count(), definition.matches(read_only).count());
		assert!(definition.contains("5eXl"), "it has HOST_DATA");
	}

	#[test]
	fn mark_is_read_from_definition() {
		let mark = Mark::read(&snp()).expect("it has a mark");
		assert_eq!((mark.identity, mark.boot()), (IDENTITY, Some((2, 3))));
		let launch = mark.launch.expect("it is a domain's");
		assert_eq!((launch.image, launch.measurement), ("c3".repeat(32), "d4".repeat(48)));
	}

	#[test]
	fn commas_in_paths_are_escaped_for_qemu() {
		assert_eq!(escaped(Path::new("/a,b/c")), "/a,,b/c");
	}

	#[test]
	fn definitions_are_valid_by_schema() {
		let mut folder = tempfile::NamedTempFile::new().expect("a file");
		for definition in [snp(), insecure(), agent()] {
			folder.as_file().set_len(0).expect("empty");
			std::io::Seek::rewind(&mut folder).expect("at the start");
			folder.write_all(definition.as_bytes()).expect("written");
			let checked =
				Command::new("virt-xml-validate").arg(folder.path()).arg("domain").output();
			let Ok(checked) = checked else {
				eprintln!("skipped: virt-xml-validate is not installed");
				return;
			};
			let said = String::from_utf8_lossy(&checked.stderr);
			if definition.contains("sev-snp") && said.contains("sev-snp") {
				eprintln!("skipped: this schema is older than SEV-SNP");
				continue;
			}
			assert!(checked.status.success(), "{said}\n{definition}");
		}
	}
}
