//! The chain spec: a preset whose policy also accepts the host's TPM vendor and files.

use anyhow::{bail, Context};
use serde_json::{json, Map, Value};
use tokio::process::Command;

use super::{host::output_of, layout::Layout};

/// The name of the chain spec in a network's folder.
pub(crate) const FILE: &str = "chain.json";

/// Writes the spec of a chain with the given number of validators. `additions` extend the policy in
/// the genesis of the chain.
pub(crate) async fn write(
	layout: &Layout,
	validators: u16,
	additions: Value,
) -> anyhow::Result<()> {
	let preset = if validators == 1 { "dev" } else { "local" };
	let mut command = Command::new(layout.program("hccs-node"));
	command.args(["export-chain-spec", "--chain", preset]);
	let text = output_of(&mut command).await?;
	let mut spec: Value =
		serde_json::from_slice(&text).context("the output of hccs-node is not a chain spec")?;
	add_policy(&mut spec, additions)?;
	layout.write(FILE, format!("{spec:#}"))?;
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
	fn spec_without_patch_is_refused() {
		let error = add_policy(&mut json!({}), json!({})).expect_err("an empty spec");
		assert!(error.to_string().contains("runtimeGenesis"), "{error}");
	}
}
