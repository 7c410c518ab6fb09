//! Counters of a validator's worker, in the text format of OpenMetrics.

use std::time::Duration;

use crate::{Error, Result};

/// The names of the counters that scenes read.
pub mod name {
	pub const BLOCK: &str = "hcc_validator_block";
	pub const DIFFERENCES: &str = "hcc_validator_differences_total";
	pub const SKIPPED_BLOCKS: &str = "hcc_validator_skipped_blocks_total";
	pub const STATEMENTS: &str = "hcc_validator_statements_total";
	pub const VOTES: &str = "hcc_validator_votes_total";
}

/// The time limit for an answer of a worker.
const PATIENCE: Duration = Duration::from_secs(10);

/// Reads pages of metrics.
pub struct Scraper(reqwest::Client);

impl Scraper {
	/// Creates a scraper without TLS and without proxies, because all workers run on this machine.
	///
	/// ## Errors
	/// [`Error::Metrics`] if the HTTP client cannot be created.
	pub fn new() -> Result<Self> {
		let client = reqwest::Client::builder()
			.timeout(PATIENCE)
			.no_proxy()
			.tls_built_in_root_certs(false)
			.build()?;
		Ok(Self(client))
	}

	/// Reads the page of metrics at a URL.
	///
	/// ## Errors
	/// [`Error::Metrics`] if no worker answers at the URL.
	pub async fn page(&self, url: &str) -> Result<Page> {
		let response = self.0.get(url).send().await?.error_for_status()?;
		Ok(Page(response.text().await?))
	}
}

/// A page of metrics.
pub struct Page(String);

impl Page {
	pub fn text(&self) -> &str {
		&self.0
	}

	/// Returns the value of a metric without labels.
	///
	/// ## Errors
	/// [`Error::Missing`] if the page has no such metric, or its value is not a whole number.
	pub fn value(&self, name: &str) -> Result<u64> {
		let found = self.0.lines().find_map(|line| {
			let (key, value) = line.split_once(' ')?;
			(key == name).then(|| value.parse().ok()).flatten()
		});
		found.ok_or_else(|| Error::Missing {
			field: name.to_owned(),
			found: format!("a page of metrics of {} lines", self.0.lines().count()),
		})
	}
}

impl Page {
	/// The sum of a metric over all values of its labels.
	///
	/// ## Errors
	/// [`Error::Missing`] if the page has no such metric.
	pub fn sum(&self, name: &str) -> Result<u64> {
		let values = self.0.lines().filter_map(|line| {
			let (key, value) = line.split_once(' ')?;
			let labels = key.strip_prefix(name)?;
			(labels.is_empty() || labels.starts_with('{')).then(|| value.parse::<u64>().ok())?
		});
		values.fold(None, |sum, value| Some(sum.unwrap_or(0) + value)).ok_or_else(|| {
			Error::Missing {
				field: name.to_owned(),
				found: format!("a page of metrics of {} lines", self.0.lines().count()),
			}
		})
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn values_are_found_by_their_whole_name() {
		let text = "# TYPE hcc_validator_votes counter\nhcc_validator_votes_total 7\n\
			hcc_validator_judged_total{code=\"0\"} 5\nhcc_validator_block 42\n# EOF\n";
		let page = Page(text.into());
		assert_eq!(page.value(name::VOTES).ok(), Some(7));
		assert_eq!(page.value(name::BLOCK).ok(), Some(42));
		assert!(page.value(name::DIFFERENCES).is_err());
		assert!(page.value("hcc_validator_judged_total").is_err(), "it has a label");
	}

	#[test]
	fn labelled_values_are_summed() {
		let text = "hcc_validator_differences_total{cause=\"code\"} 2\n\
			hcc_validator_differences_total{cause=\"claims\"} 1\nhcc_validator_block 42\n";
		let page = Page(text.into());
		assert_eq!(page.sum(name::DIFFERENCES).ok(), Some(3));
		assert_eq!(page.sum(name::BLOCK).ok(), Some(42));
		assert!(page.sum(name::VOTES).is_err());
	}
}
