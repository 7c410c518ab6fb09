//! Scene: a miner registers, and proves its TPM to the chain.

use super::{seconds, Scene};
use crate::{events::name, world::Stage, Result};

pub const SCENE: Scene = Scene {
	name: "enrolment",
	title: "The machine joins: it registers as a miner and proves its TPM.",
};

/// Waits until the TPM is enrolled. From then on, the chain can challenge the chip.
pub async fn run(stage: Stage<'_>) -> Result<()> {
	let steps = [
		("the miner registers", name::REGISTERED, 180),
		("it submits its measurement log, in several parts", name::LOG_FOLLOWED, 180),
		("it presents its TPM; validators make credentials", name::ENROLMENT_OPENED, 90),
		("the TPM has opened the credentials: it is the miner's", name::TPM_ENROLLED, 120),
	];
	for (what, event, patience) in steps {
		stage.wait_for(what, 1, |seen| seen.is(event), seconds(patience)).await?;
	}
	Ok(())
}
