use hcc_chain::{api, view};
use serde_json::{json, Value};

use super::{connected, NODE};
use crate::{exit::Exit, output::outln};

/// Show the chain's price of one α in USD, and the validators' reports of the price.
#[derive(Debug, clap::Args)]
pub(crate) struct Price {
	/// The WebSocket URL of a node.
	#[arg(long, default_value = NODE)]
	node: String,
	/// Print JSON. Prices are strings, in USD.
	#[arg(long)]
	json: bool,
}

impl Price {
	pub(crate) fn run(&self) -> anyhow::Result<Exit> {
		connected(&self.node, async |chain| {
			let at = chain.best().await?;
			let oracle = api::storage().oracle();
			let rate = at.storage().try_fetch(oracle.current_rate(), ()).await?;
			let rate = rate.map(|row| row.decode()).transpose()?;
			let reports = at.storage().try_fetch(oracle.reports(), ()).await?;
			let reports = reports.map(|row| row.decode()).transpose()?;
			let orders: Option<u64> = view(&at, "Oracle", "price_for_orders", ()).await?;
			let leases: Option<u64> = view(&at, "Oracle", "price_for_leases", ()).await?;
			let reports: Vec<_> = reports
				.map_or_else(Vec::new, |reports| reports.0)
				.iter()
				.map(|report| {
					json!({
						"feeder": report.feeder.to_string(),
						"usd": usd(report.price),
						"block": report.block,
					})
				})
				.collect();
			let shown = json!({
				"usd": rate.as_ref().map(|rate| usd(rate.price)),
				"tick": rate.as_ref().map(|rate| rate.at),
				"mean_usd": rate.as_ref().map(|rate| usd(rate.mean)),
				"beyond_usd": rate.as_ref().and_then(|rate| rate.beyond).map(usd),
				"for_orders": orders.is_some(),
				"for_leases": leases.is_some(),
				"reports": reports,
			});
			if self.json {
				outln!("{}", serde_json::to_string_pretty(&shown)?);
			} else {
				print(&shown);
			}
			Ok(Exit::Done)
		})
	}
}

/// Formats a price in USD with all nine decimal places.
pub(crate) fn usd(price: u64) -> String {
	format!("{}.{:09}", price / 1_000_000_000, price % 1_000_000_000)
}

fn print(shown: &Value) {
	let text = |field: &str| shown[field].as_str().unwrap_or("none").to_owned();
	let holds = |field: &str| if shown[field] == json!(true) { "valid" } else { "none" };
	outln!("1 α = {} USD (daily mean: {})", text("usd"), text("mean_usd"));
	if let Some(beyond) = shown["beyond_usd"].as_str() {
		outln!("the reports say {beyond} USD, which exceeds the limit of a day's change");
	}
	outln!(
		"price for new orders: {}; for running VMs: {}",
		holds("for_orders"),
		holds("for_leases")
	);
	for report in shown["reports"].as_array().into_iter().flatten() {
		let (feeder, usd) = (&report["feeder"], &report["usd"]);
		outln!(
			"  {}  {} USD at block {}",
			feeder.as_str().unwrap_or_default(),
			usd.as_str().unwrap_or_default(),
			report["block"]
		);
	}
}

#[cfg(test)]
mod tests {
	use super::usd;

	#[test]
	fn usd_keeps_all_digits() {
		assert_eq!(usd(432_100_000), "0.432100000");
		assert_eq!(usd(412_000_000_001), "412.000000001");
	}
}
