//! Checks the requirements of a host.

mod agent;
mod chain;
mod dry_run;
mod firmware;
mod host;
mod hypervisor;
mod logs;
mod policy;
mod tpm;

use std::{fmt::Write as _, io::Write as _, process::ExitCode};

use hcc_chain::Chain;
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
	register::{check_host_data, chip_of, launched_for},
	tpm::SharedTpm,
};
use chain::own_time;
use host::{HostTree, Processor};
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
	let connected = node.as_ref().ok();
	let (tree, guests) = (HostTree::default(), most_guests(config, policy).await);
	let processor = Processor::read(&tree);
	let mut findings = host::check(&tree, &processor, guests);
	findings.extend(firmware::check(&processor, policy).await?);
	findings.extend(hypervisor::check(config, policy).await?);
	findings.push(agent::image(config, policy).await?);
	findings.extend(machine(config, policy).await?);
	let host_data = connected.and_then(|chain| host_data_of_miner(chain, config).ok());
	findings.extend(guest(config, connected, policy, host_data).await);
	findings.extend(chain::check(config, node.as_ref(), policy).await);
	findings.push(dry_run::check(config, connected, policy).await);
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
	policy.map_or_else(|_| own_time(), |policy| policy.now)
}

/// Returns the maximum number of guests at a time: hccam, and the smallest VMs in the whole offer.
async fn most_guests(config: &Config, policy: Result<&ChainPolicy, &str>) -> u32 {
	let fewest = match policy {
		Ok(policy) => policy.fewest_vcpus().await.unwrap_or(1),
		Err(_) => 1,
	};
	let offered = config.offer.map_or(0, |offer| u32::from(offer.vcpus));
	offered.checked_div(fewest).unwrap_or(offered).saturating_add(1)
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
	chain: Option<&Chain>,
	policy: Result<&ChainPolicy, &str>,
	host_data: Option<Hash256>,
) -> Vec<CheckResult> {
	const REACHED: &str = "hccam in a confidential guest";
	const CHIP: &str = "a chip whose reports contain its id";
	let address = match agent::address(config, chain).await {
		Ok(address) => address,
		Err(error) => {
			let remedy = "start hcc-miner run, which launches it, or correct guest";
			return vec![fail(REACHED, format!("{error:#}"), remedy)];
		},
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
