//! An ordinary client from npm reads the score, as an explorer would.

use std::path::Path;

use serde_json::Value;

use super::{seconds, Scene};
use crate::{
	commands::{field, number},
	world::Stage,
	Error, Result,
};

pub const SCENE: Scene = Scene { name: "explorer", title: "A client from npm reads the score." };

/// Runs the client's script. It must read at least `score`, which may have risen.
pub async fn run(stage: Stage<'_>, client: &Path, score: u64) -> Result<()> {
	// The first run installs the client's packages.
	let printed = stage.run(client, &[stage.node()], seconds(600)).await?;
	let read: Value = serde_json::from_str(&printed)
		.map_err(|source| Error::NotJson { command: client.display().to_string(), source })?;
	let seen = number(&read, "/score")?;
	stage.ensure(seen >= score, || format!("the client reads the score {seen}, not {score}"))?;
	let (passed, pallets) = (field(&read, "/passed")?, field(&read, "/pallets")?);
	stage.say(&format!("it reads a score of {seen}, {passed} accepted, {pallets} pallets"));
	Ok(())
}
