use std::time::Duration;

use hcc_chain::{api, Chain, ChainAt};
use serde_json::{json, Value};

use super::{
	conduct, conduct_in_words, connected,
	price::usd,
	watch_vms::{of_compensation, of_compute, of_emission, of_usage},
	NODE,
};

/// How often to look for a finalised block.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Watch what the chain finds: challenges, verdicts and scores, as blocks are finalised.
#[derive(Debug, clap::Args)]
pub(crate) struct Watch {
	/// The WebSocket URL of a node.
	#[arg(long, default_value = NODE)]
	node: String,
	/// The first block to look at [default: the last finalised one].
	#[arg(long)]
	from: Option<u64>,
	/// Print a JSON object a line.
	#[arg(long)]
	json: bool,
}

impl Watch {
	pub(crate) fn run(&self) -> anyhow::Result<u8> {
		connected(&self.node, async |chain| {
			tokio::select! {
				result = self.follow(&chain) => result,
				_ = tokio::signal::ctrl_c() => Ok(0),
			}
		})
	}

	async fn follow(&self, chain: &Chain) -> anyhow::Result<u8> {
		let mut next = match self.from {
			Some(block) => block.max(1),
			None => chain.finalised_number().await?.max(1),
		};
		loop {
			if next > chain.finalised_number().await? {
				tokio::time::sleep(LOOK_EVERY).await;
				continue;
			}
			let at = chain.block(next).await?;
			for (event, text) in events(&at).await? {
				if self.json {
					println!("{event}");
				} else {
					println!("#{next} {text}");
				}
			}
			next += 1;
		}
	}
}

/// A chip, short enough to read.
fn short(chip: &[u8; 32]) -> String {
	hex::encode(chip.first_chunk::<4>().copied().unwrap_or_default())
}

/// What an event tells: as JSON, and for people.
pub(super) type Told = (Value, String);

/// What a block brought.
async fn events(at: &ChainAt) -> anyhow::Result<Vec<Told>> {
	let block = at.block_number();
	let mut found = Vec::new();
	for event in at.events().fetch().await?.iter() {
		let event = event?;
		let told = match event.pallet_name() {
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
		if let Some((mut row, text)) = told {
			row["block"] = json!(block);
			found.push((row, text));
		}
	}
	Ok(found)
}

pub(super) type Event<'a> = subxt::events::Event<'a, subxt::SubstrateConfig>;

fn of_registry(event: &Event<'_>) -> anyhow::Result<Option<Told>> {
	use api::registry::events::{
		ChipBanned, ChipHandedOver, EnrolmentOpened, Registered, Slashed, TpmEnrolled,
	};
	let told = |name: &str, miner: String, what: &str| {
		let text = format!("{miner} {what}");
		(json!({ "event": name, "miner": miner }), text)
	};
	Ok(if let Some(e) = event.decode_fields_as::<Registered>() {
		Some(told("registered", e?.miner.to_string(), "registers as a miner"))
	} else if let Some(e) = event.decode_fields_as::<EnrolmentOpened>() {
		Some(told("enrolment_opened", e?.miner.to_string(), "shows its TPM"))
	} else if let Some(e) = event.decode_fields_as::<TpmEnrolled>() {
		Some(told("tpm_enrolled", e?.miner.to_string(), "has its TPM proven"))
	} else if let Some(e) = event.decode_fields_as::<Slashed>() {
		let e = e?;
		let mut lost = told(
			"miner_slashed",
			e.miner.to_string(),
			&format!("loses {} (10⁻⁹ α) of its bond", e.amount),
		);
		lost.0["amount"] = json!(e.amount.to_string());
		Some(lost)
	} else if let Some(e) = event.decode_fields_as::<ChipHandedOver>() {
		let e = e?;
		let mut has = told(
			"chip_handed_over",
			e.to.to_string(),
			&format!("has chip {} now: it has shown it", short(&e.chip)),
		);
		has.0["chip"] = json!(hex::encode(e.chip));
		has.0["from"] = json!(e.from.map(|from| from.to_string()));
		Some(has)
	} else if let Some(e) = event.decode_fields_as::<ChipBanned>() {
		let e = e?;
		let text = format!("chip {} was shown in two places: it is banned", short(&e.chip));
		Some((json!({ "event": "chip_banned", "chip": hex::encode(e.chip) }), text))
	} else {
		None
	})
}

fn of_attestation(event: &Event<'_>) -> anyhow::Result<Option<Told>> {
	use api::attestation::events::{
		Challenged, ChipClaimed, ClaimRefused, EvidenceIncluded, LogFollowed, Void,
	};
	let told = |name: &str, chip: &[u8; 32], seq: u64, what: &str| {
		let text = format!("chip {} #{seq} {what}", short(chip));
		(json!({ "event": name, "chip": hex::encode(chip), "seq": seq }), text)
	};
	Ok(if let Some(e) = event.decode_fields_as::<Challenged>() {
		let e = e?;
		Some(told("challenged", &e.chip, e.seq, "is challenged"))
	} else if let Some(e) = event.decode_fields_as::<EvidenceIncluded>() {
		let e = e?;
		Some(told("evidence", &e.chip, e.seq, "answers"))
	} else if let Some(e) = event.decode_fields_as::<LogFollowed>() {
		let e = e?;
		let text = format!("miner {} hands in its log up to entry {}", e.miner, e.entries);
		let row =
			json!({ "event": "log_followed", "miner": e.miner.to_string(), "entries": e.entries });
		Some((row, text))
	} else if let Some(e) = event.decode_fields_as::<Void>() {
		let e = e?;
		Some(told("void", &e.chip, e.seq, "is void: nothing counts"))
	} else if let Some(e) = event.decode_fields_as::<ChipClaimed>() {
		let e = e?;
		let text =
			format!("chip {}, of {}, is claimed by {}", short(&e.chip), e.holder, e.claimant);
		let row = json!({
			"event": "chip_claimed",
			"chip": hex::encode(e.chip),
			"claimant": e.claimant.to_string(),
			"holder": e.holder.to_string(),
		});
		Some((row, text))
	} else if let Some(e) = event.decode_fields_as::<ClaimRefused>() {
		let e = e?;
		let text = format!("chip {}: the claim of {} is refused", short(&e.chip), e.claimant);
		let row = json!({
			"event": "claim_refused",
			"chip": hex::encode(e.chip),
			"claimant": e.claimant.to_string(),
		});
		Some((row, text))
	} else {
		None
	})
}

fn of_verdicts(event: &Event<'_>) -> anyhow::Result<Option<Told>> {
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
			(true, _) => "a verdict is proven to be right".to_string(),
			(false, false) => format!("votes are proven false: of {}", wrong.join(", ")),
			(false, true) => format!("a verdict is proven false: of {}", wrong.join(", ")),
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

fn of_validators(event: &Event<'_>) -> anyhow::Result<Option<Told>> {
	use api::validators::events::Slashed;
	let Some(slashed) = event.decode_fields_as::<Slashed>() else { return Ok(None) };
	let Slashed { who, amount, reward } = slashed?;
	let text =
		format!("a validator loses {amount} (10⁻⁹ α), of which {reward} are a reward: {who}");
	let row = json!({
		"event": "slashed",
		"who": who.to_string(),
		"amount": amount.to_string(),
		"reward": reward.to_string(),
	});
	Ok(Some((row, text)))
}

fn of_oracle(event: &Event<'_>) -> anyhow::Result<Option<Told>> {
	use api::oracle::events::{Absurd, RateLimited, RateSet};
	Ok(if let Some(e) = event.decode_fields_as::<RateSet>() {
		let e = e?;
		let text = format!("1 α = {} USD, by {} reports", usd(e.price), e.reports);
		let row = json!({ "event": "price", "usd": usd(e.price), "reports": e.reports });
		Some((row, text))
	} else if let Some(e) = event.decode_fields_as::<RateLimited>() {
		let e = e?;
		let (price, median) = (usd(e.price), usd(e.median));
		let text = format!("1 α = {price} USD, as far as a day goes: the reports say {median}");
		Some((json!({ "event": "price_limited", "usd": price, "median_usd": median }), text))
	} else if let Some(e) = event.decode_fields_as::<Absurd>() {
		let e = e?;
		let (price, median) = (usd(e.price), usd(e.median));
		let text = format!("{} is fined: it reported {price} USD, and not {median}", e.feeder);
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

fn of_reputation(event: &Event<'_>) -> anyhow::Result<Option<Told>> {
	use api::reputation::events::{ScoreChanged, SlashLifted, SlashPending, TierChanged};
	Ok(if let Some(e) = event.decode_fields_as::<ScoreChanged>() {
		let e = e?;
		let mut row = conduct(&e.conduct);
		row["event"] = json!("verdict");
		row["chip"] = json!(hex::encode(e.chip));
		row["seq"] = json!(e.seq);
		row["before"] = json!(e.before);
		row["after"] = json!(e.after);
		let words = conduct_in_words(&e.conduct);
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
		Some((row, format!("{} is to lose {part} % of its bond at tick {}", e.miner, e.due)))
	} else if let Some(e) = event.decode_fields_as::<SlashLifted>() {
		let e = e?;
		let row = json!({
			"event": "slash_lifted",
			"chip": hex::encode(e.chip),
			"miner": e.miner.to_string(),
			"seq": e.seq,
		});
		Some((row, format!("{} is to lose nothing: what it was for is undone", e.miner)))
	} else {
		None
	})
}
