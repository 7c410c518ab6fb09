//! A worker's disk is full.

use std::path::Path;

use super::{seconds, Scene};
use crate::{commands, world::Stage, Result};

pub const SCENE: Scene = Scene { name: "full disk", title: "A worker starts on a full disk." };

/// The exit code of a worker whose state on disk fails.
pub const STATE_FAILED: i32 = 74;
/// Runs a program whose files cannot exceed a few blocks, and fails as on a full disk instead of
/// receiving a signal.
const LIMITED: &str = "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\"";

/// Starts another worker on a full disk. It must end with its own exit code, so that a supervisor
/// can tell the reason.
pub async fn run(stage: Stage<'_>) -> Result<()> {
	let key = stage.write("full-disk.key", "//Mallory")?;
	let state = stage.file("full-disk").display().to_string();
	let worker = stage.program("hcc-validator").display().to_string();
	let arguments =
		["-c", LIMITED, &worker, "--node", stage.node(), "--key-file", &key, "--state", &state];
	let ended = commands::run(Path::new("/bin/sh"), &arguments, seconds(60)).await?;
	let code = ended.status.code();
	stage.ensure(code == Some(STATE_FAILED), || {
		let said = String::from_utf8_lossy(&ended.stderr).into_owned();
		format!("the worker ended with {code:?} instead of {STATE_FAILED}: {said}")
	})?;
	stage.say("the worker ends with the exit code of a failed disk");
	Ok(())
}
