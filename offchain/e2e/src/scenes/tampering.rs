//! Scene: the miner's program is altered, and the machine's evidence is rejected.

use super::{code::IMA_UNKNOWN_FILE, seconds, Scene, CHALLENGE};
use crate::{
	events::{name, Event},
	world::Stage,
	Error, Result,
};

pub const SCENE: Scene = Scene {
	name: "tampering",
	title: "One byte is added to the miner's program, and it runs again.",
};

/// The maximum number of blocks between a rejection and the next challenge.
const SOON: u64 = 2;

/// Alters the miner's program. Waits for the rejection, and for the challenge that follows the
/// rejection. Returns the chip's score after the rejection.
pub async fn run(stage: Stage<'_>, score_before: u64) -> Result<u64> {
	let digest = stage.machine.alter_miner().await?;
	stage.say(&format!("the altered program has the SHA-256 {digest}"));
	let rejected = |event: &Event| event.is_rejected(IMA_UNKNOWN_FILE);
	let what = "evidence is rejected: a measured file is unknown (ImaUnknownFile)";
	stage.wait_for(what, 1, rejected, CHALLENGE).await?;
	let verdict = stage.first("the rejection", rejected)?;
	let number = |field: &str| {
		let absent = || Error::Unexpected(format!("the verdict has no {field}"));
		verdict.number(field).ok_or_else(absent)
	};
	let (score, challenge, block) = (number("after")?, number("seq")?, number("block")?);
	stage.ensure(score < score_before, || {
		format!("the score was {score_before} and is {score} after the rejection")
	})?;
	let before = number("before")?;
	stage.say(&format!("the score falls from {before} to {score}"));
	let again = |event: &Event| {
		event.is(name::CHALLENGED)
			&& event.challenge() == Some(challenge + 1)
			&& event.block().is_some_and(|at| at <= block + SOON)
	};
	stage.wait_for("the chain challenges it again immediately", 1, again, seconds(60)).await?;
	Ok(score)
}
