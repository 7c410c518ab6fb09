//! Scene: validators report the price of α.

use super::{seconds, Scene};
use crate::{
	commands::{field, text},
	events::{name, Event},
	world::Stage,
	Result,
};

pub const SCENE: Scene =
	Scene { name: "price", title: "Validators report the price of α, the chain's currency." };

/// The median price of the simulated markets in a local network, in USD.
const MEDIAN: &str = "0.432100000";

/// Waits for the chain's first price, and compares it with the median of the markets.
pub async fn run(stage: Stage<'_>) -> Result<()> {
	let priced = |event: &Event| event.is(name::PRICE);
	stage.wait_for("the chain has a price", 1, priced, seconds(240)).await?;
	let price = stage.hcc.json(&["price"]).await?;
	let usd = text(&price, "/usd")?;
	let reports = field(&price, "/reports")?.as_array().map_or(0, Vec::len);
	let open = field(&price, "/for_orders")?.as_bool() == Some(true);
	// The chain derives a price only from the reports of more than two thirds of the validators.
	let enough = reports * 3 > stage.validators() * 2;
	stage.ensure(open && enough && usd == MEDIAN, || {
		format!("the price is not {MEDIAN} USD, for orders, by more than two thirds: {price}")
	})?;
	stage.say(&format!("1 α = {usd} USD, by {reports} reports"));
	Ok(())
}
