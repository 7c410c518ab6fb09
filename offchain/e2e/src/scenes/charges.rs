//! The VM is charged for the intervals that are over.

use super::{Scene, CHALLENGE};
use crate::{
	events::{name, Event},
	world::Stage,
	Result,
};

pub const SCENE: Scene =
	Scene { name: "charges", title: "The VM is charged for each interval that is over." };

/// Waits for two charges. An interval that is over with all challenges answered will be paid.
pub async fn run(stage: Stage<'_>) -> Result<()> {
	let charged = |event: &Event| event.is(name::CHARGED);
	stage.wait_for("two intervals of the VM are over", 2, charged, CHALLENGE).await
}
