//! The outcome of all scenes, as one JSON object.

use serde_json::{json, Map, Value};

use crate::{
	amount::Alpha,
	events::{name, Event, EventLog},
	metrics,
	scenes::{code::BOOT_UNKNOWN, false_vote, replay},
	world::World,
	Error, Result,
};

/// Numbers of the outcome that do not follow from the events of the chain.
#[derive(Clone, Copy, Debug)]
pub struct Numbers {
	/// The number of the last finalised block.
	pub blocks: u64,
	/// The chip's score before the miner's program was altered.
	pub score_before: u64,
	/// The chip's score after the evidence of the altered program was rejected.
	pub score_after: u64,
	/// The reports of the miner that the TPM did not answer.
	pub tpm_timeouts: u64,
	/// The emission that the miner has claimed.
	pub claimed: Alpha,
	/// The duration of all scenes, in seconds.
	pub seconds: u64,
}

/// Returns the number of the last finalised block, from the metrics of the first worker. Checks
/// that every worker agrees with its node's runtime. Writes the first worker's metrics to the file
/// `metrics`, for `docs/numbers.md`.
///
/// ## Errors
/// [`Error::Unexpected`] if a worker and the runtime disagree, and [`Error::Metrics`] if a worker
/// does not answer.
pub async fn blocks(world: &World<'_>) -> Result<u64> {
	let first = world.metrics(1).await?;
	world.write("metrics", first.text())?;
	for number in 1..=world.validators() {
		let differences = world.metrics(number).await?.sum(metrics::name::DIFFERENCES)?;
		if differences != 0 {
			let text =
				format!("worker {number} disagrees with its node's runtime {differences} times");
			return Err(Error::Unexpected(text));
		}
	}
	first.value(metrics::name::BLOCK)
}

/// Returns the outcome, computed from the events of the chain and from `numbers`.
pub fn summary(chain: &EventLog, numbers: Numbers) -> Value {
	let count = |name: &'static str| chain.count(|event| event.is(name));
	let sum = |name: &'static str, field: &str| -> Value {
		let events = chain.all(|event| event.is(name));
		events.iter().filter_map(|event| event.amount(field)).sum::<Alpha>().to_json()
	};
	let changed = chain.first(|event| event.is_rejected(BOOT_UNKNOWN));
	json!({
		"blocks": numbers.blocks,
		"accepted": chain.count(Event::is_accepted),
		"rejected": rejected(chain),
		"score_before": numbers.score_before,
		"score_after_tamper": numbers.score_after,
		"changed_boot": changed.as_ref().and_then(|event| event.text("name")),
		"tpm_timeouts": numbers.tpm_timeouts,
		"paused": count(name::PAUSED),
		"audited": count(name::AUDITED),
		"false_vote_proven": chain.count(false_vote::is_proven) > 0,
		"receipts": count(name::RECEIPT),
		"settled": sum(name::SETTLED, "amount"),
		"refunded": sum(name::REFUNDED, "amount"),
		"minted": sum(name::ERA_CLOSED, "minted"),
		"burned": sum(name::ERA_CLOSED, "burned"),
		"claimed": numbers.claimed.to_json(),
		"seconds": numbers.seconds,
	})
}

/// Returns the number of rejections for each code, and of refused replays for each error of the
/// chain.
fn rejected(chain: &EventLog) -> Map<String, Value> {
	let mut counts = Map::new();
	for event in chain.all(|event| event.rejection().is_some()) {
		let code = event.rejection().unwrap_or_default().to_string();
		let count = counts.get(&code).and_then(Value::as_u64).unwrap_or_default();
		counts.insert(code, json!(count + 1));
	}
	for error in replay::REFUSALS {
		counts.insert(error.to_owned(), json!(1));
	}
	counts
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn events_are_counted_and_amounts_summed() {
		let chain = EventLog::new("a test");
		for line in [
			r#"{"event":"verdict","outcome":"passed","seq":1}"#,
			r#"{"event":"verdict","outcome":"failed","code":1201,"name":"ImaUnknownFile"}"#,
			r#"{"event":"verdict","outcome":"failed","code":1201,"name":"ImaUnknownFile"}"#,
			r#"{"event":"verdict","outcome":"failed","code":1004,"name":"BootUnknown"}"#,
			r#"{"event":"verdict","outcome":"missed"}"#,
			r#"{"event":"receipt","vm":0}"#,
			r#"{"event":"paused","until":90}"#,
			r#"{"event":"settled","amount":"0.100000000"}"#,
			r#"{"event":"settled","amount":"0.200000000"}"#,
			r#"{"event":"era_closed","miners":"1.0","minted":"1.500000000","burned":"3.500000001"}"#,
			r#"{"event":"proven","wrong":["5Other"]}"#,
		] {
			chain.push(Event::parse(line).expect("it is JSON"));
		}
		let claimed = Alpha::from_units(1_000_000_000);
		let numbers = Numbers {
			blocks: 120,
			score_before: 540,
			score_after: 390,
			tpm_timeouts: 2,
			claimed,
			seconds: 700,
		};
		let wanted = json!({
			"blocks": 120,
			"accepted": 1,
			"rejected": { "1201": 2, "1004": 1, "NoChallenge": 1, "QuoteNotBound": 1 },
			"score_before": 540,
			"score_after_tamper": 390,
			"changed_boot": "BootUnknown",
			"tpm_timeouts": 2,
			"paused": 1,
			"audited": 0,
			"false_vote_proven": false,
			"receipts": 1,
			"settled": 0.3,
			"refunded": 0.0,
			"minted": 1.5,
			"burned": 3.500000001,
			"claimed": 1.0,
			"seconds": 700,
		});
		assert_eq!(summary(&chain, numbers), wanted);
	}
}
