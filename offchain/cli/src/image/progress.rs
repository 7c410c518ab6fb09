//! Progress of long work on the terminal. Without a terminal the bars are hidden.

use std::{path::Path, time::Duration};

use hcc_image::{Error, Image};
use indicatif::{ProgressBar, ProgressStyle};

/// Interval between two turns of the spinner.
const TICK: Duration = Duration::from_millis(120);

/// Verifies the image in a folder, and shows how much of it has been read.
pub(super) fn verify(folder: &Path) -> Result<Image, Error> {
	let bar = ProgressBar::new(0).with_style(style("{bar:30} {bytes}/{total_bytes} {msg}"));
	let image = Image::verify(folder, |progress| {
		bar.set_length(progress.total);
		bar.set_position(progress.done);
		bar.set_message(progress.file.name());
	});
	bar.finish_and_clear();
	image
}

/// Returns a bar for the bytes of a download.
pub(super) fn download() -> ProgressBar {
	ProgressBar::new(0)
		.with_style(style("{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta} {msg}"))
}

/// Returns a bar for the steps of a build.
pub(super) fn steps() -> ProgressBar {
	let bar = ProgressBar::new(0).with_style(style("{spinner} [{pos}/{len}] {elapsed} {msg}"));
	bar.enable_steady_tick(TICK);
	bar
}

/// Returns the style of a template. An invalid one gives the default style.
fn style(template: &str) -> ProgressStyle {
	ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
