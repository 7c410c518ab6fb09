//! Checks of microcode and SNP firmware against the floors of the chain's policy.

use hcc_evidence::{host::TcbFloors, snp::TcbVersion};
use sev::firmware::host::Firmware;

use super::{
	fail,
	host::{Processor, NEEDS_PROCESSOR},
	pass,
	policy::ChainPolicy,
	skip, CheckResult,
};

const MICROCODE: &str = "microcode for SEV-SNP that the chain's policy accepts";
const FIRMWARE: &str = "SEV-SNP firmware that the chain's policy accepts";
const UPDATE: &str = "update the machine's firmware, which contains both, and reboot";

/// The TCB versions that the platform states.
#[derive(Clone, Copy, Debug)]
struct PlatformTcb {
	/// The version that runs.
	current: TcbVersion,
	/// The version in reports, which an operator can set lower.
	reported: TcbVersion,
}

/// Checks the versions on this host.
pub(super) async fn check(
	processor: &Processor,
	policy: Result<&ChainPolicy, &str>,
) -> anyhow::Result<Vec<CheckResult>> {
	if !processor.has_snp {
		return Ok(skipped(NEEDS_PROCESSOR, "see above"));
	}
	let policy = match policy {
		Ok(policy) => policy,
		Err(reason) => return Ok(skipped(reason, "start a node")),
	};
	let Some(cpu) = processor.id else {
		let seen = "/proc/cpuinfo does not state the CPU";
		return Ok(skipped(seen, "report it: the format is unknown"));
	};
	let floors = match policy.floors(cpu).await {
		Ok(Some(floors)) => floors,
		Ok(None) => {
			let seen = format!("the policy has no floor for CPU {cpu}");
			let remedy = "ask governance to add this CPU (hcc policy)";
			return Ok([MICROCODE, FIRMWARE].map(|what| fail(what, &seen, remedy)).to_vec());
		},
		Err(error) => return Ok(skipped(&format!("{error:#}"), "see the message")),
	};
	let platform = tokio::task::spawn_blocking(platform).await?;
	Ok(vec![microcode(&processor.microcode, &floors), firmware(platform, &floors)])
}

fn skipped(seen: &str, remedy: &'static str) -> Vec<CheckResult> {
	[MICROCODE, FIRMWARE].map(|what| skip(what, seen, remedy)).to_vec()
}

/// Queries the secure processor.
fn platform() -> Result<PlatformTcb, String> {
	let mut firmware = Firmware::open().map_err(|error| format!("/dev/sev: {error}"))?;
	let status = firmware.snp_platform_status().map_err(|error| format!("/dev/sev: {error}"))?;
	let version = |tcb: sev::firmware::host::TcbVersion| TcbVersion {
		fmc: tcb.fmc,
		boot_loader: tcb.bootloader,
		tee: tcb.tee,
		snp: tcb.snp,
		microcode: tcb.microcode,
	};
	Ok(PlatformTcb {
		current: version(status.platform_tcb_version),
		reported: version(status.reported_tcb_version),
	})
}

/// Checks the microcode of all hardware threads. Its security version is the lowest byte of its
/// patch level, and the TCB contains the lowest version of all threads.
fn microcode(levels: &[u32], floors: &TcbFloors) -> CheckResult {
	let versions = levels.iter().map(|level| level.to_le_bytes()[0]);
	let Some((version, level)) = versions.zip(levels).min() else {
		let remedy = "use a kernel that loads microcode; see /proc/cpuinfo";
		return fail(MICROCODE, "the kernel states none", remedy);
	};
	let floor = floors.current.microcode;
	let seen = format!("patch level {level:#x} has version {version}, and the floor is {floor}");
	if version >= floor {
		pass(MICROCODE, seen)
	} else {
		fail(MICROCODE, seen, UPDATE)
	}
}

fn firmware(platform: Result<PlatformTcb, String>, floors: &TcbFloors) -> CheckResult {
	let platform = match platform {
		Ok(platform) => platform,
		Err(error) => return fail(FIRMWARE, error, "load the module ccp; run as root"),
	};
	let current = below(platform.current, floors.current);
	let reported = below(platform.reported, floors.reported);
	match (current, reported) {
		(Some(seen), _) => fail(FIRMWARE, format!("the current TCB has {seen}"), UPDATE),
		(None, Some(seen)) => {
			let remedy = "commit the firmware: snphost commit";
			fail(FIRMWARE, format!("the reported TCB has {seen}"), remedy)
		},
		(None, None) => {
			let version = platform.current.snp;
			pass(FIRMWARE, format!("version {version}, and the floor is {}", floors.current.snp))
		},
	}
}

/// Describes the first component of a version that is below its floor. A missing FMC counts as
/// zero, as in the chain's verdict.
fn below(seen: TcbVersion, floor: TcbVersion) -> Option<String> {
	let with_fmc = |tcb: TcbVersion| TcbVersion { fmc: Some(tcb.fmc.unwrap_or(0)), ..tcb };
	let components = with_fmc(seen).components().zip(with_fmc(floor).components());
	let mut low = components.filter(|((_, seen), (_, floor))| seen < floor);
	let ((name, seen), (_, floor)) = low.next()?;
	Some(format!("{name} {seen}, below the floor {floor}"))
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::preflight::{host::tests::recorded, Status};

	fn tcb(snp: u8, microcode: u8) -> TcbVersion {
		TcbVersion { fmc: None, boot_loader: 4, tee: 0, snp, microcode }
	}

	fn floors(floor: TcbVersion) -> TcbFloors {
		TcbFloors { current: floor, reported: floor, committed: floor, launch: floor }
	}

	#[test]
	fn microcode_is_judged_by_its_lowest_version() {
		let levels = Processor::read(&recorded("milan")).microcode;
		let status = |levels: &[u32], floor| microcode(levels, &floors(tcb(0, floor))).status;
		assert_eq!(status(&levels, 0xdb), Status::Pass);
		assert_eq!(status(&levels, 0xdc), Status::Fail);
		assert_eq!(status(&[0x0a00_11db, 0x0a00_11d1], 0xdb), Status::Fail);
		assert_eq!(status(&[], 0), Status::Fail);
	}

	#[test]
	fn firmware_below_a_floor_fails_by_component() {
		let judged = |current, reported, floor| {
			firmware(Ok(PlatformTcb { current, reported }), &floors(floor))
		};
		let (new, old) = (tcb(24, 219), tcb(23, 219));
		assert_eq!(judged(new, new, new).status, Status::Pass);
		let result = judged(old, old, new);
		assert_eq!((result.status, result.remedy), (Status::Fail, Some(UPDATE)));
		assert!(result.seen.contains("current TCB has snp 23, below the floor 24"), "{result:?}");
		let result = judged(new, old, new);
		assert!(result.remedy.is_some_and(|text| text.contains("commit")), "{result:?}");
		let with_fmc = TcbVersion { fmc: Some(1), ..new };
		assert!(judged(new, new, with_fmc).seen.contains("fmc 0"), "a missing FMC counts as zero");
		assert_eq!(firmware(Err("/dev/sev: none".into()), &floors(new)).status, Status::Fail);
	}

	#[tokio::test]
	async fn versions_need_processor_and_policy() {
		for (host, wanted) in [("emulated", NEEDS_PROCESSOR), ("milan", "no node")] {
			let processor = Processor::read(&recorded(host));
			let results = check(&processor, Err("no node")).await.expect("checked");
			assert_eq!(results.len(), 2);
			let is_skipped =
				|result: &CheckResult| result.status == Status::Skip && result.seen == wanted;
			assert!(results.iter().all(is_skipped), "{results:?}");
		}
	}
}
