//! Scene: an operator checks the requirements of the host.

use serde_json::Value;

use super::Scene;
use crate::{world::Stage, Error, Result};

pub const SCENE: Scene =
	Scene { name: "preflight", title: "The operator checks the host with hcc-miner check." };

/// The only feature that QEMU's processor lacks. Each requirement that may fail contains this text.
const ABSENT: &str = "SEV-SNP";
/// The number of requirements that fail without SEV-SNP: one about the processor, and one about the
/// kernel. The others that need SEV-SNP are skipped.
const FAILURES: usize = 2;
/// The verdict on the host's evidence by the chain's policy.
const VERDICT: &str = "dry run";

/// Runs the check in the machine. Only the requirements about SEV-SNP may fail or be skipped.
pub async fn run(stage: Stage<'_>) -> Result<()> {
	let printed = stage.machine.check().await?;
	let findings: Vec<Value> = serde_json::from_str(&printed)
		.map_err(|source| Error::NotJson { command: "hcc-miner check".into(), source })?;
	let lacking: Vec<_> = findings.iter().filter(|finding| status(finding) != "PASS").collect();
	for finding in &findings {
		stage.story.quote(&in_words(finding));
	}
	let failures = lacking.iter().filter(|finding| status(finding) == "FAIL").count();
	let expected = lacking.iter().all(|finding| requirement(finding).contains(ABSENT));
	stage.ensure(expected && failures == FAILURES && findings.len() > lacking.len(), || {
		let all: Vec<_> = lacking.iter().map(|finding| requirement(finding)).collect();
		format!("hcc-miner check finds lacking: {}", all.join("; "))
	})?;
	let accepted =
		|finding: &Value| requirement(finding).contains(VERDICT) && status(finding) == "PASS";
	stage.ensure(findings.iter().any(accepted), || "there is no verdict on the host".into())?;
	stage.say("the host lacks only a processor with SEV-SNP");
	Ok(())
}

fn text<'v>(finding: &'v Value, field: &str) -> &'v str {
	finding.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn status(finding: &Value) -> &str {
	text(finding, "status")
}

fn requirement(finding: &Value) -> &str {
	text(finding, "requirement")
}

fn in_words(finding: &Value) -> String {
	format!("{}  {}: {}", status(finding), requirement(finding), text(finding, "seen"))
}
