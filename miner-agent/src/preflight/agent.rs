//! Checks of hccam and of the VM in which it runs.

use anyhow::bail;
use hcc_chain::Chain;
use hcc_evidence::host::PolicyQuery;
use hcc_guest_protocol::Address;

use super::{fail, pass, policy::ChainPolicy, skip, CheckResult};
use crate::{agent_vm, config::Config, launcher};

const IMAGE: &str = "an image of hccam for SEV-SNP that the chain's policy accepts";

/// Returns the address of hccam.
///
/// ## Errors
/// Fails if hccam's VM does not run, or if that cannot be known without the chain.
pub(super) async fn address(config: &Config, chain: Option<&Chain>) -> anyhow::Result<Address> {
	match (chain, &config.agent_vm) {
		(Some(chain), _) => agent_vm::address(config, chain.genesis()).await,
		(None, None) => config.guest(),
		(None, Some(_)) => bail!("the VM of hccam can be found only with a node"),
	}
}

/// Checks the bytes of the image, and that governance accepts its launch measurement.
pub(super) async fn image(
	config: &Config,
	policy: Result<&ChainPolicy, &str>,
) -> anyhow::Result<CheckResult> {
	const PULL: &str = "fetch the endorsed image: hcc image list, hcc image pull ID --out FOLDER";
	let folder = match agent_vm::configured(config) {
		Ok(Some((agent, _))) => agent.image.clone(),
		Ok(None) => {
			let remedy = "set image in [agent_vm], so that hcc-miner launches hccam";
			return Ok(skip(IMAGE, "the configuration has no [agent_vm]", remedy));
		},
		Err(error) => return Ok(fail(IMAGE, error, "correct [agent_vm]")),
	};
	let verifying = tokio::task::spawn_blocking(move || launcher::agent_image(&folder));
	let image = match verifying.await? {
		Ok(image) => image,
		Err(error) => return Ok(fail(IMAGE, error, PULL)),
	};
	let policy = match policy {
		Ok(policy) => policy,
		Err(reason) => return Ok(skip(IMAGE, reason, "start a node")),
	};
	let measurement = image.measurement;
	let query = PolicyQuery { cpu: None, measurement, files: Vec::new(), boot: Vec::new() };
	let seen = format!("launch measurement {}", hex::encode(measurement));
	Ok(match policy.answer(query).await {
		Ok(extract) if extract.measurements.contains(&measurement) => pass(IMAGE, seen),
		Ok(_) => fail(IMAGE, seen, PULL),
		Err(error) => fail(IMAGE, format!("{error:#}"), "see the message"),
	})
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{preflight::Status, AgentVmConfig, LauncherConfig};

	#[tokio::test]
	async fn image_is_checked_if_miner_launches_hccam() {
		let result = image(&Config::default(), Err("no node")).await.expect("checked");
		assert_eq!(result.status, Status::Skip);
		let agent_vm = Some(AgentVmConfig { image: "/nowhere".into() });
		let without_launcher = Config { agent_vm: agent_vm.clone(), ..Config::default() };
		let result = image(&without_launcher, Err("no node")).await.expect("checked");
		assert!(result.seen.contains("[launcher]"), "{result:?}");
		let launcher = Some(LauncherConfig::Libvirt(Box::default()));
		let absent = Config { launcher, ..without_launcher };
		let result = image(&absent, Err("no node")).await.expect("checked");
		assert_eq!(result.status, Status::Fail);
		assert!(result.seen.contains("/nowhere"), "{result:?}");
	}

	#[tokio::test]
	async fn vm_of_hccam_is_not_found_without_node() {
		assert!(address(&Config::default(), None).await.is_ok());
		let agent_vm = Some(AgentVmConfig { image: "/nowhere".into() });
		assert!(address(&Config { agent_vm, ..Config::default() }, None).await.is_err());
	}
}
