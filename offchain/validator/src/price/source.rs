use std::{error::Error, time::Duration};

use hcc_chain::Price;
use reqwest::{
	redirect::{Action, Attempt, Policy},
	Client, ClientBuilder, Url,
};
use rust_decimal::{prelude::ToPrimitive, Decimal};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Maximum size of a source's answer, in bytes.
const MAX_BODY: usize = 64 << 10;
/// Maximum number of redirects.
const MAX_REDIRECTS: usize = 3;
/// Units per USD: a price is in 10⁻⁹ USD.
const UNITS: u64 = 1_000_000_000;

/// A source of prices. The URL returns JSON, and the JSON contains the price of one α in USD, as a
/// number or a string.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
	pub url: String,
	/// The position of the price in the JSON, as a JSON pointer (RFC 6901).
	pub pointer: String,
}

impl Source {
	/// Returns the host name of the URL, for logs. The whole URL may contain a secret key, so it
	/// must not be logged.
	pub fn host(&self) -> String {
		match Url::parse(&self.url) {
			Ok(url) => url.host_str().unwrap_or("a source without a host").to_owned(),
			Err(why) => format!("a source with an invalid URL: {why}"),
		}
	}
}

/// The reason why a source returned no price.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
	/// The source did not answer in time, or its redirect is not allowed. Blame: the source, or the
	/// network.
	#[error("no answer: {}", reasons(.0))]
	Unreachable(reqwest::Error),
	/// The source returned an error status.
	#[error("status {0}")]
	Status(u16),
	/// The answer exceeds `MAX_BODY`. An answer with a price need not be that long.
	#[error("the answer is longer than {MAX_BODY} bytes")]
	TooLong,
	/// The answer is not JSON.
	#[error("the answer is not JSON: {0}")]
	NotJson(#[from] serde_json::Error),
	/// The answer has no value at the pointer. Blame: the configuration, or a change of the source.
	#[error("the answer has no value at {0}")]
	NotThere(String),
	/// The value is not a positive amount.
	#[error("{0} is not a price")]
	NotAPrice(String),
}

impl From<reqwest::Error> for SourceError {
	fn from(error: reqwest::Error) -> Self {
		// The URL may contain a secret key, and this error is logged.
		Self::Unreachable(error.without_url())
	}
}

/// Returns the message of an error and of all its causes.
fn reasons(error: &reqwest::Error) -> String {
	let mut reasons = error.to_string();
	let mut behind = error.source();
	while let Some(error) = behind {
		reasons = format!("{reasons}: {error}");
		behind = error.source();
	}
	reasons
}

/// Requests prices from sources.
pub struct Fetcher {
	client: Client,
}

impl Fetcher {
	/// Creates a fetcher that waits for a whole answer for `patience`.
	pub fn new(patience: Duration) -> reqwest::Result<Self> {
		Ok(Self { client: client(patience).build()? })
	}

	/// Returns the price of a source.
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

/// Returns the builder of a client that trusts the root certificates of the machine. It sends no
/// referrer, because the URL may contain a key.
fn client(patience: Duration) -> ClientBuilder {
	let agent = concat!("hcc-validator/", env!("CARGO_PKG_VERSION"));
	Client::builder()
		.timeout(patience)
		.redirect(Policy::custom(redirect))
		.referer(false)
		.user_agent(agent)
}

/// Follows at most [`MAX_REDIRECTS`] redirects. Does not follow a redirect from https to a URL
/// without TLS, because any party on the network could answer there.
fn redirect(attempt: Attempt<'_>) -> Action {
	let begun_safely = attempt.previous().first().is_some_and(|url| url.scheme() == "https");
	if attempt.previous().len() > MAX_REDIRECTS {
		attempt.error("too many redirects")
	} else if begun_safely && attempt.url().scheme() != "https" {
		attempt.error("redirect from https to a URL without TLS")
	} else {
		attempt.follow()
	}
}

/// Parses a price: a JSON number, or a string with a number. Rounds down to 10⁻⁹ USD.
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
	fn prices_are_exact_to_the_unit() {
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
	fn host_contains_no_key() {
		let host = |url: &str| Source { url: url.into(), pointer: String::new() }.host();
		assert_eq!(host("https://me:secret@market.example/v1?key=secret"), "market.example");
		assert_eq!(host("file:///prices"), "a source without a host");
		let text = host("secret");
		assert!(text.starts_with("a source with an invalid URL: "), "{text}");
		assert!(!text.contains("secret"), "{text}");
	}

	#[test]
	fn invalid_price_is_rejected() {
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
