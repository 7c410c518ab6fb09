//! The chain spec: a preset whose policy also accepts the host's TPM vendor and files.

use std::ffi::OsStr;

use anyhow::{bail, Context};
use serde_json::{json, Map, Value};
use tokio::process::Command;

use super::{host::output_of, layout::Layout};

/// The spec that the nodes read. It contains the storage of the genesis, so that no node has to
/// compute it.
pub(crate) const FILE: &str = "chain-raw.json";
/// The same spec in readable form.
const READABLE: &str = "chain.json";

/// The attestation rules in which a network differs from the preset, in ticks. The machine can
/// reboot within a pause. A chip on probation has no open challenge for a third of the time, so
/// that a pause can begin. No tier is challenged less often than the trusted one.
const RULES: [(&str, u32); 3] = [("pause", 29), ("trusted", 6), ("probation", 6)];

/// Exports the preset for a chain with the given number of validators.
pub(crate) async fn export(layout: &Layout, validators: u16) -> anyhow::Result<Value> {
	let preset = if validators == 1 { "dev" } else { "local" };
	let text = export_as(layout, preset.as_ref(), &[]).await?;
	serde_json::from_slice(&text).context("the output of hccs-node is not a chain spec")
}

/// Writes a chain spec. `additions` extend the policy of its genesis.
pub(crate) async fn write(
	layout: &Layout,
	mut spec: Value,
	additions: Value,
) -> anyhow::Result<()> {
	add_policy(&mut spec, additions)?;
	set_rules(&mut spec)?;
	let readable = layout.write(READABLE, format!("{spec:#}"))?;
	let raw = export_as(layout, readable.as_os_str(), &["--raw"]).await?;
	layout.write(FILE, raw)?;
	Ok(())
}

async fn export_as(layout: &Layout, chain: &OsStr, options: &[&str]) -> anyhow::Result<Vec<u8>> {
	let mut command = Command::new(layout.program("hccs-node"));
	command.args(["export-chain-spec", "--chain"]).arg(chain).args(options);
	output_of(&mut command).await
}

/// Sets the rules that differ from the preset.
fn set_rules(spec: &mut Value) -> anyhow::Result<()> {
	let rules = spec
		.pointer_mut("/genesis/runtimeGenesis/patch/attestation/rules")
		.and_then(Value::as_object_mut)
		.context("the chain spec has no attestation.rules in its genesis")?;
	rules.extend(RULES.map(|(name, ticks)| (name.to_owned(), json!(ticks))));
	Ok(())
}

/// Merges `additions` into the policy in a chain spec's genesis. Lists are extended, and other
/// values are replaced.
fn add_policy(spec: &mut Value, additions: Value) -> anyhow::Result<()> {
	let patch = spec
		.pointer_mut("/genesis/runtimeGenesis/patch")
		.and_then(Value::as_object_mut)
		.context("the chain spec has no genesis.runtimeGenesis.patch")?;
	let policy = patch.entry("policy").or_insert_with(|| Value::Object(Map::new()));
	let (Value::Object(policy), Value::Object(additions)) = (policy, additions) else {
		bail!("the policy in the chain spec is not an object");
	};
	for (key, value) in additions {
		match (policy.entry(key).or_insert(json!([])), value) {
			(Value::Array(present), Value::Array(more)) => present.extend(more),
			(present, value) => *present = value,
		}
	}
	Ok(())
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn policy_lists_are_extended() {
		let mut spec = json!({ "genesis": { "runtimeGenesis": { "patch": {
			"policy": { "trustAmd": true, "tpmRoots": ["0x01"] },
		} } } });
		add_policy(&mut spec, json!({ "tpmRoots": ["0x02"], "files": [1], "trustAmd": false }))
			.expect("a valid spec");
		let policy = &spec["genesis"]["runtimeGenesis"]["patch"]["policy"];
		assert_eq!(
			policy,
			&json!({ "trustAmd": false, "tpmRoots": ["0x01", "0x02"], "files": [1] })
		);
	}

	#[test]
	fn rules_of_preset_are_replaced() {
		let rules = json!({ "answer": 20, "pause": 20, "trusted": 2, "probation": 2 });
		let mut spec = json!({ "genesis": { "runtimeGenesis": { "patch": {
			"attestation": { "rules": rules },
		} } } });
		set_rules(&mut spec).expect("a valid spec");
		let rules = &spec["genesis"]["runtimeGenesis"]["patch"]["attestation"]["rules"];
		let wanted = json!({ "answer": 20, "pause": 29, "trusted": 6, "probation": 6 });
		assert_eq!(rules, &wanted);
	}

	#[test]
	fn spec_without_patch_is_refused() {
		let error = add_policy(&mut json!({}), json!({})).expect_err("an empty spec");
		assert!(error.to_string().contains("runtimeGenesis"), "{error}");
		let error = set_rules(&mut json!({})).expect_err("an empty spec");
		assert!(error.to_string().contains("attestation"), "{error}");
	}
}
