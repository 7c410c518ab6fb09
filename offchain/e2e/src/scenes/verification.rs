//! Scene: anyone can check a verdict. The scene fetches evidence and verifies it without the chain.

use super::{code::IMA_UNKNOWN_FILE, Scene};
use crate::{
	commands::{field, text},
	events::Event,
	world::Stage,
	Result,
};

pub const SCENE: Scene =
	Scene { name: "verification", title: "You check the verdicts yourself, without the chain." };

/// The exit codes of `hcc verify`.
const ACCEPTED: i32 = 0;
const REJECTED: i32 = 2;

/// Checks the first accepted evidence, and the first evidence that was rejected because of an
/// unknown file.
pub async fn run(stage: Stage<'_>) -> Result<()> {
	check(&stage, None).await?;
	check(&stage, Some(IMA_UNKNOWN_FILE)).await
}

/// Fetches the first evidence that was rejected with `code`, or the first accepted evidence if
/// there is no code. Verifies this evidence again offline.
pub(super) async fn check(stage: &Stage<'_>, code: Option<u64>) -> Result<()> {
	let judged = |event: &Event| match code {
		None => event.is_accepted(),
		Some(code) => event.is_rejected(code),
	};
	let verdict = stage.first("a verdict to check", judged)?;
	let challenge = verdict.challenge().unwrap_or_default().to_string();
	let bundle = stage.file(&format!("evidence-{challenge}")).display().to_string();
	let fetch = ["evidence", "fetch", "--seq", &challenge, "--out", &bundle];
	stage.story.quote(&format!("$ hcc {} --node {}", fetch.join(" "), stage.node()));
	stage.hcc.text(&fetch).await?;
	let verify = ["verify", "evidence", "--bundle", &bundle];
	stage.story.quote(&format!("$ hcc {}", verify.join(" ")));
	let (exit, found) = stage.hcc.offline(&verify).await?;
	let (wanted, exit_wanted) = match code {
		None => ("accepted", ACCEPTED),
		Some(_) => ("rejected", REJECTED),
	};
	let same = text(&found, "/verdict")? == wanted
		&& field(&found, "/code")?.as_u64() == code
		&& exit == Some(exit_wanted);
	stage.ensure(same, || format!("the chain found {wanted} {code:?}, hcc verify {found}"))?;
	let reason = found.get("message").and_then(serde_json::Value::as_str).unwrap_or(wanted);
	stage.say(&format!("challenge {challenge}: {wanted}, as the chain found: {reason}"));
	Ok(())
}
