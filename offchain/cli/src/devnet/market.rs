//! Simulated markets, from which the workers of a local network read the price of α. Each market
//! answers in a different format.

use anyhow::Context;
use axum::{routing::get, Router};

/// The path of each market, its answer, and the JSON pointer of the price in the answer.
const MARKETS: [(&str, &str, &str); 3] = [
	("/ticker", r#"{"price":"0.4321"}"#, "/price"),
	("/v1/spot", r#"{"data":{"alpha":{"usd":0.4323}}}"#, "/data/alpha/usd"),
	("/last", r#"{"result":[{"last":"4.319e-1"}]}"#, "/result/0/last"),
];

/// Starts a server for the markets. Returns the sources in the format of the workers'
/// configuration.
pub(crate) async fn open() -> anyhow::Result<String> {
	let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.context("no port is free")?;
	let address = listener.local_addr()?;
	let mut app = Router::new();
	let mut sources = String::new();
	for (path, answer, pointer) in MARKETS {
		app = app.route(path, get(move || async move { answer }));
		sources +=
			&format!("[[sources]]\nurl = \"http://{address}{path}\"\npointer = \"{pointer}\"\n\n");
	}
	tokio::spawn(async move { axum::serve(listener, app).await });
	Ok(sources)
}
