use std::{
	collections::VecDeque,
	env,
	io::{BufRead, BufReader},
	path::{Path, PathBuf},
	process::{Child, Command, Stdio},
};

use anyhow::Context;
use indicatif::ProgressBar;

use super::{print, progress, with_remedy};
use crate::output;

/// The number of lines of a failed build that the error repeats.
const LAST_LINES: usize = 12;

/// The script that builds an image.
const SCRIPT: &str = "build.sh";

/// Build an image from a recipe.
///
/// Needs root, and the packages that scripts/setup.sh installs. The first build makes a folder of
/// tools in the user's cache, which takes about two minutes. The image contains what Debian's
/// archive serves today. Two builds from the same packages and programs give equal bytes.
#[derive(Debug, clap::Args)]
pub(crate) struct Build {
	/// The recipe: minimal, debian or hccam, or one of these after insecure-.
	recipe: String,

	/// The folder of the image. An image that it contains is replaced.
	#[arg(long, value_name = "DIR")]
	out: PathBuf,

	/// The folder of the built programs that become part of the image [default: that of hcc].
	#[arg(long, value_name = "DIR")]
	programs: Option<PathBuf>,

	/// The folder of the recipes.
	#[arg(long, value_name = "DIR", default_value = "images")]
	images: PathBuf,

	/// The version that the image states.
	#[arg(long, value_name = "TEXT", default_value = env!("CARGO_PKG_VERSION"))]
	image_version: String,

	/// A list of packages that the image must consist of. Releases are built with one.
	#[arg(long, value_name = "FILE")]
	lock: Option<PathBuf>,

	/// Print the built image as one JSON object.
	#[arg(long)]
	json: bool,
}

impl Build {
	pub(super) fn run(&self) -> anyhow::Result<()> {
		let bar = progress::steps();
		let result = self.run_script(&bar);
		bar.finish_and_clear();
		result?;
		print(&progress::verify(&self.out).map_err(with_remedy)?, self.json);
		Ok(())
	}

	/// Runs the script to its end, and shows its steps.
	fn run_script(&self, bar: &ProgressBar) -> anyhow::Result<()> {
		let mut child = self.start()?;
		let mut last = VecDeque::new();
		if let Some(output) = child.stderr.take() {
			for line in BufReader::new(output).lines() {
				show(bar, &line.context("cannot read the output of the build")?, &mut last);
			}
		}
		let status = child.wait().context("cannot wait for the build")?;
		if status.success() {
			return Ok(());
		}
		let lines: Vec<String> = last.into();
		anyhow::bail!("the build of {} failed ({status}):\n{}", self.recipe, lines.join("\n"))
	}

	fn start(&self) -> anyhow::Result<Child> {
		let script = self.images.join(SCRIPT);
		anyhow::ensure!(
			script.is_file(),
			"{} does not exist: run hcc in a checkout of hccs, or name its folder `images` with \
			 --images",
			script.display()
		);
		let programs = match &self.programs {
			Some(folder) => folder.clone(),
			None => own_folder()?,
		};
		let mut command = Command::new(&script);
		command.arg(&self.recipe).arg(&self.out).arg("--programs").arg(programs);
		command.arg("--version").arg(&self.image_version);
		if let Some(lock) = &self.lock {
			command.arg("--lock").arg(lock);
		}
		command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
		command.spawn().with_context(|| format!("cannot run {}", script.display()))
	}
}

/// Returns the folder of this program.
fn own_folder() -> anyhow::Result<PathBuf> {
	let own = env::current_exe().context("cannot find the folder of hcc")?;
	Ok(own.parent().unwrap_or(Path::new("/")).to_owned())
}

/// Shows a line of the script: as progress on a terminal, otherwise as it is.
fn show(bar: &ProgressBar, line: &str, last: &mut VecDeque<String>) {
	let text = line.strip_prefix("image: ").unwrap_or(line);
	if bar.is_hidden() {
		output::warn(format_args!("{text}"));
	} else if let Some((number, steps, name)) = step(text) {
		bar.set_length(steps);
		bar.set_position(number);
		bar.set_message(name.to_owned());
	} else {
		bar.println(text);
	}
	if last.len() == LAST_LINES {
		last.pop_front();
	}
	last.push_back(text.to_owned());
}

/// Parses a line such as `[2/7] kernel and firmware`.
fn step(text: &str) -> Option<(u64, u64, &str)> {
	let (numbers, name) = text.strip_prefix('[')?.split_once("] ")?;
	let (number, steps) = numbers.split_once('/')?;
	Some((number.parse().ok()?, steps.parse().ok()?, name))
}

#[cfg(test)]
mod tests {
	use super::step;

	#[test]
	fn steps_are_parsed() {
		assert_eq!(step("[2/7] kernel and firmware"), Some((2, 7, "kernel and firmware")));
		for other in ["kernel", "[2] kernel", "[x/7] kernel", "[2/7]kernel"] {
			assert_eq!(step(other), None, "{other}");
		}
	}
}
