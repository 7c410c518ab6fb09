//! Scene: the disk of a worker is full.

use std::path::Path;

use super::{seconds, Scene};
use crate::{commands, world::Stage, Result};

pub const SCENE: Scene = Scene { name: "full disk", title: "A worker starts on a full disk." };

/// The exit code of a worker if its state on disk fails.
pub const STATE_FAILED: i32 = 74;
/// A shell script that runs a program with a limit of a few disk blocks for each file. The signal
/// XFSZ is ignored, so that writes beyond the limit fail as on a full disk.
const LIMITED: &str = "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\"";

/// Starts another worker on a full disk. It must exit with [`STATE_FAILED`], so that a supervisor
/// learns the reason.
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
