//! Scene: an ordinary client from npm reads the score, as a block explorer would.

use std::path::Path;

use serde_json::Value;

use super::{seconds, Scene};
use crate::{
	commands::{field, number},
	world::Stage,
	Error, Result,
};

pub const SCENE: Scene = Scene { name: "explorer", title: "A client from npm reads the score." };

/// Runs the client's script. The script must read at least `score`, because the score may have
/// risen in the meantime.
pub async fn run(stage: Stage<'_>, client: &Path, score: u64) -> Result<()> {
	// The time limit is long, because the first run installs the client's packages.
	let printed = stage.run(client, &[stage.node()], seconds(600)).await?;
	let read: Value = serde_json::from_str(&printed)
		.map_err(|source| Error::NotJson { command: client.display().to_string(), source })?;
	let seen = number(&read, "/score")?;
	stage.ensure(seen >= score, || format!("the client reads the score {seen}, not {score}"))?;
	let (passed, pallets) = (field(&read, "/passed")?, field(&read, "/pallets")?);
	stage.say(&format!("it reads a score of {seen}, {passed} accepted, {pallets} pallets"));
	Ok(())
}
