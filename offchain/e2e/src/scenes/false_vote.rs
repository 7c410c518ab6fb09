//! Scene: the reports of a chip are forged, and a validator casts a false vote.

use super::{
	code::{BOOT_UNKNOWN, REPORT_SIGNATURE},
	seconds,
	verification::check,
	Scene, CHALLENGE,
};
use crate::{
	events::{name, Event},
	world::Stage,
	Result,
};

pub const SCENE: Scene = Scene {
	name: "false vote",
	title: "Another chip signs the reports, and a validator votes falsely about them.",
};

/// The account `//Dave`: the validator of the last node.
pub const DISHONEST: &str = "5DAAnrj7VHTznn2AWBemMuyBwZWs6FNFjdyVXUeYum3PTXFy";
/// The chip that signs the forged reports. The reports name another chip.
const OTHER_CHIP: &str = "mallory";

/// Forges reports, and lets the last validator cast a false vote. No later scene waits for a
/// challenge. After this scene, the dishonest validator may author no blocks, so that every fourth
/// slot stays empty.
pub async fn run(stage: Stage<'_>) -> Result<()> {
	tokio::try_join!(lie(&stage), forge(&stage))?;
	// The false vote concerns the next evidence, which the machine may have made before the
	// forgery.
	let what = "the chain evaluates the evidence itself: the vote is proven false";
	stage.wait_for(what, 1, is_proven, seconds(180)).await?;
	let slashed = stage.chain.all(|event| event.is(name::SLASHED));
	let only_dishonest = slashed.iter().all(|event| event.text("who") == Some(DISHONEST));
	stage.ensure(only_dishonest && !slashed.is_empty(), || {
		format!("not exactly the dishonest validator was slashed: {slashed:?}")
	})?;
	stage.say("the dishonest validator loses a part of its bond");
	let what = "the verdict on the changed boot is final";
	stage.wait_for(what, 1, |event| event.is_rejected(BOOT_UNKNOWN), seconds(60)).await?;
	check(&stage, Some(BOOT_UNKNOWN)).await
}

/// Returns true for a proof in which the dishonest validator is the only one with a false vote.
pub fn is_proven(event: &Event) -> bool {
	event.is(name::PROVEN) && event.texts("wrong") == [DISHONEST]
}

async fn lie(stage: &Stage<'_>) -> Result<()> {
	let key = stage.file(&format!("worker-{}.key", stage.validators())).display().to_string();
	let arguments = ["--node", stage.node(), "--key-file", &key];
	stage.run(&stage.program("insecure-liar"), &arguments, seconds(600)).await?;
	stage.say("a validator votes against evidence before any validator has checked it");
	Ok(())
}

async fn forge(stage: &Stage<'_>) -> Result<()> {
	stage.machine.sign_reports_by(OTHER_CHIP).await?;
	let rejected = |event: &Event| event.is_rejected(REPORT_SIGNATURE);
	let what = "evidence is rejected: the report's signature does not verify";
	stage.wait_for(what, 1, rejected, CHALLENGE).await
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn only_a_proof_against_the_dishonest_validator_alone_counts() {
		let event = |wrong: &str| {
			Event::parse(&format!(r#"{{"event":"proven","wrong":{wrong}}}"#)).expect("it is JSON")
		};
		assert!(is_proven(&event(&format!("[{DISHONEST:?}]"))));
		assert!(!is_proven(&event(&format!("[{DISHONEST:?},\"5Other\"]"))));
		assert!(!is_proven(&event("[]")));
	}
}
