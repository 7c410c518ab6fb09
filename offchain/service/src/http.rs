//! The HTTP listener: `/healthz`, `/readyz` and `/metrics`. It has no access control, so it belongs
//! on a loopback or management address.

use std::{io, net::SocketAddr};

use axum::{
	http::{header::CONTENT_TYPE, StatusCode},
	routing::get,
	Router,
};

use crate::Health;

/// The content type of the text format of OpenMetrics.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Listens at an address, and serves in a task of its own. `metrics` returns all metrics in the
/// text format of OpenMetrics. Returns the address with the port that was assigned.
///
/// ## Errors
/// Fails if the address cannot be bound.
pub async fn listen(
	address: SocketAddr,
	health: Health,
	metrics: impl Fn() -> String + Clone + Send + Sync + 'static,
) -> io::Result<SocketAddr> {
	let listener = tokio::net::TcpListener::bind(address).await?;
	let bound = listener.local_addr()?;
	let alive = health.clone();
	let app = Router::new()
		.route("/healthz", get(move || async move { answer(&alive.stalled()) }))
		.route("/readyz", get(move || async move { answer(&health.unready()) }))
		.route("/metrics", get(move || async move { ([(CONTENT_TYPE, OPEN_METRICS)], metrics()) }));
	tokio::spawn(async move {
		if let Err(error) = axum::serve(listener, app).await {
			tracing::error!(%error, "health and metrics are no longer served");
		}
	});
	tracing::info!(address = %bound, "serving /healthz, /readyz and /metrics");
	Ok(bound)
}

/// Answers 200, or 503 with the reasons, one a line.
fn answer(reasons: &[String]) -> (StatusCode, String) {
	if reasons.is_empty() {
		(StatusCode::OK, "ok\n".into())
	} else {
		(StatusCode::SERVICE_UNAVAILABLE, reasons.join("\n") + "\n")
	}
}

#[cfg(test)]
mod tests {
	use std::time::Duration;

	use tokio::{
		io::{AsyncReadExt, AsyncWriteExt},
		net::TcpStream,
	};

	use super::*;

	async fn request(address: SocketAddr, path: &str) -> String {
		let mut stream = TcpStream::connect(address).await.expect("it listens");
		let request = format!("GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
		stream.write_all(request.as_bytes()).await.expect("it reads");
		let mut answer = String::new();
		stream.read_to_string(&mut answer).await.expect("it answers");
		answer
	}

	async fn serve(health: &Health) -> SocketAddr {
		let any = SocketAddr::from(([127, 0, 0, 1], 0));
		listen(any, health.clone(), || "# EOF\n".into()).await.expect("a port is free")
	}

	#[tokio::test]
	async fn readiness_is_503_while_node_is_gone() {
		let health = Health::default();
		let node = health.condition("node", Duration::from_secs(600));
		let address = serve(&health).await;
		node.set(Ok(()));
		assert!(request(address, "/readyz").await.starts_with("HTTP/1.1 200"));
		node.set(Err("it does not answer".into()));
		let answer = request(address, "/readyz").await;
		assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
		assert!(answer.contains("node: it does not answer"), "{answer}");
		let alive = request(address, "/healthz").await;
		assert!(alive.starts_with("HTTP/1.1 200"), "the process is alive: {alive}");
		node.set(Ok(()));
		assert!(request(address, "/readyz").await.starts_with("HTTP/1.1 200"));
	}

	#[tokio::test]
	async fn stalled_loop_is_neither_alive_nor_ready() {
		let health = Health::default();
		let pulse = health.watch("votes", Duration::from_millis(5));
		let address = serve(&health).await;
		tokio::time::sleep(Duration::from_millis(20)).await;
		for path in ["/healthz", "/readyz"] {
			let answer = request(address, path).await;
			assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("votes"), "{answer}");
		}
		drop(pulse);
	}

	#[tokio::test]
	async fn metrics_are_served_as_open_metrics() {
		let answer = request(serve(&Health::default()).await, "/metrics").await;
		assert!(answer.contains(OPEN_METRICS) && answer.ends_with("# EOF\n"), "{answer}");
	}

	#[tokio::test]
	async fn used_address_is_an_error() {
		let health = Health::default();
		let address = serve(&health).await;
		assert!(listen(address, health, String::new).await.is_err());
	}
}
