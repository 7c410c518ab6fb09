//! Scene: the VM is charged for each billing interval that is over.

use super::{Scene, CHALLENGE};
use crate::{
	events::{name, Event},
	world::Stage,
	Result,
};

pub const SCENE: Scene =
	Scene { name: "charges", title: "The VM is charged for each interval that is over." };

/// Waits for two charges. If the host answered all challenges of an interval, the charge of this
/// interval will be paid later.
pub async fn run(stage: Stage<'_>) -> Result<()> {
	let charged = |event: &Event| event.is(name::CHARGED);
	stage.wait_for("two intervals of the VM are over", 2, charged, CHALLENGE).await
}
