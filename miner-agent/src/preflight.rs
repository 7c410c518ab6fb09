//! Checks the requirements of a host.

use std::{fs, path::Path, process::ExitCode};

use hcc_chain::Chain;
use hcc_evidence::{
	ima::{replay, Checkpoint, DigestList, Limits, Violations},
	tpm::{AttestationKey, PcrBank},
};
use serde::Serialize;

use crate::{
	config::Config,
	guest::Guest,
	register::{chip_of, hot_key_of},
	Tpm,
};

/// The index of PCR 10 among the quoted PCRs.
const PCR10_INDEX: usize = 10;
/// Limits on the part of the log that is checked.
const LIMITS: Limits = Limits { bytes: 64 << 20, entries: 1_000_000 };

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
enum Status {
	Pass,
	Skip,
	Fail,
}

/// A requirement and the result of its check.
#[derive(Debug, Serialize)]
struct CheckResult {
	requirement: &'static str,
	status: Status,
	/// A description of the observed state.
	seen: String,
	/// The remedy, unless the requirement is met.
	#[serde(skip_serializing_if = "Option::is_none")]
	remedy: Option<&'static str>,
}

fn pass(requirement: &'static str, seen: impl Into<String>) -> CheckResult {
	CheckResult { requirement, status: Status::Pass, seen: seen.into(), remedy: None }
}

fn fail(requirement: &'static str, seen: impl ToString, remedy: &'static str) -> CheckResult {
	let (status, seen) = (Status::Fail, seen.to_string());
	CheckResult { requirement, status, seen, remedy: Some(remedy) }
}

fn skip(requirement: &'static str, seen: &str, remedy: &'static str) -> CheckResult {
	CheckResult { requirement, status: Status::Skip, seen: seen.into(), remedy: Some(remedy) }
}

/// Checks all requirements and prints the results. Returns exit code 0 if none fails, else 2.
pub async fn check(config: &Config, json: bool) -> anyhow::Result<ExitCode> {
	let mut findings = vec![processor(), snp_host()];
	findings.extend(tpm_and_log(config));
	findings.extend(guest(config).await);
	findings.extend(chain(config).await);
	if json {
		println!("{}", serde_json::to_string_pretty(&findings)?);
	} else {
		print(&findings);
	}
	let failed = findings.iter().any(|finding| finding.status == Status::Fail);
	Ok(ExitCode::from(if failed { 2 } else { 0 }))
}

fn print(findings: &[CheckResult]) {
	for CheckResult { requirement, status, seen, remedy } in findings {
		let status = match status {
			Status::Pass => "PASS",
			Status::Skip => "SKIP",
			Status::Fail => "FAIL",
		};
		println!("{status}  {requirement}: {seen}");
		if let Some(remedy) = remedy {
			println!("      {remedy}");
		}
	}
}

fn processor() -> CheckResult {
	const WHAT: &str = "an EPYC 7003 or later with SEV-SNP";
	let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
	let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
	let model = model.map_or("an unknown processor", |(_, model)| model).to_string();
	let flags = info.lines().find(|line| line.starts_with("flags")).unwrap_or_default();
	if flags.split(' ').any(|flag| flag == "sev_snp") {
		pass(WHAT, model)
	} else {
		fail(WHAT, model, "use such a machine, and enable SEV-SNP in its firmware settings")
	}
}

fn snp_host() -> CheckResult {
	const WHAT: &str = "a kernel that runs SEV-SNP guests";
	let parameter = "/sys/module/kvm_amd/parameters/sev_snp";
	match fs::read_to_string(parameter) {
		Ok(value) if matches!(value.trim(), "Y" | "1") => pass(WHAT, "kvm_amd.sev_snp is on"),
		Ok(value) => fail(
			WHAT,
			format!("kvm_amd.sev_snp is {}", value.trim()),
			"boot with kvm_amd.sev_snp=1",
		),
		Err(_) if Path::new("/sys/module/kvm_amd").exists() => {
			fail(WHAT, "kvm_amd does not support SEV-SNP", "use Linux 6.11 or later")
		},
		Err(_) => {
			fail(WHAT, "kvm_amd is not loaded", "load it; enable virtualisation in the firmware")
		},
	}
}

/// Checks the TPM, and that the log results in its PCR 10.
fn tpm_and_log(config: &Config) -> Vec<CheckResult> {
	const REACHED: &str = "a TPM 2.0";
	const CERTIFIED: &str = "an EK certificate of the TPM's vendor";
	const KEY: &str = "a restricted attestation key";
	const BANK: &str = "the TPM's SHA-256 bank";
	const LOG: &str = "the kernel's IMA log";
	let mut tpm = match Tpm::open(&config.tcti) {
		Ok(tpm) => tpm,
		Err(error) => {
			let remedy = "enable the TPM in the firmware settings; run as root; correct tcti";
			let after = "needs a TPM";
			return vec![
				fail(REACHED, error, remedy),
				skip(CERTIFIED, after, "see above"),
				skip(KEY, after, "see above"),
				skip(BANK, after, "see above"),
				skip(LOG, after, "see above"),
			];
		},
	};
	let mut findings = vec![pass(REACHED, config.tcti.clone())];
	findings.push(match tpm.ek_certificate() {
		Ok(der) => pass(CERTIFIED, format!("{} bytes", der.len())),
		Err(error) => {
			fail(CERTIFIED, error, "ask the vendor for it; firmware TPMs download theirs")
		},
	});
	findings.push(match tpm.ak_public().map(|public| AttestationKey::from_tpmt_public(&public)) {
		Ok(Ok(key)) if key.check_restricted_signing().is_ok() => pass(KEY, "ECDSA on P-256"),
		Ok(_) => {
			fail(KEY, "the TPM makes another key", "report it: the TPM violates its specification")
		},
		Err(error) => fail(KEY, error, "clear the endorsement hierarchy's password"),
	});
	match tpm.pcrs() {
		Ok(pcrs) => {
			findings.push(pass(BANK, "allocated"));
			let pcr10 = pcrs.get(PCR10_INDEX).copied().unwrap_or_default();
			findings.push(log(LOG, config, &pcr10));
		},
		Err(error) => {
			findings.push(fail(BANK, error, "allocate it in the firmware settings"));
			findings.push(skip(LOG, "needs the SHA-256 bank", "see above"));
		},
	}
	findings
}

fn log(requirement: &'static str, config: &Config, pcr10: &[u8; 32]) -> CheckResult {
	let log = match fs::read(&config.ima_log) {
		Ok(log) => log,
		Err(error) => {
			let seen = format!("{}: {error}", config.ima_log.display());
			return fail(requirement, seen, "mount securityfs; run as root; use a kernel with IMA");
		},
	};
	let from = Checkpoint::boot(PcrBank::Sha256);
	match replay::<DigestList>(&log, &from, pcr10, None, Violations::Count, LIMITS) {
		Ok(replayed) => {
			pass(requirement, format!("{} entries lead to PCR 10", replayed.checkpoint.entries))
		},
		Err(why) => {
			let remedy = "boot with an IMA policy (ima_policy=tcb or a custom one) and a built-in TPM driver";
			fail(requirement, why, remedy)
		},
	}
}

async fn guest(config: &Config) -> Vec<CheckResult> {
	const REACHED: &str = "hccam in a confidential guest";
	const CHIP: &str = "a chip whose reports contain its id";
	const KEY: &str = "the chip's VCEK certificate";
	let address = match config.guest() {
		Ok(address) => address,
		Err(error) => return vec![fail(REACHED, error, "correct guest")],
	};
	let mut findings = Vec::new();
	match Guest::meet(&address).await {
		Ok(guest) => {
			findings.push(pass(REACHED, address.to_string()));
			findings.push(match chip_of(&guest.report) {
				Ok((chip, _)) => pass(CHIP, hex::encode(chip)),
				Err(error) => fail(CHIP, error, "clear MASK_CHIP_ID; update the SNP firmware"),
			});
		},
		Err(error) => {
			findings.push(fail(REACHED, error, "start the guest and hccam in it; correct guest"));
			findings.push(skip(CHIP, "needs the guest", "see above"));
		},
	}
	findings.push(match &config.vcek {
		Some(path) => match crate::config::certificate(path) {
			Ok(der) => pass(KEY, format!("{} bytes", der.len())),
			Err(error) => fail(KEY, format!("{error:#}"), "fetch it from AMD's key server"),
		},
		None => skip(KEY, "not given", "needed only until the chip's key is registered"),
	});
	findings
}

async fn chain(config: &Config) -> Vec<CheckResult> {
	const REACHED: &str = "a node of the chain";
	const HOT: &str = "a hot key that signs for a miner";
	let chain = match Chain::connect(&config.node).await {
		Ok(chain) => chain,
		Err(error) => {
			return vec![
				fail(REACHED, error, "start a node; correct node"),
				skip(HOT, "needs a node", "see above"),
			]
		},
	};
	let compatible = match chain.check_compatible().await {
		Ok(()) => pass(REACHED, config.node.clone()),
		Err(error) => fail(REACHED, error, "upgrade hcc-miner"),
	};
	let hot = match miner_of(&chain, config).await {
		Ok(Some(miner)) => pass(HOT, format!("of {miner}")),
		Ok(None) if config.owner_key_file.is_some() => {
			skip(HOT, "not registered yet", "hcc-miner run registers it with the owner's key")
		},
		Ok(None) => fail(
			HOT,
			"not the hot key of the miner",
			"call registry.register or registry.set_hot from the owner's account; correct miner",
		),
		Err(error) => fail(HOT, format!("{error:#}"), "see the message"),
	};
	vec![compatible, hot]
}

async fn miner_of(
	chain: &Chain,
	config: &Config,
) -> anyhow::Result<Option<hcc_chain::AccountId32>> {
	let hot = config.hot()?;
	let miner = config.miner(&hot)?;
	let known = hot_key_of(chain, &miner).await?;
	Ok(known.filter(|known| *known == hot.account()).map(|_| miner))
}
