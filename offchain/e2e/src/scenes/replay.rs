//! A dishonest miner submits old evidence again.

use super::{seconds, Scene};
use crate::{world::Stage, Result};

pub const SCENE: Scene =
	Scene { name: "replay", title: "The miner's old evidence is submitted again." };

/// The errors of the chain for the replays. The first replay submits the evidence unchanged, and
/// the second one relabels it for an open challenge.
pub const REFUSALS: [&str; 2] = ["NoChallenge", "QuoteNotBound"];

/// Replays evidence with the miner's key. Both attempts must be refused. The miner itself must not
/// answer its open challenge during that time.
pub async fn run(stage: Stage<'_>) -> Result<()> {
	let key = stage.file("config/hot.key").display().to_string();
	let arguments = ["--node", stage.node(), "--hot-key-file", &key];
	let replayed = stage.run(&stage.program("insecure-replay"), &arguments, seconds(600)).await?;
	stage.story.quote(&replayed);
	for error in REFUSALS {
		let refused = replayed.contains(&format!("Attestation.{error}"));
		stage.ensure(refused, || format!("it was not refused with {error}: {replayed}"))?;
	}
	stage.say("the chain refuses it both times");
	Ok(())
}
