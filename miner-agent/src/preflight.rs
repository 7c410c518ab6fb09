//! Checks the requirements of a host.

mod logs;
mod policy;
mod tpm;

use std::{
	fmt::Write as _,
	fs,
	io::Write as _,
	path::Path,
	process::ExitCode,
	time::{SystemTime, UNIX_EPOCH},
};

use hcc_chain::{Chain, ChainError};
use hcc_evidence::{
	crypto::RustCrypto,
	host::Hash256,
	snp::{self, authenticate, verify_vek},
	UnixSeconds,
};
use serde::Serialize;

use crate::{
	config::Config,
	guest::Guest,
	register::{check_host_data, chip_of, hot_key_of, launched_for},
	tpm::SharedTpm,
};
use policy::ChainPolicy;
use tpm::TpmState;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
enum Status {
	Pass,
	Skip,
	Fail,
}

/// A requirement and the result of its check.
#[derive(Clone, Debug, Serialize)]
struct CheckResult {
	requirement: &'static str,
	status: Status,
	/// A description of the observed state.
	seen: String,
	/// The remedy, unless the requirement is met.
	#[serde(skip_serializing_if = "Option::is_none")]
	remedy: Option<&'static str>,
}

/// The requirement on HOST_DATA of the guest agent.
const LAUNCHED: &str = "hccam launched for this miner";

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

/// Checks all requirements and prints the results. Returns exit code 0 if no requirement fails, and
/// 2 otherwise.
pub async fn check(config: &Config, json: bool) -> anyhow::Result<ExitCode> {
	let node = Chain::connect(&config.node).await;
	let policy = match &node {
		Ok(chain) => ChainPolicy::fetch(chain).await.map_err(|error| format!("{error:#}")),
		Err(_) => Err("needs a node".to_string()),
	};
	let policy = policy.as_ref().map_err(String::as_str);
	let mut findings = vec![processor(), snp_host()];
	findings.extend(machine(config, policy).await?);
	let host_data = node.as_ref().ok().and_then(|chain| host_data_of_miner(chain, config).ok());
	findings.extend(guest(config, policy, host_data).await);
	findings.extend(chain(config, node).await);
	print(&if json {
		serde_json::to_string_pretty(&findings)? + "\n"
	} else {
		in_words(&findings)
	});
	let failed = findings.iter().any(|finding| finding.status == Status::Fail);
	Ok(ExitCode::from(if failed { 2 } else { 0 }))
}

/// Prints to standard output. The exit code does not depend on the success of the write.
fn print(text: &str) {
	if let Err(error) = std::io::stdout().write_all(text.as_bytes()) {
		tracing::warn!(%error, "cannot print all results");
	}
}

fn in_words(findings: &[CheckResult]) -> String {
	let mut text = String::new();
	for CheckResult { requirement, status, seen, remedy } in findings {
		let status = match status {
			Status::Pass => "PASS",
			Status::Skip => "SKIP",
			Status::Fail => "FAIL",
		};
		// A write to a string cannot fail.
		writeln!(text, "{status}  {requirement}: {seen}").unwrap_or_default();
		if let Some(remedy) = remedy {
			writeln!(text, "      {remedy}").unwrap_or_default();
		}
	}
	text
}

/// Returns the time of the chain. If the policy is unavailable, returns the time of this host's
/// clock.
fn now(policy: Result<&ChainPolicy, &str>) -> UnixSeconds {
	let by_clock = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
	policy.map_or_else(|_| UnixSeconds(by_clock()), |policy| policy.now)
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

/// Checks the TPM, and the logs whose replay must result in the TPM's PCRs.
async fn machine(
	config: &Config,
	policy: Result<&ChainPolicy, &str>,
) -> anyhow::Result<Vec<CheckResult>> {
	let shared = SharedTpm::new(config.tpm_settings()?);
	let state = tokio::task::spawn_blocking(move || TpmState::read(&shared)).await?;
	let mut findings = tpm::check(&state, config, policy, now(policy));
	// The findings above include the error of a TPM whose PCRs cannot be read. Without PCRs, the
	// checks of the logs say that they need them.
	let pcrs = state.pcrs.as_ref().ok();
	findings.extend(logs::ima(config, pcrs, policy).await);
	findings.extend(logs::firmware(config, pcrs, policy).await);
	Ok(findings)
}

/// Returns the HOST_DATA of the configured miner's agent.
fn host_data_of_miner(chain: &Chain, config: &Config) -> anyhow::Result<Hash256> {
	Ok(launched_for(chain, &config.miner(&config.hot()?)?))
}

/// Checks that the guest of hccam was launched for the miner.
fn launch(report: &[u8], wanted: Option<Hash256>) -> CheckResult {
	let Some(wanted) = wanted else {
		return skip(LAUNCHED, "needs a node and the hot key", "see below");
	};
	match check_host_data(report, &wanted) {
		Ok(()) => pass(LAUNCHED, format!("HOST_DATA is {}", hex::encode(wanted))),
		Err(error) => fail(LAUNCHED, error, "launch the guest with the HOST_DATA of this miner"),
	}
}

async fn guest(
	config: &Config,
	policy: Result<&ChainPolicy, &str>,
	host_data: Option<Hash256>,
) -> Vec<CheckResult> {
	const REACHED: &str = "hccam in a confidential guest";
	const CHIP: &str = "a chip whose reports contain its id";
	let address = match config.guest() {
		Ok(address) => address,
		Err(error) => return vec![fail(REACHED, error, "correct guest")],
	};
	match Guest::meet(&address).await {
		Ok(guest) => vec![
			pass(REACHED, address.to_string()),
			launch(&guest.report, host_data),
			match chip_of(&guest.report) {
				Ok((chip, _)) => pass(CHIP, hex::encode(chip)),
				Err(error) => fail(CHIP, error, "clear MASK_CHIP_ID; update the SNP firmware"),
			},
			chip_key(config, Some(&guest.report), policy),
		],
		Err(error) => vec![
			fail(REACHED, error, "start the guest and hccam in it; correct guest"),
			skip(LAUNCHED, "needs the guest", "see above"),
			skip(CHIP, "needs the guest", "see above"),
			chip_key(config, None, policy),
		],
	}
}

/// Checks the certificate of the chip's key: its chain must lead to AMD's root, and its chip and
/// TCB must equal those in the guest's report.
fn chip_key(
	config: &Config,
	report: Option<&[u8]>,
	policy: Result<&ChainPolicy, &str>,
) -> CheckResult {
	const KEY: &str = "the chip's VCEK certificate";
	const FETCH: &str = "fetch the certificate of this chip and its TCB from AMD's key server";
	let Some(path) = &config.vcek else {
		return skip(KEY, "not given", "needed only until the chip's key is registered");
	};
	let der = match crate::config::certificate(path) {
		Ok(der) => der,
		Err(error) => return fail(KEY, format!("{error:#}"), FETCH),
	};
	let roots = policy.map_or_else(|_| snp::roots(), |policy| policy.amd_roots.clone());
	let now = now(policy);
	let vek = match verify_vek::<RustCrypto>(&der, &roots, now) {
		Ok(vek) => vek,
		Err(why) => return fail(KEY, why, FETCH),
	};
	match report.map(|report| authenticate::<RustCrypto>(report, &vek, now)) {
		Some(Ok(_)) => pass(KEY, "leads to AMD's root, and signs the guest's report"),
		Some(Err(why)) => fail(KEY, why, FETCH),
		None => skip(KEY, "leads to AMD's root; its chip needs the guest", "see above"),
	}
}

async fn chain(config: &Config, node: Result<Chain, ChainError>) -> Vec<CheckResult> {
	const REACHED: &str = "a node of the chain";
	const HOT: &str = "a hot key that signs for a miner";
	let chain = match node {
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
		Err(error) => fail(REACHED, error, "install the release for the node's runtime"),
	};
	let hot = match miner_of(&chain, config).await {
		Ok(Some(miner)) => pass(HOT, format!("of {miner}")),
		Ok(None) if config.owner_key_file.is_some() => {
			skip(HOT, "not registered yet", "hcc-miner run registers it with the owner's key")
		},
		Ok(None) => fail(
			HOT,
			"not the hot key of the miner",
			"sign the calls that hcc-miner run --print-call prints; correct miner",
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
