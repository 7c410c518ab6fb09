//! Narration of a run. Each line has the number of seconds since the start. While nothing happens,
//! progress lines are printed.

use std::{
	cell::RefCell,
	collections::BTreeMap,
	convert::Infallible,
	io::Write,
	time::{Duration, Instant},
};

use tokio::time::sleep;

/// The maximum time without output. A line must be printed at least every 10 s, so this limit is a
/// little lower.
const SILENCE: Duration = Duration::from_secs(9);
/// The interval between two checks if a progress line is due.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A narrator.
pub struct Story {
	started: Instant,
	state: RefCell<State>,
}

struct State {
	out: Box<dyn Write>,
	spoke: Instant,
	/// Descriptions of the pending waits, oldest first.
	waits: BTreeMap<u64, String>,
	next_wait: u64,
}

/// A pending wait. It ends when this value is dropped.
pub struct Wait<'a> {
	story: &'a Story,
	number: u64,
}

impl Story {
	/// Creates a story that begins now and is written to `out`.
	pub fn new(out: impl Write + 'static) -> Self {
		let now = Instant::now();
		let state = State { out: Box::new(out), spoke: now, waits: BTreeMap::new(), next_wait: 0 };
		Self { started: now, state: RefCell::new(state) }
	}

	/// Returns the number of whole seconds since the start.
	pub fn seconds(&self) -> u64 {
		self.started.elapsed().as_secs()
	}

	/// Prints a text unchanged.
	pub fn tell(&self, text: &str) {
		let mut state = self.state.borrow_mut();
		// A failed write is ignored, because scenes do not depend on a reader.
		drop(writeln!(state.out, "{}", text.trim_end()).and_then(|()| state.out.flush()));
		state.spoke = Instant::now();
	}

	/// Prints the title of a scene that begins.
	pub fn begin(&self, title: &str) {
		self.tell(&format!("\n== {title}  ({} s)", self.seconds()));
	}

	/// Prints an observation or an action of a scene.
	pub fn say(&self, scene: &str, text: &str) {
		self.tell(&format!("[{:>4} s] {scene}: {text}", self.seconds()));
	}

	/// Prints the output of a command, indented.
	pub fn quote(&self, text: &str) {
		for line in text.lines() {
			self.tell(&format!("           {line}"));
		}
	}

	/// Registers a pending wait. Progress lines contain its description.
	pub fn wait_for(&self, what: &str) -> Wait<'_> {
		let mut state = self.state.borrow_mut();
		let number = state.next_wait;
		state.next_wait += 1;
		state.waits.insert(number, what.to_owned());
		Wait { story: self, number }
	}

	/// Prints a progress line each time that nothing was printed for `SILENCE`. Does not return.
	pub async fn keep_telling(&self) -> Infallible {
		loop {
			sleep(LOOK_EVERY).await;
			if let Some(line) = self.progress(Instant::now()) {
				self.tell(&line);
			}
		}
	}

	/// Returns the progress line, if one is due.
	fn progress(&self, now: Instant) -> Option<String> {
		let state = self.state.borrow();
		if now.saturating_duration_since(state.spoke) < SILENCE {
			return None;
		}
		let waits: Vec<_> = state.waits.values().map(String::as_str).collect();
		let what = if waits.is_empty() { "working".to_owned() } else { waits.join("; ") };
		let seconds = now.saturating_duration_since(self.started).as_secs();
		Some(format!("[{seconds:>4} s] … waiting: {what}"))
	}
}

impl Drop for Wait<'_> {
	fn drop(&mut self) {
		self.story.state.borrow_mut().waits.remove(&self.number);
	}
}

#[cfg(test)]
mod tests {
	use std::{cell::RefCell, io, rc::Rc};

	use super::*;

	#[derive(Clone, Default)]
	struct Page(Rc<RefCell<Vec<u8>>>);

	impl Write for Page {
		fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
			self.0.borrow_mut().write(bytes)
		}

		fn flush(&mut self) -> io::Result<()> {
			Ok(())
		}
	}

	#[test]
	fn scenes_are_told_with_seconds() {
		let page = Page::default();
		let story = Story::new(page.clone());
		story.begin("The machine joins.");
		story.say("enrolment", "the miner registers");
		story.quote("one\ntwo\n");
		let text = String::from_utf8(page.0.borrow().clone()).expect("it is text");
		assert_eq!(
			text,
			"\n== The machine joins.  (0 s)\n[   0 s] enrolment: the miner registers\n\
			 \u{20}          one\n           two\n"
		);
	}

	#[test]
	fn progress_is_due_after_a_silence_and_names_what_is_waited_for() {
		let story = Story::new(Page::default());
		let now = story.started;
		let registration = story.wait_for("the miner registers");
		let _price = story.wait_for("the chain has a price");
		assert_eq!(story.progress(now + Duration::from_secs(8)), None);
		assert_eq!(
			story.progress(now + Duration::from_secs(10)).as_deref(),
			Some("[  10 s] … waiting: the miner registers; the chain has a price")
		);
		drop(registration);
		assert_eq!(
			story.progress(now + Duration::from_secs(123)).as_deref(),
			Some("[ 123 s] … waiting: the chain has a price")
		);
	}
}
