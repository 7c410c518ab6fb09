use std::{error::Error, time::Duration};

use hcc_chain::Price;
use reqwest::{
	redirect::{Action, Attempt, Policy},
	Client, ClientBuilder, Url,
};
use rust_decimal::{prelude::ToPrimitive, Decimal};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The longest answer that is read, in bytes.
const MAX_BODY: usize = 64 << 10;
/// How often an answer may lead elsewhere.
const MAX_REDIRECTS: usize = 3;
/// 10⁻⁹ USD.
const UNITS: u64 = 1_000_000_000;

/// Where a price is read: an answer in JSON, and the place in it where the USD for one α are, as a number or a string.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
	pub url: String,
	/// A JSON pointer: RFC 6901.
	pub pointer: String,
}

impl Source {
	/// Whom it asks, for people: not the whole address, in which there may be a key.
	pub fn host(&self) -> String {
		match Url::parse(&self.url) {
			Ok(url) => url.host_str().unwrap_or("a source without a host").to_owned(),
			Err(why) => format!("a source whose address is none: {why}"),
		}
	}
}

/// Why a source gives no price.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
	/// Nobody answers, or not in time, or leads elsewhere too often. Blame: the source, or the way to it.
	#[error("no answer: {}", reasons(.0))]
	Unreachable(reqwest::Error),
	/// The source answers with an error.
	#[error("it answers with status {0}")]
	Status(u16),
	/// The answer is longer than any that holds a price.
	#[error("its answer is longer than {MAX_BODY} bytes")]
	TooLong,
	/// The answer is no JSON.
	#[error("its answer is no JSON: {0}")]
	NotJson(#[from] serde_json::Error),
	/// There is nothing at the pointer. Blame: the configuration, or the source has changed.
	#[error("its answer has nothing at {0}")]
	NotThere(String),
	/// What is there is no positive amount.
	#[error("{0} is no price")]
	NotAPrice(String),
}

impl From<reqwest::Error> for SourceError {
	fn from(error: reqwest::Error) -> Self {
		// There may be a key in the address, and this is logged.
		Self::Unreachable(error.without_url())
	}
}

/// What an error says, and what the error behind it says, to the last one.
fn reasons(error: &reqwest::Error) -> String {
	let mut reasons = error.to_string();
	let mut behind = error.source();
	while let Some(error) = behind {
		reasons = format!("{reasons}: {error}");
		behind = error.source();
	}
	reasons
}

/// Asks sources.
pub struct Fetcher {
	client: Client,
}

impl Fetcher {
	/// One that waits so long for a whole answer.
	pub fn new(patience: Duration) -> reqwest::Result<Self> {
		Ok(Self { client: client(patience).build()? })
	}

	/// What a source says.
	pub async fn fetch(&self, source: &Source) -> Result<Price, SourceError> {
		let mut response = self.client.get(&source.url).send().await?;
		if !response.status().is_success() {
			return Err(SourceError::Status(response.status().as_u16()));
		}
		let mut body = Vec::new();
		while let Some(part) = response.chunk().await? {
			if body.len() + part.len() > MAX_BODY {
				return Err(SourceError::TooLong);
			}
			body.extend_from_slice(&part);
		}
		let answer: Value = serde_json::from_slice(&body)?;
		let found = answer
			.pointer(&source.pointer)
			.ok_or_else(|| SourceError::NotThere(source.pointer.clone()))?;
		price(found)
	}
}

/// A client as yet to be built, that trusts whom the machine trusts. It tells nobody the address that led to him: there may be a key in it.
fn client(patience: Duration) -> ClientBuilder {
	let agent = concat!("hcc-validator/", env!("CARGO_PKG_VERSION"));
	Client::builder()
		.timeout(patience)
		.redirect(Policy::custom(redirect))
		.referer(false)
		.user_agent(agent)
}

/// Follows an answer that leads elsewhere: not too often, and never from TLS to where anybody could answer.
fn redirect(attempt: Attempt<'_>) -> Action {
	let begun_safely = attempt.previous().first().is_some_and(|url| url.scheme() == "https");
	if attempt.previous().len() > MAX_REDIRECTS {
		attempt.error("it leads elsewhere too often")
	} else if begun_safely && attempt.url().scheme() != "https" {
		attempt.error("it leads to where anybody could answer")
	} else {
		attempt.follow()
	}
}

/// A price as JSON holds it: a number, or a string with one.
fn price(found: &Value) -> Result<Price, SourceError> {
	let text = match found {
		Value::String(text) => text.trim().to_owned(),
		Value::Number(number) => number.to_string(),
		other => return Err(SourceError::NotAPrice(shortened(&other.to_string()))),
	};
	let no_price = || SourceError::NotAPrice(shortened(&text));
	let usd = Decimal::from_str_exact(&text)
		.or_else(|_| Decimal::from_scientific(&text))
		.map_err(|_| no_price())?;
	let units = usd.checked_mul(UNITS.into()).and_then(|units| units.trunc().to_u64());
	units.filter(|price| *price > 0).ok_or_else(no_price)
}

fn shortened(text: &str) -> String {
	text.chars().take(40).collect()
}

#[cfg(test)]
mod redirects;
#[cfg(test)]
mod tests {
	use serde_json::json;

	use super::*;

	#[test]
	fn prices_are_read_to_the_last_unit() {
		for (found, units) in [
			(json!(1), 1_000_000_000),
			(json!("0.5"), 500_000_000),
			(json!(0.123456789), 123_456_789),
			(json!("412.1234567899"), 412_123_456_789),
			(json!(1e-7), 100),
			(json!("2.5E2"), 250_000_000_000),
			(json!(" 3 "), 3_000_000_000),
		] {
			assert_eq!(price(&found).expect("a price"), units, "{found}");
		}
	}

	#[test]
	fn people_are_told_the_host_and_no_key() {
		let host = |url: &str| Source { url: url.into(), pointer: String::new() }.host();
		assert_eq!(host("https://me:secret@market.example/v1?key=secret"), "market.example");
		assert_eq!(host("file:///prices"), "a source without a host");
		let told = host("secret");
		assert!(told.starts_with("a source whose address is none: "), "{told}");
		assert!(!told.contains("secret"), "{told}");
	}

	#[test]
	fn what_is_no_price_is_refused() {
		for found in [
			json!(0),
			json!(-1),
			json!("-0.5"),
			json!("0.0000000001"),
			json!("NaN"),
			json!("inf"),
			json!(""),
			json!("1,5"),
			json!("12 USD"),
			json!(1e30),
			json!(null),
			json!([1]),
			json!({ "usd": 1 }),
			json!(true),
		] {
			assert!(matches!(price(&found), Err(SourceError::NotAPrice(_))), "{found}");
		}
	}
}
