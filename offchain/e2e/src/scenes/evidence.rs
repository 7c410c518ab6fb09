//! Scene: the machine answers challenges, and validators accept its evidence.

use super::{Scene, CHALLENGE};
use crate::{
	events::{name, Event},
	world::Stage,
	Error, Result,
};

pub const SCENE: Scene = Scene {
	name: "evidence",
	title: "The chain challenges the machine; validators check its evidence.",
};

/// The score of a new chip.
const START: u64 = 500;

/// Waits until evidence was accepted `times` times. Returns the chip's score after the last
/// acceptance.
pub async fn run(stage: Stage<'_>, times: usize) -> Result<u64> {
	for number in 1..=times {
		let what = match number {
			1 => "the first evidence is accepted".to_owned(),
			_ => format!("evidence is accepted again ({number} of {times})"),
		};
		stage.wait_for(&what, number, Event::is_accepted, CHALLENGE).await?;
	}
	let score = last_score(&stage)?;
	stage.ensure(score > START, || format!("the score did not rise: it is {score}"))?;
	stage.say(&format!("the score is {score} of 1000; a new chip starts at {START}"));
	let miner = stage.miner()?;
	stage.story.quote(&stage.hcc.text(&["miner", "show", &miner]).await?);
	Ok(score)
}

fn last_score(stage: &Stage<'_>) -> Result<u64> {
	let verdict = stage.last("a verdict", |event| event.is(name::VERDICT))?;
	verdict.number("after").ok_or_else(|| Error::Unexpected("a verdict has no score".into()))
}
