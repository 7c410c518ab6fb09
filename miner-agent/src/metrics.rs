//! Metrics of the host agent, for Prometheus.

use std::sync::{
	atomic::{AtomicI64, AtomicU64},
	Arc, Mutex, MutexGuard, PoisonError,
};

use hcc_service::metrics::{register_build_info, text};
use prometheus_client::{
	metrics::{counter::Counter, gauge::Gauge},
	registry::Registry,
};

use crate::TpmCounters;

/// The metrics of the agent. Clones share them.
#[derive(Clone)]
pub struct Metrics {
	/// Blocks between the best and the last finalised one.
	pub finality_lag: Gauge<i64, AtomicI64>,
	/// The free balance of the hot key's account, in α.
	pub balance: Gauge<f64, AtomicU64>,
	/// VMs that run on this host.
	pub vms: Gauge<i64, AtomicI64>,
	/// Evidence of the host that blocks include.
	pub evidence: Counter,
	/// Failures of registration, enrolment or evidence, each of which is retried.
	pub failures: Counter,
	/// Failures of the TPM.
	pub tpm: TpmCounters,
	registry: Arc<Mutex<Registry>>,
}

impl Default for Metrics {
	fn default() -> Self {
		let metrics = Self {
			finality_lag: Gauge::default(),
			balance: Gauge::default(),
			vms: Gauge::default(),
			evidence: Counter::default(),
			failures: Counter::default(),
			tpm: TpmCounters::default(),
			registry: Arc::default(),
		};
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
		let all = all.sub_registry_with_prefix("hcc_miner");
		register_build_info(all, &[("version", env!("CARGO_PKG_VERSION").to_string())]);
		all.register(
			"finality_lag_blocks",
			"Blocks between the best and the last finalised one",
			self.finality_lag.clone(),
		);
		all.register(
			"balance_alpha",
			"Free balance of the hot key's account in α",
			self.balance.clone(),
		);
		all.register("vms", "VMs that run on this host", self.vms.clone());
		all.register("evidence", "Evidence of the host in blocks", self.evidence.clone());
		all.register(
			"failures",
			"Failures of registration, enrolment or evidence, each retried",
			self.failures.clone(),
		);
		all.register(
			"tpm_timeouts",
			"Commands that the TPM did not answer in time",
			self.tpm.timeouts.clone(),
		);
		all.register(
			"tpm_failures",
			"Operations of the TPM that failed, timeouts included",
			self.tpm.failures.clone(),
		);
		all.register(
			"tpm_opened",
			"Openings of the TPM; each one after the first follows a failure",
			self.tpm.opened.clone(),
		);
	}

	/// Returns all metrics in the text format of OpenMetrics.
	pub fn text(&self) -> String {
		text(&self.registry())
	}
}

#[cfg(test)]
mod tests {
	use std::time::Duration;

	use hcc_service::metrics::{documented, table};

	use super::*;
	use crate::{SharedTpm, Tpm, TpmSettings};

	#[test]
	fn document_lists_every_metric() {
		let document = include_str!("../../docs/metrics.md");
		let rows = documented(document, "hcc_miner_");
		assert_eq!(rows, table(&Metrics::default().text()), "correct docs/metrics.md");
	}

	#[test]
	fn failure_of_tpm_is_shown() {
		let metrics = Metrics::default();
		let settings = TpmSettings {
			tcti: "device:/nowhere/tpm".into(),
			ek_handle: None,
			ek_cert: None,
			endorsement_auth: Vec::new().into(),
			timeout: Duration::from_secs(10),
		};
		let tpm = SharedTpm::new(settings).with_counters(metrics.tpm.clone());
		assert!(tpm.run(Tpm::ak_public).is_err(), "there is no TPM");
		let text = metrics.text();
		assert!(text.contains("hcc_miner_tpm_failures_total 1"), "{text}");
	}
}
