//! What the worker tells Prometheus.

use std::{
	net::SocketAddr,
	sync::{atomic::AtomicU64, Arc, Mutex},
};

use anyhow::Context;
use axum::{http::header::CONTENT_TYPE, routing::get, Router};
use prometheus_client::{
	encoding::{text::encode, EncodeLabelSet},
	metrics::{
		counter::Counter,
		family::Family,
		gauge::Gauge,
		histogram::{exponential_buckets, Histogram},
	},
	registry::Registry,
};

/// The code of a verdict: 0 accepted, 1 undecided, or that of the rejection.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Code {
	pub code: u32,
}

/// The worker's counters.
#[derive(Clone)]
pub struct Metrics {
	/// The last finalised block that was worked through.
	pub block: Gauge<i64, std::sync::atomic::AtomicI64>,
	/// Evidence that was judged, by the code of the verdict.
	pub judged: Family<Code, Counter>,
	/// Evidence on which the native verifier and the runtime differ. Must be zero.
	pub differences: Counter,
	/// Votes that were filed.
	pub votes: Counter,
	/// Votes of other validators for something else than was found here.
	pub disputes: Counter,
	/// Votes that were proven false by this worker.
	pub proofs: Counter,
	/// Credentials that were posted.
	pub credentials: Counter,
	/// Prices that were reported.
	pub prices: Counter,
	/// Sources of prices that gave none when they were asked.
	pub source_failures: Counter,
	/// Failures of the node or of transactions; each is tried again.
	pub failures: Counter,
	/// Seconds that the native verifier took.
	pub native: Histogram,
	/// Seconds that the runtime took, over the node's interface.
	pub runtime: Histogram,
	registry: Arc<Mutex<Registry>>,
}

impl Default for Metrics {
	fn default() -> Self {
		let seconds = || Histogram::new(exponential_buckets(0.0005, 2.0, 14));
		let metrics = Self {
			block: Gauge::default(),
			judged: Family::default(),
			differences: Counter::<u64, AtomicU64>::default(),
			votes: Counter::default(),
			disputes: Counter::default(),
			proofs: Counter::default(),
			credentials: Counter::default(),
			prices: Counter::default(),
			source_failures: Counter::default(),
			failures: Counter::default(),
			native: seconds(),
			runtime: seconds(),
			registry: Arc::default(),
		};
		metrics.register();
		metrics
	}
}

impl Metrics {
	fn register(&self) {
		let mut all = self.registry.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
		let all = all.sub_registry_with_prefix("hcc_validator");
		all.register("block", "Last finalised block worked through", self.block.clone());
		all.register("judged", "Evidence judged, by code of the verdict", self.judged.clone());
		all.register(
			"differences",
			"Evidence on which native verifier and runtime differ",
			self.differences.clone(),
		);
		all.register("votes", "Votes filed", self.votes.clone());
		all.register(
			"disputes",
			"Votes of others for something else than was found here",
			self.disputes.clone(),
		);
		all.register("proofs", "Disputes that this worker has proven", self.proofs.clone());
		all.register("credentials", "Credentials posted", self.credentials.clone());
		all.register("prices", "Prices reported", self.prices.clone());
		all.register(
			"source_failures",
			"Sources of prices that gave none",
			self.source_failures.clone(),
		);
		all.register("failures", "Failures, each tried again", self.failures.clone());
		all.register("native_seconds", "Native evaluation", self.native.clone());
		all.register("runtime_seconds", "Evaluation by the runtime", self.runtime.clone());
	}

	/// All of it in the text format of OpenMetrics.
	pub fn text(&self) -> String {
		let all = self.registry.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
		let mut text = String::new();
		match encode(&mut text, &all) {
			Ok(()) => text,
			Err(_) => String::new(),
		}
	}
}

/// Serves `/metrics` at that address.
pub async fn serve(address: SocketAddr, metrics: Metrics) -> anyhow::Result<()> {
	let listener = tokio::net::TcpListener::bind(address)
		.await
		.with_context(|| format!("serving metrics at {address}"))?;
	let text = move || async move {
		let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
		([(CONTENT_TYPE, kind)], metrics.text())
	};
	let app = Router::new().route("/metrics", get(text));
	tokio::spawn(async move {
		if let Err(error) = axum::serve(listener, app).await {
			tracing::error!(%error, "metrics are served no more");
		}
	});
	Ok(())
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn verdicts_are_counted_by_code() {
		let metrics = Metrics::default();
		metrics.judged.get_or_create(&Code { code: 1201 }).inc();
		assert!(metrics.text().contains("hcc_validator_judged_total{code=\"1201\"} 1"));
	}
}
