//! Reads the last lines of logs, to print them after a failure.

use std::{
	fs::{self, File},
	io::{Read, Seek, SeekFrom},
	path::{Path, PathBuf},
};

/// The number of lines of each log that are printed.
const LINES: usize = 12;
/// The number of bytes at the end of each log that are read to find these lines.
const BYTES: u64 = 16 << 10;

/// Returns the last lines of all logs in a network's folder. Omits logs that cannot be read.
pub fn tails(folder: &Path) -> String {
	let mut files: Vec<PathBuf> = fs::read_dir(folder.join("logs"))
		.into_iter()
		.flatten()
		.filter_map(|entry| Some(entry.ok()?.path()))
		.filter(|path| path.extension().is_some_and(|kind| kind == "log"))
		.collect();
	files.sort();
	files.push(folder.join("watch.jsonl"));
	let mut text = String::new();
	for file in files {
		if let Ok(end) = tail(&file) {
			text.push_str(&format!("--- the end of {}:\n{end}", file.display()));
		}
	}
	text
}

fn tail(path: &Path) -> std::io::Result<String> {
	let mut file = File::open(path)?;
	let start = file.metadata()?.len().saturating_sub(BYTES);
	file.seek(SeekFrom::Start(start))?;
	let mut bytes = Vec::new();
	file.take(BYTES).read_to_end(&mut bytes)?;
	// The machine's consoles print zero bytes.
	bytes.retain(|byte| *byte != 0);
	let text = String::from_utf8_lossy(&bytes);
	let lines: Vec<_> = text.lines().collect();
	let shown = lines.get(lines.len().saturating_sub(LINES)..).unwrap_or_default();
	Ok(shown.iter().map(|line| format!("{line}\n")).collect())
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn tails_show_the_last_lines_of_each_log() {
		let folder = tempfile::tempdir().expect("a folder");
		let logs = folder.path().join("logs");
		fs::create_dir(&logs).expect("it is writable");
		let many: String = (0..5_000).map(|line| format!("line {line}\n")).collect();
		fs::write(logs.join("node-1.log"), many).expect("it is writable");
		fs::write(logs.join("qemu.log"), "only\0 one").expect("it is writable");
		fs::write(logs.join("image.bin"), "no log").expect("it is writable");
		let text = tails(folder.path());
		assert!(text.contains("line 4999\n") && text.contains("line 4988\n"), "{text}");
		assert!(!text.contains("line 4987\n") && !text.contains("no log"), "{text}");
		assert!(text.contains("only one\n"), "{text}");
	}
}
