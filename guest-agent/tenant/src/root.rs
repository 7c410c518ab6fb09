//! The root file system: the image's squashfs under dm-verity, and an overlay in memory over it.

use std::{
	fs, io,
	path::{Path, PathBuf},
	time::Duration,
};

use tokio::process::Command;

/// The disk with the squashfs, and the one with its hash tree. The host supplies both; a wrong byte
/// panics the kernel.
const DISKS: [&str; 2] = ["/dev/vdb", "/dev/vdc"];
/// Name of the verified device, and its path.
const BASE: (&str, &str) = ("base", "/dev/mapper/base");
/// Folder for the mounts below the root.
const LAYERS: &str = "/layers";
/// Parameters of the hash tree. The tree has no superblock, so the host cannot choose them.
const TREE: [&str; 6] = [
	"--no-superblock",
	"--format=1",
	"--hash=sha256",
	"--salt=-",
	"--data-block-size=4096",
	"--hash-block-size=4096",
];
/// Time for the disks to appear, in steps.
const DISK_STEPS: u32 = 100;
const DISK_STEP: Duration = Duration::from_millis(100);

/// The verified root file system that the measured command line names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct VerityRoot {
	hash: String,
	blocks: u64,
}

impl VerityRoot {
	/// Reads the root hash and the number of blocks from the kernel's command line.
	pub(crate) fn from_command_line(text: &str) -> Result<Self, String> {
		let hash = argument(text, "hcc.root=")?;
		if hash.len() != 64 || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
			return Err(format!("hcc.root={hash} is not a SHA-256 digest"));
		}
		let blocks = argument(text, "hcc.blocks=")?;
		let blocks = match blocks.parse() {
			Ok(number) if number > 0 => number,
			_ => return Err(format!("hcc.blocks={blocks} is not a number of blocks")),
		};
		Ok(Self { hash: hash.into(), blocks })
	}

	/// Mounts the file system at `target`.
	///
	/// ## Errors
	/// Fails if a disk is missing, or if a program that mounts it fails.
	pub(crate) async fn mount(&self, target: &Path) -> io::Result<()> {
		for disk in DISKS {
			wait_for(Path::new(disk)).await?;
		}
		let blocks = format!("--data-blocks={}", self.blocks);
		let [data, tree] = DISKS;
		let mut open = vec!["open", "--panic-on-corruption", blocks.as_str()];
		open.extend(TREE);
		open.extend([data, BASE.0, tree, self.hash.as_str()]);
		execute("veritysetup", &open).await?;
		let layer = |name: &str| -> io::Result<PathBuf> {
			let path = Path::new(LAYERS).join(name);
			fs::create_dir_all(&path).map(|()| path)
		};
		let (base, memory) = (layer("base")?, layer("memory")?);
		mount("squashfs", "ro,nodev", BASE.1, &base).await?;
		mount("tmpfs", "nodev,mode=0755", "hcc", &memory).await?;
		let (upper, work) = (layer("memory/upper")?, layer("memory/work")?);
		let options = format!(
			"lowerdir={},upperdir={},workdir={},index=off,xino=off,redirect_dir=off,metacopy=off",
			base.display(),
			upper.display(),
			work.display()
		);
		fs::create_dir_all(target)?;
		mount("overlay", &options, "hcc", target).await
	}
}

/// Returns the value of an argument that occurs exactly once.
fn argument<'a>(text: &'a str, name: &str) -> Result<&'a str, String> {
	let mut values = text.split_whitespace().filter_map(|word| word.strip_prefix(name));
	match (values.next(), values.next()) {
		(Some(value), None) => Ok(value),
		(Some(_), Some(_)) => Err(format!("the command line repeats {name}")),
		(None, _) => Err(format!("the command line has no {name}")),
	}
}

async fn wait_for(disk: &Path) -> io::Result<()> {
	for _ in 0..DISK_STEPS {
		if disk.exists() {
			return Ok(());
		}
		tokio::time::sleep(DISK_STEP).await;
	}
	Err(io::Error::new(io::ErrorKind::NotFound, format!("{} does not appear", disk.display())))
}

async fn mount(kind: &str, options: &str, source: &str, target: &Path) -> io::Result<()> {
	let target = target.display().to_string();
	execute("busybox", &["mount", "-t", kind, "-o", options, source, &target]).await
}

async fn execute(program: &str, arguments: &[&str]) -> io::Result<()> {
	let failed = |why: String| io::Error::other(format!("{program}: {why}"));
	let status = Command::new(program).args(arguments).status().await;
	match status {
		Ok(status) if status.success() => Ok(()),
		Ok(status) => Err(failed(status.to_string())),
		Err(error) => Err(failed(error.to_string())),
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn command_line_names_root() {
		let hash = "0f".repeat(32);
		let line =
			format!("console=ttyS0 quiet hcc.root={hash} hcc.blocks=77 hcc.init=/sbin/init\n");
		let root = VerityRoot::from_command_line(&line);
		assert_eq!(root, Ok(VerityRoot { hash, blocks: 77 }));
	}

	#[test]
	fn incomplete_or_ambiguous_command_line_is_refused() {
		let hash = "0f".repeat(32);
		for line in [
			String::new(),
			format!("hcc.root={hash}"),
			format!("hcc.root={hash} hcc.blocks=0"),
			format!("hcc.root={hash} hcc.blocks=x"),
			format!("hcc.root={hash}0 hcc.blocks=7"),
			format!("hcc.root={} hcc.blocks=7", "zz".repeat(32)),
			format!("hcc.root={hash} hcc.blocks=7 hcc.blocks=8"),
			format!("hcc.root={hash} hcc.root={hash} hcc.blocks=7"),
			format!("xhcc.root={hash} hcc.blocks=7"),
		] {
			assert!(VerityRoot::from_command_line(&line).is_err(), "{line}");
		}
	}

	#[tokio::test]
	async fn failed_program_is_named() {
		let error = execute("/no/such/program", &[]).await.expect_err("it does not exist");
		assert!(error.to_string().contains("/no/such/program"), "{error}");
		let error = execute("false", &[]).await.expect_err("it fails");
		assert!(error.to_string().starts_with("false: "), "{error}");
	}
}
