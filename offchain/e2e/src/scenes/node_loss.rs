//! Scene: a validator's node is killed and restarted.

use super::{seconds, Scene, CHALLENGE};
use crate::{
	events::{name, Event},
	metrics::name::VOTES,
	world::Stage,
	Error, Result,
};

pub const SCENE: Scene =
	Scene { name: "node loss", title: "The node of the last validator is killed." };

/// Kills the last validator's node. The other validators reach verdicts without it. The worker of
/// the last validator votes again after the node has restarted.
pub async fn run(stage: Stage<'_>) -> Result<()> {
	let number = stage.validators();
	let votes = stage.metrics(number).await?.value(VOTES)?;
	let accepted = stage.accepted();
	stage.network.kill_node(number)?;
	// Waits for two acceptances, because the next accepted evidence may have been judged before the
	// node was killed.
	let what = "the other validators still accept evidence";
	stage.wait_for(what, accepted + 2, Event::is_accepted, CHALLENGE).await?;
	let node = format!("node-{number}");
	let restarted = |event: &Event| {
		event.is(name::RESTARTED) && event.text("text").is_some_and(|text| text.contains(&node))
	};
	stage.wait_for_network("the node runs again", restarted, seconds(60)).await?;
	stage
		.wait_until("its worker votes again", seconds(120), async || {
			// If the worker does not answer, it is queried again later.
			let page = stage.metrics(number).await;
			let now = page.and_then(|page| page.value(VOTES));
			Ok::<_, Error>(now.is_ok_and(|now| now > votes))
		})
		.await
}
