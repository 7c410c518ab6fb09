//! The health of a process: its loops turn, and the conditions of its work hold.

use std::{
	future::Future,
	sync::{Arc, Mutex, MutexGuard, PoisonError},
	time::{Duration, Instant},
};

/// Interval of beats while a loop waits for something outside of the process.
const WAIT_BEAT: Duration = Duration::from_secs(5);

/// The loops and conditions of a process. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Health(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
	loops: Vec<Loop>,
	conditions: Vec<Row>,
}

#[derive(Debug)]
struct Loop {
	name: &'static str,
	/// The longest time of one turn.
	limit: Duration,
	last: Instant,
}

#[derive(Debug)]
struct Row {
	name: &'static str,
	/// Time after which a state that is not confirmed no longer counts.
	limit: Duration,
	/// The last state, and the time at which it was set. `None` until then.
	state: Option<(Result<(), String>, Instant)>,
}

impl Health {
	fn inner(&self) -> MutexGuard<'_, Inner> {
		self.0.lock().unwrap_or_else(PoisonError::into_inner)
	}

	/// Adds a loop, each turn of which takes at most `limit`. A loop that has ended counts as
	/// stalled.
	pub fn watch(&self, name: &'static str, limit: Duration) -> Pulse {
		let mut inner = self.inner();
		inner.loops.push(Loop { name, limit, last: Instant::now() });
		Pulse { health: self.clone(), index: inner.loops.len() - 1 }
	}

	/// Adds a condition of readiness. It does not hold until it is set, and again once it was not
	/// set for `limit`.
	pub fn condition(&self, name: &'static str, limit: Duration) -> Condition {
		let mut inner = self.inner();
		inner.conditions.push(Row { name, limit, state: None });
		Condition { health: self.clone(), index: inner.conditions.len() - 1 }
	}

	/// Returns the loops that do not turn. The process is alive if there is none.
	pub fn stalled(&self) -> Vec<String> {
		let stalled = |turning: &Loop| {
			let (name, limit) = (turning.name, turning.limit);
			let text = || format!("loop {name} has not turned for {} s", limit.as_secs());
			(turning.last.elapsed() > limit).then(text)
		};
		self.inner().loops.iter().filter_map(stalled).collect()
	}

	/// Returns the reasons why the process cannot work now. It is ready if there is none.
	pub fn unready(&self) -> Vec<String> {
		let mut reasons = self.stalled();
		reasons.extend(self.inner().conditions.iter().filter_map(Row::reason));
		reasons
	}
}

impl Row {
	fn reason(&self) -> Option<String> {
		let name = self.name;
		match &self.state {
			None => Some(format!("{name}: not checked yet")),
			Some((_, set)) if set.elapsed() > self.limit => {
				Some(format!("{name}: not checked for {} s", self.limit.as_secs()))
			},
			Some((Err(reason), _)) => Some(format!("{name}: {reason}")),
			Some((Ok(()), _)) => None,
		}
	}
}

/// A loop that shows that it turns.
#[derive(Clone, Debug)]
pub struct Pulse {
	health: Health,
	index: usize,
}

impl Pulse {
	/// Notes that the loop turns.
	pub fn beat(&self) {
		if let Some(turning) = self.health.inner().loops.get_mut(self.index) {
			turning.last = Instant::now();
		}
	}

	/// Waits for something outside of the process, such as a node, for any time. During that
	/// time the loop counts as turning: a restart would not end the wait.
	pub async fn waiting<T>(&self, work: impl Future<Output = T>) -> T {
		let mut work = std::pin::pin!(work);
		loop {
			self.beat();
			tokio::select! {
				done = &mut work => {
					self.beat();
					return done;
				},
				() = tokio::time::sleep(WAIT_BEAT) => {},
			}
		}
	}
}

/// A condition of readiness.
#[derive(Clone, Debug)]
pub struct Condition {
	health: Health,
	index: usize,
}

impl Condition {
	/// Sets the condition: it holds, or it does not for this reason.
	pub fn set(&self, state: Result<(), String>) {
		if let Some(row) = self.health.inner().conditions.get_mut(self.index) {
			row.state = Some((state, Instant::now()));
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	const LONG: Duration = Duration::from_secs(600);
	const SHORT: Duration = Duration::from_millis(20);

	#[test]
	fn loop_without_beat_is_stalled() {
		let health = Health::default();
		let (fast, slow) = (health.watch("fast", SHORT), health.watch("slow", LONG));
		assert!(health.stalled().is_empty());
		std::thread::sleep(2 * SHORT);
		slow.beat();
		let stalled = health.stalled();
		assert!(matches!(&stalled[..], [one] if one.contains("fast")), "{stalled:?}");
		fast.beat();
		assert!(health.stalled().is_empty());
		drop(fast);
		std::thread::sleep(2 * SHORT);
		assert_eq!(health.stalled().len(), 1, "the loop has ended");
	}

	#[test]
	fn condition_holds_only_while_it_is_confirmed() {
		let health = Health::default();
		let node = health.condition("node", SHORT);
		assert_eq!(health.unready(), ["node: not checked yet"]);
		node.set(Ok(()));
		assert!(health.unready().is_empty());
		node.set(Err("it does not answer".into()));
		assert_eq!(health.unready(), ["node: it does not answer"]);
		node.set(Ok(()));
		std::thread::sleep(2 * SHORT);
		assert_eq!(health.unready(), ["node: not checked for 0 s"]);
		assert!(health.stalled().is_empty(), "the process is alive");
	}

	#[tokio::test]
	async fn waiting_loop_returns_result() {
		let pulse = Health::default().watch("loop", LONG);
		assert_eq!(pulse.waiting(async { 7 }).await, 7);
	}
}
