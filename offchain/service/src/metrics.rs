//! Metrics in the text format of OpenMetrics, and their table for `docs/metrics.md`.

use prometheus_client::{encoding::text::encode, metrics::info::Info, registry::Registry};

/// Registers `build_info`, whose labels describe the program.
pub fn register_build_info(registry: &mut Registry, labels: &[(&'static str, String)]) {
	registry.register("build", "Version of the program", Info::new(labels.to_vec()));
}

/// Returns all metrics as text.
pub fn text(registry: &Registry) -> String {
	let mut text = String::new();
	match encode(&mut text, registry) {
		Ok(()) => text,
		Err(error) => {
			tracing::error!(%error, "cannot encode the metrics");
			String::new()
		},
	}
}

/// Returns the rows of the table of `docs/metrics.md` for metrics in text form, in their order.
pub fn table(text: &str) -> Vec<String> {
	let mut rows = Vec::new();
	for line in text.lines() {
		let Some(rest) = line.strip_prefix("# TYPE ") else { continue };
		let Some((name, kind)) = rest.split_once(' ') else { continue };
		let suffix = match kind {
			"counter" => "_total",
			"info" => "_info",
			_ => "",
		};
		let help = text
			.lines()
			.find_map(|line| line.strip_prefix("# HELP ")?.strip_prefix(name)?.strip_prefix(' '));
		let help = help.unwrap_or("–");
		rows.push(format!("| `{name}{suffix}` | {kind} | {help} |"));
	}
	rows
}

/// Returns the rows of a document for metrics whose names start with `prefix`.
pub fn documented(document: &str, prefix: &str) -> Vec<String> {
	let start = format!("| `{prefix}");
	document.lines().filter(|line| line.starts_with(&start)).map(String::from).collect()
}

#[cfg(test)]
mod tests {
	use prometheus_client::metrics::{counter::Counter, gauge::Gauge};

	use super::*;

	#[test]
	fn table_has_a_row_for_each_metric() {
		let mut registry = Registry::with_prefix("hcc_test");
		register_build_info(&mut registry, &[("version", "1.2.3".into())]);
		registry.register("votes", "Votes submitted", Counter::<u64>::default());
		registry.register("block", "Last block", Gauge::<i64>::default());
		let text = text(&registry);
		assert!(text.contains("hcc_test_build_info{version=\"1.2.3\"} 1"), "{text}");
		let rows = table(&text);
		let expected = [
			"| `hcc_test_build_info` | info | Version of the program. |",
			"| `hcc_test_votes_total` | counter | Votes submitted. |",
			"| `hcc_test_block` | gauge | Last block. |",
		];
		assert_eq!(rows, expected);
		let document = format!("# Metrics\n\n{}\n| `hcc_other` | gauge | – |\n", rows.join("\n"));
		assert_eq!(documented(&document, "hcc_test_"), rows);
	}
}
