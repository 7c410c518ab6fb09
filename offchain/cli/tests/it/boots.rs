//! Boots a virtual machine under QEMU several times. For each boot, another part of the boot is
//! changed. Checks the measurements that OVMF makes in the machine's TPM (swtpm) against policy, as
//! the runtime does.

use std::{
	collections::HashMap,
	fs,
	path::{Path, PathBuf},
	process::Command,
};

use hcc_evidence::{
	boot::{self, BootParts, BootRole, BootRules},
	tpm::PcrBank,
	RejectCode, Rejection,
};
use serde_json::Value;

/// Number of PCRs that the machine reports: the PCRs of the firmware and of the code that the
/// firmware starts.
const REPORTED_PCRS: usize = 10;

const LAX: BootRules = BootRules { secure_boot: false };
const STRICT: BootRules = BootRules { secure_boot: true };

/// The parts that policy allows to boot, by digest.
#[derive(Clone, Default)]
struct Known(HashMap<[u8; 32], BootRole>);

impl BootParts for Known {
	fn role(&self, digest: &[u8; 32]) -> Option<BootRole> {
		self.0.get(digest).copied()
	}
}

impl Known {
	/// Adds another machine's parts with the given role.
	fn and(mut self, other: &Known, role: BootRole) -> Self {
		self.0.extend(other.0.iter().filter(|(_, of)| **of == role));
		self
	}
}

/// The event log of one boot.
struct Boot {
	log: Vec<u8>,
	path: PathBuf,
}

impl Boot {
	/// Reads the PCRs and the event log from the machine's output. The log must result in the
	/// values of the PCRs.
	fn read(folder: &Path, name: &str) -> Self {
		let output = fs::read(folder.join(name)).expect("the machine's output");
		let output = String::from_utf8_lossy(&output).replace('\r', "");
		let (_, output) = output.split_once("\nbegin\n").expect("a start mark");
		let (output, _) = output.split_once("\nend\n").expect("an end mark");
		let (pcrs, log) = output.split_once("\nlog\n").expect("PCRs and log");
		let bytes = |hexadecimal: &str| hex::decode(hexadecimal).expect("hexadecimal");
		let log = bytes(&log.replace('\n', ""));
		let pcrs: Vec<_> = pcrs.lines().map(bytes).collect();
		assert_eq!(pcrs.len(), REPORTED_PCRS, "{name}");
		let replayed = boot::replay(&log, PcrBank::Sha256).expect("a log");
		let replayed = replayed.map(|pcr| pcr.unwrap_or_else(|| vec![0; 32]));
		assert_eq!(replayed[..REPORTED_PCRS], pcrs, "{name}: the log results in the TPM's PCRs");
		let path = folder.join(format!("{name}.log"));
		fs::write(&path, &log).expect("written");
		Self { log, path }
	}

	/// Returns the parts of this boot, as `hcc policy boot-parts` prints them for policy.
	fn parts(&self) -> Known {
		let mut hcc = Command::new(env!("CARGO_BIN_EXE_hcc"));
		hcc.args(["policy", "boot-parts", "--json", "--log"]).arg(&self.path);
		let output = hcc.output().expect("hcc runs");
		assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
		let parts: Vec<Value> = serde_json::from_slice(&output.stdout).expect("an array");
		let part = |part: &Value| {
			let digest = part["digest"].as_str().and_then(|digest| digest.strip_prefix("0x"));
			let digest = hex::decode(digest.expect("a digest")).expect("hexadecimal");
			let role = match part["role"].as_str() {
				Some("firmware") => BootRole::Firmware,
				Some("loader") => BootRole::Loader,
				Some("kernel") => BootRole::Kernel,
				Some("initrd") => BootRole::Initrd,
				Some("commandLine") => BootRole::CommandLine,
				other => panic!("a role: {other:?}"),
			};
			(digest.try_into().expect("of SHA-256"), role)
		};
		Known(parts.iter().map(part).collect())
	}

	fn judge(&self, rules: BootRules, known: &Known) -> Result<(), Rejection> {
		boot::judge(&self.log, rules, known)
	}

	/// Returns the PCR of the first unknown part.
	fn unknown_pcr(&self, known: &Known) -> u32 {
		let refused = self.judge(LAX, known).expect_err("a part is unknown");
		assert_eq!(refused.code, RejectCode::BootUnknown, "{refused}");
		let events = boot::code_events(&self.log).expect("a log");
		let first = events.iter().find(|code| known.role(&code.digest).is_none());
		first.expect("an unknown event").event.pcr
	}
}

/// Boots the machine in all variants. Returns the folder that contains the results.
fn boot_all() -> PathBuf {
	let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
	let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
	let packages = cache.or_else(home).expect("a home").join("hccs/machine");
	let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/machine");
	let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("boots");
	let run = |script: &str, arguments: &[&Path]| {
		let status = Command::new(scripts.join(script)).args(arguments).status();
		assert!(status.expect("it can be started").success(), "{script} fails; see above");
	};
	run("packages.sh", &[&packages]);
	run("boots.sh", &[&packages, &folder]);
	folder.join("output")
}

#[test]
fn changed_boot_part_is_rejected() {
	let folder = boot_all();
	let boots = |name| Boot::read(&folder, name);
	let reference = boots("reference");
	let known = reference.parts();
	reference.judge(LAX, &known).expect("all parts are known");

	for (name, role, pcr) in [
		("command-line", BootRole::CommandLine, 9),
		("initrd", BootRole::Initrd, 9),
		("kernel", BootRole::Kernel, 4),
		("firmware", BootRole::Firmware, 0),
	] {
		let changed = boots(name);
		assert_eq!(changed.unknown_pcr(&known), pcr, "{name}");
		let other = changed.parts();
		let with_it = known.clone().and(&other, role);
		changed.judge(LAX, &with_it).unwrap_or_else(|why| panic!("{name} alone: {why}"));
		// The changed part is unknown if policy allows only the new machine's parts of another
		// role.
		for wrong in BootRole::ALL.into_iter().filter(|wrong| *wrong != role) {
			let refused = changed.judge(LAX, &known.clone().and(&other, wrong));
			let refused = refused.expect_err("the changed part is unknown");
			assert_eq!(refused.code, RejectCode::BootUnknown, "{name}, {wrong:?}");
		}
		reference.judge(LAX, &with_it).expect("the reference still passes");
	}

	let secure = boots("secure-boot");
	let known = secure.parts();
	secure.judge(STRICT, &known).expect("Secure Boot is on, and all parts are known");
	let off = boots("secure-boot-off");
	let also_off = off.parts();
	off.judge(LAX, &also_off).expect("all parts are known");
	let refused = off.judge(STRICT, &also_off).expect_err("Secure Boot is off");
	assert_eq!(refused.code, RejectCode::SecureBootOff);

	// The firmware and the keys are the same, but the firmware does not measure the kernel.
	let refused = boots("unmeasured").judge(STRICT, &known).expect_err("no kernel");
	assert_eq!(refused.code, RejectCode::BootPartMissing, "{refused}");
}
