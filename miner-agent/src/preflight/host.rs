//! Checks of the processor, the kernel and the settings of the firmware, by files of `/proc`,
//! `/sys` and `/dev`. `miner-agent/tests/hosts` states the source of each format.

use std::{
	fs::{self, File},
	io::{ErrorKind, Read},
	os::unix::fs::OpenOptionsExt,
	path::PathBuf,
};

use hcc_evidence::snp::CpuId;
use rustix::fs::OFlags;

use super::{fail, pass, skip, CheckResult};

const PROCESSOR: &str = "an EPYC 7003 or later with SEV-SNP";
const KERNEL: &str = "a kernel that runs SEV-SNP guests";
const RMP: &str = "an RMP table for SEV-SNP that covers all memory";
const IOMMU: &str = "an IOMMU for SEV-SNP that translates addresses";
const ASIDS: &str = "an ASID for each SEV-SNP guest";
/// The reason for which a check of SEV-SNP is skipped.
pub(super) const NEEDS_PROCESSOR: &str = "needs a processor with SEV-SNP";

/// The kernel's parameter that states if KVM runs SEV-SNP guests.
const SEV_SNP: &str = "sys/module/kvm_amd/parameters/sev_snp";
/// Messages with which the kernel refuses the RMP table.
const RMP_FAILURES: [&str; 4] = [
	"Memory for the RMP table has not been reserved by BIOS",
	"does not cover full system RAM",
	"RMP configuration not valid",
	"Failed to map RMP",
];
/// The beginnings of the messages with the place of the RMP table.
const RMP_RANGES: [&str; 2] = ["RMP table physical range", "Segmented RMP"];
/// Places of the file with the number of ASIDs: cgroup v2, cgroup v1, and both together.
const CAPACITIES: [&str; 3] = [
	"sys/fs/cgroup/misc.capacity",
	"sys/fs/cgroup/misc/misc.capacity",
	"sys/fs/cgroup/unified/misc.capacity",
];
/// The bit FEATURE_SNP of an IOMMU's features.
const IOMMU_SNP: u64 = 1 << 63;
/// The longest record of the kernel's log, in bytes.
const MAX_RECORD: usize = 8 << 10;

/// A file system with `/proc`, `/sys` and `/dev`. Tests use recorded ones.
pub(super) struct HostTree {
	root: PathBuf,
}

impl Default for HostTree {
	fn default() -> Self {
		Self { root: "/".into() }
	}
}

impl HostTree {
	fn read(&self, path: &str) -> Option<String> {
		fs::read_to_string(self.root.join(path)).ok()
	}

	fn exists(&self, path: &str) -> bool {
		self.root.join(path).exists()
	}

	/// Returns the names of the entries of a folder. An absent folder has none.
	fn names(&self, folder: &str) -> Vec<String> {
		let entries = fs::read_dir(self.root.join(folder)).into_iter().flatten().flatten();
		let mut names: Vec<_> =
			entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
		names.sort_unstable();
		names
	}

	/// Returns the messages in the kernel's log, oldest first. The log is a ring, so the messages
	/// of the boot may be absent.
	fn kernel_log(&self) -> Vec<String> {
		let path = self.root.join("dev/kmsg");
		// At the end of the log, a read would otherwise wait for the next message.
		let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
		let Ok(mut file) = File::options().read(true).custom_flags(flags).open(path) else {
			return Vec::new();
		};
		let (mut log, mut part) = (Vec::new(), [0; MAX_RECORD]);
		loop {
			match file.read(&mut part) {
				Ok(0) => break,
				Ok(count) => log.extend(part.iter().take(count)),
				// The next record was overwritten: the read after it continues with the oldest one.
				Err(error) if error.kind() == ErrorKind::BrokenPipe => {},
				Err(_) => break,
			}
		}
		let log = String::from_utf8_lossy(&log).into_owned();
		// A record is `priority,sequence,time,flags;message`. Lines that start with a space
		// describe a device.
		let messages = log.lines().filter(|line| !line.starts_with(' '));
		messages.filter_map(|line| Some(line.split_once(';')?.1.to_string())).collect()
	}
}

/// The processor, as the kernel describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Processor {
	pub model: String,
	pub has_snp: bool,
	/// `None` if the kernel does not state family, model and stepping.
	pub id: Option<CpuId>,
	/// The microcode's patch level of each hardware thread that states one.
	pub microcode: Vec<u32>,
}

impl Processor {
	pub(super) fn read(tree: &HostTree) -> Self {
		let info = tree.read("proc/cpuinfo").unwrap_or_default();
		let fields = || {
			let fields = info.lines().filter_map(|line| line.split_once(':'));
			fields.map(|(name, value)| (name.trim(), value.trim()))
		};
		let first = |wanted: &str| fields().find(|(name, _)| *name == wanted).map(|field| field.1);
		let number = |name: &str| first(name)?.parse::<u8>().ok();
		let id = || {
			let (family, model) = (number("cpu family")?, number("model")?);
			Some(CpuId { family, model, stepping: number("stepping")? })
		};
		let level = |value: &str| u32::from_str_radix(value.strip_prefix("0x")?, 16).ok();
		let levels = fields().filter(|(name, _)| *name == "microcode");
		Self {
			model: first("model name").unwrap_or("an unknown processor").to_string(),
			has_snp: first("flags").unwrap_or_default().split(' ').any(|flag| flag == "sev_snp"),
			id: id(),
			microcode: levels.filter_map(|(_, value)| level(value)).collect(),
		}
	}
}

/// Checks the host for the given number of guests, `hccam` and VMs.
pub(super) fn check(tree: &HostTree, processor: &Processor, guests: u32) -> Vec<CheckResult> {
	let first = [supported(processor), snp_host(tree)];
	let rest = if processor.has_snp {
		[rmp(tree), iommu(tree), asids(tree, guests)]
	} else {
		[RMP, IOMMU, ASIDS].map(|what| skip(what, NEEDS_PROCESSOR, "see above"))
	};
	first.into_iter().chain(rest).collect()
}

fn supported(processor: &Processor) -> CheckResult {
	if processor.has_snp {
		pass(PROCESSOR, processor.model.clone())
	} else {
		let remedy = "use such a machine, and enable SEV-SNP in its firmware settings";
		fail(PROCESSOR, &processor.model, remedy)
	}
}

/// Returns true if KVM runs SEV-SNP guests.
fn is_on(tree: &HostTree) -> bool {
	tree.read(SEV_SNP).is_some_and(|value| matches!(value.trim(), "Y" | "1"))
}

fn snp_host(tree: &HostTree) -> CheckResult {
	match tree.read(SEV_SNP) {
		Some(_) if is_on(tree) => pass(KERNEL, "kvm_amd.sev_snp is on"),
		Some(value) => fail(
			KERNEL,
			format!("kvm_amd.sev_snp is {}", value.trim()),
			"boot with kvm_amd.sev_snp=1; correct what fails below",
		),
		None if tree.exists("sys/module/kvm_amd") => {
			fail(KERNEL, "kvm_amd does not support SEV-SNP", "use Linux 6.11 or later")
		},
		None => {
			fail(KERNEL, "kvm_amd is not loaded", "load it; enable virtualisation in the firmware")
		},
	}
}

/// Checks the table in which the processor records the owner of each page. The kernel enables
/// SEV-SNP only if the firmware has reserved a table for all memory.
fn rmp(tree: &HostTree) -> CheckResult {
	let log = tree.kernel_log();
	let find = |texts: &[&str]| {
		log.iter().find(|message| texts.iter().any(|text| message.contains(text))).cloned()
	};
	match (find(&RMP_FAILURES), find(&RMP_RANGES)) {
		(None, Some(range)) if is_on(tree) => pass(RMP, range),
		(None, None) if is_on(tree) => pass(RMP, "the kernel has accepted the table"),
		(failure, _) => {
			let seen = failure.unwrap_or_else(|| "the kernel uses no table".into());
			let remedy =
				"enable SEV-SNP, and SNP memory coverage of all memory, in the firmware settings";
			fail(RMP, seen, remedy)
		},
	}
}

/// Checks that the IOMMU is on, that it supports SEV-SNP, and that it translates addresses. Linux
/// disables SEV-SNP if the IOMMU passes addresses through.
fn iommu(tree: &HostTree) -> CheckResult {
	const ARGUMENT: &str =
		"remove the argument from the kernel's command line, and reboot (iommu=nopt is allowed)";
	if let Some(argument) = against_snp(&tree.read("proc/cmdline").unwrap_or_default()) {
		return fail(IOMMU, format!("the kernel was booted with {argument}"), ARGUMENT);
	}
	let devices = tree.names("sys/class/iommu");
	let Some(device) = devices.iter().find(|name| name.starts_with("ivhd")) else {
		let remedy = "enable the IOMMU in the firmware settings";
		return fail(IOMMU, "the kernel uses no AMD IOMMU", remedy);
	};
	let features = tree.read(&format!("sys/class/iommu/{device}/amd-iommu/features"));
	// Before the colon are the features, and after it the extended features.
	let features = features.as_deref().and_then(|text| text.trim().split(':').next());
	let features = features.and_then(|digits| u64::from_str_radix(digits, 16).ok());
	if features.unwrap_or_default() & IOMMU_SNP == 0 {
		let remedy =
			"enable SEV-SNP support of the IOMMU in the firmware settings; update the firmware";
		return fail(IOMMU, format!("{device} lacks the feature SNP"), remedy);
	}
	let groups = tree.names("sys/kernel/iommu_groups");
	let types =
		groups.iter().map(|group| tree.read(&format!("sys/kernel/iommu_groups/{group}/type")));
	let types: Vec<_> = types.flatten().map(|text| text.trim().to_string()).collect();
	// Single devices may pass addresses through.
	if !types.is_empty() && types.iter().all(|text| text == "identity") {
		let seen = format!("all {} groups of devices pass addresses through", types.len());
		return fail(IOMMU, seen, "boot with iommu=nopt");
	}
	pass(IOMMU, format!("{device} has the feature SNP"))
}

/// Returns an argument of the kernel's command line with which the kernel disables SEV-SNP.
fn against_snp(command_line: &str) -> Option<&str> {
	command_line.split_whitespace().find(|argument| match argument.split_once('=') {
		Some(("iommu", values)) => values.split(',').any(|value| matches!(value, "pt" | "off")),
		Some(("iommu.passthrough", value)) => matches!(value, "1" | "y" | "Y" | "on"),
		Some(("amd_iommu", values)) => {
			values.split(',').any(|value| matches!(value, "off" | "pgtbl_v2"))
		},
		_ => false,
	})
}

/// Checks the number of address space identifiers. SEV-SNP guests take those of SEV-ES.
fn asids(tree: &HostTree, guests: u32) -> CheckResult {
	let Some(capacity) = CAPACITIES.iter().find_map(|path| tree.read(path)) else {
		let remedy = "mount cgroup2 at /sys/fs/cgroup; use a kernel with the controller misc";
		return skip(ASIDS, "/sys/fs/cgroup/misc.capacity is missing", remedy);
	};
	let count = |line: &str| line.strip_prefix("sev_es ")?.trim().parse::<u32>().ok();
	let count = capacity.lines().find_map(count).unwrap_or_default();
	let vms = guests.saturating_sub(1);
	if count >= guests {
		pass(ASIDS, format!("{count}, for hccam and at most {vms} VMs"))
	} else {
		let remedy = "raise the SEV-ES ASID limit in the firmware settings, or offer fewer vCPUs";
		fail(ASIDS, format!("{count}, but hccam and {vms} VMs may run"), remedy)
	}
}

#[cfg(test)]
pub(super) mod tests {
	use std::path::Path;

	use super::*;
	use crate::preflight::Status;

	/// Returns a recorded host.
	pub(in super::super) fn recorded(name: &str) -> HostTree {
		let hosts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hosts");
		HostTree { root: hosts.join(name) }
	}

	/// Copies a recorded host, so that a test can change it.
	fn copy(name: &str) -> (tempfile::TempDir, HostTree) {
		fn copy_into(from: &Path, to: &Path) {
			fs::create_dir_all(to).expect("a folder");
			for entry in fs::read_dir(from).expect("a folder") {
				let entry = entry.expect("an entry");
				let target = to.join(entry.file_name());
				if entry.path().is_dir() {
					copy_into(&entry.path(), &target);
				} else {
					fs::copy(entry.path(), target).expect("copied");
				}
			}
		}
		let folder = tempfile::tempdir().expect("a folder");
		copy_into(&recorded(name).root, folder.path());
		let tree = HostTree { root: folder.path().into() };
		(folder, tree)
	}

	fn checked(tree: &HostTree, guests: u32) -> Vec<CheckResult> {
		check(tree, &Processor::read(tree), guests)
	}

	fn of<'r>(results: &'r [CheckResult], what: &str) -> &'r CheckResult {
		results.iter().find(|result| result.requirement == what).expect("it is checked")
	}

	/// Checks that a changed Milan host fails exactly one requirement, and that the text names the
	/// cause.
	fn fails_with(change: impl FnOnce(&Path), what: &str, seen: &str) {
		let (folder, tree) = copy("milan");
		change(folder.path());
		let results = checked(&tree, 10);
		let failed: Vec<_> =
			results.iter().filter(|result| result.status != Status::Pass).collect();
		let [result] = &failed[..] else { panic!("{what} {seen}: {failed:?}") };
		assert_eq!((result.requirement, result.status), (what, Status::Fail));
		assert!(result.seen.contains(seen), "{}", result.seen);
		assert!(result.remedy.is_some());
	}

	fn write(path: &'static str, text: impl AsRef<[u8]>) -> impl FnOnce(&Path) {
		move |root: &Path| fs::write(root.join(path), text).expect("written")
	}

	#[test]
	fn complete_host_passes() {
		let tree = recorded("milan");
		let processor = Processor::read(&tree);
		assert_eq!(processor.id, Some(CpuId { family: 0x19, model: 1, stepping: 1 }));
		assert_eq!(processor.microcode, [0x0a00_11db; 2]);
		let results = checked(&tree, 99);
		assert!(results.iter().all(|result| result.status == Status::Pass), "{results:?}");
		assert!(of(&results, RMP).seen.contains("0x000000bf7e800000"), "{results:?}");
		assert_eq!(of(&results, ASIDS).seen, "99, for hccam and at most 98 VMs");
	}

	#[test]
	fn processor_without_snp_skips_dependent_checks() {
		let results = checked(&recorded("emulated"), 1);
		let status = |what| of(&results, what).status;
		assert_eq!((status(PROCESSOR), status(KERNEL)), (Status::Fail, Status::Fail));
		assert!([RMP, IOMMU, ASIDS].into_iter().all(|what| status(what) == Status::Skip));
		assert!(of(&results, KERNEL).seen.contains("not loaded"));
	}

	#[test]
	fn passthrough_and_disabled_iommu_fail_with_argument() {
		for argument in
			["iommu=pt", "iommu=force,pt", "iommu.passthrough=1", "iommu=off", "amd_iommu=pgtbl_v2"]
		{
			let line = write("proc/cmdline", format!("ro quiet {argument} splash\n"));
			fails_with(line, IOMMU, argument);
		}
		for argument in ["iommu=nopt", "iommu.passthrough=0", "iommu.strict=1", "pt"] {
			assert_eq!(against_snp(argument), None, "{argument}");
		}
	}

	#[test]
	fn unsuitable_iommu_fails() {
		let features = "sys/class/iommu/ivhd0/amd-iommu/features";
		fails_with(write(features, "246577efa2254afa:0\n"), IOMMU, "lacks the feature SNP");
		let remove = |root: &Path| {
			fs::remove_dir_all(root.join("sys/class/iommu")).expect("removed");
		};
		fails_with(remove, IOMMU, "no AMD IOMMU");
		// The kernel's configuration may select passthrough without an argument.
		let groups = write("sys/kernel/iommu_groups/0/type", "identity\n");
		fails_with(groups, IOMMU, "all 2 groups");
	}

	#[test]
	fn refused_rmp_table_fails_with_kernel_message() {
		for message in [
			"SEV-SNP: Memory for the RMP table has not been reserved by BIOS",
			"SEV-SNP: Memory reserved for the RMP table does not cover full system RAM (expected \
			 0x100 got 0x80)",
		] {
			fails_with(write("dev/kmsg", format!("3,212,0,-;{message}\n")), RMP, message);
		}
		// An old boot: the ring no longer contains its messages.
		let (folder, tree) = copy("milan");
		write("dev/kmsg", "6,99999,7,-;eth0: link up\n")(folder.path());
		assert_eq!(of(&checked(&tree, 1), RMP).status, Status::Pass);
	}

	#[test]
	fn kernel_without_snp_fails() {
		let (folder, tree) = copy("milan");
		write(SEV_SNP, "N\n")(folder.path());
		let results = checked(&tree, 1);
		assert_eq!(of(&results, KERNEL).seen, "kvm_amd.sev_snp is N");
		assert!([KERNEL, RMP].into_iter().all(|what| of(&results, what).status == Status::Fail));
		fs::remove_file(folder.path().join(SEV_SNP)).expect("removed");
		assert!(of(&checked(&tree, 1), KERNEL).remedy.is_some_and(|text| text.contains("6.11")));
	}

	#[test]
	fn too_few_asids_fail() {
		fails_with(write(CAPACITIES[0], "sev 500\nsev_es 9\n"), ASIDS, "9, but hccam and 9 VMs");
		fails_with(write(CAPACITIES[0], "sev 509\n"), ASIDS, "0, but");
		let (folder, tree) = copy("milan");
		fs::remove_file(folder.path().join(CAPACITIES[0])).expect("removed");
		assert_eq!(of(&checked(&tree, 1), ASIDS).status, Status::Skip);
	}
}
