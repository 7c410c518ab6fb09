use std::time::Duration;

use hcc_chain::{api, Chain, ChainAt};
use serde_json::{json, Value};

use super::{conduct, conduct_in_words, connected, NODE};

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

/// What a block brought, as JSON and for people.
async fn events(at: &ChainAt) -> anyhow::Result<Vec<(Value, String)>> {
	use api::{attestation, registry, reputation};
	let block = at.block_number();
	let mut found = Vec::new();
	for event in at.events().fetch().await?.iter() {
		let event = event?;
		if let Some(e) = event.decode_fields_as::<registry::events::Registered>() {
			let e = e?;
			let row = json!({"block": block, "event": "registered", "miner": e.miner.to_string()});
			found.push((row, format!("{} registers as a miner", e.miner)));
		} else if let Some(e) = event.decode_fields_as::<registry::events::EnrolmentOpened>() {
			let e = e?;
			let miner = e.miner.to_string();
			let row = json!({"block": block, "event": "enrolment_opened", "miner": miner});
			found.push((row, format!("{miner} shows its TPM")));
		} else if let Some(e) = event.decode_fields_as::<registry::events::TpmEnrolled>() {
			let e = e?;
			let miner = e.miner.to_string();
			let row = json!({"block": block, "event": "tpm_enrolled", "miner": miner});
			found.push((row, format!("the TPM of {miner} is proven")));
		} else if let Some(e) = event.decode_fields_as::<attestation::events::Challenged>() {
			let e = e?;
			let chip = hex::encode(e.chip);
			let row = json!({"block": block, "event": "challenged", "chip": chip, "seq": e.seq});
			found.push((row, format!("chip {} is challenged (#{})", short(&e.chip), e.seq)));
		} else if let Some(e) = event.decode_fields_as::<attestation::events::EvidenceIncluded>() {
			let e = e?;
			let chip = hex::encode(e.chip);
			let row = json!({"block": block, "event": "evidence", "chip": chip, "seq": e.seq});
			found.push((row, format!("chip {} answers (#{})", short(&e.chip), e.seq)));
		} else if let Some(e) = event.decode_fields_as::<attestation::events::Void>() {
			let e = e?;
			let chip = hex::encode(e.chip);
			let row = json!({"block": block, "event": "void", "chip": chip, "seq": e.seq});
			let text = format!("chip {} #{}: void, nothing counts", short(&e.chip), e.seq);
			found.push((row, text));
		} else if let Some(e) = event.decode_fields_as::<reputation::events::ScoreChanged>() {
			let e = e?;
			let mut row = conduct(&e.conduct);
			row["block"] = json!(block);
			row["event"] = json!("verdict");
			row["chip"] = json!(hex::encode(e.chip));
			row["seq"] = json!(e.seq);
			row["before"] = json!(e.before);
			row["after"] = json!(e.after);
			let words = conduct_in_words(&e.conduct);
			let chip = short(&e.chip);
			let text = format!("chip {chip} #{}: {words}; score {} → {}", e.seq, e.before, e.after);
			found.push((row, text));
		} else if let Some(e) = event.decode_fields_as::<reputation::events::TierChanged>() {
			let e = e?;
			let (before, after) = (format!("{:?}", e.before), format!("{:?}", e.after));
			let row = json!({
				"block": block,
				"event": "tier",
				"chip": hex::encode(e.chip),
				"before": before.to_lowercase(),
				"after": after.to_lowercase(),
			});
			found.push((row, format!("chip {}: {before} → {after}", short(&e.chip))));
		}
	}
	Ok(found)
}
