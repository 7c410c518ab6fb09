use hcc_chain::{api, ChainAt};
use serde_json::{json, Value};

use super::{
	follow::{follow, NodeBlocks},
	outcome, outcome_text,
	price::usd,
	watch_vms::{of_compensation, of_compute, of_emission, of_usage},
	NODE,
};
use crate::{
	exit::Exit,
	output::{self, outln},
};

/// Version of the format of events in JSON, in the field `v` of each event. A new field or a new
/// event does not change the version. `docs/events.md` describes all events.
const SCHEMA: u32 = 1;

/// Print challenges, verdicts, scores, VMs and payments as blocks are finalised.
///
/// If the connection to the node is lost, the command connects again. It continues with the block
/// after the last printed block. No event is lost or printed twice.
#[derive(Debug, clap::Args)]
pub(crate) struct Watch {
	/// The WebSocket URL of a node, or several with commas between them.
	#[arg(long, default_value = NODE)]
	node: String,
	/// The first block to read [default: the last finalised block].
	#[arg(long)]
	from: Option<u64>,
	/// Print JSON, one object a line.
	#[arg(long)]
	json: bool,
}

impl Watch {
	pub(crate) fn run(&self) -> anyhow::Result<Exit> {
		let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
		runtime.block_on(async {
			let mut blocks = NodeBlocks::connect(&self.node).await?;
			tokio::select! {
				result = follow(&mut blocks, self.from, |block, rows| self.print(block, rows)) => result,
				_ = tokio::signal::ctrl_c() => Ok(Exit::Done),
			}
		})
	}

	/// Prints the events of a block. Returns an exit code if standard output has failed.
	fn print(&self, block: u64, rows: Vec<EventRow>) -> Option<Exit> {
		for (event, text) in rows {
			if self.json {
				outln!("{event}");
			} else {
				outln!("#{block} {text}");
			}
		}
		output::is_lost().then(|| if output::has_failed() { Exit::Usage } else { Exit::Done })
	}
}

/// Returns the first four bytes of a chip's id, in hexadecimal.
fn short(chip: &[u8; 32]) -> String {
	hex::encode(chip.first_chunk::<4>().copied().unwrap_or_default())
}

/// An event as JSON and as text.
pub(super) type EventRow = (Value, String);

/// Returns the events of a block.
pub(super) async fn events(at: &ChainAt) -> anyhow::Result<Vec<EventRow>> {
	let block = at.block_number();
	let mut found = Vec::new();
	for event in at.events().fetch().await?.iter() {
		let event = event?;
		let entry = match event.pallet_name() {
			"Registry" => of_registry(&event)?,
			"Attestation" => of_attestation(&event)?,
			"Reputation" => of_reputation(&event)?,
			"Verdicts" => of_verdicts(&event)?,
			"Validators" => of_validators(&event)?,
			"Oracle" => of_oracle(&event)?,
			"Compute" => of_compute(&event)?,
			"Compensation" => of_compensation(&event)?,
			"Emission" => of_emission(&event)?,
			"Usage" => of_usage(&event)?,
			_ => None,
		};
		if let Some((mut row, text)) = entry {
			row["v"] = json!(SCHEMA);
			row["block"] = json!(block);
			found.push((row, text));
		}
	}
	Ok(found)
}

pub(super) type Event<'a> = subxt::events::Event<'a, subxt::SubstrateConfig>;

fn of_registry(event: &Event<'_>) -> anyhow::Result<Option<EventRow>> {
	use api::registry::events::{
		ChipBanned, ChipHandedOver, EnrolmentOpened, Registered, Slashed, TpmEnrolled,
	};
	let entry = |name: &str, miner: String, what: &str| {
		let text = format!("{miner} {what}");
		(json!({ "event": name, "miner": miner }), text)
	};
	Ok(if let Some(e) = event.decode_fields_as::<Registered>() {
		Some(entry("registered", e?.miner.to_string(), "registers as a miner"))
	} else if let Some(e) = event.decode_fields_as::<EnrolmentOpened>() {
		Some(entry("enrolment_opened", e?.miner.to_string(), "submits its TPM certificate"))
	} else if let Some(e) = event.decode_fields_as::<TpmEnrolled>() {
		Some(entry("tpm_enrolled", e?.miner.to_string(), "has enrolled its TPM"))
	} else if let Some(e) = event.decode_fields_as::<Slashed>() {
		let e = e?;
		let mut lost = entry(
			"miner_slashed",
			e.miner.to_string(),
			&format!("loses {} (10⁻⁹ α) of its bond", e.amount),
		);
		lost.0["amount"] = json!(e.amount.to_string());
		Some(lost)
	} else if let Some(e) = event.decode_fields_as::<ChipHandedOver>() {
		let e = e?;
		let mut has = entry(
			"chip_handed_over",
			e.to.to_string(),
			&format!("now holds chip {}: its contest succeeded", short(&e.chip)),
		);
		has.0["chip"] = json!(hex::encode(e.chip));
		has.0["from"] = json!(e.from.map(|from| from.to_string()));
		Some(has)
	} else if let Some(e) = event.decode_fields_as::<ChipBanned>() {
		let e = e?;
		let text = format!("chip {} gave evidence on two machines and is banned", short(&e.chip));
		Some((json!({ "event": "chip_banned", "chip": hex::encode(e.chip) }), text))
	} else {
		None
	})
}

fn of_attestation(event: &Event<'_>) -> anyhow::Result<Option<EventRow>> {
	use api::attestation::events::{
		Challenged, ChipContested, ContestRejected, EvidenceIncluded, LogFollowed, Paused, Void,
	};
	let entry = |name: &str, chip: &[u8; 32], seq: u64, what: &str| {
		let text = format!("chip {} #{seq} {what}", short(chip));
		(json!({ "event": name, "chip": hex::encode(chip), "seq": seq }), text)
	};
	Ok(if let Some(e) = event.decode_fields_as::<Challenged>() {
		let e = e?;
		Some(entry("challenged", &e.chip, e.seq, "is challenged"))
	} else if let Some(e) = event.decode_fields_as::<EvidenceIncluded>() {
		let e = e?;
		Some(entry("evidence", &e.chip, e.seq, "is answered with evidence"))
	} else if let Some(e) = event.decode_fields_as::<LogFollowed>() {
		let e = e?;
		let text = format!("miner {} submits its log up to entry {}", e.miner, e.entries);
		let row =
			json!({ "event": "log_followed", "miner": e.miner.to_string(), "entries": e.entries });
		Some((row, text))
	} else if let Some(e) = event.decode_fields_as::<Void>() {
		let e = e?;
		Some(entry("void", &e.chip, e.seq, "is void and has no effect"))
	} else if let Some(e) = event.decode_fields_as::<Paused>() {
		let e = e?;
		let text = format!("chip {} is paused until tick {}", short(&e.chip), e.until);
		Some((json!({ "event": "paused", "chip": hex::encode(e.chip), "until": e.until }), text))
	} else if let Some(e) = event.decode_fields_as::<ChipContested>() {
		let e = e?;
		let text = format!(
			"chip {}, held by {}, is contested by {}",
			short(&e.chip),
			e.holder,
			e.contender
		);
		let row = json!({
			"event": "chip_contested",
			"chip": hex::encode(e.chip),
			"contender": e.contender.to_string(),
			"holder": e.holder.to_string(),
		});
		Some((row, text))
	} else if let Some(e) = event.decode_fields_as::<ContestRejected>() {
		let e = e?;
		let text = format!("chip {}: the contest by {} is rejected", short(&e.chip), e.contender);
		let row = json!({
			"event": "contest_rejected",
			"chip": hex::encode(e.chip),
			"contender": e.contender.to_string(),
		});
		Some((row, text))
	} else {
		None
	})
}

fn of_verdicts(event: &Event<'_>) -> anyhow::Result<Option<EventRow>> {
	use api::verdicts::events::{Audited, Proven};
	Ok(if let Some(e) = event.decode_fields_as::<Proven>() {
		let e = e?;
		let wrong: Vec<_> = e.wrong.iter().map(ToString::to_string).collect();
		let row = json!({
			"event": "proven",
			"subject": hex::encode(e.subject.0),
			"code": e.code,
			"overturned": e.overturned,
			"by": e.by.to_string(),
			"wrong": wrong,
		});
		let text = match (wrong.is_empty(), e.overturned) {
			(true, _) => "a proof confirms a verdict".to_string(),
			(false, false) => format!("a proof refutes the votes of {}", wrong.join(", ")),
			(false, true) => format!("a proof overturns the verdict of {}", wrong.join(", ")),
		};
		Some((row, text))
	} else if let Some(e) = event.decode_fields_as::<Audited>() {
		let e = e?;
		let subject = hex::encode(e.subject.0);
		let text = format!("a verdict must be proven before tick {}", e.until);
		Some((json!({"event": "audited", "subject": subject, "until": e.until}), text))
	} else {
		None
	})
}

fn of_validators(event: &Event<'_>) -> anyhow::Result<Option<EventRow>> {
	use api::validators::events::Slashed;
	let Some(slashed) = event.decode_fields_as::<Slashed>() else { return Ok(None) };
	let Slashed { who, amount, reward } = slashed?;
	let text = format!(
		"a validator loses {amount} (10⁻⁹ α), of which {reward} are paid as a reward: {who}"
	);
	let row = json!({
		"event": "slashed",
		"who": who.to_string(),
		"amount": amount.to_string(),
		"reward": reward.to_string(),
	});
	Ok(Some((row, text)))
}

fn of_oracle(event: &Event<'_>) -> anyhow::Result<Option<EventRow>> {
	use api::oracle::events::{Absurd, RateLimited, RateSet};
	Ok(if let Some(e) = event.decode_fields_as::<RateSet>() {
		let e = e?;
		let text = format!("1 α = {} USD from {} reports", usd(e.price), e.reports);
		let row = json!({ "event": "price", "usd": usd(e.price), "reports": e.reports });
		Some((row, text))
	} else if let Some(e) = event.decode_fields_as::<RateLimited>() {
		let e = e?;
		let (price, median) = (usd(e.price), usd(e.median));
		let text =
			format!("1 α = {price} USD, limited by the change of a day: the median is {median}");
		Some((json!({ "event": "price_limited", "usd": price, "median_usd": median }), text))
	} else if let Some(e) = event.decode_fields_as::<Absurd>() {
		let e = e?;
		let (price, median) = (usd(e.price), usd(e.median));
		let text =
			format!("{} is fined: it reported {price} USD, the median is {median}", e.feeder);
		let row = json!({
			"event": "absurd_price",
			"feeder": e.feeder.to_string(),
			"usd": price,
			"median_usd": median,
		});
		Some((row, text))
	} else {
		None
	})
}

fn of_reputation(event: &Event<'_>) -> anyhow::Result<Option<EventRow>> {
	use api::reputation::events::{ScoreChanged, SlashLifted, SlashPending, TierChanged};
	Ok(if let Some(e) = event.decode_fields_as::<ScoreChanged>() {
		let e = e?;
		let mut row = outcome(&e.outcome);
		row["event"] = json!("verdict");
		row["chip"] = json!(hex::encode(e.chip));
		row["seq"] = json!(e.seq);
		row["before"] = json!(e.before);
		row["after"] = json!(e.after);
		let words = outcome_text(&e.outcome);
		let chip = short(&e.chip);
		Some((row, format!("chip {chip} #{}: {words}; score {} → {}", e.seq, e.before, e.after)))
	} else if let Some(e) = event.decode_fields_as::<TierChanged>() {
		let e = e?;
		let (before, after) = (format!("{:?}", e.before), format!("{:?}", e.after));
		let row = json!({
			"event": "tier",
			"chip": hex::encode(e.chip),
			"before": before.to_lowercase(),
			"after": after.to_lowercase(),
		});
		Some((row, format!("chip {}: {before} → {after}", short(&e.chip))))
	} else if let Some(e) = event.decode_fields_as::<SlashPending>() {
		let e = e?;
		let row = json!({
			"event": "slash_pending",
			"chip": hex::encode(e.chip),
			"miner": e.miner.to_string(),
			"seq": e.seq,
			"part_per_billion": e.part.0,
			"due": e.due,
		});
		let part = f64::from(e.part.0) / 1e7;
		Some((row, format!("{} will lose {part} % of its bond at tick {}", e.miner, e.due)))
	} else if let Some(e) = event.decode_fields_as::<SlashLifted>() {
		let e = e?;
		let row = json!({
			"event": "slash_lifted",
			"chip": hex::encode(e.chip),
			"miner": e.miner.to_string(),
			"seq": e.seq,
		});
		Some((
			row,
			format!("{} no longer loses a part of its bond: the cause was reverted", e.miner),
		))
	} else {
		None
	})
}
