//! Metrics of the worker, for Prometheus.

use std::sync::{
	atomic::{AtomicI64, AtomicU64},
	Arc, Mutex, MutexGuard, PoisonError,
};

use hcc_evidence::host::EVAL_VERSION;
use hcc_service::metrics::{register_build_info, text};
use prometheus_client::{
	encoding::EncodeLabelSet,
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

/// The reason why the worker does not vote on evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
	/// The native verifier found another code than the runtime.
	Code,
	/// Both found the same code, with other claims.
	Claims,
	/// The runtime returned no finding.
	NoFinding,
	/// The runtime does not have the pinned policy revision.
	NoRevision,
	/// A call with evidence or votes cannot be decoded.
	Undecodable,
	/// The block failed repeatedly, and was skipped.
	BlockFailed,
}

impl Difference {
	const ALL: [Self; 6] = [
		Self::Code,
		Self::Claims,
		Self::NoFinding,
		Self::NoRevision,
		Self::Undecodable,
		Self::BlockFailed,
	];

	fn label(self) -> Cause {
		let cause = match self {
			Self::Code => "code",
			Self::Claims => "claims",
			Self::NoFinding => "no_finding",
			Self::NoRevision => "no_revision",
			Self::Undecodable => "undecodable",
			Self::BlockFailed => "block_failed",
		};
		Cause { cause }
	}
}

/// The label of a [`Difference`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Cause {
	cause: &'static str,
}

/// The metrics of the worker.
#[derive(Clone)]
pub struct Metrics {
	/// The last finalised block that was processed.
	pub block: Gauge<i64, AtomicI64>,
	/// Finalised blocks that were not processed yet.
	pub lag: Gauge<i64, AtomicI64>,
	/// Blocks between the best and the last finalised one.
	pub finality_lag: Gauge<i64, AtomicI64>,
	/// Votes that no finalised block contains yet.
	pub pending_votes: Gauge<i64, AtomicI64>,
	/// The free balance of the worker's account, in α.
	pub balance: Gauge<f64, AtomicU64>,
	/// Judged evidence, by the code of the verdict.
	pub judged: Family<Code, Counter>,
	/// Evidence without a vote, by cause. Must be zero. Use [`Self::count_difference`].
	differences: Family<Cause, Counter>,
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
			lag: Gauge::default(),
			finality_lag: Gauge::default(),
			pending_votes: Gauge::default(),
			balance: Gauge::default(),
			judged: Family::default(),
			differences: Family::default(),
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
		// A metric without a value is not shown, and its rate would miss the first difference.
		for difference in Difference::ALL {
			drop(metrics.differences.get_or_create(&difference.label()));
		}
		drop(metrics.judged.get_or_create(&Code { code: 0 }));
		metrics.register();
		metrics
	}
}

impl Metrics {
	fn registry(&self) -> MutexGuard<'_, Registry> {
		self.registry.lock().unwrap_or_else(PoisonError::into_inner)
	}

	fn register(&self) {
		let mut all = self.registry();
		let all = all.sub_registry_with_prefix("hcc_validator");
		let version = env!("CARGO_PKG_VERSION").to_string();
		let labels = [("version", version), ("eval_version", EVAL_VERSION.to_string())];
		register_build_info(all, &labels);
		all.register("block", "Last finalised block processed", self.block.clone());
		all.register("lag_blocks", "Finalised blocks not processed yet", self.lag.clone());
		all.register(
			"finality_lag_blocks",
			"Blocks between the best and the last finalised one",
			self.finality_lag.clone(),
		);
		all.register(
			"pending_votes",
			"Votes that no finalised block contains yet",
			self.pending_votes.clone(),
		);
		all.register(
			"balance_alpha",
			"Free balance of the worker's account in α",
			self.balance.clone(),
		);
		all.register("judged", "Evidence judged, by code of the verdict", self.judged.clone());
		all.register(
			"differences",
			"Evidence without a vote, by cause; must be zero",
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

	/// Counts evidence or a block without a vote.
	pub fn count_difference(&self, difference: Difference) {
		self.differences.get_or_create(&difference.label()).inc();
	}

	/// Returns all metrics in the text format of OpenMetrics.
	pub fn text(&self) -> String {
		text(&self.registry())
	}
}

#[cfg(test)]
mod tests {
	use hcc_service::metrics::{documented, table};

	use super::*;

	#[test]
	fn judged_evidence_is_counted_by_code() {
		let metrics = Metrics::default();
		metrics.judged.get_or_create(&Code { code: 1201 }).inc();
		assert!(metrics.text().contains("hcc_validator_judged_total{code=\"1201\"} 1"));
	}

	#[test]
	fn each_cause_of_a_difference_is_counted_apart() {
		let metrics = Metrics::default();
		metrics.count_difference(Difference::Claims);
		let text = metrics.text();
		assert!(text.contains("hcc_validator_differences_total{cause=\"claims\"} 1"), "{text}");
		for other in ["code", "no_finding", "no_revision", "undecodable", "block_failed"] {
			let line = format!("hcc_validator_differences_total{{cause=\"{other}\"}} 0");
			assert!(text.contains(&line), "{line}: {text}");
		}
	}

	#[test]
	fn document_lists_every_metric() {
		let document = include_str!("../../../docs/metrics.md");
		let rows = documented(document, "hcc_validator_");
		assert_eq!(rows, table(&Metrics::default().text()), "correct docs/metrics.md");
	}
}
