//! Events of `hcc watch --json` and `hcc devnet up --json`. Both programs print one JSON object per
//! line.

use std::{fs::File, io::Write, sync::Arc, time::Duration};

use serde_json::Value;
use tokio::{
	io::{AsyncBufReadExt, AsyncRead, BufReader},
	sync::watch,
	time::timeout,
};

use crate::{amount::Alpha, Error, Result};

/// The names of the events that scenes wait for.
pub mod name {
	pub const ASSIGNED: &str = "assigned";
	pub const AUDITED: &str = "audited";
	pub const BOOTED: &str = "booted";
	pub const CHALLENGED: &str = "challenged";
	pub const CHARGED: &str = "charged";
	pub const DISK_PAID: &str = "disk_paid";
	pub const ENROLMENT_OPENED: &str = "enrolment_opened";
	pub const ERA_CLOSED: &str = "era_closed";
	pub const EVIDENCE: &str = "evidence";
	pub const LOG_FOLLOWED: &str = "log_followed";
	pub const ORDERED: &str = "ordered";
	pub const PAUSED: &str = "paused";
	pub const PRICE: &str = "price";
	pub const PROVEN: &str = "proven";
	pub const RECEIPT: &str = "receipt";
	pub const REFUNDED: &str = "refunded";
	pub const REGISTERED: &str = "registered";
	pub const SETTLED: &str = "settled";
	pub const SLASHED: &str = "slashed";
	pub const TERMINATED: &str = "terminated";
	pub const TPM_ENROLLED: &str = "tpm_enrolled";
	pub const VERDICT: &str = "verdict";
	/// Events of `hcc devnet up`, about the programs of the network.
	pub const READY: &str = "ready";
	pub const RESTARTED: &str = "restarted";
}

/// An event: one line of output of `hcc watch --json` or `hcc devnet up --json`.
#[derive(Clone, Debug, PartialEq)]
pub struct Event(Value);

impl Event {
	/// Parses a line.
	pub fn parse(line: &str) -> serde_json::Result<Self> {
		serde_json::from_str(line).map(Self)
	}

	pub fn name(&self) -> &str {
		self.text("event").unwrap_or_default()
	}

	pub fn is(&self, name: &str) -> bool {
		self.name() == name
	}

	pub fn text(&self, field: &str) -> Option<&str> {
		self.0.get(field).and_then(Value::as_str)
	}

	pub fn number(&self, field: &str) -> Option<u64> {
		self.0.get(field).and_then(Value::as_u64)
	}

	/// Returns the texts in a field that is a list. The result is empty if the field is not a list.
	pub fn texts(&self, field: &str) -> Vec<&str> {
		let list = self.0.get(field).and_then(Value::as_array);
		list.into_iter().flatten().filter_map(Value::as_str).collect()
	}

	/// Returns the amount of α in a field.
	pub fn amount(&self, field: &str) -> Option<Alpha> {
		self.text(field)?.parse().ok()
	}

	/// Returns the number of the block that includes the event.
	pub fn block(&self) -> Option<u64> {
		self.number("block")
	}

	/// Returns the number of the challenge that the event is about.
	pub fn challenge(&self) -> Option<u64> {
		self.number("seq")
	}

	/// Returns true for a verdict that accepts evidence.
	pub fn is_accepted(&self) -> bool {
		self.is(name::VERDICT) && self.text("outcome") == Some("passed")
	}

	/// Returns true for a verdict that rejects evidence with this code.
	pub fn is_rejected(&self, code: u64) -> bool {
		self.rejection() == Some(code)
	}

	/// Returns the code of a verdict that rejects evidence. Returns `None` for any other event.
	pub fn rejection(&self) -> Option<u64> {
		let failed = self.is(name::VERDICT) && self.text("outcome") == Some("failed");
		failed.then(|| self.number("code")).flatten()
	}
}

#[derive(Debug, Default)]
struct State {
	events: Vec<Event>,
	/// The reason why the log is complete. `None` while the program runs.
	ended: Option<String>,
}

impl State {
	fn count(&self, predicate: impl Fn(&Event) -> bool) -> usize {
		self.events.iter().filter(|event| predicate(event)).count()
	}
}

/// All events that a program has printed so far.
pub struct EventLog {
	program: &'static str,
	state: watch::Sender<State>,
}

impl EventLog {
	/// Creates an empty log of the events of a program. Errors contain the name of the program.
	pub fn new(program: &'static str) -> Self {
		Self { program, state: watch::Sender::new(State::default()) }
	}

	/// Reads a program's output until it ends. Each line is also written to `copy`.
	pub async fn follow(
		self: Arc<Self>,
		output: impl AsyncRead + Unpin + Send + 'static,
		mut copy: Option<File>,
	) {
		let mut lines = BufReader::new(output).lines();
		let reason = loop {
			let line = match lines.next_line().await {
				Ok(Some(line)) => line,
				Ok(None) => break "its output has ended".to_owned(),
				Err(error) => break error.to_string(),
			};
			if let Some(copy) = &mut copy {
				// The copy only serves to examine a failure, so a failed write does not matter.
				drop(writeln!(copy, "{line}"));
			}
			match Event::parse(&line) {
				Ok(event) => self.push(event),
				Err(error) => break format!("it prints no JSON ({error}): {line}"),
			}
		};
		self.end(reason);
	}

	/// Adds an event.
	pub fn push(&self, event: Event) {
		self.state.send_modify(|state| state.events.push(event));
	}

	/// Marks the log as complete. Pending waits end with an error.
	pub fn end(&self, reason: String) {
		self.state.send_modify(|state| state.ended = Some(reason));
	}

	/// Returns the number of matching events.
	pub fn count(&self, predicate: impl Fn(&Event) -> bool) -> usize {
		self.state.borrow().count(predicate)
	}

	/// Returns all matching events, oldest first.
	pub fn all(&self, predicate: impl Fn(&Event) -> bool) -> Vec<Event> {
		let state = self.state.borrow();
		state.events.iter().filter(|event| predicate(event)).cloned().collect()
	}

	/// Returns the first matching event.
	pub fn first(&self, predicate: impl Fn(&Event) -> bool) -> Option<Event> {
		self.state.borrow().events.iter().find(|event| predicate(event)).cloned()
	}

	/// Returns the last matching event.
	pub fn last(&self, predicate: impl Fn(&Event) -> bool) -> Option<Event> {
		self.state.borrow().events.iter().rev().find(|event| predicate(event)).cloned()
	}

	/// Returns the events from position `from` on. Waits until there is at least one.
	///
	/// ## Errors
	/// [`Error::Stopped`] if there is no such event and the log is complete.
	pub async fn since(&self, from: usize) -> Result<Vec<Event>> {
		let mut changes = self.state.subscribe();
		let more = changes.wait_for(|state| state.events.len() > from || state.ended.is_some());
		drop(more.await);
		let events: Vec<_> = self.state.borrow().events.iter().skip(from).cloned().collect();
		if events.is_empty() {
			return Err(self.stopped());
		}
		Ok(events)
	}

	/// Waits until at least `wanted` events match.
	///
	/// ## Errors
	/// [`Error::NotSeen`] after the time `patience`, and [`Error::Stopped`] if the log is complete
	/// before.
	pub async fn wait_for(
		&self,
		what: &str,
		wanted: usize,
		predicate: impl Fn(&Event) -> bool,
		patience: Duration,
	) -> Result<()> {
		let mut changes = self.state.subscribe();
		let enough =
			changes.wait_for(|state| state.ended.is_some() || state.count(&predicate) >= wanted);
		let late = timeout(patience, enough).await.is_err();
		let seen = self.count(&predicate);
		if seen >= wanted {
			return Ok(());
		}
		if late {
			return Err(Error::NotSeen { what: what.to_owned(), seen, wanted, patience });
		}
		Err(self.stopped())
	}

	/// Waits until the log is complete. Returns [`Error::Stopped`] with the reason.
	pub async fn until_stopped(&self) -> Error {
		let mut changes = self.state.subscribe();
		drop(changes.wait_for(|state| state.ended.is_some()).await);
		self.stopped()
	}

	fn stopped(&self) -> Error {
		let reason = self.state.borrow().ended.clone().unwrap_or_default();
		Error::Stopped { program: self.program, reason }
	}
}

#[cfg(test)]
mod tests {
	use super::{name::*, *};

	const SOON: Duration = Duration::from_millis(20);

	fn event(line: &str) -> Event {
		Event::parse(line).expect("it is JSON")
	}

	fn log() -> EventLog {
		let log = EventLog::new("a test");
		for line in [
			r#"{"event":"registered","miner":"5Eve","block":2}"#,
			r#"{"event":"verdict","outcome":"passed","seq":1,"before":500,"after":520,"block":9}"#,
			r#"{"event":"verdict","outcome":"failed","code":1201,"name":"ImaUnknownFile","seq":2,"block":15}"#,
			r#"{"event":"proven","code":1201,"wrong":["5Dave"],"block":17}"#,
			r#"{"event":"settled","amount":"0.250000000","block":20}"#,
		] {
			log.push(event(line));
		}
		log
	}

	#[test]
	fn verdicts_match_by_outcome_and_code() {
		let log = log();
		assert_eq!(log.count(Event::is_accepted), 1);
		assert_eq!(log.count(|event| event.is_rejected(1201)), 1, "a proof is not a verdict");
		assert_eq!(log.count(|event| event.is_rejected(301)), 0);
		let rejected = log.first(|event| event.is_rejected(1201)).expect("it is there");
		assert_eq!((rejected.challenge(), rejected.block()), (Some(2), Some(15)));
		assert_eq!(rejected.text("name"), Some("ImaUnknownFile"));
	}

	#[test]
	fn fields_of_another_kind_are_absent() {
		let event = event(r#"{"event":"x","seq":"1","amount":5,"wrong":"5Dave","block":-1}"#);
		assert_eq!((event.challenge(), event.block()), (None, None));
		assert_eq!(event.amount("amount"), None);
		assert!(event.texts("wrong").is_empty());
		assert_eq!(event.rejection(), None);
	}

	#[test]
	fn first_and_last_differ() {
		let log = log();
		let verdict = |event: &Event| event.is(VERDICT);
		assert_eq!(log.first(verdict).and_then(|event| event.number("after")), Some(520));
		assert_eq!(log.last(verdict).and_then(|event| event.rejection()), Some(1201));
		assert_eq!(log.all(verdict).len(), 2);
		let settled = log.first(|event| event.is(SETTLED)).expect("it is there");
		assert_eq!(settled.amount("amount"), Some(Alpha::from_units(250_000_000)));
		let proven = log.first(|event| event.is(PROVEN)).expect("it is there");
		assert_eq!(proven.texts("wrong"), ["5Dave"]);
	}

	#[tokio::test]
	async fn waiting_ends_with_the_last_event_needed() {
		let log = log();
		let accepted = log.wait_for("two", 2, Event::is_accepted, Duration::from_secs(60));
		let push = async {
			tokio::task::yield_now().await;
			log.push(event(r#"{"event":"verdict","outcome":"passed","seq":3}"#));
		};
		let (result, ()) = tokio::join!(accepted, push);
		result.expect("both are there");
	}

	#[tokio::test]
	async fn waiting_too_long_names_what_is_missing() {
		let log = log();
		let error = log.wait_for("two proofs", 2, |event| event.is(PROVEN), SOON).await;
		let text = error.expect_err("there is one").to_string();
		assert_eq!(text, "not seen within 0 s: two proofs (1 of 2)");
	}

	#[tokio::test]
	async fn waiting_fails_at_once_when_the_program_ends() {
		let log = log();
		log.end("exit code 1".into());
		let long = Duration::from_secs(600);
		let error = log.wait_for("more", 9, |_| true, long).await.expect_err("it has ended");
		assert_eq!(error.to_string(), "a test has stopped: exit code 1");
		log.wait_for("some", 1, |_| true, long).await.expect("it was seen before the end");
	}

	#[tokio::test]
	async fn output_is_followed_line_by_line() {
		let log = Arc::new(EventLog::new("a test"));
		let output: &[u8] = b"{\"event\":\"ready\"}\nno JSON\n{\"event\":\"late\"}\n";
		log.clone().follow(output, None).await;
		assert_eq!(log.since(0).await.expect("there is one").len(), 1);
		let error = log.since(1).await.expect_err("it has ended").to_string();
		assert!(error.contains("no JSON"), "{error}");
	}
}
