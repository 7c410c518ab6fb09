//! A machine under QEMU boots several times, each time with another part changed. What OVMF has measured into its TPM (swtpm) is held against what may boot, as the
//! runtime does it.

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

/// PCRs that are told: those of the firmware, and of what it starts.
const TOLD: usize = 10;

const LAX: BootRules = BootRules { secure_boot: false };
const STRICT: BootRules = BootRules { secure_boot: true };

/// What may boot, by digest.
#[derive(Clone, Default)]
struct Known(HashMap<[u8; 32], BootRole>);

impl BootParts for Known {
	fn role(&self, digest: &[u8; 32]) -> Option<BootRole> {
		self.0.get(digest).copied()
	}
}

impl Known {
	/// What another machine may boot as well, of that role alone.
	fn and(mut self, other: &Known, role: BootRole) -> Self {
		self.0.extend(other.0.iter().filter(|(_, of)| **of == role));
		self
	}
}

/// A boot of the machine.
struct Boot {
	log: Vec<u8>,
	path: PathBuf,
}

impl Boot {
	/// What the machine has told: its PCRs, and the log, which must lead to them.
	fn read(folder: &Path, name: &str) -> Self {
		let told = fs::read(folder.join(name)).expect("the machine has told");
		let told = String::from_utf8_lossy(&told).replace('\r', "");
		let (_, told) = told.split_once("\nbegin\n").expect("its beginning");
		let (told, _) = told.split_once("\nend\n").expect("its end");
		let (pcrs, log) = told.split_once("\nlog\n").expect("PCRs and log");
		let bytes = |hexadecimal: &str| hex::decode(hexadecimal).expect("hexadecimal");
		let log = bytes(&log.replace('\n', ""));
		let pcrs: Vec<_> = pcrs.lines().map(bytes).collect();
		assert_eq!(pcrs.len(), TOLD, "{name}");
		let replayed = boot::replay(&log, PcrBank::Sha256).expect("a log");
		let replayed = replayed.map(|pcr| pcr.unwrap_or_else(|| vec![0; 32]));
		assert_eq!(replayed[..TOLD], pcrs, "{name}: the log leads to what is in the TPM");
		let path = folder.join(format!("{name}.log"));
		fs::write(&path, &log).expect("written");
		Self { log, path }
	}

	/// What policy is told of this machine, by `hcc policy boot-parts`.
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

	/// In which PCR there is what is not known.
	fn unknown_pcr(&self, known: &Known) -> u32 {
		let refused = self.judge(LAX, known).expect_err("it is not known");
		assert_eq!(refused.code, RejectCode::BootUnknown, "{refused}");
		let events = boot::code_events(&self.log).expect("a log");
		let first = events.iter().find(|code| known.role(&code.digest).is_none());
		first.expect("an unknown event").event.pcr
	}
}

/// Boots them all; where the last have been put.
fn boot_all() -> PathBuf {
	let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
	let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
	let packages = cache.or_else(home).expect("a home").join("hccs/machine");
	let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/machine");
	let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("boots");
	let run = |script: &str, arguments: &[&Path]| {
		let status = Command::new(scripts.join(script)).args(arguments).status();
		assert!(status.expect("it can be run").success(), "{script} fails; see above");
	};
	run("packages.sh", &[&packages]);
	run("boots.sh", &[&packages, &folder]);
	folder.join("told")
}

#[test]
fn whatever_is_changed_of_what_boots_is_refused() {
	let folder = boot_all();
	let boots = |name| Boot::read(&folder, name);
	let reference = boots("reference");
	let known = reference.parts();
	reference.judge(LAX, &known).expect("it is what is known");

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
		// Were another part than that allowed, it would be refused as before.
		for wrong in BootRole::ALL.into_iter().filter(|wrong| *wrong != role) {
			let refused = changed.judge(LAX, &known.clone().and(&other, wrong));
			let refused = refused.expect_err("what has changed is unknown");
			assert_eq!(refused.code, RejectCode::BootUnknown, "{name}, {wrong:?}");
		}
		reference.judge(LAX, &with_it).expect("the former may boot as well");
	}

	let secure = boots("secure-boot");
	let known = secure.parts();
	secure.judge(STRICT, &known).expect("Secure Boot is on, and all is known");
	let off = boots("secure-boot-off");
	let also_off = off.parts();
	off.judge(LAX, &also_off).expect("it is what is known");
	let refused = off.judge(STRICT, &also_off).expect_err("Secure Boot is off");
	assert_eq!(refused.code, RejectCode::SecureBootOff);

	// The same firmware with the same keys, but a kernel that it does not measure.
	let refused = boots("unmeasured").judge(STRICT, &known).expect_err("no kernel");
	assert_eq!(refused.code, RejectCode::BootPartMissing, "{refused}");
}
