//! Metrics of the worker, for Prometheus.

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

/// The code of a verdict: 0 for an acceptance, 1 for an undecided verdict, and otherwise the reject
/// code.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Code {
	pub code: u32,
}

/// The metrics of the worker.
#[derive(Clone)]
pub struct Metrics {
	/// The last finalised block that was processed.
	pub block: Gauge<i64, std::sync::atomic::AtomicI64>,
	/// Judged evidence, by the code of the verdict.
	pub judged: Family<Code, Counter>,
	/// Evidence on which the native verifier and the runtime differ, blocks that were skipped after
	/// failures, and blocks with undecodable calls. Must be zero.
	pub differences: Counter,
	/// Blocks that were not judged, because processing failed or the node had pruned their state.
	/// Must be zero.
	pub skipped_blocks: Counter,
	/// Disputes that could not be proven, because the node had pruned the body of the block. Must
	/// be zero.
	pub lost_evidence: Counter,
	/// Statements of the last finalised block that blocks included. Does not count the statements
	/// in calls with votes.
	pub statements: Counter,
	/// Votes that were submitted.
	pub votes: Counter,
	/// Votes of other validators for a finding that differs from this worker's.
	pub disputes: Counter,
	/// Proofs by this worker that took effect.
	pub proofs: Counter,
	/// Credentials that were posted.
	pub credentials: Counter,
	/// Prices that were reported.
	pub prices: Counter,
	/// Failures of sources to provide a price.
	pub source_failures: Counter,
	/// Failures of the node or of transactions. Each of them is retried.
	pub failures: Counter,
	/// Duration of native evaluation, in seconds.
	pub native: Histogram,
	/// Duration of evaluation by the runtime, through the RPC of the node, in seconds.
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
			skipped_blocks: Counter::default(),
			lost_evidence: Counter::default(),
			statements: Counter::default(),
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
		all.register("block", "Last finalised block processed", self.block.clone());
		all.register("judged", "Evidence judged, by code of the verdict", self.judged.clone());
		all.register(
			"differences",
			"Evidence on which native verifier and runtime differ",
			self.differences.clone(),
		);
		all.register("skipped_blocks", "Blocks that were not judged", self.skipped_blocks.clone());
		all.register(
			"lost_evidence",
			"Disputes without a proof, because the block is pruned",
			self.lost_evidence.clone(),
		);
		all.register("statements", "Statements of the finalised number", self.statements.clone());
		all.register("votes", "Votes submitted", self.votes.clone());
		all.register("disputes", "Votes of others for another finding", self.disputes.clone());
		all.register("proofs", "Proofs by this worker that took effect", self.proofs.clone());
		all.register("credentials", "Credentials posted", self.credentials.clone());
		all.register("prices", "Prices reported", self.prices.clone());
		all.register(
			"source_failures",
			"Failures of sources to provide a price",
			self.source_failures.clone(),
		);
		all.register("failures", "Failures, each retried", self.failures.clone());
		all.register("native_seconds", "Duration of native evaluation", self.native.clone());
		all.register(
			"runtime_seconds",
			"Duration of evaluation by the runtime",
			self.runtime.clone(),
		);
	}

	/// Returns all metrics in the text format of OpenMetrics.
	pub fn text(&self) -> String {
		let all = self.registry.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
		let mut text = String::new();
		match encode(&mut text, &all) {
			Ok(()) => text,
			Err(_) => String::new(),
		}
	}
}

/// Serves `/metrics` at an address.
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
			tracing::error!(%error, "metrics are no longer served");
		}
	});
	Ok(())
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn judged_evidence_is_counted_by_code() {
		let metrics = Metrics::default();
		metrics.judged.get_or_create(&Code { code: 1201 }).inc();
		assert!(metrics.text().contains("hcc_validator_judged_total{code=\"1201\"} 1"));
	}
}
