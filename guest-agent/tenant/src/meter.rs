//! The resources that the machine has received, from the kernel's own figures.

use std::{
	fs, io,
	path::{Path, PathBuf},
	time::Duration,
};

use hccam::usage::{Meter, Reading};

/// Length of the ticks in `/proc/stat`, in milliseconds. It is the same on all x86-64 kernels.
const TICK_MILLIS: u64 = 10;
/// Size of a page on x86-64, in bytes.
const PAGE: u64 = 4096;
/// Size of a sector in `/sys/block`, in bytes.
const SECTOR: u64 = 512;

/// Reads `/proc` and `/sys` of the machine. Times and bytes sent never decrease: the kernel can
/// correct steal time downwards, and a receipt must not count time twice.
#[derive(Clone, Debug)]
pub struct MachineMeter {
	/// The folder that contains `proc` and `sys`.
	root: PathBuf,
	/// The name of the disk that the tenant pays for.
	disk: String,
	highest: Reading,
}

impl MachineMeter {
	/// Creates a meter for the machine below `root`, with a disk by its name in `/sys/block`.
	pub fn new(root: &Path, disk: &str) -> Self {
		Self { root: root.into(), disk: disk.into(), highest: Reading::default() }
	}

	fn text(&self, name: &str) -> io::Result<String> {
		let path = self.root.join(name);
		fs::read_to_string(&path)
			.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
	}

	/// Returns the size of the disk in GiB, rounded down. A VM without that disk has none.
	fn disk(&self) -> io::Result<u32> {
		let sectors = match self.text(&format!("sys/block/{}/size", self.disk)) {
			Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
			text => number(text?.trim(), "size")?,
		};
		Ok(clamped(sectors.saturating_mul(SECTOR) >> 30))
	}
}

impl Meter for MachineMeter {
	fn read(&mut self) -> io::Result<Reading> {
		let (cpu_time, steal) = cpu(&self.text("proc/stat")?)?;
		let seen = Reading {
			uptime: uptime(&self.text("proc/uptime")?)?,
			cpu_time,
			steal,
			memory: memory(&self.text("proc/zoneinfo")?)?,
			disk: self.disk()?,
			egress: sent(&self.text("proc/net/dev")?)?,
		};
		let before = &self.highest;
		let reading = Reading {
			uptime: seen.uptime.max(before.uptime),
			cpu_time: seen.cpu_time.max(before.cpu_time),
			steal: seen.steal.max(before.steal),
			egress: seen.egress.max(before.egress),
			..seen
		};
		self.highest = reading;
		Ok(reading)
	}
}

/// Parses `/proc/uptime`.
fn uptime(text: &str) -> io::Result<Duration> {
	let seconds = text.split_whitespace().next().unwrap_or_default();
	let seconds: f64 = seconds.parse().map_err(|_| invalid("uptime", seconds))?;
	Duration::try_from_secs_f64(seconds).map_err(|_| invalid("uptime", text))
}

/// Returns the time for which the vCPUs worked, and the time that they waited for the host. Idle
/// time is neither: the VM did not want it.
fn cpu(text: &str) -> io::Result<(Duration, Duration)> {
	let all = text.lines().find_map(|line| line.strip_prefix("cpu "));
	let all = all.ok_or_else(|| invalid("stat", "no line of all cpus"))?;
	let ticks = all.split_whitespace().map(|ticks| number(ticks, "stat"));
	let ticks = ticks.collect::<io::Result<Vec<_>>>()?;
	// Time of nested guests, which follows, is part of the user time.
	let [user, nice, system, _idle, _iowait, irq, softirq, steal, ..] = ticks[..] else {
		return Err(invalid("stat", all));
	};
	let worked = [user, nice, system, irq, softirq].into_iter().fold(0, u64::saturating_add);
	let time = |ticks: u64| Duration::from_millis(ticks.saturating_mul(TICK_MILLIS));
	Ok((time(worked), time(steal)))
}

/// Returns the memory in MiB, rounded to the nearest, from `/proc/zoneinfo`. Unlike `MemTotal` it
/// includes the memory that the kernel itself occupies: the host has provided that too.
fn memory(text: &str) -> io::Result<u32> {
	let mut pages = 0u64;
	for line in text.lines() {
		let mut words = line.split_whitespace();
		if let (Some("present"), Some(present), None) = (words.next(), words.next(), words.next()) {
			pages = pages.saturating_add(number(present, "zoneinfo")?);
		}
	}
	if pages == 0 {
		return Err(invalid("zoneinfo", "no zone has memory"));
	}
	Ok(clamped(pages.saturating_mul(PAGE).saturating_add(1 << 19) >> 20))
}

/// Returns the bytes that all interfaces but the loopback have sent, from `/proc/net/dev`.
fn sent(text: &str) -> io::Result<u64> {
	let mut sum = 0u64;
	for line in text.lines() {
		// The two lines of headings have no colon.
		let Some((name, counters)) = line.split_once(':') else { continue };
		if name.trim() == "lo" {
			continue;
		}
		let bytes = counters.split_whitespace().nth(8);
		let bytes = bytes.ok_or_else(|| invalid("net/dev", line))?;
		sum = sum.saturating_add(number(bytes, "net/dev")?);
	}
	Ok(sum)
}

fn number(text: &str, file: &str) -> io::Result<u64> {
	text.parse().map_err(|_| invalid(file, text))
}

fn invalid(file: &str, seen: &str) -> io::Error {
	io::Error::new(io::ErrorKind::InvalidData, format!("{file} is not as expected: {seen:?}"))
}

fn clamped(number: u64) -> u32 {
	u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
	use super::*;

	/// A recorded machine: 2 vCPUs, 512 MiB, a disk of 10 GiB.
	const STAT: &str = "\
cpu  1000 20 300 90000 50 7 13 400 99 0
cpu0 500 10 150 45000 25 3 7 200 50 0
cpu1 500 10 150 45000 25 4 6 200 49 0
intr 123 0
";
	const ZONEINFO: &str = "\
Node 0, zone      DMA
  pages free     3840
        present  3998
        managed  3840
Node 0, zone    DMA32
  per-node stats
      nr_present_like 7
  pages free     90000
        present  127072
        managed  115000
Node 0, zone   Normal
        present  0
";
	const NET: &str = "\
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop
    lo: 5000 10 0 0 0 0 0 0 5000 10 0 0 0 0 0 0
  eth0: 7000 20 0 0 0 0 0 0 3145728 30 0 0 0 0 0 0
  eth1:1 2 0 0 0 0 0 0 1048576 30 0 0 0 0 0 0
";

	struct Recorded(tempfile::TempDir);

	impl Recorded {
		fn new() -> Self {
			let recorded = Self(tempfile::tempdir().expect("a folder"));
			recorded.write("proc/stat", STAT);
			recorded.write("proc/uptime", "123.45 200.00\n");
			recorded.write("proc/zoneinfo", ZONEINFO);
			recorded.write("proc/net/dev", NET);
			recorded.write("sys/block/vda/size", "20971520\n");
			recorded
		}

		fn write(&self, name: &str, text: &str) {
			let path = self.0.path().join(name);
			fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
			fs::write(path, text).expect("written");
		}

		fn meter(&self) -> MachineMeter {
			MachineMeter::new(self.0.path(), "vda")
		}
	}

	#[test]
	fn recorded_machine_is_read() {
		let reading = Recorded::new().meter().read().expect("readable");
		assert_eq!(reading.uptime, Duration::from_millis(123_450));
		assert_eq!(reading.cpu_time, Duration::from_millis(13_400));
		assert_eq!(reading.steal, Duration::from_millis(4_000));
		assert_eq!((reading.memory, reading.disk, reading.egress), (512, 10, 4 << 20));
	}

	#[test]
	fn times_never_decrease() {
		let recorded = Recorded::new();
		let mut meter = recorded.meter();
		let first = meter.read().expect("readable");
		recorded.write("proc/stat", "cpu  900 20 300 95000 50 7 13 100 0 0\n");
		recorded.write("proc/uptime", "120.00 200.00\n");
		recorded.write("proc/net/dev", "eth0: 0 0 0 0 0 0 0 0 9 0\n");
		assert_eq!(meter.read().expect("readable"), first);
		recorded.write("proc/stat", "cpu  2000 20 300 95000 50 7 13 500 0 0\n");
		let later = meter.read().expect("readable");
		assert!(later.cpu_time > first.cpu_time && later.steal > first.steal);
		assert_eq!(later.uptime, first.uptime);
	}

	#[test]
	fn smaller_memory_and_disk_are_reported() {
		let recorded = Recorded::new();
		let mut meter = recorded.meter();
		meter.read().expect("readable");
		recorded.write("proc/zoneinfo", "        present  65536\n");
		recorded.write("sys/block/vda/size", "4194303\n");
		let reading = meter.read().expect("readable");
		assert_eq!((reading.memory, reading.disk), (256, 1));
	}

	#[test]
	fn machine_without_disk_has_none() {
		let mut meter = MachineMeter::new(Recorded::new().0.path(), "vda");
		assert!(meter.read().is_err(), "the folder was removed");
		let recorded = Recorded::new();
		fs::remove_file(recorded.0.path().join("sys/block/vda/size")).expect("removed");
		assert_eq!(recorded.meter().read().expect("readable").disk, 0);
	}

	#[test]
	fn unexpected_files_are_errors() {
		for (name, text) in [
			("proc/stat", "cpu0 1 2 3\n"),
			("proc/stat", "cpu  1 2 3\n"),
			("proc/stat", "cpu  1 2 3 4 5 6 x 8\n"),
			("proc/uptime", ""),
			("proc/uptime", "-1 0\n"),
			("proc/zoneinfo", ""),
			("proc/zoneinfo", "present x\n"),
			("proc/net/dev", "eth0: 1 2 3\n"),
			("sys/block/vda/size", "large\n"),
		] {
			let recorded = Recorded::new();
			recorded.write(name, text);
			let read = recorded.meter().read();
			assert!(read.is_err(), "{name} {text:?}: {read:?}");
		}
	}
}
